import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

import type { Logger } from '../../log.js';
import { admits } from './client-certificate.js';
import type { TlsConfig } from './config.js';
import type { WebSecurity } from './security.js';

/** Long enough for any client that means it; a connection that says nothing takes up a descriptor. */
const HANDSHAKE_MS = 10_000;

type Rule = Required<Pick<ServerOptions, 'requestCert' | 'rejectUnauthorized'>>;

/** Every connection is asked for its certificate anew; who showed none that will do is cut off before any request. */
function ruleOf({ clientAuth }: TlsConfig): Rule {
  return {
    requestCert: clientAuth !== 'NoClientCert',
    // OpenSSL then says why, in an alert; the other types are judged afterwards.
    rejectUnauthorized: clientAuth === 'RequireAndVerifyClientCert',
  };
}

/**
 * HTTPS, over HTTP/1.1 only. Follows the configuration: new connections get the certificate, versions and rules that are
 * in force then. When others than before may connect, all connections end.
 */
export function createTlsServer(tls: TlsConfig, security: WebSecurity, log: Logger): (h: RequestListener) => Server {
  return (handler) => {
    const server = createServer({ ...tls.context, ...ruleOf(tls), handshakeTimeout: HANDSHAKE_MS }, handler);
    let inForce = tls;
    const connections = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    });
    // Before Node's own listener, which starts to read requests.
    server.prependListener('secureConnection', (socket) => {
      if (!admits(inForce, socket)) socket.destroy();
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
      log.debug('TLS handshake failed', { code: error.code ?? error.message });
    });
    security.onChange(({ tls: now }) => {
      if (!now) return;
      const sameClients = isDeepStrictEqual(clientsOf(inForce), clientsOf(now));
      inForce = now;
      server.setSecureContext(now.context);
      // What a connection is made with: Node reads both anew for each one, though it names no method that sets them.
      Object.assign(server, ruleOf(now));
      if (!sameClients) for (const socket of connections) socket.destroy();
    });
    return server;
  };
}

/** What decides who may connect. */
function clientsOf({ clientAuth, allowedSans, context }: TlsConfig): unknown {
  return [clientAuth, allowedSans, context.ca];
}
