import { showInstant } from '../dates/moment.js';
import type { DateRange } from '../dates/range.js';
import type { Currency, Period, Resource, Tariff, TariffBook } from '../tariffs/tariff.js';
import { decimal, fixed, quotient, type Decimal } from './decimal.js';
import { HOUR_MS, type Piece, type RatedProject } from './piece.js';
import { slotsOf, stretchesOf, type Stretch } from './stretches.js';

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
 * Rates projects one by one; what is the same for all of them is worked out once. Each has a line for each resource and each
 * tariff in force, also when nothing was used. What of a piece is outside the range does not count. Pure.
 * @returns the lines of a project; throws RangeError for a piece that can't be
 */
export function rater(
  range: DateRange,
  book: TariffBook,
): (project: RatedProject, pieces: readonly Piece[]) => StatementLine[] {
  const slots = slotsOf(book, range);
  const statement = { range, currency: book.currency, show: showOnce(range.timezone) };
  return (project, pieces) => stretchesOf(project, pieces, slots).map((stretch) => lineOf(project, stretch, statement));
}

/** The sum of the amounts as they are shown. */
export function totalOf(lines: readonly StatementLine[], { digits }: Currency): string {
  return fixed(
    lines.reduce((sum, { amount }) => sum.plus(decimal(amount)), decimal(0)),
    digits,
  );
}

/** The lines of many projects begin and end at the same few times. */
function showOnce(zone: string): (ms: number) => string {
  const texts = new Map<number, string>();
  return (ms) => {
    const text = texts.get(ms) ?? showInstant(ms, zone);
    texts.set(ms, text);
    return text;
  };
}

interface Statement {
  range: DateRange;
  currency: Currency;
  show: (ms: number) => string;
}

function lineOf(project: RatedProject, stretch: Stretch, { range, currency, show }: Statement): StatementLine {
  const { resource, tariff, startMs, endMs, used } = stretch;
  const { free, amount } = tariff ? charge(stretch, tariff, currency) : { free: decimal(0), amount: '0' };
  return {
    domain: project.domain.label,
    project: project.project,
    projectId: project.projectId,
    resource,
    flavor: tariff?.flavor ?? null,
    tariff: tariff?.name ?? null,
    from: show(startMs),
    to: endMs === range.endMs ? range.shown.end : show(endMs - 1000),
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
