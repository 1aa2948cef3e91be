import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext, DEFAULT_CIPHERS, type SecureContextOptions } from 'node:tls';

import type { ClientAuthType, TlsConfig } from './config.js';
import { CIPHERS, CURVES, VERSIONS } from './names.js';
import type { TlsContent } from './schema.js';

/** Keys that hold PEM, or the name of a file that does. */
export const PEM_KEYS = ['cert', 'key', 'client_ca'] as const;
export type PemKey = (typeof PEM_KEYS)[number];

/** What is wrong, and with which key of `tls_server_config`. */
export interface TlsProblem {
  key: keyof TlsContent | null;
  message: string;
}

const VERIFYING: readonly ClientAuthType[] = ['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert'];

/** Half configurations, and keys that contradict each other. Pure. */
export function findContradiction(tls: TlsContent): TlsProblem | null {
  for (const key of PEM_KEYS) {
    if (tls[key] !== undefined && tls[`${key}_file`] !== undefined) {
      return { key, message: `stands beside ${key}_file: take one of them out` };
    }
  }
  const hasCa = tls.client_ca !== undefined || tls.client_ca_file !== undefined;
  for (const key of ['cert', 'key'] as const) {
    if (tls[key] === undefined && tls[`${key}_file`] === undefined) {
      return { key: null, message: `lacks ${key}_file: TLS needs a certificate and its key` };
    }
  }
  if (hasCa && tls.client_auth_type === 'NoClientCert') {
    const key = tls.client_ca === undefined ? 'client_ca_file' : 'client_ca';
    return { key, message: 'is without effect: add client_auth_type: RequireAndVerifyClientCert' };
  }
  if (!hasCa && VERIFYING.includes(tls.client_auth_type)) {
    return { key: 'client_auth_type', message: 'needs client_ca_file, to know whose clients to trust' };
  }
  if (tls.client_allowed_sans && tls.client_auth_type !== 'RequireAndVerifyClientCert') {
    const message =
      'needs client_auth_type: RequireAndVerifyClientCert, since other certificates may be missing or forged';
    return { key: 'client_allowed_sans', message };
  }
  if (tls.min_version > tls.max_version) return { key: 'min_version', message: 'is above max_version' };
  return null;
}

/**
 * What the server is given. The PEM texts are checked.
 * @returns the problem, where there is one
 */
export function buildTls(tls: TlsContent, pem: Partial<Record<PemKey, string>>): TlsConfig | TlsProblem {
  const at = (key: PemKey, message: string): TlsProblem => ({
    key: tls[key] === undefined ? `${key}_file` : key,
    message,
  });
  const chain = certificatesOf(pem.cert ?? '');
  const [certificate] = chain ?? [];
  if (!chain || !certificate) return at('cert', 'must hold certificates in PEM, each of them whole');
  if ((pem.key ?? '').includes('ENCRYPTED')) return at('key', 'is encrypted: it must be there without a passphrase');
  const key = attempt<KeyObject>(() => createPrivateKey(pem.key ?? ''));
  if (!key) return at('key', 'holds no private key that can be read: it must be PEM');
  if (!certificate.checkPrivateKey(key)) return at('key', 'is not the key of the certificate');
  const clientCas = pem.client_ca === undefined ? undefined : certificatesOf(pem.client_ca);
  if (clientCas === null) {
    return at('client_ca', 'must hold certificates in PEM, each of them whole');
  }
  const context: SecureContextOptions = {
    // Each on lines of its own: of files put together without a line's end OpenSSL would take none, and say nothing.
    cert: chain.map(String).join(''),
    key: pem.key,
    ca: clientCas?.map(String),
    minVersion: VERSIONS[tls.min_version],
    maxVersion: VERSIONS[tls.max_version],
    ciphers: tls.cipher_suites ? tls.cipher_suites.flatMap((name) => CIPHERS[name] ?? []).join(':') : DEFAULT_CIPHERS,
    ecdhCurve: tls.curve_preferences?.map((name) => CURVES[name]).join(':') ?? 'auto',
    honorCipherOrder: tls.prefer_server_cipher_suites,
  };
  try {
    createSecureContext(context);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { key: null, message: `can't be used as it is (${code ?? 'refused by OpenSSL'})` };
  }
  return {
    context,
    clientAuth: tls.client_auth_type,
    allowedSans: tls.client_allowed_sans ?? [],
    expires: new Date(certificate.validTo),
  };
}

/** All certificates of a PEM text; null if there are none, or one can't be read. */
function certificatesOf(pem: string): X509Certificate[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*(-----END CERTIFICATE-----)?/g) ?? [];
  const certificates = blocks.map((block) => attempt(() => new X509Certificate(block)));
  return blocks.length > 0 && certificates.every((one) => one !== null) ? certificates : null;
}

function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}
