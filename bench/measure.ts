import { OPTIONS } from '../src/settings/options.js';
import { Child } from './child.js';
import type { Exporter } from './exporter.js';
import type { FloorProcess } from './floor.js';
import { changesRequests, difference, warmRequests, type Requests } from './formula.js';
import type { ReadyStep } from './plan.js';
import { BenchRig, responsivenessOf, type Responsiveness, type Scrape } from './rig.js';
import { SCENARIOS, type Case } from './scenarios.js';
import { mean, median, spreadOf, worst, type Spread } from './statistics.js';

/** What scrapes of one kind cost. Times in milliseconds. */
export interface Cost extends Responsiveness {
  ms: Spread;
  /** Of one scrape; of the first whose counts differ from the formula, if any do. */
  requests: Requests;
  /** Of all answers' bodies, in one scrape. */
  bytes: number;
  /** Of one scrape, on average; null where the system does not tell. */
  cpuSeconds: number | null;
  peakInFlight: number;
  /** Part of the time in which the cloud had something to do, from 0 to 1; the median. */
  cloudBusy: number;
}

export interface CaseResult extends Case {
  rounds: number;
  /** `--collect.request-concurrency` */
  concurrency: number;
  /** The first scrape of a fresh process. */
  cold: Cost;
  warm: Cost;
  /** The least that a warm scrape must ask for. */
  formula: Requests;
  /** In MB of 1,000,000 bytes, cold scrape included; null where the system does not tell. */
  peakRssMb: number | null;
  floor: { ms: Spread; cpuSeconds: number };
  /** The same requests with the answers thrown away. */
  discard: { ms: Spread };
  /** Warm median through the floor's. */
  ratio: number;
  simulator: Ceiling;
  /** With a slow domain: how long the others took, in milliseconds. */
  others: Spread | null;
}

/** What the simulator can do without any latency, when nothing is done with its answers. */
export interface Ceiling {
  requestsPerSecond: number;
  /** MB of 1,000,000 bytes. */
  mbPerSecond: number;
}

/** What `--collect.request-concurrency` is if nobody sets it. */
export const DEFAULT_CONCURRENCY = Number(OPTIONS['collect.request-concurrency'].default);

/** Until code is compiled and connections are open: so many rounds, or fewer where they take so long, in milliseconds. */
const WARM_UPS = 2;
const WARM_UP_MS = 2000;
const MAX_ROUNDS = 40;
const CEILING_RUNS = 2;
const CEILING_REQUESTS = 300;

/** Whether another round is due. */
export function goesOn(what: Case, rounds: number, startedAt: number): boolean {
  if (rounds < what.minRounds) return true;
  return rounds < MAX_ROUNDS && performance.now() - startedAt < what.budgetMs;
}

/** @param scrapes at least one */
export function costOf(scrapes: readonly Scrape[], formula: Requests): Cost {
  const shown = scrapes.find(({ requests }) => difference(requests, formula) !== null) ?? scrapes[0];
  const cpu = scrapes.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
  return {
    ms: spreadOf(scrapes.map(({ ms }) => ms)),
    requests: shown?.requests ?? {},
    bytes: median(scrapes.map(({ bytes }) => bytes)),
    cpuSeconds: cpu.length > 0 ? mean(cpu) : null,
    peakInFlight: worst(scrapes.map(({ peakInFlight }) => peakInFlight)),
    cloudBusy: median(scrapes.map(({ busy }) => busy)),
    ...responsivenessOf(scrapes),
  };
}

/** Exporter and floors, in turn. */
interface Rounds {
  scrapes: Scrape[];
  floor: { ms: number; cpuSeconds: number }[];
  discard: number[];
}

/** The two replays of what the exporter asked. */
class Floors {
  readonly floor = new Child<FloorProcess>('floor');
  readonly discard = new Child<FloorProcess>('floor');
  readonly #rig: BenchRig;
  #steps: ReadyStep[] = [];

  constructor(rig: BenchRig) {
    this.#rig = rig;
  }

  /** Takes over what the last scrape asked. */
  async load(concurrency: number): Promise<void> {
    const { cloud, what } = this.#rig;
    await cloud.ask('hurry', undefined);
    const steps = await cloud.ask('plan', undefined);
    await cloud.ask('pace', what.latencyMs);
    await Promise.all([this.floor, this.discard].map((one) => one.ask('load', { steps, concurrency })));
    this.#steps = steps;
  }

