import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/* The real program, `node dist/cli.js …`, as a child process. `npm test` builds it first. */

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const START_MS = 20_000;

export interface Exit {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface LaunchOptions {
  /** All that the program sees of the environment, beside PATH. */
  env?: Record<string, string>;
  /** Where it runs; a folder without a domains.txt by default. */
  cwd?: string;
  /** Of Node itself, before the program's name. */
  nodeOptions?: readonly string[];
}

/** A program that was started. */
export class Program {
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  #ended = false;

  constructor(args: readonly string[], { env = {}, cwd = tmpdir(), nodeOptions = [] }: LaunchOptions = {}) {
    const child = spawn(process.execPath, [...nodeOptions, CLI, ...args], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.#ended = true;
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What the pattern finds in one of the outputs, as soon as it is there. */
  async saw(output: 'stdout' | 'stderr', pattern: RegExp, ms = START_MS): Promise<RegExpExecArray> {
    return until(`${pattern} on ${output}`, ms, () => {
      const found = pattern.exec(this[output]);
      if (!found && this.#ended) throw new Error(`the program ended without ${pattern}:\n${this.stdout}${this.stderr}`);
      return found;
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; stderr:\n${this.stderr}`, { cause: error });
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Takes no more of what it logs: a pipe whose reader is gone. */
  dropLog(): void {
    this.#child.stderr?.destroy();
  }

  /** Reads the log no more until it is resumed. */
  pauseLog(): void {
    this.#child.stderr?.pause();
  }

  resumeLog(): void {
    this.#child.stderr?.resume();
  }

  /** At the end of a test, whatever became of it. */
  async kill(): Promise<void> {
    if (!this.#ended) await this.stop('SIGKILL');
  }
}

/** Runs a command to its end. */
export async function run(args: readonly string[], options: LaunchOptions = {}): Promise<Exit> {
  const program = new Program(args, options);
  const timer = setTimeout(() => void program.kill(), START_MS);
  const exit = await program.exited;
  clearTimeout(timer);
  return exit;
}

/** Where a daemon that logs in logfmt says it listens, without the slash at the end. */
export async function listeningUrl(program: Program): Promise<string> {
  const [, url] = await program.saw('stderr', /msg=listening url=(https?:\S+)\/ /);
  return url!;
}

/** Waits for what `look` finds; undefined, null and false are nothing. */
export async function until<T>(
  what: string,
  ms: number,
  look: () => T | Promise<T>,
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}
