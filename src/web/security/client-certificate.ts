import { isIPv6, SocketAddress } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { TlsConfig } from './config.js';

/** Whether the client showed what `client_auth_type` asks for. */
export function admits({ clientAuth, allowedSans }: TlsConfig, socket: TLSSocket): boolean {
  const certificate = socket.getPeerX509Certificate();
  switch (clientAuth) {
    case 'NoClientCert':
    case 'RequestClientCert':
      return true;
    case 'RequireAnyClientCert':
      return certificate !== undefined;
    case 'VerifyClientCertIfGiven':
      return certificate === undefined || socket.authorized;
    case 'RequireAndVerifyClientCert': {
      if (certificate === undefined || !socket.authorized) return false;
      if (allowedSans.length === 0) return true;
      const allowed = new Set(allowedSans.map(canonical));
      return alternativeNames(certificate.subjectAltName ?? '').some((name) => allowed.has(canonical(name)));
    }
  }
}

/**
 * The names, addresses and URIs of a certificate, from what Node makes of them: `DNS:a.example, IP Address:10.0.0.1`.
 * A value with special characters is quoted as in JSON.
 */
export function alternativeNames(text: string): string[] {
  const entry = /(DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)|(?:[^,"]|"(?:[^"\\]|\\.)*")+(?:, |$)/gy;
  return [...text.matchAll(entry)].flatMap(([, kind, value = '']) => {
    if (kind === undefined) return [];
    return [value.startsWith('"') ? (JSON.parse(value) as string) : value];
  });
}

/** IPv6 addresses can be written in many ways. */
function canonical(name: string): string {
  return isIPv6(name) ? new SocketAddress({ address: name, family: 'ipv6' }).address : name;
}
