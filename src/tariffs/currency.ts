import * as ISO_4217 from 'dinero.js/currencies';

import { excerpt, nearest } from '../text.js';
import type { Currency } from './tariff.js';

const CURRENCIES = new Map<string, { base: number; exponent: number }>(Object.entries(ISO_4217));
const CODES = [...CURRENCIES.keys()];

/** A text that is no currency. */
export class CurrencyProblem extends Error {
  override readonly name = 'CurrencyProblem';
}

/**
 * A currency by its ISO 4217 code, with the digits of its minor unit. (`Intl` has the digits that cash has: none for IDR.)
 * @throws CurrencyProblem
 */
export function readCurrency(code: string): Currency {
  const found = CURRENCIES.get(code);
  // Where the unit has fifths, ISO 4217 has two digits (MGA, MRU).
  if (found) return { code, digits: found.base === 10 ? found.exponent : 2 };
  const upper = code.toUpperCase();
  const near = CURRENCIES.has(upper) ? upper : nearest(upper, CODES);
  const hint = near ? `did you mean ${near}?` : 'write one such as EUR or IDR';
  throw new CurrencyProblem(`"${excerpt(code, 40)}" is not a currency of ISO 4217: ${hint}`);
}
