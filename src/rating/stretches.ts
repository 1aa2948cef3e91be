import { monthOf, type Span } from '../dates/moment.js';
import { tariffFor } from '../tariffs/in-force.js';
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

/** A time in which the same tariffs are in force all along, within one month where that matters. */
interface Slot extends Span {
  month: Span;
  /** By flavor; null for those that no tariff names. */
  byFlavor: ReadonlyMap<string | null, Tariff | null>;
}

/** A project's use of each resource, cut where another tariff is in force, and by months where the tariff goes by them. */
export function stretchesOf(project: RatedProject, pieces: readonly Piece[], book: TariffBook, span: Span): Stretch[] {
  return RESOURCES.flatMap((resource) => {
    const tariffs = book.tariffs.filter((tariff) => tariff.resource === resource);
    const slots = slotsOf(project, tariffs, { resource, span, zone: book.timezone });
    const own = pieces.filter((piece) => piece.resource === resource);
    const places = [...tariffs, null];
    return places
      .flatMap((tariff) => join(slots, tariff, own, resource))
      .sort((a, b) => a.startMs - b.startMs || places.indexOf(a.tariff) - places.indexOf(b.tariff));
  });
}

/** Whether a tariff's price or free amount is that of a calendar month. */
export function goesByMonths({ per, free }: Tariff): boolean {
  return per === 'month' || !decimal(free).isZero();
}

function slotsOf(
  project: RatedProject,
  tariffs: readonly Tariff[],
  { resource, span, zone }: { resource: Resource; span: Span; zone: string },
): Slot[] {
  const flavors = [...new Set(tariffs.map(({ flavor }) => flavor)), null];
  const months = tariffs.some(goesByMonths) ? monthsOf(span, zone) : [span];
  const borders = [
    ...months.flatMap(({ startMs, endMs }) => [startMs, endMs]),
    ...tariffs.flatMap(({ startMs, endMs }) => [startMs, endMs]),
  ].filter((ms) => ms !== null && ms > span.startMs && ms < span.endMs) as number[];
  const starts = [...new Set([span.startMs, ...borders])].sort((a, b) => a - b);
  return starts.map((startMs, index) => ({
    startMs,
    endMs: starts[index + 1] ?? span.endMs,
    month: months.find((month) => startMs < month.endMs) ?? span,
    byFlavor: new Map(
      flavors.map((flavor) => [flavor, tariffFor(tariffs, project, { resource, flavor }, startMs)] as const),
    ),
  }));
}

function monthsOf({ startMs, endMs }: Span, zone: string): Span[] {
  const months = [monthOf(startMs, zone)];
  for (let last = months[0]; last && last.endMs < endMs; months.push(last)) last = monthOf(last.endMs, zone);
  return months;
}

/** The stretches of one tariff. */
function join(slots: readonly Slot[], tariff: Tariff | null, pieces: readonly Piece[], resource: Resource): Stretch[] {
  const isByMonths = tariff !== null && goesByMonths(tariff);
  const stretches: Stretch[] = [];
  const bare = new Set<Stretch>();
  for (const slot of slots) {
    const inForce = [...slot.byFlavor.values()];
    if (!inForce.includes(tariff)) continue;
    const used = usedAt(slot, tariff, pieces);
    let stretch = stretches.at(-1);
    if (stretch?.endMs === slot.startMs && !(isByMonths && stretch.month !== slot.month)) {
      stretch.endMs = slot.endMs;
      stretch.used = stretch.used.plus(used);
    } else {
      const { startMs, endMs, month } = slot;
      stretch = { startMs, endMs, resource, tariff, used, month: isByMonths ? month : null };
      stretches.push(stretch);
    }
    if (inForce.every((one) => one === null)) bare.add(stretch);
  }
  // Where each flavor in use has its tariff, that others have none goes without saying.
  return stretches.filter((stretch) => tariff !== null || bare.has(stretch) || !stretch.used.isZero());
}

function usedAt(slot: Slot, tariff: Tariff | null, pieces: readonly Piece[]): Decimal {
  let sum = decimal(0);
  for (const piece of pieces) {
    const flavor = slot.byFlavor.has(piece.flavor) ? piece.flavor : null;
    if (slot.byFlavor.get(flavor) === tariff) sum = sum.plus(unitMsWithin(piece, slot));
  }
  return sum;
}
