import { table, type Cell } from '../src/commands/table.js';
import { requestsText, totalOf } from './formula.js';
import type { CaseResult } from './measure.js';
import { GROWTH, GROWTH_DOMAINS, GROWTH_SERVERS, SCENARIOS, type Case } from './scenarios.js';
import { peakOf, targetsOf, type Target } from './targets.js';

/* What was measured, as text. */

/** A number with so many digits behind the point; NaN and null are nothing. */
export function number(value: number | null, digits = 0): Cell {
  return value === null || Number.isNaN(value) ? null : { text: value.toFixed(digits), isNumber: true };
}

const MB = 1e6;

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;

/** What names the rows of each table. */
export const CASE_COLUMNS = ['case', 'strategy', 'ms a call'] as const;

export const caseCells = ({ scenario, strategy, latencyMs }: Case): Cell[] => [scenario, strategy, latencyMs];

function timesTable(results: readonly CaseResult[]): string {
  const header = [
    'rounds',
    'cold ms',
    'warm ms',
    'p95',
    'floor ms',
    'floor p95',
    'warm/floor',
    'discard ms',
    'warm/discard',
  ];
  return table(
    [...CASE_COLUMNS, ...header],
    results.map((result) => [
      ...caseCells(result),
      result.rounds,
      number(result.cold.ms.median),
      number(result.warm.ms.median),
      number(result.warm.ms.p95),
      number(result.floor.ms.median),
      number(result.floor.ms.p95),
      number(result.ratio, 2),
      number(result.discard.ms.median),
      number(result.warm.ms.median / result.discard.ms.median, 2),
    ]),
  );
}

function costTable(results: readonly CaseResult[]): string {
  const costs = ['CPU s cold', 'warm', 'floor', 'peak RSS MB', 'lag p99', 'lag worst'];
  const healthy = ['healthy p99', 'worst', 'in cold p99', 'in cold worst', 'poller late p99', 'late worst'];
  return table(
    [...CASE_COLUMNS, ...costs, ...healthy],
    results.map((result) => {
      const { cold, warm, floor, peakRssMb } = result;
      return [
        ...caseCells(result),
        number(cold.cpuSeconds, 2),
        number(warm.cpuSeconds, 2),
        number(floor.cpuSeconds, 2),
        number(peakRssMb),
        number(warm.lagP99Ms),
        number(warm.lagWorstMs),
        number(warm.healthyP99Ms),
        number(warm.healthyWorstMs),
        number(cold.healthyP99Ms),
        number(cold.healthyWorstMs),
        number(warm.pollerP99Ms),
        number(warm.pollerWorstMs),
      ];
    }),
  );
}

function requestsTable(results: readonly CaseResult[]): string {
  const header = [
    'warm',
    'formula',
    'MB',
    'in flight',
    'cold',
    'cold MB',
    'cloud busy, cold and warm',
    'its ceiling',
    'kinds, cold',
    'kinds, warm',
  ];
  return table(
    [...CASE_COLUMNS, ...header],
    results.map((result) => {
      const { cold, warm, formula, simulator } = result;
      const { requestsPerSecond, mbPerSecond } = simulator;
      return [
        ...caseCells(result),
        totalOf(warm.requests),
        totalOf(formula),
        number(warm.bytes / MB, 2),
        `${peakOf(result)}/${result.concurrency}`,
        totalOf(cold.requests),
        number(cold.bytes / MB, 2),
        `${percent(cold.cloudBusy)}, ${percent(warm.cloudBusy)}`,
        `${requestsPerSecond.toFixed(0)}/s, ${mbPerSecond.toFixed(0)} MB/s`,
        requestsText(cold.requests),
        requestsText(warm.requests),
      ];
    }),
  );
}

const TARGETS = ['requests', 'logins', 'in flight', 'warm', 'peak RSS', 'healthy'] as const;

/** `-` where the case has no such target. */
function targetCell(target: Target | undefined): Cell {
  if (!target) return null;
  return target.met ? 'met' : `NOT MET: ${target.text}`;
}

function targetsTable(results: readonly CaseResult[]): string {
  const rows = results.map((result) => {
    const targets = targetsOf(result);
    return [...caseCells(result), ...TARGETS.map((name) => targetCell(targets.find((one) => one.name === name)))];
  });
  return table([...CASE_COLUMNS, ...TARGETS], rows);
}

function othersTable(results: readonly CaseResult[]): string | null {
  const slow = results.filter(({ others }) => others !== null);
  if (slow.length === 0) return null;
  return table(
    [...CASE_COLUMNS, 'median ms', 'p95', 'worst'],
    slow.map((result) => [
      ...caseCells(result),
      number(result.others?.median ?? null),
      number(result.others?.p95 ?? null),
      number(result.others?.worst ?? null),
    ]),
  );
}

/** What is shown of each world that grows. */
const GROWTH_FIGURES: readonly [title: string, cell: (result: CaseResult | undefined) => Cell][] = [
  ['warm ms', (result) => number(result?.warm.ms.median ?? null)],
  ['CPU s', (result) => number(result?.warm.cpuSeconds ?? null, 2)],
  ['peak RSS MB', (result) => number(result?.peakRssMb ?? null)],
];

/** Domains downwards, servers to the right, for each figure; null: nothing grew. */
function growthTable(results: readonly CaseResult[]): string | null {
  const grown = results.filter(({ scenario }) => GROWTH.some((name) => name === scenario));
  if (grown.length === 0) return null;
  const servers = GROWTH_SERVERS.map((count) => count.toLocaleString('en'));
  const header = GROWTH_FIGURES.flatMap(([title]) =>
    servers.map((count, i) => (i === 0 ? `${title}: ${count}` : count)),
  );
  const kinds = new Map(grown.map((one) => [`${one.strategy} ${one.latencyMs}`, one]));
  const rows = [...kinds.values()].flatMap(({ strategy, latencyMs }) =>
    GROWTH_DOMAINS.map((domains) => {
      const of = grown.filter((one) => one.strategy === strategy && one.latencyMs === latencyMs);
      const row = GROWTH_SERVERS.map((count) => of.find(({ scenario }) => scenario === `${domains}x${count}`));
      return [strategy, latencyMs, domains, ...GROWTH_FIGURES.flatMap(([, cell]) => row.map(cell))];
    }),
  );
  return table(['strategy', 'ms a call', 'domains', ...header], rows);
}

/** What the names of the scenarios stand for. */
export function legend(cases: readonly Case[]): string {
  return [...new Set(cases.map(({ scenario }) => SCENARIOS[scenario].title))].join('\n');
}

/** All tables of a run. */
export function reportText(results: readonly CaseResult[]): string {
  const others = othersTable(results);
  const growth = growthTable(results);
  const sections: [title: string, body: string][] = [
    [
      'Times. Warm ones against the floor, and against the answers thrown away: ratios of medians.',
      timesTable(results),
    ],
    [
      "What a scrape costs, answers to /-/healthy included, and how late these are. In ms; Node's sampling puts 10 into each lag.",
      costTable(results),
    ],
    ['Requests. The cloud is no bottleneck while it is not busy.', requestsTable(results)],
    ...(others === null ? [] : [['The domains beside the slow one.', others] as [string, string]]),
    ['Targets.', targetsTable(results)],
    ...(growth === null ? [] : [['Growth: warm scrapes, by servers in all domains.', growth] as [string, string]]),
  ];
  return [legend(results), ...sections.map(([title, body]) => `${title}\n${body}`)].join('\n\n');
}