  /** Loads at least so many requests into the one that throws answers away. @returns how many */
  async loadCeiling(least: number): Promise<number> {
    const times = Math.ceil(least / this.#steps.length);
    const alone = this.#steps.map((step) => ({ ...step, after: null }));
    const steps = Array.from({ length: times }, () => alone).flat();
    await this.discard.ask('load', { steps, concurrency: DEFAULT_CONCURRENCY });
    return steps.length;
  }

  async round(into: Rounds): Promise<void> {
    const { ms, cpuSeconds, servers } = await this.floor.ask('floor', undefined);
    const { strategy, scenario } = this.#rig.what;
    const isListing = strategy !== 'project-limits' && SCENARIOS[scenario].changed === 0;
    if (isListing && servers !== this.#rig.servers) throw new Error(`the floor read ${servers} servers`);
    into.floor.push({ ms, cpuSeconds });
    into.discard.push((await this.discard.ask('discard', undefined)).ms);
  }

  async stop(): Promise<void> {
    await Promise.all([this.floor.stop(), this.discard.stop()]);
  }
}

async function measureRounds(rig: BenchRig, exporter: Exporter, floors: Floors): Promise<Rounds> {
  const { changed } = SCENARIOS[rig.what.scenario];
  const unmeasured: Rounds = { scrapes: [], floor: [], discard: [] };
  const warmingSince = performance.now();
  await rig.scrape(exporter);
  await floors.load(DEFAULT_CONCURRENCY);
  await floors.round(unmeasured);
  for (let i = 1; i < WARM_UPS && performance.now() - warmingSince < WARM_UP_MS; i += 1) {
    await rig.scrape(exporter);
    await floors.round(unmeasured);
  }
  const rounds: Rounds = { scrapes: [], floor: [], discard: [] };
  const started = performance.now();
  while (goesOn(rig.what, rounds.scrapes.length, started)) {
    if (changed > 0) {
      await rig.cloud.ask('change', changed);
      rounds.scrapes.push(await rig.scrape(exporter));
      await floors.load(DEFAULT_CONCURRENCY);
      await floors.round(rounds);
      continue;
    }
    rounds.scrapes.push(await rig.scrape(exporter));
    await floors.round(rounds);
  }
  return rounds;
}

/** By so many requests at once as the exporter makes, none of which waits for another, again and again. */
async function ceilingOf(rig: BenchRig, floors: Floors): Promise<Ceiling> {
  await rig.cloud.ask('hurry', undefined);
  const requests = await floors.loadCeiling(CEILING_REQUESTS);
  let best = Infinity;
  for (let i = 0; i < CEILING_RUNS; i += 1) {
    await rig.cloud.ask('forget', undefined);
    best = Math.min(best, (await floors.discard.ask('discard', undefined)).ms);
  }
  const { bytes } = await rig.cloud.ask('seen', undefined);
  return {
    requestsPerSecond: (1000 * requests) / best,
    mbPerSecond: bytes / 1000 / best,
  };
}

/** The least that a warm scrape of the case must ask for. */
export function formulaOf({ strategy, scenario }: Pick<Case, 'strategy' | 'scenario'>): Requests {
  const { size, changed } = SCENARIOS[scenario];
  return changed > 0 ? changesRequests(strategy, size) : warmRequests(strategy, size);
}

/** Measures one case, with processes of its own. */
export function measure(what: Case): Promise<CaseResult> {
  const { slowMs } = SCENARIOS[what.scenario];
  const formula = formulaOf(what);
  return BenchRig.with(what, async (rig) => {
    const exporter = await rig.exporter(DEFAULT_CONCURRENCY);
    const cold = await rig.scrape(exporter);
    const floors = new Floors(rig);
    try {
      const { scrapes, floor, discard } = await measureRounds(rig, exporter, floors);
      const peakRssMb = await exporter.peakRssMb();
      const warm = costOf(scrapes, formula);
      const floorMs = spreadOf(floor.map(({ ms }) => ms));
      return {
        ...what,
        rounds: scrapes.length,
        concurrency: DEFAULT_CONCURRENCY,
        cold: costOf([cold], formula),
        warm,
        formula,
        peakRssMb,
        floor: { ms: floorMs, cpuSeconds: mean(floor.map(({ cpuSeconds }) => cpuSeconds)) },
        discard: { ms: spreadOf(discard) },
        ratio: warm.ms.median / floorMs.median,
        simulator: await ceilingOf(rig, floors),
        others: slowMs > 0 ? spreadOf(scrapes.flatMap(({ othersMs }) => othersMs)) : null,
      };
    } finally {
      await floors.stop();
    }
  });
}
