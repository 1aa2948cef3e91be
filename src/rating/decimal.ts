import { BigNumber } from 'bignumber.js';

/** An exact decimal: sums, differences and products of it lose nothing. */
export type Decimal = BigNumber;

/** Behind the point, where a quotient has to be cut: far below what any figure shows. */
const QUOTIENT_DIGITS = 40;

/** The library rounds a quotient by its configuration: one for each number of digits. */
const rounders = new Map<number, typeof BigNumber>();

/** A decimal as it is written, or a number as it is printed. */
export function decimal(value: number | string): Decimal {
  return new BigNumber(value);
}

/** Rounded once, half to even. */
export function quotient(dividend: Decimal, divisor: Decimal | number, digits = QUOTIENT_DIGITS): Decimal {
  let rounder = rounders.get(digits);
  if (!rounder) {
    rounder = BigNumber.clone({ DECIMAL_PLACES: digits, ROUNDING_MODE: BigNumber.ROUND_HALF_EVEN });
    rounders.set(digits, rounder);
  }
  return new rounder(dividend).div(divisor);
}

/** With so many digits behind the point, rounded half to even. */
export function fixed(value: Decimal, digits: number): string {
  return value.toFixed(digits, BigNumber.ROUND_HALF_EVEN);
}
