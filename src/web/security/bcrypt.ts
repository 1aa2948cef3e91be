import { Worker } from 'node:worker_threads';

const WORKER = new URL('./bcrypt-worker.js', import.meta.url);

/**
 * Compares passwords with bcrypt hashes in a thread of its own: each takes long, by intention. The thread starts with the
 * first password, does not keep the program running, and is started anew if it dies.
 */
export class Bcrypt {
  readonly #url: URL;
  #worker: Worker | null = null;
  #closed = false;

  constructor(url = WORKER) {
    this.#url = url;
  }

  /**
   * One at a time: the caller waits for the end before it asks again.
   * @throws Error if the thread died over it
   */
  async compare(password: string, hash: string): Promise<boolean> {
    if (this.#closed) throw new Error('the exporter is closing');
    const worker = (this.#worker ??= this.#start());
    const answered = new AbortController();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const died = (): void => reject(new Error('the thread that compares passwords has ended'));
        const answer = (verdict: unknown): void => resolve(verdict === true);
        worker.once('message', answer).once('exit', died);
        answered.signal.addEventListener('abort', () => worker.off('message', answer).off('exit', died));
        worker.postMessage({ password, hash });
      });
    } finally {
      answered.abort();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    // It needs nothing of the environment, which may hold passwords.
    const worker = new Worker(this.#url, { env: {} });
    worker.unref();
    const forget = (): void => {
      if (this.#worker === worker) this.#worker = null;
    };
    // `exit` follows, and tells whoever waits.
    worker.on('error', forget).on('exit', forget);
    return worker;
  }
}
