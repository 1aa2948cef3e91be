import type { Span } from '../dates/moment.js';
import type { Subject } from '../tariffs/price-list.js';
import type { Resource } from '../tariffs/tariff.js';
import { decimal, quotient, type Decimal } from './decimal.js';

export const HOUR_MS = 3_600_000;

/** A project that a statement has lines of. */
export interface RatedProject extends Subject {
  /** Its name. */
  project: string;
}

/** What a project used all along a stretch of time. */
export interface Piece extends Span {
  resource: Resource;
  /** Of a server; null for all else, and where it is not known. */
  flavor: string | null;
  /** A number counts as it is printed. */
  units: number | string;
}

/** Nova's MB as the GB that tariffs are for: a 1,024th, exactly. */
export function gbOf(ramMb: number): string {
  return quotient(decimal(ramMb), 1024).toFixed();
}

/**
 * What of the pieces falls into a stretch of time, in unit-milliseconds. Those of one size are multiplied once.
 * @throws RangeError for a piece that can't be: backwards, or with less than nothing
 */
export function unitMsWithin(pieces: readonly Piece[], span: Span): Decimal {
  const msByUnits = new Map<Piece['units'], bigint>();
  for (const { startMs, endMs, resource, units } of pieces) {
    if (!(endMs >= startMs) || !Number.isSafeInteger(endMs - startMs))
      throw new RangeError(`a piece of ${resource} is not a use during a time`);
    const overlap = Math.max(0, Math.min(endMs, span.endMs) - Math.max(startMs, span.startMs));
    msByUnits.set(units, (msByUnits.get(units) ?? 0n) + BigInt(overlap));
  }
  let sum = decimal(0);
  for (const [units, ms] of msByUnits) {
    const amount = decimal(units);
    if (!amount.isFinite() || amount.isNegative()) throw new RangeError(`a piece of ${units} units is no use`);
    sum = sum.plus(amount.times(decimal(String(ms))));
  }
  return sum;
}
