import { excerpt, nearest, printable } from '../text.js';
import type { FileLog } from '../watch/follow.js';
import { SHOWN_PROBLEMS, shownProblems } from '../watch/problems.js';
import { overlaps } from './overlaps.js';
import type { Subject } from './price-list.js';
import type { Tariff, TariffBook } from './tariff.js';

/** A line of the domains file. */
type Known = Subject['domain'];

/** Notes the tariffs and domains that are in force now. */
export type StrangerWatch = (book: TariffBook, domains: readonly Known[]) => void;

/**
 * Tariffs that only the domains file shows to be a mistake, a line each: of a domain that is not in it, so that another price
 * holds in silence; of two that share a word, as name and as id; and of one at the same time by its name and by its id. Pure.
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
  const unknown = [...byDomain.keys()].filter((name) => !known.has(name));
  const named = domains.filter(({ label, id }) => label !== id);
  const linesById = new Map<string, number>();
  for (const { id } of domains) linesById.set(id, (linesById.get(id) ?? 0) + 1);
  const shared = named.filter(({ label }) => linesById.has(label));
  // Where several lines have the id, the one by name may be meant to differ.
  const alone = named.filter(({ id }) => linesById.get(id) === 1);
  const toldOf = (name: string, message: string) => (byDomain.get(name) ?? []).map(({ line }) => ({ line, message }));
  const found = [
    // To look for what is near takes long, and those behind are but counted.
    ...unknown.flatMap((name, at) => toldOf(name, unknownDomain(name, at < SHOWN_PROBLEMS ? domains : []))),
    ...alone.flatMap((domain) => doubles(domain, byDomain, timezone)),
    ...shared.flatMap(({ label }) => toldOf(label, ambiguous(label))),
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

const ambiguous = (name: string): string =>
  `domain: "${excerpt(name, 60)}" is the name of one domain and the id of another, and this tariff is for both: write it for each`;

function doubles({ label, id }: Known, byDomain: ReadonlyMap<string, readonly Tariff[]>, zone: string) {
  const [byName, byId] = [byDomain.get(label), byDomain.get(id)];
  if (!byName || !byId) return [];
  const all = [...byName, ...byId].filter(({ project }) => project === null);
  return overlaps(
    all.map((tariff) => ({ ...tariff, domain: label })),
    zone,
  ).map(({ line, message }) => ({ line, message: `${message}; until then the one by its name holds` }));
}
