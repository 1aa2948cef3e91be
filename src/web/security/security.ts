import { systemClock, type Clock } from '../../clock.js';
import type { Logger } from '../../log.js';
import { isLoopback } from '../../url.js';
import { fingerprint } from '../../watch/poll.js';
import { BasicAuth } from './basic-auth.js';
import { Bcrypt } from './bcrypt.js';
import { isAuthenticated, isSameConfig, OPEN, type WebConfig } from './config.js';
import { readWebConfig, required, type Seen, type WebProblem, type WebReading } from './read.js';

const POLL_MS = 500;

export interface SecurityOptions {
  log: Logger;
  /** Instead of bcrypt in a thread. */
  compare?: (password: string, hash: string) => Promise<boolean>;
  /** How often the files are looked at. A change is believed when it looks the same twice. */
  pollMs?: number;
  clock?: Clock;
}

/**
 * Reads the web configuration, and follows its edits until closed.
 * @param path null without a file: then nothing is asked of anybody
 * @throws SettingError naming file, line, and what to do
 */
export async function openWebSecurity(path: string | null, options: SecurityOptions): Promise<WebSecurity> {
  if (path === null)
    return new WebSecurity(null, { reading: { config: OPEN, problem: null }, seen: new Map() }, options);
  const first = await readWebConfig(path);
  required(first.reading);
  return new WebSecurity(path, first, options);
}

/** The web configuration in force. */
export class WebSecurity {
  readonly basicAuth: BasicAuth;
  readonly #path: string | null;
  readonly #options: SecurityOptions;
  readonly #bcrypt = new Bcrypt();
  readonly #listeners: ((config: WebConfig) => void)[] = [];
  #config: WebConfig;
  /** Of the files as they were read last, good or bad. */
  #seen: Seen;
  /** What the last look showed that was unlike `#seen`. */
  #candidate = '';
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(path: string | null, first: { reading: WebReading; seen: Seen }, options: SecurityOptions) {
    this.#path = path;
    this.#config = first.reading.config ?? OPEN;
    this.#seen = first.seen;
    this.#options = options;
    this.basicAuth = new BasicAuth(options.compare ?? ((password, hash) => this.#bcrypt.compare(password, hash)));
    if (path !== null) this.#lookLater();
    this.#remark(OPEN);
  }

  get config(): WebConfig {
    return this.#config;
  }

  /** Called with each configuration that comes into force from now on. */
  onChange(listener: (config: WebConfig) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Reads the files again, at once; one call after the other.
   * @throws Error that says in one line, without any path, why the last good configuration stays in force
   */
  async reload(): Promise<void> {
    const problem = await this.#load();
    if (problem) throw new Error(`${problem.brief}; see the log`);
  }

  /** Tells once, at the start, what the address lets happen. */
  warnOfExposure(address: string): void {
    const { log } = this.#options;
    if (isLoopback(address)) return;
    const { users, tls } = this.#config;
    if (!isAuthenticated(this.#config)) {
      log.warn('whoever reaches this address can read all figures: see --web.config.file for authentication', {
        address,
      });
    } else if (users !== null && !tls) {
      log.warn('passwords travel in clear text: add tls_server_config to the web configuration', { address });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#bcrypt.close();
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#lookLater()), this.#options.pollMs ?? POLL_MS);
    this.#timer.unref();
  }

  /** A certificate and its key are two files, and an editor writes in pieces: only what stands still is read. */
  async #look(): Promise<void> {
    const seen = this.#seen;
    const now = await Promise.all([...seen.keys()].map(async (path) => [path, await fingerprint(path)] as const));
    if (seen !== this.#seen || now.every(([path, print]) => seen.get(path) === print)) return;
    const candidate = JSON.stringify(now);
    if (candidate !== this.#candidate) this.#candidate = candidate;
    else await this.#load();
  }

  /** Null, or the problem, which is logged then. */
  #load(): Promise<WebProblem | null> {
    const turn = this.#reading.then(async () => {
      if (this.#path === null) return null;
      const { reading, seen } = await readWebConfig(this.#path);
      this.#seen = seen;
      const failure = reading.config ? this.#takeOver(reading.config) : reading;
      if (failure) {
        const { problem } = failure;
        this.#options.log.error('web configuration not taken over, the last good one stays in force', { problem });
      }
      return failure;
    });
    this.#reading = turn.catch(() => undefined);
    return turn;
  }

  #takeOver(config: WebConfig): WebProblem | null {
    if (isSameConfig(config, this.#config)) return null;
    if ((config.tls === null) !== (this.#config.tls === null)) {
      const why = `TLS is switched ${config.tls ? 'on' : 'off'} by a restart only`;
      return { problem: `${this.#path}: ${why}`, brief: `the web configuration: ${why}` };
    }
    const before = this.#config;
    this.#config = config;
    for (const listener of this.#listeners) listener(config);
    this.#options.log.info('web configuration taken over', { users: config.users?.size, expires: config.tls?.expires });
    this.#remark(before);
    return null;
  }

  #remark(before: WebConfig): void {
    const { tls, http2 } = this.#config;
    const { log } = this.#options;
    if (http2 && !before.http2) log.info('http2 in the web configuration is without effect: HTTP/1.1 is spoken');
    if (tls && tls.expires.getTime() < (this.#options.clock ?? systemClock).wall()) {
      log.warn('the certificate of the web configuration has expired', { expires: tls.expires });
    }
  }
}
