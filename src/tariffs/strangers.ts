import { excerpt, nearest, printable } from '../text.js';
import type { FileLog } from '../watch/follow.js';
import { shownProblems } from '../watch/problems.js';
import { overlaps } from './overlaps.js';
import type { Subject } from './price-list.js';
import type { Tariff, TariffBook } from './tariff.js';

/** A line of the domains file. */
type Known = Subject['domain'];

/** Notes the tariffs and domains that are in force now. */
export type StrangerWatch = (book: TariffBook, domains: readonly Known[]) => void;

/**
 * Tariffs that only the domains file shows to be a mistake, a line each: of a domain that is not in it, so that another price
 * holds in silence, and of one domain at the same time, once by its name and once by its id. Pure.
 * @param path of the tariffs file
 */
export function strangerLines(path: string, { tariffs, timezone }: TariffBook, domains: readonly Known[]): string[] {
  const byDomain = new Map<string, Tariff[]>();
  for (const tariff of tariffs) {
    if (tariff.domain === null) continue;
    const same = byDomain.get(tariff.domain);
    if (same) same.push(tariff);
    else byDomain.set(tariff.domain, [tariff]);
  }
  const known = new Set(domains.flatMap(({ label, id }) => [label, id]));
  const unknown = [...byDomain].filter(([name]) => !known.has(name));
  const found = [
    ...unknown.flatMap(([name, all]) => all.map(({ line }) => ({ line, message: unknownDomain(name, domains) }))),
    ...domains.flatMap((domain) => doubles(domain, byDomain, timezone)),
  ];
  return shownProblems(
    printable(path),
    found.sort((a, b) => a.line - b.line),
    'tariff',
  );
}

/** Warns of such tariffs whenever they are others than before. */
export function strangerWatch(path: string, log: FileLog): StrangerWatch {
  let told = '';
  return (book, domains) => {
    const lines = strangerLines(path, book, domains);
    const text = lines.join('\n');
    if (text === told) return;
    told = text;
    for (const line of lines) log.warn(line);
    if (lines.length === 0) log.info(`${printable(path)}: the domains of all tariffs are in the domains file now`);
  };
}

function unknownDomain(name: string, domains: readonly Known[]): string {
  const near = nearest(
    name,
    domains.map(({ label }) => label),
  );
  const hint = near === null ? 'give one that is' : `did you mean ${excerpt(near, 60)}?`;
  return `domain: "${excerpt(name, 60)}" is no name or id in the domains file, so that this tariff is for nobody: ${hint}`;
}

function doubles({ label, id }: Known, byDomain: ReadonlyMap<string, readonly Tariff[]>, zone: string) {
  const [byName, byId] = [byDomain.get(label), byDomain.get(id)];
  if (label === id || !byName || !byId) return [];
  const all = [...byName, ...byId].filter(({ project }) => project === null);
  return overlaps(
    all.map((tariff) => ({ ...tariff, domain: label })),
    zone,
  ).map(({ line, message }) => ({ line, message: `${message}; until then the one by its name holds` }));
}
