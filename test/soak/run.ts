import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { REASONS } from '../../src/errors.js';
import { World } from '../../src/simulator/world.js';
import { listeningUrl, Program, until } from '../helpers/program.js';
import { cloudEnv, Page, withRig, type Rig } from '../program/rig.js';
import { Churn, randomOf } from './churn.js';

const PROBE = new URL('probe.mjs', import.meta.url).href;
/** Both ends close a connection that nobody has used for so long (as Apache does), … */
const KEEP_ALIVE_MS = 3000;
/** … so that what is still open after this is held. */
const CALM_MS = 2 * KEEP_ALIVE_MS;
const SCRAPERS = 6;
const FAULT_EVERY = 25;
const EDIT_EVERY = 100;
const REQUESTS = 12;

export interface SoakOptions {
  scrapes: number;
  /** After so many the daemon is taken to hold all that it ever needs. */
  warm: number;
  idleMs: number;
  /** What the heap may grow by without being called a leak: 0.1 is 10 %. */
  heapGrowth: number;
}

/** What the daemon holds when nobody asks for anything. */
interface Held {
  /** Bytes, of what is left by a garbage collection. */
  heap: number;
  rss: number;
  sockets: number;
  fds: number;
}

export interface SoakResult extends Pick<SoakOptions, 'warm'> {
  /** As many as were begun. */
  scrapes: number;
  partial: number;
  /** Clients that left before they had their answer. */
  gone: number;
  faults: number;
  joined: number;
  left: number;
  seconds: number;
  before: Held;
  after: Held;
  /** Of what more is held after than before. */
  leaks: string[];
  /** Series of the exporter's own families. */
  series: number;
}

