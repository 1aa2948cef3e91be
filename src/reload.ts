import type { Logger } from './log.js';
import { printable } from './text.js';

/** Something that was read from files, and can be read again. */
export interface Reloadable {
  /** Rejects with one line for operators, without a secret, when not all could be taken over. */
  reload(): Promise<void>;
}

export interface ReloaderOptions {
  log: Logger;
  parts: readonly Reloadable[];
  /** How long the one who asks waits for an answer. */
  timeoutMs?: number;
}

/** Far more than any reading takes, unless a file system hangs. */
const TIMEOUT_MS = 10_000;

/**
 * Reads all parts again, one reload at a time. Who asks while one is under way waits for the next, which all such share:
 * the one under way may have read the files before they were changed.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #current: Promise<readonly string[]> | null = null;
  #next: Promise<readonly string[]> | null = null;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** What could not be taken over, a line each; empty when all was. Never rejects. */
  reload(): Promise<readonly string[]> {
    const { timeoutMs = TIMEOUT_MS } = this.#options;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve([`not finished within ${timeoutMs / 1000} s, still under way`]);
      }, timeoutMs);
      void this.#start().then((problems) => {
        clearTimeout(timer);
        resolve(problems);
      });
    });
  }

  #start(): Promise<readonly string[]> {
    if (this.#next) return this.#next;
    if (!this.#current) return this.#run();
    this.#next = this.#current.then(() => {
      this.#next = null;
      return this.#run();
    });
    return this.#next;
  }

  #run(): Promise<readonly string[]> {
    this.#current = this.#readAll().finally(() => (this.#current = null));
    return this.#current;
  }

  async #readAll(): Promise<readonly string[]> {
    const { log, parts } = this.#options;
    const results = await Promise.allSettled(parts.map((part) => part.reload()));
    const problems = results.flatMap((result) =>
      result.status === 'rejected' ? [printable((result.reason as Error).message)] : [],
    );
    if (problems.length === 0) log.info('reloaded');
    else log.error('not all could be reloaded', { problems: problems.join('; ') });
    return problems;
  }
}
