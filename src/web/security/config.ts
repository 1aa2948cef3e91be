import type { SecureContextOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';

import type { Secret } from '../../secret.js';

/** What a client has to show, in the words of the file. */
export const CLIENT_AUTH_TYPES = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
export type ClientAuthType = (typeof CLIENT_AUTH_TYPES)[number];

export interface TlsConfig {
  context: SecureContextOptions;
  clientAuth: ClientAuthType;
  /** One of these the client's certificate has to be made out to; empty: to anything. */
  allowedSans: readonly string[];
  /** Of the server's certificate. */
  expires: Date;
}

/** The web configuration file, checked, with the content of the files that it names. */
export interface WebConfig {
  tls: TlsConfig | null;
  /** The file asks for HTTP/2, which is not spoken. */
  http2: boolean;
  headers: Readonly<Record<string, string>>;
  /** Bcrypt hash by user; null: no basic authentication. */
  users: ReadonlyMap<string, Secret> | null;
  rateLimit: { intervalMs: number; burst: number } | null;
}

/** Without a file. */
export const OPEN: WebConfig = { tls: null, http2: false, headers: {}, users: null, rateLimit: null };

/** Whether only those who can prove who they are get an answer. A certificate that nobody verified proves nothing. */
export function isAuthenticated({ tls, users }: WebConfig): boolean {
  return users !== null || tls?.clientAuth === 'RequireAndVerifyClientCert';
}

/** Whether nothing has changed. Secrets say nothing to those who only look. */
export function isSameConfig({ users, ...rest }: WebConfig, { users: others, ...otherRest }: WebConfig): boolean {
  return isDeepStrictEqual(rest, otherRest) && areSameUsers(users, others);
}

function areSameUsers(users: WebConfig['users'], others: WebConfig['users']): boolean {
  if (users === null || others === null) return users === others;
  return users.size === others.size && [...users].every(([name, hash]) => others.get(name)?.equals(hash));
}
