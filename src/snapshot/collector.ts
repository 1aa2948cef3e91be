import { createHash } from 'node:crypto';

import type { Clock } from '../clock.js';
import { cloudKey, type Domain } from '../domains/domain.js';
import type { DomainList } from '../domains/list.js';
import type { Reason } from '../errors.js';
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
import { CloudListings, type CloudMemory } from '../usage/cloud-listing.js';
import type { Progress } from '../usage/progress.js';
import { ProjectBook } from '../usage/project-book.js';
import { STRATEGIES } from '../usage/strategies.js';
import { Collection, type CollectionProgress } from './collection.js';
import { collectDomain } from './domain.js';
import type { Snapshot } from './snapshot.js';

/** What the exporter counts of its own doings. */
export interface CollectObserver {
  attempt: AttemptObserver;
  /** `success`, or the reason of a login that failed. */
  login: (result: string) => void;
  /** One for each error of each collection, before an answer shows it. */
  error: (domain: string, reason: Reason) => void;
}

export interface CollectorOptions {
  settings: CollectSettings;
  passwords: Passwords;
  clock: Clock;
  /** Random number from 0 up to 1. */
  random: () => number;
  log: Logger;
  observer: CollectObserver;
  /** At the end of a collection, with its last answer; not if everybody left before. */
  onEnd?: (snapshot: Snapshot) => void;
}

/** Below that a listing costs Nova no more than the three requests that confirm it. */
const CONFIRM_FROM = 100;

/** Below that asking for each project costs Nova no more than the two or three requests for all. */
const SHARE_FROM = 5;

/** Keeps what lasts from one collection to the next: identities, connections, what was learnt of the clouds. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #gates: LoginGates;
  readonly #sessions = new Map<string, Session>();
  readonly #clouds = new Map<string, CloudAccess>();
  readonly #memory = new Map<string, CloudMemory>();
  /** Addresses that were warned of. */
  readonly #plain = new Set<string>();
  #current: Collection | null = null;
  /** All that may be under way: the list may have changed since one began. */
  #open: Collection[] = [];
  /** With when its collection began, by the monotonic clock: the other one may be set back. */
  #last: { snapshot: Snapshot; startedAt: number } | null = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#gates = new LoginGates(options.clock);
  }

  /** The newest snapshot that was given to anybody. */
  get last(): Snapshot | null {
    return this.#last?.snapshot ?? null;
  }

  /** How far the collection is that began last; null before the first. */
  get progress(): CollectionProgress | null {
    return this.#current?.progress ?? null;
  }

  /**
   * The last snapshot again, if it is young enough by the settings. Else joins the collection under way, if it asks the
   * same domains and is not older than a collection may be; else begins one.
   * @param left aborts when the one who asked is gone; the promise stays unsettled then
   */
  async snapshot(list: DomainList, timeLeftMs: number, left: AbortSignal): Promise<Snapshot> {
    const { settings, clock } = this.#options;
    const again = this.#again(list, timeLeftMs);
    if (again) return again;
    const current = this.#current;
    const joinable =
      current?.isOpen && current.list === list && clock.mono() - current.startedAt < settings.timeoutMs
        ? current
        : null;
    const collection = joinable ?? this.#begin(list);
    const snapshot = await collection.join(timeLeftMs, left);
    const { startedAt } = collection;
    if (!this.#last || startedAt >= this.#last.startedAt) this.#last = { snapshot, startedAt };
    return snapshot;
  }

  /** Answers all who wait with what is there by now: the program ends. */
  answerNow(): void {
    for (const collection of this.#open) collection.answerNow();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clouds.values()].map(({ http }) => http.close()));
  }

  /**
   * The snapshot of the last collection, if that asked the same domains, came to its own end, and began within the least
   * interval. One with errors may hold them for want of time: it is not for those who have more.
   */
  #again(list: DomainList, timeLeftMs: number): Snapshot | null {
    const last = this.#current;
    const snapshot = last?.whole;
    if (!snapshot || last.list !== list) return null;
    const { settings, clock } = this.#options;
    const isYoung = clock.mono() - last.startedAt < settings.minIntervalMs;
    return isYoung && (snapshot.complete || timeLeftMs <= last.leastTimeMs) ? snapshot : null;
  }

  #begin(list: DomainList): Collection {
    const { settings, clock, observer } = this.#options;
    this.#forgetOthers(list.domains);
    this.#current = new Collection({
      list,
      counting: settings.counting,
      clock,
      collect: this.#collectWith(new CloudListings(this.#memory), list),
      onError: (domain, reason) => observer.error(domain, reason),
      onEnd: (snapshot) => this.#options.onEnd?.(snapshot),
    });
    this.#open = [...this.#open.filter(({ isOpen }) => isOpen), this.#current];
    return this.#current;
  }

  /** A closure that nothing else shares: with it goes the last hold on the listings and their rows. */
  #collectWith(listings: CloudListings, { domains }: DomainList) {
    const sessions = domains.map((domain) => this.#session(domain));
    const { settings, clock, log } = this.#options;
    const { strategy, counting, requestConcurrency: fanOut } = settings;
    return (domain: Domain, progress: Progress, ask: Ask): Promise<void> => {
      const visit = new Visit(this.#session(domain), ask, this.#cloud(domain));
      const book = new ProjectBook(visit, progress, ({ name, id }) =>
        log.warn('a project is gone', { domain: domain.label, project: name, project_id: id }),
      );
      const { disabledProjects } = domain;
      const job = { visit, progress, book, listings, sessions, counting, fanOut, disabledProjects };
      return collectDomain(job, STRATEGIES[strategy], { clock, log });
    };
  }

  /** Domains that left the file take their tokens and what was learnt with them; refused passwords stay refused. */
  #forgetOthers(domains: readonly Domain[]): void {
    const keep = new Set(domains.map(sessionKey));
    for (const key of this.#sessions.keys()) if (!keep.has(key)) this.#sessions.delete(key);
  }

  #session(domain: Domain): Session {
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
