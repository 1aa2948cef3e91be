import { request as httpRequest, type Agent, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

import { systemClock } from '../../../src/clock.js';
import type { ListenAddress } from '../../../src/settings/values.js';
import { listen, type Listening } from '../../../src/web/listen.js';
import { guard } from '../../../src/web/security/guard.js';
import { openWebSecurity, type SecurityOptions, type WebSecurity } from '../../../src/web/security/security.js';
import { createTlsServer } from '../../../src/web/security/tls-server.js';
import { RecordingLogger } from '../../helpers/log.js';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface AskOptions extends ConnectionOptions {
  path?: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  agent?: Agent | false;
}

/** One request, on a connection of its own unless there is an agent; certificates are not verified unless asked for. */
export function ask(url: string, { path = '/', ...options }: AskOptions = {}): Promise<Answer> {
  const { protocol, hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const all = { host: hostname, port, path, agent: false as const, rejectUnauthorized: false, ...options };
    const request = (protocol === 'https:' ? httpsRequest : httpRequest)(all, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** The guard before an answer that everybody would get, over a real socket. */
export class Guarded {
  readonly security: WebSecurity;
  readonly log: RecordingLogger;
  readonly listening: Listening;
  /** Requests that came through. */
  readonly passed: string[];

  constructor(parts: { security: WebSecurity; log: RecordingLogger; listening: Listening; passed: string[] }) {
    this.security = parts.security;
    this.log = parts.log;
    this.listening = parts.listening;
    this.passed = parts.passed;
  }

  get port(): number {
    return Number(new URL(this.listening.url).port);
  }

  ask(options: AskOptions = {}): Promise<Answer> {
    return ask(this.listening.url, { host: '127.0.0.1', ...options });
  }

  async status(options: AskOptions = {}): Promise<number> {
    return (await this.ask(options)).status;
  }

  /** The status, or the code of what went wrong with the connection. */
  async outcome(options: AskOptions = {}): Promise<number | string> {
    return this.status(options).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error));
  }

  async close(): Promise<void> {
    await this.listening.close();
    await this.security.close();
  }
}

const running: Guarded[] = [];

export interface GuardedOptions extends Partial<SecurityOptions> {
  listen?: ListenAddress;
  handler?: RequestListener;
}

export async function startGuarded(path: string | null, options: GuardedOptions = {}): Promise<Guarded> {
  const { listen: address = { host: '127.0.0.1', port: 0 }, handler, ...rest } = options;
  const log = new RecordingLogger();
  const security = await openWebSecurity(path, { log, pollMs: 10, ...rest });
  const passed: string[] = [];
  const answer: RequestListener = (req, res) => {
    passed.push(`${req.method} ${req.url}`);
    if (handler) handler(req, res);
    else res.end('in');
  };
  const { tls } = security.config;
  const listening = await listen(
    guard(answer, { security, listen: address, clock: rest.clock ?? systemClock, log }),
    address,
    ...(tls ? [createTlsServer(tls, security, log)] : []),
  );
  const guarded = new Guarded({ security, log, listening, passed });
  running.push(guarded);
  return guarded;
}

export async function stopGuarded(): Promise<void> {
  await Promise.all(running.splice(0).map((one) => one.close()));
}

export const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
