import { type ChildProcess, fork } from 'node:child_process';

/* Questions to a process of the bench's own, and its answers. Both must be JSON. */

/** What a process can be asked: each takes one argument. */
export type Handlers = Record<string, (argument: never) => unknown>;

interface Question {
  id: number;
  name: string;
  argument: unknown;
}

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** In the child: answers for as long as the parent is there. */
export function attend(handlers: Handlers): void {
  const reply = (answer: Answer): void => void process.send?.(answer);
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ id, name, argument }: Question) => {
    Promise.resolve(argument)
      .then((given) => handlers[name]?.(given as never))
      .then(
        (value) => reply({ id, value }),
        (error: unknown) =>
          reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** In the parent: a process that runs one of the bench's files. */
export class Child<H extends Handlers> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /**
   * @param file name of a file beside this one, without its end
   * @param nodeOptions of the Node that runs it
   */
  constructor(file: string, nodeOptions: readonly string[] = []) {
    const path = new URL(`${file}.ts`, import.meta.url);
    this.#process = fork(path, { execArgv: ['--import', 'tsx', ...nodeOptions] });
    this.#process.on('message', ({ id, value, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${file}: ${error}`));
    });
    this.#process.on('exit', (code) => this.#fail(new Error(`the process ${file} ended with ${code}`)));
    this.#process.on('error', (error) => this.#fail(error));
  }

  /** @throws Error of the handler, or where the process ended */
  ask<K extends keyof H & string>(name: K, argument: Parameters<H[K]>[0]): Promise<Awaited<ReturnType<H[K]>>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#asked;
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      const question: Question = { id, name, argument };
      this.#process.send(question, (error) => {
        if (error) this.#fail(error);
      });
    });
  }

  stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#process.once('exit', () => resolve());
      this.#process.kill('SIGKILL');
    });
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
