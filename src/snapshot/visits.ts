import { createHash } from 'node:crypto';

import type { Clock } from '../clock.js';
import { cloudKey, type Domain } from '../domains/domain.js';
import { HttpClient, type Ask } from '../http/client.js';
import { FairLimiter } from '../http/limiter.js';
import type { AttemptObserver } from '../http/request.js';
import type { Logger } from '../log.js';
import { LoginGates } from '../openstack/gates.js';
import type { Passwords } from '../openstack/password.js';
import { Remembered } from '../openstack/remembered.js';
import { Session } from '../openstack/session.js';
import { Visit, type CloudAccess } from '../openstack/visit.js';
import type { CollectSettings } from '../settings/settings.js';
import { printable } from '../text.js';
import { isLoopbackUrl } from '../url.js';

/** What is counted of requests and logins. */
export interface VisitsObserver {
  attempt: AttemptObserver;
  /** `success`, or the reason of a login that failed. */
  login: (result: string) => void;
}

export interface VisitsOptions {
  settings: CollectSettings;
  passwords: Passwords;
  clock: Clock;
  /** Random number from 0 up to 1. */
  random: () => number;
  log: Logger;
  observer: VisitsObserver;
}

/** Below that a listing costs Nova no more than the three requests that confirm it. */
const CONFIRM_FROM = 100;

/** Below that asking for each project costs Nova no more than the two or three requests for all. */
const SHARE_FROM = 5;

/** Identities, connections, and what was learnt of the clouds: shared by all that ask them, for as long as the program runs. */
export class Visits {
  readonly #options: VisitsOptions;
  readonly #gates: LoginGates;
  readonly #sessions = new Map<string, Session>();
  readonly #clouds = new Map<string, CloudAccess>();
  /** Addresses that were warned of. */
  readonly #plain = new Set<string>();

  constructor(options: VisitsOptions) {
    this.#options = options;
    this.#gates = new LoginGates(options.clock);
  }

  /** @param projects shares out which projects are being read; without it, as for all who bring none */
  visit(domain: Domain, ask: Ask, projects?: FairLimiter): Visit {
    const cloud = this.#cloud(domain);
    return new Visit(this.session(domain), ask, projects ? { ...cloud, projects } : cloud);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clouds.values()].map(({ http }) => http.close()));
  }

  /** Domains that left the file take their tokens and what was learnt with them; refused passwords stay refused. */
  keepOnly(domains: readonly Domain[]): void {
    const keep = new Set(domains.map(sessionKey));
    for (const key of this.#sessions.keys()) if (!keep.has(key)) this.#sessions.delete(key);
  }

  session(domain: Domain): Session {
    const key = sessionKey(domain);
    let session = this.#sessions.get(key);
    if (!session) {
      const { passwords, clock, random, observer } = this.#options;
      const { http } = this.#cloud(domain);
      const gates = this.#gates;
      session = new Session(domain, {
        http,
        gates,
        passwords,
        clock,
        random,
        observeLogin: (result) => observer.login(result),
      });
      this.#sessions.set(key, session);
    }
    return session;
  }

  #warnOfPlainHttp(url: string): void {
    if (!url.startsWith('http:') || isLoopbackUrl(url) || this.#plain.has(url)) return;
    this.#plain.add(url);
    this.#options.log.warn(
      `tokens travel unencrypted to ${printable(url)}, which is what the catalog has: use https:// there, or --cloud.compute-url`,
    );
  }

  #cloud({ cloud }: Domain): CloudAccess {
    const key = cloudKey(cloud);
    let access = this.#clouds.get(key);
    if (!access) {
      const { settings, clock, observer, random } = this.#options;
      const { requestConcurrency, domainConcurrency, requestTimeoutMs, incremental, resyncIntervalMs } = settings;
      const observe: AttemptObserver = (attempt) => observer.attempt(attempt);
      access = {
        http: new HttpClient({ requestConcurrency, domainConcurrency, requestTimeoutMs, clock, observe }),
        // As many again as have a slot: one is ready whenever a slot is free.
        projects: new FairLimiter({ slots: 2 * requestConcurrency, holders: 2 * requestConcurrency }),
        microversions: new Remembered(clock),
        withoutChanges: new Remembered(clock),
        picks: new Remembered(clock),
        clock,
        // Spread, so that domains which were read in full together are not for ever after.
        untilResync: incremental === 'auto' ? () => resyncIntervalMs * (0.5 + 0.5 * random()) : null,
        confirmFrom: CONFIRM_FROM,
        shareFrom: SHARE_FROM,
        noteEndpoint: (url) => this.#warnOfPlainHttp(url),
      };
      this.#clouds.set(key, access);
    }
    return access;
  }
}

/** All of a line that decides what its login is; a comment, or another line, does not. Hashed, for it may hold a password. */
function sessionKey({ id, credential, cloud }: Domain): string {
  const source = credential.kind === 'password' ? credential.password : credential.secret;
  const secret = source.kind === 'inline' ? { kind: 'inline', text: source.secret.reveal() } : source;
  return createHash('sha256')
    .update(JSON.stringify([id, { ...credential, password: null, secret }, cloud]))
    .digest('base64');
}
