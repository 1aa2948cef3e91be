import { table } from '../src/commands/table.js';
import type { Exporter } from './exporter.js';
import type { Requests } from './formula.js';
import { costOf, DEFAULT_CONCURRENCY, formulaOf, goesOn, type Cost } from './measure.js';
import { CASE_COLUMNS, caseCells, legend, number } from './report.js';
import { BenchRig, type Scrape } from './rig.js';
import type { Case } from './scenarios.js';
import { peakOf } from './targets.js';

/** One value of `--collect.request-concurrency`. */
interface Variant {
  concurrency: number;
  cold: Cost;
  warm: Cost;
  /** Warm median through that of the default, or of the first value if the default was not asked for. */
  ratio: number;
  /** In MB of 1,000,000 bytes; null where the system does not tell. */
  peakRssMb: number | null;
}

export interface Comparison extends Case {
  rounds: number;
  formula: Requests;
  variants: Variant[];
}

interface Runner {
  concurrency: number;
  exporter: Exporter;
  cold: Scrape;
  scrapes: Scrape[];
}

/** The list, begun at another place each time, so that no value always follows the same one. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

async function runnerOf(rig: BenchRig, concurrency: number): Promise<Runner> {
  const exporter = await rig.exporter(concurrency);
  const cold = await rig.scrape(exporter);
  await rig.scrape(exporter);
  return { concurrency, exporter, cold, scrapes: [] };
}

/** One exporter for each value, all on one cloud, which they scrape in turns. */
export function compare(what: Case, values: readonly number[]): Promise<Comparison> {
  const formula = formulaOf(what);
  return BenchRig.with(what, async (rig) => {
    const runners: Runner[] = [];
    for (const concurrency of values) runners.push(await runnerOf(rig, concurrency));
    const started = performance.now();
    let rounds = 0;
    for (; goesOn(what, rounds, started); rounds += 1) {
      for (const { exporter, scrapes } of rotated(runners, rounds)) scrapes.push(await rig.scrape(exporter));
    }
    const measured = await Promise.all(
      runners.map(async ({ concurrency, exporter, cold, scrapes }) => ({
        concurrency,
        cold: costOf([cold], formula),
        warm: costOf(scrapes, formula),
        peakRssMb: await exporter.peakRssMb(),
      })),
    );
    const base = measured.find(({ concurrency }) => concurrency === DEFAULT_CONCURRENCY) ?? measured[0];
    const baseMs = base?.warm.ms.median ?? NaN;
    const variants = measured.map((one) => ({ ...one, ratio: one.warm.ms.median / baseMs }));
    return { ...what, rounds, formula, variants };
  });
}

/** The table of a comparison. */
export function comparisonText(comparisons: readonly Comparison[]): string {
  const header = [
    'concurrency',
    'rounds',
    'cold ms',
    'warm ms',
    'p95',
    'ratio',
    'CPU s',
    'peak RSS MB',
    'in flight',
    'healthy p99 ms',
    'worst',
  ];
  const rows = comparisons.flatMap((comparison) =>
    comparison.variants.map(({ concurrency, cold, warm, ratio, peakRssMb }) => [
      ...caseCells(comparison),
      concurrency,
      comparison.rounds,
      number(cold.ms.median),
      number(warm.ms.median),
      number(warm.ms.p95),
      number(ratio, 2),
      number(warm.cpuSeconds, 2),
      number(peakRssMb),
      peakOf({ cold, warm }),
      number(warm.healthyP99Ms),
      number(warm.healthyWorstMs),
    ]),
  );
  const title = `--collect.request-concurrency. A ratio is the warm median through that at ${DEFAULT_CONCURRENCY}, or at the first value.`;
  return `${legend(comparisons)}\n\n${title}\n${table([...CASE_COLUMNS, ...header], rows)}`;
}
