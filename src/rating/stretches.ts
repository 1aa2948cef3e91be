import { monthOf, type Span } from '../dates/moment.js';
import { isFor, priceListAt, type PriceList, type Subject } from '../tariffs/price-list.js';
import { RESOURCES, type Resource, type Tariff, type TariffBook } from '../tariffs/tariff.js';
import { decimal, type Decimal } from './decimal.js';
import { unitMsWithin, type Piece, type RatedProject } from './piece.js';

/** What a project used of a resource at one tariff, or at none, without a break. */
export interface Stretch extends Span {
  resource: Resource;
  tariff: Tariff | null;
  /** Unit-milliseconds. */
  used: Decimal;
  /** Of a tariff that goes by months: the calendar month it lies in. */
  month: Span | null;
}

/** A time in which the same tariffs of a resource are in force all along, within one month where that matters. */
interface Slot extends Span {
  month: Span;
  prices: PriceList;
}

/** The slots of a resource for a project: cut by the tariffs that may be its own alone, since there may be thousands of others'. */
export type Slots = (resource: Resource, project: Subject) => readonly Slot[];

/** A time, cut where a tariff comes into force or goes, and by months where a tariff goes by them. */
export function slotsOf(book: TariffBook, span: Span): Slots {
  const { startMs, endMs } = span;
  const inSpan = book.tariffs.filter((one) => (one.startMs ?? -Infinity) < endMs && (one.endMs ?? Infinity) > startMs);
  const last = new Map<Resource, { tariffs: readonly Tariff[]; slots: readonly Slot[] }>();
  return (resource, project) => {
    const tariffs = inSpan.filter((tariff) => tariff.resource === resource && isFor(tariff, project));
    const before = last.get(resource);
    // The projects of a domain mostly have the same.
    if (before?.tariffs.length === tariffs.length && tariffs.every((tariff, i) => tariff === before.tariffs[i]))
      return before.slots;
    const slots = slotsOfResource(tariffs, span, book.timezone);
    last.set(resource, { tariffs, slots });
    return slots;
  };
}

/** A project's use of each resource, cut where another tariff is in force, and by months where the tariff goes by them. */
export function stretchesOf(project: RatedProject, pieces: readonly Piece[], slots: Slots): Stretch[] {
  return RESOURCES.flatMap((resource) => {
    const own = byFlavor(pieces.filter((piece) => piece.resource === resource));
    const byTariff = new Map<Tariff | null, Stretch[]>();
    const bare = new Set<Stretch>();
    for (const slot of slots(resource, project)) {
      const used = usedAt(slot, project, own, resource);
      for (const [tariff, unitMs] of used) {
        const stretches = byTariff.get(tariff) ?? [];
        byTariff.set(tariff, stretches);
        const stretch = extend(stretches, slot, { resource, tariff, used: unitMs });
        if (tariff === null && used.size === 1) bare.add(stretch);
      }
    }
    // Where each flavor in use has its tariff, that others have none goes without saying.
    return [...byTariff.values()]
      .flat()
      .filter((stretch) => stretch.tariff !== null || bare.has(stretch) || !stretch.used.isZero())
      .sort((a, b) => a.startMs - b.startMs || lineOf(a) - lineOf(b));
  });
}

/** What has no tariff comes last. */
const lineOf = ({ tariff }: Stretch): number => tariff?.line ?? Number.MAX_SAFE_INTEGER;

/** Whether a tariff's price or free amount is that of a calendar month. */
function goesByMonths({ per, free }: Tariff): boolean {
  return per === 'month' || !decimal(free).isZero();
}

function slotsOfResource(tariffs: readonly Tariff[], span: Span, zone: string): Slot[] {
  const months = tariffs.some(goesByMonths) ? monthsOf(span, zone) : [span];
  const borders = [...months, ...tariffs]
    .flatMap(({ startMs, endMs }) => [startMs, endMs])
    .filter((ms) => ms !== null && ms > span.startMs && ms < span.endMs) as number[];
  const starts = [...new Set([span.startMs, ...borders])].sort((a, b) => a - b);
  return starts.map((startMs, index) => ({
    startMs,
    endMs: starts[index + 1] ?? span.endMs,
    month: months.find((month) => startMs < month.endMs) ?? span,
    prices: priceListAt(tariffs, startMs),
  }));
}

function monthsOf({ startMs, endMs }: Span, zone: string): Span[] {
  const months = [monthOf(startMs, zone)];
  for (let last = months[0]; last && last.endMs < endMs; months.push(last)) last = monthOf(last.endMs, zone);
  return months;
}

/** Lengthens the last stretch of a tariff by a slot, or begins another one. */
function extend(stretches: Stretch[], slot: Slot, use: Pick<Stretch, 'resource' | 'tariff' | 'used'>): Stretch {
  const { startMs, endMs, month } = slot;
  const isByMonths = use.tariff !== null && goesByMonths(use.tariff);
  const last = stretches.at(-1);
  if (last?.endMs === startMs && !(isByMonths && last.month !== month)) {
    last.endMs = endMs;
    last.used = last.used.plus(use.used);
    return last;
  }
  const stretch = { ...use, startMs, endMs, month: isByMonths ? month : null };
  stretches.push(stretch);
  return stretch;
}

type ByFlavor = ReadonlyMap<string | null, readonly Piece[]>;

function byFlavor(pieces: readonly Piece[]): ByFlavor {
  const groups = new Map<string | null, Piece[]>();
  for (const piece of pieces) {
    const group = groups.get(piece.flavor);
    if (group) group.push(piece);
    else groups.set(piece.flavor, [piece]);
  }
  return groups;
}

/** In unit-milliseconds, by each tariff that the project's use may come under. */
function usedAt(slot: Slot, project: RatedProject, pieces: ByFlavor, resource: Resource): Map<Tariff | null, Decimal> {
  const used = new Map([...slot.prices.choices(project, resource)].map((tariff) => [tariff, decimal(0)]));
  for (const [flavor, group] of pieces) {
    const tariff = slot.prices.lookup(project, { resource, flavor });
    used.set(tariff, unitMsWithin(group, slot).plus(used.get(tariff) ?? 0));
  }
  return used;
}
