import type { IncomingMessage } from 'node:http';
import type { AuthRequest } from './auth-body.js';
import type { Flaw } from './application.js';
import type { Token } from './tokens.js';

export const ROUTES = [
  'login',
  'rescope',
  'revoke',
  'catalog',
  'projects',
  'authProjects',
  'servers',
  'limits',
  'usage',
  'version',
  'unknown',
] as const;
/** What is asked for; `servers` is the detailed list and the plain one. */
export type Route = (typeof ROUTES)[number];

/** A request with all that faults, the record and the services need to know of it. */
export interface SimRequest {
  method: string;
  /** Without the query. */
  path: string;
  /** Without the `?`. */
  search: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  service: 'identity' | 'compute' | null;
  route: Route;
  /** Nova's path without version and project id: `/servers/detail`. */
  resource: string;
  /** The project id in Nova's path, null: none. */
  pathProjectId: string | null;
  /** A login's body; a string is what is wrong with it. */
  auth: AuthRequest | string | null;
  /** The token of `X-Auth-Token`, if it is good. */
  token: Token | null;
  /** Why a token of `X-Auth-Token` is no good, where it is neither unknown nor revoked nor expired. */
  flaw: Flaw | null;
  /** Domain of the token's project; for logins, of the user; null: not known. */
  domainId: string | null;
  /** The token's project; for logins, the one that is asked for. */
  projectId: string | null;
  userName: string | null;
  allTenants: boolean;
  /** `http://host:port`, for links. */
  base: string;
}

const TRUE = new Set(['1', 't', 'true', 'on', 'y', 'yes']);
const FALSE = new Set(['0', 'f', 'false', 'off', 'n', 'no']);

/** Nova's reading of `all_tenants`: no value is true, the last one counts; null: 400. */
export function parseAllTenants(query: URLSearchParams): boolean | null {
  const value = query.getAll('all_tenants').at(-1);
  if (value === undefined) return false;
  const word = value.trim().toLowerCase();
  if (word === '' || TRUE.has(word)) return true;
  return FALSE.has(word) ? false : null;
}
