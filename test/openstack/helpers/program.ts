import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { SnapshotJson } from '../../../src/web/json.js';
import type { ExpectedDomain } from './expected.js';
import { Page } from './metrics.js';

/* The built program, as a user runs it. */

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

export interface ProgramOptions {
  authUrl: string;
  domains: readonly ExpectedDomain[];
  /** Further keys of each line, such as `disabled_projects=ignore`. */
  keys?: string;
  /** Passwords other than the right ones, by domain name. */
  passwords?: Record<string, string>;
  /** Application credentials in place of user and password, by domain name. */
  credentials?: Readonly<Record<string, { id: string; secret: string }>>;
  args?: readonly string[];
}

/** A folder with domains.txt; every second password is in a file of its own. */
async function writeDomains({ domains, keys = '', passwords = {}, credentials = {} }: ProgramOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vhi-domains-'));
  const lines = await Promise.all(
    domains.map(async ({ id, name, admin }, i) => {
      const credential = credentials[name];
      if (credential) {
        const file = join(folder, `secret-${i}`);
        await writeFile(file, `${credential.secret}\n`, { mode: 0o600 });
        return `${id} name=${name} app_credential_id=${credential.id} app_credential_secret_file=${file} ${keys}\n`;
      }
      const password = passwords[name] ?? admin.password;
      const file = join(folder, `password-${i}`);
      if (i % 2 === 1) await writeFile(file, `${password}\n`, { mode: 0o600 });
      const source = i % 2 === 1 ? `password_file=${file}` : `password=${password}`;
      return `${id} name=${name} user=${admin.user} ${source} ${keys}\n`;
    }),
  );
  await writeFile(join(folder, 'domains.txt'), lines.join(''), { mode: 0o600 });
  return folder;
}

function start(command: string, folder: string, { authUrl, args = [] }: ProgramOptions): ChildProcess {
  const flags = [`--domains.file=${join(folder, 'domains.txt')}`, `--cloud.auth-url=${authUrl}`, ...args];
  // Nothing of the environment of whoever runs the tests may reach the program.
  const env = { PATH: process.env['PATH'] };
  return spawn(process.execPath, [CLI, command, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Runs a command that ends by itself. */
export async function runProgram(
  command: 'check' | 'snapshot' | 'usage',
  options: ProgramOptions,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const folder = await writeDomains(options);
  try {
    const child = start(command, folder, options);
    const [stdout, stderr] = await Promise.all([read(child.stdout!), read(child.stderr!), once(child, 'close')]);
    return { code: child.exitCode, stdout, stderr };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const running = new Set<Exporter>();

/** A running daemon. */
export class Exporter {
  readonly url: string;
  /** A line of JSON each. */
  readonly log: readonly string[];
  readonly #child: ChildProcess;
  readonly #folder: string;

  constructor({ url, log }: Pick<Exporter, 'url' | 'log'>, child: ChildProcess, folder: string) {
    this.url = url;
    this.log = log;
    this.#child = child;
    this.#folder = folder;
    running.add(this);
  }

  async #get(path: string): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers: { 'X-Prometheus-Scrape-Timeout-Seconds': '60' } });
  }

  async scrape(): Promise<Page> {
    const response = await this.#get('/metrics');
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}`);
    return new Page(await response.text());
  }

  async snapshot(): Promise<SnapshotJson> {
    return (await (await this.#get('/api/v1/snapshot')).json()) as SnapshotJson;
  }

  /** Both answers of one collection, since requests that overlap share it. */
  async observe(): Promise<{ page: Page; json: SnapshotJson }> {
    const [page, json] = await Promise.all([this.scrape(), this.snapshot()]);
    return { page, json };
  }

  async stop(): Promise<void> {
    running.delete(this);
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export async function startExporter(options: ProgramOptions): Promise<Exporter> {
  const folder = await writeDomains(options);
  const args = ['--web.listen-address=127.0.0.1:0', '--log.format=json', ...(options.args ?? [])];
  const child = start('serve', folder, { ...options, args });
  return new Exporter(await listening(child), child, folder);
}

/** The program's address, from its log, which goes on to be filled. @throws Error with what it said, if it ends instead */
export async function listening(child: ChildProcess): Promise<{ url: string; log: readonly string[] }> {
  const lines: string[] = [];
  const url = new Promise<string>((resolve, reject) => {
    // Read to the end: a pipe that nobody empties would stop the program.
    createInterface(child.stderr!).on('line', (line) => {
      lines.push(line);
      const found = /"url":"(http:[^"]+?)\/?"/.exec(line);
      if (line.includes('"listening"') && found?.[1]) resolve(found[1]);
    });
    child.once('exit', (code) => {
      reject(new Error(`the program ended with ${code}:\n${lines.join('\n')}`));
    });
  });
  return { url: await url, log: lines };
}

/** Runs the daemon for the time of `use`. */
export async function withExporter(options: ProgramOptions, use: (exporter: Exporter) => Promise<void>): Promise<void> {
  const exporter = await startExporter(options);
  try {
    await use(exporter);
  } finally {
    await exporter.stop();
  }
}

export async function stopAllExporters(): Promise<void> {
  await Promise.all([...running].map((exporter) => exporter.stop()));
}
