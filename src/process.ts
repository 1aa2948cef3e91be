import { constants } from 'node:os';

import type { Daemon } from './daemon.js';
import type { Logger } from './log.js';
import { printable } from './text.js';
import type { Listening } from './web/listen.js';

/** A command that stays until it is told to end. */
export type Running = Listening & Partial<Pick<Daemon, 'reload'>>;

/** Closing takes five seconds at most; what hangs longer, such as a file system, is left to itself. */
const LONGEST_END_MS = 8000;

/** How long the reader of the log may take for what is not out yet at the end. */
const LAST_LINES_MS = 1000;

const MAX_UNREAD_BYTES = 1 << 20;

/** The process around the program: its outputs, its signals, and its unexpected end. */
export class Host {
  /** Where the unexpected is told; until there is one, on stderr. */
  log: Logger | null = null;
  readonly #runtime: NodeJS.Process;
  #running: Running | null = null;
  #stopping = false;
  #reloadWanted = false;
  #crashed = false;

  constructor(runtime: NodeJS.Process) {
    this.#runtime = runtime;
    const { stdout, stderr } = runtime;
    stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
      // `… | head` has read enough: that is no failure to tell of.
      if (code === 'EPIPE') runtime.exit(128 + constants.signals.SIGPIPE);
      this.complain(`the result can't be written to stdout (${code})`);
      this.exit(1);
    });
    // There is nowhere left to tell it; a log that nobody takes must not end the scrapes.
    stderr.on('error', () => undefined);
    // Of promises too. Node's own report would show all that hangs on an error, such as a URL with a password.
    runtime.on('uncaughtException', (error: unknown) => {
      this.#crash(error);
    });
  }

  complain(text: string): void {
    this.#runtime.stderr.write(`vhi-exporter: ${text}\n`);
  }

  /** Whether so much of the log waits for its reader that more must not be kept. */
  readonly isLogFull = (): boolean => this.#runtime.stderr.writableLength > MAX_UNREAD_BYTES;

  /** Ends the program as soon as its last lines are out: a pipe takes but some at once. */
  exit(code: number): void {
    const { stderr } = this.#runtime;
    const end = (): void => this.#runtime.exit(code);
    if (stderr.writableLength === 0) end();
    setTimeout(end, LAST_LINES_MS);
    stderr.write('', end);
  }

  /**
   * For a command that stays; to be called before it starts, for a signal that nobody listens to ends the program, or is
   * lost, if it is the first of its container.
   */
  holdSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) this.#runtime.on(signal, () => this.#stop(signal));
    this.#runtime.on('SIGHUP', () => this.#reload());
    // Without a listener Node would open its debugger, which shows every password to all users of the machine.
    this.#runtime.on('SIGUSR1', () => this.log?.warn('SIGUSR1 has no effect'));
  }

  /** From now on signals have something to stop, and to reload. */
  attend(running: Running): void {
    this.#running = running;
    if (this.#reloadWanted) this.#reload();
  }

  /** In order on the first signal, at once on the second. */
  #stop(signal: string): void {
    if (this.#stopping) this.#runtime.exit(1);
    this.#stopping = true;
    if (!this.#running) {
      this.exit(0);
      return;
    }
    this.log?.info('stopping', { signal });
    setTimeout(() => {
      this.log?.error('could not end in order');
      this.exit(1);
    }, LONGEST_END_MS).unref();
    void this.#running.close().then(() => {
      this.exit(0);
    });
  }

  #reload(): void {
    if (this.#stopping) return;
    if (this.#running) void this.#running.reload?.();
    else this.#reloadWanted = true;
  }

  #crash(error: unknown): void {
    if (this.#crashed) return;
    this.#crashed = true;
    // Of anything else than an error, only the type: it may hold a secret.
    const stack = error instanceof Error ? (error.stack ?? error.message) : `thrown: ${typeof error}`;
    const message = 'unexpected error, please report it; the program ends';
    if (this.log) this.log.error(message, { stack });
    else this.complain(`${message}: ${printable(stack)}`);
    this.exit(1);
  }
}
