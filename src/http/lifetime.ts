/**
 * How long a piece of work may go on: an abort signal for very many listeners. (Thousands of requests that wait on one
 * AbortSignal take time that grows with their square, and Node warns of a leak.)
 */
export class Lifetime {
  readonly #listeners = new Set<(reason: Error) => void>();
  #reason: Error | null = null;

  get isOver(): boolean {
    return this.#reason !== null;
  }

  /** @throws the reason of the end, if it has come */
  check(): void {
    if (this.#reason) throw this.#reason;
  }

  end(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }

  /** Calls back at the end, if that is yet to come. @returns takes the listener off; to be called when the work is done */
  onEnd(listener: (reason: Error) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The promise's outcome, or the reason of the end, whichever comes first. The promise itself goes on. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const off = this.onEnd(reject);
      if (this.#reason) reject(this.#reason);
      promise.then(resolve, reject).finally(off);
    });
  }

  /** Waits, unless the end comes first: then it throws the reason. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.check();
      const off = this.onEnd((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
      const timer = setTimeout(() => {
        off();
        resolve();
      }, ms);
    });
  }
}
