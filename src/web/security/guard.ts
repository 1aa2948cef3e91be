import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import type { Clock } from '../../clock.js';
import type { Logger } from '../../log.js';
import type { ListenAddress } from '../../settings/values.js';
import { isLoopback } from '../../url.js';
import { readCredentials } from './basic-auth.js';
import { isAuthenticated } from './config.js';
import { isOwnHost } from './host.js';
import { RateLimit } from './rate-limit.js';
import type { WebSecurity } from './security.js';

/** For probes, which know no password. Nothing but these very texts: all else is behind the guard. */
const OPEN_PATHS = ['/-/healthy', '/-/ready'];

interface Refusal {
  status: number;
  code: string;
  message: string;
  headers?: Record<string, string>;
}

const UNAUTHORIZED: Refusal = {
  status: 401,
  code: 'unauthorized',
  message: 'user and password are needed (basic authentication)',
  headers: { 'WWW-Authenticate': 'Basic realm="vhi-exporter", charset="UTF-8"' },
};
const BUSY: Refusal = {
  status: 503,
  code: 'busy',
  message: 'too many passwords are being checked, ask again',
  headers: { 'Retry-After': '1' },
};
const NO_VERDICT: Refusal = { ...BUSY, message: 'the password could not be checked, ask again' };
const TOO_MANY: Refusal = {
  status: 429,
  code: 'rate_limited',
  message: 'more requests than rate_limit in the web configuration allows',
  headers: { 'Retry-After': '1' },
};
const FOREIGN_HOST: Refusal = {
  status: 403,
  code: 'foreign_host',
  message:
    'ask by an IP address, by localhost, or by the name in --web.listen-address; other names need authentication',
};

export interface GuardOptions {
  security: WebSecurity;
  listen: ListenAddress;
  clock: Clock;
  log: Logger;
}

/** Stands before all that answers: headers, who may ask, and how often. */
export function guard(handler: RequestListener, options: GuardOptions): RequestListener {
  const { security, clock, log } = options;
  let bucket: { rule: object; limit: RateLimit } | null = null;
  const withinLimit = (): boolean => {
    const rule = security.config.rateLimit;
    if (!rule) return true;
    if (bucket?.rule !== rule) bucket = { rule, limit: new RateLimit(rule, clock.mono()) };
    return bucket.limit.allows(clock.mono());
  };
  return (req, res) => {
    for (const [name, value] of Object.entries(security.config.headers)) res.setHeader(name, value);
    const isOpen = OPEN_PATHS.includes((req.url ?? '').replace(/\?.*/s, ''));
    if (!isOpen && !withinLimit()) refuse(req, res, TOO_MANY);
    else if (!hostIsFine(req, options)) refuse(req, res, FOREIGN_HOST);
    else if (isOpen || security.config.users === null) handler(req, res);
    else {
      void authenticate(req, security)
        .catch((error: unknown) => {
          log.error('a password could not be checked', { error: String(error) });
          return NO_VERDICT;
        })
        .then((refusal) => {
          // Who has left meanwhile gets no answer, and brings about no collection.
          if (req.socket.destroyed) return;
          if (refusal) refuse(req, res, refusal);
          else handler(req, res);
        });
    }
  };
}

/** Null if the request may go on. */
async function authenticate(req: IncomingMessage, security: WebSecurity): Promise<Refusal | null> {
  const credentials = readCredentials(req.headers.authorization);
  for (;;) {
    const { users } = security.config;
    if (users === null) return null;
    if (credentials === null) return UNAUTHORIZED;
    const verdict = await security.basicAuth.check(users, credentials, () => req.socket.destroyed);
    // The users may have changed while it was in the making: then it is worth nothing.
    if (security.config.users !== users) continue;
    if (verdict === 'right') return null;
    return verdict === 'busy' ? BUSY : UNAUTHORIZED;
  }
}

/** Only where nothing else keeps a foreign page out: on loopback, and without authentication. */
function hostIsFine(req: IncomingMessage, { security, listen }: GuardOptions): boolean {
  const { localAddress = '' } = req.socket;
  const onLoopback = listen.host !== null && !['0.0.0.0', '::'].includes(listen.host) && isLoopback(localAddress);
  if (!onLoopback || isAuthenticated(security.config)) return true;
  const hosts = req.headersDistinct['host'] ?? [];
  return hosts.length === 1 && isOwnHost(hosts[0], listen.host);
}

function refuse(req: IncomingMessage, res: ServerResponse, { status, code, message, headers = {} }: Refusal): void {
  const isApi = (req.url ?? '').startsWith('/api/');
  const body = isApi ? JSON.stringify({ error: { code, message } }) : `${message}\n`;
  res.writeHead(status, {
    ...headers,
    'Content-Type': isApi ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}
