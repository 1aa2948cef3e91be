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
 * What of a piece falls into a stretch of time, in unit-milliseconds.
 * @throws RangeError for a piece that can't be: backwards, or with less than nothing
 */
export function unitMsWithin(piece: Piece, span: Span): Decimal {
  const length = piece.endMs - piece.startMs;
  const units = decimal(piece.units);
  if (!(length >= 0) || !Number.isSafeInteger(length) || !units.isFinite() || units.isNegative()) {
    throw new RangeError(`a piece of ${piece.resource} is not a use during a time`);
  }
  const overlap = Math.min(piece.endMs, span.endMs) - Math.max(piece.startMs, span.startMs);
  return units.times(Math.max(overlap, 0));
}
