import { showInstant } from '../dates/moment.js';
import type { DateRange } from '../dates/range.js';
import type { Currency, Period, Resource, Tariff, TariffBook } from '../tariffs/tariff.js';
import { decimal, fixed, quotient, type Decimal } from './decimal.js';
import { HOUR_MS, type Piece, type RatedProject } from './piece.js';
import { stretchesOf, type Stretch } from './stretches.js';

/** A line of a statement as the API tells it: `amount` is what `quantity` less `free` costs. */
export interface StatementLine {
  /** The domain's label. */
  domain: string;
  project: string;
  projectId: string;
  resource: Resource;
  /** The tariff's: null where it is for all. */
  flavor: string | null;
  /** The tariff's name; null, as `price` and `per`, where none is in force. */
  tariff: string | null;
  from: string;
  /** As the range's end is shown; before it the last second. */
  to: string;
  unit: string;
  /** Unit-hours, six decimals. */
  quantity: string;
  /** Unit-hours of the free amount that were used up, six decimals. */
  free: string;
  price: string | null;
  per: Period | null;
  /** In the currency's minor unit, rounded once, half to even. */
  amount: string;
}

const UNITS: Readonly<Record<Resource, string>> = { vcpu: 'vCPU-hour', ram_gb: 'GB-hour', server: 'server-hour' };
const QUANTITY_DIGITS = 6;

/**
 * The lines of a statement, in the order of the projects, and their total. Each project has a line for each resource and
 * each tariff in force, also when nothing was used. What of a piece is outside the range does not count. Pure.
 * @throws RangeError for a piece that can't be, or of a project that is not among them, and for a project that is twice
 */
export function rate(
  range: DateRange,
  projects: readonly RatedProject[],
  pieces: readonly Piece[],
  book: TariffBook,
): { lines: StatementLine[]; total: string } {
  const byProject = new Map<string, Piece[]>();
  for (const { domain, projectId } of projects) byProject.set(keyOf(domain.label, projectId), []);
  if (byProject.size < projects.length) throw new RangeError('a project is there twice, and would be charged twice');
  for (const piece of pieces) {
    const own = byProject.get(keyOf(piece.domain, piece.projectId));
    if (!own) throw new RangeError(`a piece is of project ${piece.projectId} of ${piece.domain}, which is not rated`);
    own.push(piece);
  }
  const lines = projects.flatMap((project) => {
    const own = byProject.get(keyOf(project.domain.label, project.projectId)) ?? [];
    return stretchesOf(project, own, book, range).map((stretch) => lineOf(project, stretch, range, book.currency));
  });
  return { lines, total: totalOf(lines, book.currency) };
}

/** The sum of the amounts as they are shown. */
export function totalOf(lines: readonly StatementLine[], { digits }: Currency): string {
  return fixed(
    lines.reduce((sum, { amount }) => sum.plus(decimal(amount)), decimal(0)),
    digits,
  );
}

const keyOf = (domain: string, projectId: string): string => JSON.stringify([domain, projectId]);

function lineOf(project: RatedProject, stretch: Stretch, range: DateRange, currency: Currency): StatementLine {
  const { resource, tariff, startMs, endMs, used } = stretch;
  const { free, amount } = tariff ? charge(stretch, tariff, currency) : { free: decimal(0), amount: '0' };
  return {
    domain: project.domain.label,
    project: project.project,
    projectId: project.projectId,
    resource,
    flavor: tariff?.flavor ?? null,
    tariff: tariff?.name ?? null,
    from: showInstant(startMs, range.timezone),
    to: endMs === range.endMs ? range.shown.end : showInstant(endMs - 1000, range.timezone),
    unit: UNITS[resource],
    quantity: fixed(quotient(used, HOUR_MS, QUANTITY_DIGITS), QUANTITY_DIGITS),
    free: fixed(free, QUANTITY_DIGITS),
    price: tariff?.price ?? null,
    per: tariff?.per ?? null,
    amount,
  };
}

/** All is multiplied first and divided once, so that the amount is rounded once. */
function charge(
  { startMs, endMs, used, month }: Stretch,
  { price, per, free }: Tariff,
  { digits }: Currency,
): { free: Decimal; amount: string } {
  // Without a month there is no free amount, and the price is that of an hour.
  const monthMs = month ? month.endMs - month.startMs : HOUR_MS;
  const usedMs = used.times(monthMs);
  const shareMs = decimal(free)
    .times(HOUR_MS)
    .times(endMs - startMs);
  const freeMs = shareMs.lt(usedMs) ? shareMs : usedMs;
  const cost = usedMs.minus(freeMs).times(decimal(price));
  const divisor = decimal(monthMs).times(per === 'month' ? monthMs : HOUR_MS);
  return {
    free: quotient(freeMs, decimal(monthMs).times(HOUR_MS), QUANTITY_DIGITS),
    amount: fixed(quotient(cost, divisor, digits), digits),
  };
}
