import type { Clock } from '../clock.js';
import type { DomainList } from '../domains/list.js';
import type { Domain } from '../domains/domain.js';
import { CollectionOver, type Reason } from '../errors.js';
import type { Ask } from '../http/client.js';
import { Lifetime } from '../http/lifetime.js';
import type { Counting } from '../usage/counting.js';
import { Progress } from '../usage/progress.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';

export interface CollectionOptions {
  list: DomainList;
  counting: Counting;
  /** Whether servers are counted by flavor, too; asked at each answer. */
  countFlavors: () => boolean;
  clock: Clock;
  /** Collects one domain; writes to the progress and never throws. */
  collect: (domain: Domain, progress: Progress, ask: Ask) => Promise<void>;
  /** Once for each error that an answer of this collection shows, before the answer. */
  onError: (domain: string, reason: Reason) => void;
  /** At the end, with the last answer; not if everybody left before. */
  onEnd: (snapshot: Snapshot) => void;
}

/** How far a collection is. */
export interface CollectionProgress {
  done: number;
  all: number;
  elapsedSeconds: number;
  /** Labels of the domains that are not done, in the order of the file. */
  open: readonly string[];
}

/**
 * One go at all domains, for all who wait at the time. It runs until it is complete, until the latest deadline of those
 * who wait, or until nobody waits. Each who waits gets what is there at its own deadline.
 */
export class Collection {
  readonly list: DomainList;
  readonly startedAt: number;
  /** Without what collects: that holds the rows of listings that domains shared. */
  readonly #options: Omit<CollectionOptions, 'collect'>;
  readonly #collectedAt: number;
  readonly #domains: { domain: Domain; progress: Progress }[];
  readonly #life = new Lifetime();
  readonly #deadlines = new Set<{ at: number; answer: () => void }>();
  readonly #told = new Set<string>();
  readonly #finished: Promise<void>;
  #final: Snapshot | null = null;
  #leastTimeMs = Infinity;

  constructor({ collect, ...options }: CollectionOptions) {
    const { list, clock } = options;
    this.#options = options;
    this.list = list;
    this.startedAt = clock.mono();
    this.#collectedAt = clock.wall();
    this.#domains = list.domains.map((domain) => ({ domain, progress: new Progress() }));
    const ask = { life: this.#life, timeLeft: () => this.#timeLeft() };
    // Those who wait join in the same turn: no request may be judged by a deadline that isn't there yet.
    const tasks = Promise.resolve().then(() =>
      Promise.all(
        this.#domains.map(({ domain, progress }) => collect(domain, progress, { ...ask, holder: domain.label })),
      ),
    );
    this.#finished = tasks.then(() => {
      if (!this.#life.isOver) this.#final = this.#take();
      for (const { progress } of this.#domains) progress.dropRows();
    });
  }

  /** Whether somebody may still join. */
  get isOpen(): boolean {
    return this.#final === null && !this.#life.isOver;
  }

  /** The snapshot of all domains, each done in its own time; null as long as one is not, and for ever if time was up before. */
  get whole(): Snapshot | null {
    return this.#final;
  }

  /** For how long, from the start, there was always somebody who would wait: what the domains could count on. */
  get leastTimeMs(): number {
    return this.#leastTimeMs;
  }

  get progress(): CollectionProgress {
    const open = this.#domains.filter(({ progress }) => progress.finishedAt === null);
    return {
      done: this.#domains.length - open.length,
      all: this.#domains.length,
      elapsedSeconds: (this.#options.clock.mono() - this.startedAt) / 1000,
      open: open.map(({ domain }) => domain.label),
    };
  }

  /**
   * Waits for the snapshot, `timeLeftMs` at most.
   * @param left aborts when the one who waits is gone; the promise stays unsettled then
   */
  join(timeLeftMs: number, left: AbortSignal): Promise<Snapshot> {
    return new Promise((resolve) => {
      const leave = (): void => {
        clearTimeout(timer);
        left.removeEventListener('abort', leave);
        if (!this.#deadlines.delete(deadline)) return;
        if (this.#deadlines.size === 0) this.#end();
        else this.#noteTime();
      };
      const answer = (): void => {
        if (!this.#deadlines.has(deadline)) return;
        const snapshot = this.#final ?? this.#take();
        const isLast = this.#deadlines.size === 1;
        resolve(snapshot);
        leave();
        if (isLast) this.#options.onEnd(snapshot);
      };
      const deadline = { at: this.#options.clock.mono() + timeLeftMs, answer };
      this.#deadlines.add(deadline);
      this.#noteTime();
      const timer = setTimeout(answer, timeLeftMs);
      void this.#finished.then(answer);
      left.addEventListener('abort', leave, { once: true });
      if (left.aborted) leave();
    });
  }

  /** Answers all who wait with what is there by now, and so ends. */
  answerNow(): void {
    for (const { answer } of [...this.#deadlines]) answer();
  }

  #timeLeft(): number {
    return this.#latest() - this.#options.clock.mono();
  }

  #latest(): number {
    return Math.max(...[...this.#deadlines].map(({ at }) => at));
  }

  #noteTime(): void {
    if (this.#final === null) this.#leastTimeMs = Math.min(this.#leastTimeMs, this.#latest() - this.startedAt);
  }

  #end(): void {
    if (this.#final === null) this.#life.end(new CollectionOver());
  }

  #take(): Snapshot {
    const { list, counting, countFlavors, clock, onError } = this.#options;
    const snapshot = takeSnapshot({
      collectedAt: this.#collectedAt,
      startedAt: this.startedAt,
      now: clock.mono(),
      counting,
      countFlavors: countFlavors(),
      domains: this.#domains,
      problems: list.problems,
    });
    for (const { domain, errors } of snapshot.domains) {
      for (const { stage, reason, status } of errors) {
        const key = `${domain.label} ${stage} ${reason} ${status}`;
        if (this.#told.has(key)) continue;
        this.#told.add(key);
        onError(domain.label, reason);
      }
    }
    return snapshot;
  }
}
