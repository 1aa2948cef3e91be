import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Program } from '../../helpers/program.js';

/* The real programs that the suite is about. One that is not installed is a failure: nothing is skipped. */

export const PROMETHEUS = process.env['PROMETHEUS'] ?? 'prometheus';
export const ALERTMANAGER = process.env['ALERTMANAGER'] ?? 'prometheus-alertmanager';
export const PROMTOOL = process.env['PROMTOOL'] ?? 'promtool';
export const AMTOOL = process.env['AMTOOL'] ?? 'amtool';

const running = new Set<ChildProcess>();
const programs = new Set<Program>();

// A run that is interrupted must not leave a Prometheus behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const program of programs) void program.kill();
});
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export interface Finished {
  code: number | null;
  /** Both outputs, in the order of their arrival. */
  said: string;
}

function launch(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  child.once('close', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

function collect(child: ChildProcess, take: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) stream!.setEncoding('utf8').on('data', take);
}

/** Runs a program to its end, with `stdin` as its input. @throws Error if it is not installed */
export function run(program: string, args: readonly string[], stdin = ''): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = launch(program, args);
    let said = '';
    collect(child, (text) => (said += text));
    child.once('error', (cause) => reject(new Error(`${program} can't be run: ${cause.message}`, { cause })));
    child.once('close', (code) => resolve({ code, said }));
    // One that ends without reading its input is told by its exit code.
    child.stdin!.on('error', () => undefined).end(stdin);
  });
}

/** A program that runs until it is stopped. */
export class Daemon {
  said = '';
  readonly name: string;
  readonly #ended: Promise<string>;
  readonly #child: ChildProcess;

  constructor(program: string, args: readonly string[]) {
    this.name = program;
    const child = launch(program, args);
    this.#child = child;
    collect(child, (text) => (this.said += text));
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(`${program} can't be run: ${error.message}`));
      child.once('close', (code) => resolve(`${program} ended with code ${code}:\n${this.said}`));
    });
  }

  /** Waits until it answers on its readiness page. @throws Error as soon as it has ended */
  async ready(url: string): Promise<void> {
    let ended: string | null = null;
    void this.#ended.then((why) => (ended = why));
    await eventually(`${this.name} is ready`, 30_000, async () => {
      if (ended !== null) throw new Fatal(ended);
      const { status } = await fetch(`${url}/-/ready`);
      return status === 200;
    });
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** The exporter that a user would run, on a port that stays its own. */
export function startExporter(args: readonly string[], env: Record<string, string>): Program {
  const program = new Program(args, { env });
  programs.add(program);
  void program.exited.then(
    () => programs.delete(program),
    () => programs.delete(program),
  );
  return program;
}

/** Ports of loopback that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A failure that waiting can't mend. */
export class Fatal extends Error {}

const PAUSE_MS = 250;

/** Tries until there is something else than undefined, null and false. @throws the last error, or that there was nothing */
export async function eventually<T>(what: string, ms: number, look: () => Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + ms;
  for (;;) {
    let cause: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      cause = error;
    }
    if (performance.now() > end) throw new Error(`not within ${Math.round(ms / 1000)} s: ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
