import { table, type Cell } from '../../src/commands/table.js';
import { number } from '../report.js';
import { median, percentile } from '../statistics.js';
import type { Listings } from './listing.js';
import { BASELINE, TARGETS, type Race } from './race.js';
import type { Series } from './turns.js';

/* What was measured, as text. */

const least = (ms: readonly number[]): number => percentile(ms, 0);

const kilobytes = ({ bytes }: Series): Cell => number(bytes === null ? null : bytes / 1000);

const mean = (ms: number, count: number): Cell => number(count === 0 ? null : ms / count);

/** Medians through each other, both of the same rounds. */
export function ratio(one: Series | undefined, other: Series | undefined): number {
  return median(one?.ms ?? []) / median(other?.ms ?? []);
}

export function raceText({ rounds, projects, series }: Race): string {
  const baseline = series.find(({ name }) => name === BASELINE);
  const header = [
    '',
    'ms median',
    'min',
    'of baseline',
    'target',
    'CPU ms',
    'to Keystone',
    'ms each',
    'to Nova',
    'ms each',
  ];
  const rows = series.map((one): Cell[] => {
    const { name, ms, scrape } = one;
    const target = TARGETS[name];
    const { identity, compute } = scrape?.asked ?? {};
    return [
      name,
      number(median(ms)),
      number(least(ms)),
      number(ratio(one, baseline), 2),
      target === undefined ? null : `<= ${target}`,
      number(median(one.cpuMs)),
      identity ? number(identity.requests) : number(0),
      identity ? mean(identity.ms, identity.requests) : null,
      compute ? number(compute.requests) : number(projects),
      compute ? mean(compute.ms, compute.requests) : number(median(ms) / projects),
      kilobytes(one),
      scrape ? `${scrape.slowest.domain} ${scrape.slowest.ms.toFixed(0)}` : null,
    ];
  });
  const title = `The race: 10 domains, against the limits of ${projects} projects one after another; ${rounds} rounds.`;
  return `${title}\n${table([...header, 'kB of Nova', 'slowest domain, ms'], rows)}`;
}

export function listingsText({ rounds, servers, groups }: Listings): string {
  const rows = groups.flatMap((group) =>
    group.map((one): Cell[] => [
      one.name,
      number(median(one.ms)),
      number(least(one.ms)),
      number(median(one.cpuMs)),
      number(one.scrape?.asked.compute.requests ?? 1),
      kilobytes(one),
      number(ratio(group[0], one), 1),
    ]),
  );
  const title =
    `The listing alone: the exporter on a domain with ${servers.domain} listed servers in two projects, ` +
    `bare requests for one of them, with ${servers.project}; ${rounds} rounds.`;
  return `${title}\n${table(['', 'ms median', 'min', 'CPU ms', 'requests', 'kB of Nova', 'in full / it'], rows)}`;
}
