import fc from 'fast-check';

import { showInstant } from '../../src/dates/moment.js';
import type { DateRange } from '../../src/dates/range.js';
import type { StatementLine } from '../../src/rating/lines.js';
import type { RatedProject } from '../../src/rating/piece.js';
import { parseTariffs } from '../../src/tariffs/parse.js';
import { RESOURCES, type TariffBook } from '../../src/tariffs/tariff.js';
import type { OwnPiece } from './helpers.js';

export const HOUR = 3_600_000;
const FIRST = Date.UTC(2026, 0, 1);
const HOURS = 24 * 100;
export const ZONE = 'Europe/Berlin';
export const PROJECTS: RatedProject[] = ['p', 'q'].map((id) => ({
  domain: { label: 'acme', id: 'd1' },
  project: id,
  projectId: id,
}));

export const span = (startMs: number, endMs: number): DateRange => ({
  startMs,
  endMs,
  timezone: ZONE,
  shown: { start: showInstant(startMs, ZONE), end: showInstant(endMs, ZONE) },
});

/** A time within the first hundred days of the year, which have a short month and a change of clocks. */
const hour = fc.nat(HOURS);
/** Of 3.6 seconds, so that six decimals of an hour tell it exactly. */
export const moment = fc.nat(HOURS * 1000).map((thousandths) => FIRST + thousandths * 3600);
export const price = fc.tuple(fc.nat(2000), fc.stringMatching(/^\d{1,9}$/)).map(([whole, part]) => `${whole}.${part}`);

export const pieces: fc.Arbitrary<OwnPiece[]> = fc.array(
  fc
    .record({
      times: fc.tuple(moment, moment).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      projectId: fc.constantFrom('p', 'q'),
      resource: fc.constantFrom(...RESOURCES),
      flavor: fc.constantFrom('small', 'large', null),
      units: fc.nat(64),
    })
    .map(({ times: [startMs, endMs], ...use }) => ({ ...use, startMs, endMs })),
  { maxLength: 12 },
);

const tariff = fc
  .record(
    {
      resource: fc.constantFrom(...RESOURCES),
      price,
      per: fc.constantFrom('hour', 'month'),
      times: fc.tuple(hour, hour),
      project: fc.constant('p'),
      flavor: fc.constant('large'),
      free: fc.nat(500).map(String),
    },
    { requiredKeys: ['resource', 'price', 'per'] },
  )
  .map(({ times, flavor, ...rest }) => ({
    ...rest,
    ...(flavor && rest.resource === 'server' ? { flavor } : {}),
    ...(times
      ? {
          start: showInstant(FIRST + Math.min(...times) * HOUR, 'UTC'),
          // The last second, so that what is behind it begins with an hour too.
          end: showInstant(FIRST + (Math.max(...times) + 1) * HOUR - 1000, 'UTC'),
        }
      : {}),
  }));

/** Those that overlap are left out. */
function bookOf(list: object[], currency: string): TariffBook {
  const accepted: object[] = [];
  let book: TariffBook | null = null;
  for (const [index, one] of list.entries()) {
    const tariffs = [...accepted, { ...one, name: `t${index}` }];
    const parsed = parseTariffs(JSON.stringify({ currency, timezone: ZONE, tariffs }), 'UTC');
    if (!parsed.book) continue;
    accepted.push({ ...one, name: `t${index}` });
    ({ book } = parsed);
  }
  if (!book) throw new Error('one tariff alone overlaps with none');
  return book;
}

export const books = (free: boolean): fc.Arbitrary<TariffBook> =>
  fc
    .tuple(fc.array(tariff, { minLength: 1, maxLength: 8 }), fc.constantFrom('EUR', 'JPY', 'KWD'))
    .map(([list, currency]) => bookOf(free ? list : list.map((one) => ({ ...one, free: '0' })), currency));

/** In millionths, or in minor units. */
export const scaled = (text: string): bigint => BigInt(text.replace('.', ''));

/** Sums by project, resource and tariff. */
export function sums(lines: readonly StatementLine[], of: (line: StatementLine) => bigint): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const line of lines) {
    const key = [line.projectId, line.resource, line.tariff].join();
    found.set(key, (found.get(key) ?? 0n) + of(line));
  }
  return new Map([...found].filter(([, sum]) => sum !== 0n).sort());
}

export const three = fc.uniqueArray(moment, { minLength: 3, maxLength: 3 }).map((times) => times.sort((a, b) => a - b));
