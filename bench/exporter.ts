import { listeningUrl, Program } from '../test/helpers/program.js';
import { cloudEnv, Page } from '../test/program/rig.js';
import { cpuSeconds, peakRssMb } from './kernel.js';
import type { BenchStrategy } from './scenarios.js';

/** `auto` chooses all but this one by what the domains' users may see. */
const LIMITS_ARGUMENTS = ['--collect.counting=quota'];
const IN_FULL = '--collect.incremental=off';
/** No full listing comes between. */
const BY_CHANGES = ['--collect.incremental=auto', '--collect.resync-interval=20d'];

export interface ExporterPlan {
  authUrl: string;
  /** domains.txt */
  file: string;
  strategy: BenchStrategy;
  /** Whether what changed is asked for, and not the whole listing each time. */
  byChanges: boolean;
  /** `--collect.request-concurrency` */
  concurrency: number;
  /** Of Node, such as those that write a profile. */
  nodeOptions: readonly string[];
}

/** A scrape as the scraper sees it. */
export interface Scraped {
  /** From the request to the last byte. */
  ms: number;
  page: Page;
  /** Of the whole process, all its threads; null where the system does not tell. */
  cpuSeconds: number | null;
}

/** If the bench is told to end, none is left behind. */
const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.send('SIGKILL');
});

/** The real program as a process of its own. */
export class Exporter {
  readonly url: string;
  readonly #program: Program;

  private constructor(program: Program, url: string) {
    this.#program = program;
    running.add(program);
    this.url = url;
  }

  static async start({
    authUrl,
    file,
    strategy,
    concurrency,
    nodeOptions,
    byChanges,
  }: ExporterPlan): Promise<Exporter> {
    const settings = [`--domains.file=${file}`, `--collect.request-concurrency=${concurrency}`];
    const own = strategy === 'project-limits' ? LIMITS_ARGUMENTS : [];
    const args = [
      'serve',
      '--web.listen-address=127.0.0.1:0',
      ...(byChanges ? BY_CHANGES : [IN_FULL]),
      ...settings,
      ...own,
    ];
    const program = new Program(args, { env: cloudEnv({ authUrl }), nodeOptions });
    try {
      return new Exporter(program, await listeningUrl(program));
    } catch (error) {
      await program.kill();
      throw error;
    }
  }

  async scrape(): Promise<Scraped> {
    const before = await cpuSeconds(this.#program.pid);
    const started = performance.now();
    const response = await fetch(`${this.url}/metrics`, { headers: { Connection: 'close' } });
    const text = await response.text();
    const ms = performance.now() - started;
    const after = await cpuSeconds(this.#program.pid);
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}`);
    return { ms, page: new Page(text), cpuSeconds: before === null || after === null ? null : after - before };
  }

  /** In MB, since the start. */
  peakRssMb(): Promise<number | null> {
    return peakRssMb(this.#program.pid);
  }

  /** In its own time: it may have a profile to write. */
  async stop(): Promise<void> {
    await this.#program.stop();
    running.delete(this.#program);
  }
}
