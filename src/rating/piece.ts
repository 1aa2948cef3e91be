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

/**
 * What a project used during a stretch of time, evenly: so many units all along it, or so many unit-hours in it. Numbers count
 * as they are printed. Only `units` lose nothing where a piece is cut at a time that makes an endless decimal of its hours.
 */
export type Piece = Span & {
  resource: Resource;
  /** Of a server; null for all else, and where it is not known. */
  flavor: string | null;
} & ({ units: number | string } | { unitHours: number | string });

/** Nova's MB as the GB that tariffs are for: a 1,024th, exactly. */
export function gbOf(ramMb: number): string {
  return quotient(decimal(ramMb), 1024).toFixed();
}

/**
 * What of the pieces falls into a stretch of time, in unit-milliseconds. Those of one size are multiplied once.
 * @throws RangeError for a piece that can't be: backwards, or with less than nothing
 */
export function unitMsWithin(pieces: readonly Piece[], span: Span): Decimal {
  const msByUnits = new Map<number | string, bigint>();
  let sum = decimal(0);
  for (const piece of pieces) {
    const length = piece.endMs - piece.startMs;
    if (!(length >= 0) || !Number.isSafeInteger(length))
      throw new RangeError(`a piece of ${piece.resource} is not a use during a time`);
    const overlap = Math.min(piece.endMs, span.endMs) - Math.max(piece.startMs, span.startMs);
    if ('units' in piece) {
      msByUnits.set(piece.units, (msByUnits.get(piece.units) ?? 0n) + BigInt(Math.max(0, overlap)));
    } else {
      const unitMs = use(piece.unitHours).times(HOUR_MS);
      if (overlap > 0) sum = sum.plus(overlap === length ? unitMs : quotient(unitMs.times(overlap), length));
    }
  }
  for (const [units, ms] of msByUnits) sum = sum.plus(use(units).times(decimal(String(ms))));
  return sum;
}

function use(value: number | string): Decimal {
  const amount = decimal(value);
  if (!amount.isFinite() || amount.isNegative())
    throw new RangeError('a piece of less than nothing, or of no number, is no use');
  return amount;
}
