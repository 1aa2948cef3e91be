import type { Clock } from '../clock.js';
import { CollectionOver } from '../errors.js';
import { Lifetime } from '../http/lifetime.js';
import { FairLimiter } from '../http/limiter.js';
import type { Question } from './question.js';
import type { UsageReport } from './report.js';
import type { UsageReporter } from './reporter.js';

/** A report that was not ready in the time that its asker has. */
export class NotReady extends Error {
  override readonly name = 'NotReady';

  constructor() {
    super('not ready in time, since usage reports are made one after another: ask again, or allow more time');
  }
}

/** Timers may be that early. */
const EARLY_MS = 10;

/** One report that is made, or waits for its turn. */
interface Run {
  question: Question;
  key: string;
  /** By the monotonic clock. */
  deadline: number;
  /** Who waits for it. */
  askers: number;
  /** Of the wait for its turn. */
  wait: Lifetime;
  gone: AbortController;
  report: Promise<UsageReport>;
}

export interface Asker {
  timeLeftMs: number;
  /** Aborts when the one who asked is gone. */
  left: AbortSignal;
}

/** Makes one usage report at a time; who asks the same meanwhile shares it, all others wait for their turn. */
export class UsageDesk {
  readonly #reporter: Pick<UsageReporter, 'report' | 'answerNow'>;
  readonly #clock: Clock;
  readonly #turns = new FairLimiter({ slots: 1, holders: 1 });
  readonly #runs = new Set<Run>();
  #isClosing = false;

  constructor(reporter: Pick<UsageReporter, 'report' | 'answerNow'>, clock: Clock) {
    this.#reporter = reporter;
    this.#clock = clock;
  }

  /**
   * @returns the report, with what is there when the time is over
   * @throws NotReady where it was not begun by then; UsageTooLarge; CollectionOver when the one who asked has left
   */
  async report(question: Question, { timeLeftMs, left }: Asker): Promise<UsageReport> {
    const deadline = this.#clock.mono() + timeLeftMs;
    for (;;) {
      const joined = this.#find(question);
      const run = joined ?? this.#begin(question, deadline);
      // A shared one that ran out of another's time is no answer to who has more.
      const isCutShort = (): boolean =>
        !!joined && run.deadline < deadline && this.#clock.mono() >= run.deadline - EARLY_MS;
      try {
        const report = await this.#share(run, deadline, left);
        if (report.complete || !isCutShort()) return report;
      } catch (error) {
        if (!(error instanceof NotReady) || !isCutShort()) throw error;
      }
    }
  }

  /** Answers all who wait with what is there by now: the program ends. */
  answerNow(): void {
    this.#isClosing = true;
    for (const { wait } of this.#runs) wait.end(new NotReady());
    this.#reporter.answerNow();
  }

  #find(question: Question): Run | undefined {
    const key = keyOf(question);
    return [...this.#runs].find((run) => run.key === key && run.question.file === question.file);
  }

  #begin(question: Question, deadline: number): Run {
    const { range, list, only } = question;
    const wait = new Lifetime();
    const gone = new AbortController();
    const timeLeft = (): number => deadline - this.#clock.mono();
    const timer = setTimeout(() => wait.end(new NotReady()), timeLeft());
    if (this.#isClosing) wait.end(new NotReady());
    const key = keyOf(question);
    const make = (): Promise<UsageReport> => {
      const { startMs: start, endMs: end } = range;
      return this.#reporter.report({ start, end, list, only, timeLeftMs: timeLeft(), left: gone.signal });
    };
    const report = this.#turns.run(key, wait, make).finally(() => {
      clearTimeout(timer);
      this.#runs.delete(run);
    });
    const run: Run = { question, key, deadline, askers: 0, wait, gone, report };
    this.#runs.add(run);
    return run;
  }

  async #share(run: Run, deadline: number, left: AbortSignal): Promise<UsageReport> {
    let leave: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      leave = () => reject(new CollectionOver());
      left.addEventListener('abort', leave, { once: true });
      if (left.aborted) leave();
      if (deadline < run.deadline) timer = setTimeout(() => reject(new NotReady()), deadline - this.#clock.mono());
    });
    run.askers += 1;
    try {
      return await Promise.race([run.report, over]);
    } finally {
      clearTimeout(timer);
      left.removeEventListener('abort', leave);
      run.askers -= 1;
      if (run.askers === 0) this.#drop(run);
    }
  }

  /** Nobody waits for it any more, or it is done. */
  #drop(run: Run): void {
    this.#runs.delete(run);
    run.wait.end(new CollectionOver());
    run.gone.abort();
  }
}

/** The same dates are others in another zone, which need not be asked for. */
const keyOf = ({ asked: { start, end, domain, project }, range }: Question): string =>
  JSON.stringify([start, end, range.timezone, domain, project]);
