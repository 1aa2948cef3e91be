import type { Domain } from '../domains/domain.js';
import type { DomainList } from '../domains/list.js';
import type { Reason } from '../errors.js';
import type { Ask } from '../http/client.js';
import { CloudListings, type CloudMemory } from '../usage/cloud-listing.js';
import type { Progress } from '../usage/progress.js';
import { STRATEGIES } from '../usage/strategies.js';
import { Collection, type CollectionProgress } from './collection.js';
import { bookOf, collectDomain } from './domain.js';
import type { Snapshot } from './snapshot.js';
import { Visits, type VisitsObserver, type VisitsOptions } from './visits.js';

/** What the exporter counts of its own doings. */
export interface CollectObserver extends VisitsObserver {
  /** One for each error of each collection, before an answer shows it. */
  error: (domain: string, reason: Reason) => void;
}

export interface CollectorOptions extends VisitsOptions {
  observer: CollectObserver;
  /** Whether servers are counted by flavor, too, as they are not without it. */
  countFlavors?: () => boolean;
  /** At the end of a collection, with its last answer; not if everybody left before. */
  onEnd?: (snapshot: Snapshot) => void;
}

/** Collects snapshots. Keeps what lasts from one collection to the next. */
export class Collector {
  readonly visits: Visits;
  readonly #options: CollectorOptions;
  readonly #memory = new Map<string, CloudMemory>();
  #current: Collection | null = null;
  /** All that may be under way: the list may have changed since one began. */
  #open: Collection[] = [];
  /** With when its collection began, by the monotonic clock: the other one may be set back. */
  #last: { snapshot: Snapshot; startedAt: number } | null = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.visits = new Visits(options);
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

  close(): Promise<void> {
    return this.visits.close();
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
    this.visits.keepOnly(list.domains);
    this.#current = new Collection({
      list,
      counting: settings.counting,
      countFlavors: this.#options.countFlavors ?? (() => false),
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
    const sessions = domains.map((domain) => this.visits.session(domain));
    const { settings, clock, log } = this.#options;
    const { strategy, counting, requestConcurrency: fanOut } = settings;
    return (domain: Domain, progress: Progress, ask: Ask): Promise<void> => {
      const visit = this.visits.visit(domain, ask);
      const book = bookOf(visit, progress, { log, label: domain.label });
      const { disabledProjects } = domain;
      const job = { visit, progress, book, listings, sessions, counting, fanOut, disabledProjects };
      return collectDomain(job, STRATEGIES[strategy], { clock, log });
    };
  }
}
