import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Page, withFolder } from '../test/program/rig.js';
import { Child } from './child.js';
import type { CloudProcess, Seen } from './cloud.js';
import { Exporter } from './exporter.js';
import type { HealthProcess } from './health.js';
import { SCENARIOS, type Case } from './scenarios.js';
import { percentile, worst } from './statistics.js';
import type { Truth } from './world.js';

/** One scrape, and all that was seen of it. Times in milliseconds. */
export interface Scrape extends Seen {
  ms: number;
  /** null where the system does not tell. */
  cpuSeconds: number | null;
  /** Of the exporter's event loop during this scrape, as it tells itself: its sampling's own 10 ms are in it. */
  lagP99Ms: number;
  lagWorstMs: number;
  /** Answers of `/-/healthy`, meanwhile. */
  healthy: number[];
  /** What was wrong where there was no such answer. */
  healthyFailures: string[];
  /** How late they were asked for. */
  pollerLate: number[];
  /** Collecting each domain but the slow one. */
  othersMs: number[];
}

/** XL has a million servers; with smaller worlds it makes no difference. */
const CLOUD_OPTIONS = ['--max-old-space-size=8192'];

/** Nobody measures it. */
const REHEARSAL_CONCURRENCY = 64;

/** A series, its name with digits too; NaN where the page has it not. */
function valueOf(page: Page, series: string): number {
  const line = page.text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

/** A cloud, something that asks for the exporter's health, and exporters as they are needed. */
export class BenchRig {
  readonly what: Case;
  readonly cloud = new Child<CloudProcess>('cloud', CLOUD_OPTIONS);
  readonly #health = new Child<HealthProcess>('health');
  readonly #folder: string;
  readonly #exporters: Exporter[] = [];
  #authUrl = '';
  #truth: Truth = { servers: 0, vcpus: 0, ramMb: 0 };
  #slowDomain = '';

  private constructor(what: Case, folder: string) {
    this.what = what;
    this.#folder = folder;
  }

  /** Everything ends with the body. */
  static with<T>(what: Case, body: (rig: BenchRig) => Promise<T>): Promise<T> {
    return withFolder(async (folder) => {
      const rig = new BenchRig(what, folder);
      try {
        await rig.#start();
        return await body(rig);
      } finally {
        await rig.#stop();
      }
    });
  }

  get servers(): number {
    return this.#truth.servers;
  }

  /** Starts the program; it has not asked the cloud for anything yet. */
  async exporter(concurrency: number): Promise<Exporter> {
    const { scenario, strategy, nodeOptions } = this.what;
    const byChanges = SCENARIOS[scenario].changed > 0;
    const settings = { authUrl: this.#authUrl, file: this.#file, strategy, byChanges };
    const exporter = await Exporter.start({ ...settings, concurrency, nodeOptions });
    this.#exporters.push(exporter);
    return exporter;
  }

  /**
   * One scrape, while health is asked for.
   * @throws Error where it does not tell the truth: how fast a wrong answer comes is of no interest
   */
  async scrape(exporter: Exporter): Promise<Scrape> {
    await this.cloud.ask('forget', undefined);
    await this.#health.ask('start', `${exporter.url}/-/healthy`);
    const scraped = await exporter.scrape();
    const { page } = scraped;
    const seen = await this.cloud.ask('seen', undefined);
    const { answers, late, failures } = await this.#health.ask('stop', undefined);
    const told = [page.complete, page.get('vhi_total_vcpus_in_use'), page.get('vhi_total_ram_mb_in_use')];
    const right = [1, this.#truth.vcpus, this.#truth.ramMb];
    if (told.join() !== right.join()) {
      throw new Error(`the exporter tells complete, vCPUs, MB = ${told.join()} instead of ${right.join()}`);
    }
    const ms = (name: string): number => 1000 * valueOf(page, name);
    return {
      ...seen,
      ms: scraped.ms,
      cpuSeconds: scraped.cpuSeconds,
      lagP99Ms: ms('nodejs_eventloop_lag_p99_seconds'),
      lagWorstMs: ms('nodejs_eventloop_lag_max_seconds'),
      healthy: answers,
      healthyFailures: failures,
      pollerLate: late,
      othersMs: page
        .series('vhi_domain_collect_duration_seconds{')
        .filter((series) => !series.includes(`"${this.#slowDomain}"`))
        .map((series) => 1000 * (page.get(series) ?? NaN)),
    };
  }

  get #file(): string {
    return join(this.#folder, 'domains.txt');
  }

  /** Lets an exporter ask for everything once, so that the cloud has every answer rendered. */
  async #start(): Promise<void> {
    const { size, slowMs, changed } = SCENARIOS[this.what.scenario];
    const { strategy, latencyMs } = this.what;
    const { authUrl, lines, truth, slowDomain } = await this.cloud.ask('start', { size, strategy, slowMs, changed });
    this.#authUrl = authUrl;
    this.#truth = truth;
    this.#slowDomain = slowDomain;
    await writeFile(this.#file, lines, { mode: 0o600 });
    const rehearsal = await this.exporter(REHEARSAL_CONCURRENCY);
    await this.scrape(rehearsal);
    await rehearsal.stop();
    await this.cloud.ask('pace', latencyMs);
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#exporters.map((exporter) => exporter.stop()));
    await Promise.all([this.cloud.stop(), this.#health.stop()]);
  }
}

/** Health and lag over many scrapes, in milliseconds. */
export interface Responsiveness {
  lagP99Ms: number;
  lagWorstMs: number;
  healthyCount: number;
  healthyFailures: number;
  healthyP99Ms: number;
  healthyWorstMs: number;
  /** How late the requests for health were: what is above this is the exporter's. */
  pollerP99Ms: number;
  pollerWorstMs: number;
}

export function responsivenessOf(scrapes: readonly Scrape[]): Responsiveness {
  const healthy = scrapes.flatMap((scrape) => scrape.healthy);
  const late = scrapes.flatMap((scrape) => scrape.pollerLate);
  return {
    lagP99Ms: worst(scrapes.map(({ lagP99Ms }) => lagP99Ms)),
    lagWorstMs: worst(scrapes.map(({ lagWorstMs }) => lagWorstMs)),
    healthyCount: healthy.length,
    healthyFailures: scrapes.flatMap((scrape) => scrape.healthyFailures).length,
    healthyP99Ms: percentile(healthy, 0.99),
    healthyWorstMs: worst(healthy),
    pollerP99Ms: percentile(late, 0.99),
    pollerWorstMs: worst(late),
  };
}