/**
 * Scrapes the real program while domains fail, recover, join and leave. Each answer is checked: a domain without an
 * error has its exact figure, and the total is the sum.
 * @throws AssertionError at the first answer that is wrong, or at the end for what is held or left over
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const random = randomOf(7);
  const world = new World({ seed: 'soak' });
  const churn = new Churn(world, random);
  let result: SoakResult | null = null;
  const cloud = { keepAliveMs: KEEP_ALIVE_MS };
  const args = [`--collect.request-concurrency=${REQUESTS}`, '--collect.request-timeout=500ms'];
  await withRig({ world, cloud, lines: churn.lines, args, env: { NODE_OPTIONS: `--import=${PROBE}` } }, async (rig) => {
    result = await new Soak(rig, churn, random).run(options);
  });
  return result!;
}

class Soak {
  readonly #rig: Rig;
  readonly #churn: Churn;
  readonly #random: () => number;
  #started = 0;
  #partial = 0;
  #gone = 0;
  #probes = 0;

  constructor(rig: Rig, churn: Churn, random: () => number) {
    this.#rig = rig;
    this.#churn = churn;
    this.#random = random;
  }

  async run({ scrapes, warm, idleMs, heapGrowth }: SoakOptions): Promise<SoakResult> {
    const began = performance.now();
    await this.#scrapeUpTo(warm);
    await sleep(Math.max(CALM_MS, idleMs / 6));
    const before = await this.#probe();
    await this.#scrapeUpTo(scrapes);
    const series = await this.#checkSeries();
    await sleep(Math.max(CALM_MS, idleMs));
    const after = await this.#probe();
    const { faults, joined, left } = this.#churn;
    const seconds = Math.round((performance.now() - began) / 1000);
    const [started, partial, gone] = [this.#started, this.#partial, this.#gone];
    const leaks = leaksBetween(before, after, heapGrowth);
    return { scrapes: started, warm, partial, gone, faults, joined, left, seconds, before, after, leaks, series };
  }

  /** With all domains well at the end, and the last edit in force. */
  async #scrapeUpTo(count: number): Promise<void> {
    const scraper = async (): Promise<void> => {
      while (this.#started < count) {
        this.#started += 1;
        await this.#stir(this.#started);
        await this.#scrape();
      }
    };
    await Promise.all(Array.from({ length: SCRAPERS }, scraper));
    this.#rig.simulator.faults.clear();
    await until('a complete snapshot of the last list', 20_000, async () => {
      const page = await this.#rig.metrics();
      this.#forget();
      return page.complete === 1 && page.get('vhi_total_vcpus_in_use') === this.#churn.total;
    });
  }

  async #stir(number: number): Promise<void> {
    const { simulator, file } = this.#rig;
    if (number % FAULT_EVERY === 0) this.#churn.befall(simulator);
    if (number % EDIT_EVERY === 0) await this.#churn.edit(file);
    if (number % 100 === 0) this.#forget();
  }

  /** What the test keeps of each answer and call would be its own leak. */
  #forget(): void {
    this.#rig.answers.length = 0;
    this.#rig.takeCalls();
  }

  async #scrape(): Promise<void> {
    const chance = this.#random();
    if (chance < 0.05) await this.#leave(this.#random() * 30);
    else if (chance < 0.1) this.#check(await this.#rig.metrics({ timeout: 0.04 }));
    else if (chance < 0.15) {
      const { totals, domains } = await this.#rig.snapshot({ timeout: 2 });
      const sum = domains.reduce((all, { vcpus }) => all + (vcpus ?? 0), 0);
      expect(totals?.vcpus ?? 0).to.equal(sum);
    } else this.#check(await this.#rig.metrics({ timeout: 2 }));
  }

  async #leave(afterMs: number): Promise<void> {
    const client = new AbortController();
    const timer = setTimeout(() => client.abort(), afterMs);
    try {
      this.#check(await this.#rig.metrics({ timeout: 2, signal: client.signal }));
    } catch (error) {
      if (!client.signal.aborted) throw error;
      this.#gone += 1;
    } finally {
      clearTimeout(timer);
    }
  }

  #check(page: Page): void {
    let sum: number | null = null;
    for (const series of page.series('vhi_domain_collect_errors{')) {
      const name = /"(.*)"/.exec(series)![1]!;
      const vcpus = page.of('vhi_domain_vcpus_in_use', name);
      if (vcpus !== undefined) sum = (sum ?? 0) + vcpus;
      if (page.get(series) === 0) expect(vcpus, name).to.equal(this.#churn.vcpus.get(name));
      else expect(page.complete, `complete while ${name} fails`).to.equal(0);
    }
    expect(page.get('vhi_total_vcpus_in_use') ?? null, page.text).to.equal(sum);
    if (page.complete === 0) this.#partial += 1;
  }

  async #probe(): Promise<Held> {
    const { program } = this.#rig;
    this.#probes += 1;
    program.send('SIGUSR2');
    const [, text] = await program.saw('stderr', new RegExp(`^probe ${this.#probes} (.*)\n`, 'm'));
    return JSON.parse(text!) as Held;
  }

  /** As many series as a daemon has that was started just now; of the errors counted so far, only of domains that are here. */
  async #checkSeries(): Promise<number> {
    const { simulator, file } = this.#rig;
    const fresh = new Program(['--web.listen-address=127.0.0.1:0', `--domains.file=${file}`], {
      env: cloudEnv(simulator),
    });
    try {
      const response = await fetch(`${await listeningUrl(fresh)}/metrics`);
      const expected = new Page(await response.text());
      const page = await this.#rig.metrics();
      const gauges = ({ text }: Page): string[] =>
        [...text.matchAll(/^vhi_[^ ]+(?= )/gm)]
          .map(([name]) => name)
          .filter((name) => !/^vhi_(cloud|\w+_total\{)/.test(name));
      expect(gauges(page)).to.have.members(gauges(expected));
      const failures = page.series('vhi_domain_collect_failures_total{');
      for (const series of failures) {
        const [, domain, reason] = /domain="(.*)",reason="(.*)"/.exec(series)!;
        expect(this.#churn.here).to.include(domain);
        expect(REASONS).to.include(reason);
      }
      return page.series('vhi_').length;
    } finally {
      await fresh.stop();
    }
  }
}

function leaksBetween(before: Held, after: Held, heapGrowth: number): string[] {
  const allowed = { sockets: before.sockets, fds: before.fds, heap: before.heap * (1 + heapGrowth) };
  return (['sockets', 'fds', 'heap'] as const).filter((what) => after[what] > allowed[what]);
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** The figures in a line. */
export function soakText(result: SoakResult): string {
  const { scrapes, warm, partial, gone, faults, joined, left, seconds, before, after, leaks, series } = result;
  return [
    `soak: ${scrapes} scrapes in ${seconds} s`,
    `${partial} partial`,
    `${gone} clients left`,
    `${faults} faults`,
    `${joined} domains joined`,
    `${left} left`,
    `since scrape ${warm}: sockets ${before.sockets}→${after.sockets}`,
    `fds ${before.fds}→${after.fds}`,
    `heap ${mb(before.heap)}→${mb(after.heap)} MB`,
    `rss ${mb(before.rss)}→${mb(after.rss)} MB`,
    `series ${series}`,
    `leaks ${leaks.length}`,
  ].join(', ');
}
