import { expect } from 'chai';
import fc from 'fast-check';

import type { StatementLine } from '../../src/rating/lines.js';
import { seal } from '../../src/rating/seal.js';
import { parseTariffs } from '../../src/tariffs/parse.js';
import { RESOURCES } from '../../src/tariffs/tariff.js';
import { books, HOUR, moment, pieces, price, PROJECTS, scaled, span, sums, three, ZONE } from './generators.js';
import { rate, type OwnPiece } from './helpers.js';

/** A quotient, half to even. */
function rounded(dividend: bigint, divisor: bigint): bigint {
  const [floor, rest] = [dividend / divisor, (dividend % divisor) * 2n];
  return rest > divisor || (rest === divisor && floor % 2n === 1n) ? floor + 1n : floor;
}

describe('a statement, whatever was used', () => {
  it('has the quantities of its two parts, and their amounts to one minor unit a line', () => {
    fc.assert(
      fc.property(three, pieces, books(false), ([a = 0, b = 0, c = 0], used, book) => {
        const over = (from: number, to: number): StatementLine[] => rate(span(from, to), PROJECTS, used, book).lines;
        const whole = over(a, c);
        const parts = [...over(a, b), ...over(b, c)];
        const quantities = (lines: StatementLine[]): Map<string, bigint> =>
          sums(lines, ({ quantity }) => scaled(quantity));
        expect(quantities(parts)).to.deep.equal(quantities(whole));
        const [one, two] = [whole, parts].map((lines) => sums(lines, ({ amount }) => scaled(amount)));
        const counts = sums(whole, () => 1n);
        for (const [key, count] of counts) {
          const difference = (one?.get(key) ?? 0n) - (two?.get(key) ?? 0n);
          expect(difference <= count && difference >= -count, `${key}: ${difference}`).to.equal(true);
        }
      }),
    );
  });

  it('counts all that was used within it, once', () => {
    fc.assert(
      fc.property(three, pieces, books(true), ([from = 0, to = 0], used, book) => {
        const { lines } = rate(span(from, to), PROJECTS, used, book);
        for (const resource of RESOURCES) {
          const shown = lines.filter((line) => line.resource === resource).map(({ quantity }) => scaled(quantity));
          const given = used.map((piece) => {
            const overlap = Math.min(piece.endMs, to) - Math.max(piece.startMs, from);
            const counts = piece.resource === resource && overlap > 0;
            return counts ? (BigInt(piece.units) * BigInt(overlap) * 1_000_000n) / BigInt(HOUR) : 0n;
          });
          expect(shown.reduce((x, y) => x + y, 0n)).to.equal(given.reduce((x, y) => x + y, 0n));
        }
      }),
    );
  });

  it('has lines for all of its time, for each project and resource, and no tariff twice at once', () => {
    fc.assert(
      fc.property(three, pieces, books(true), ([from = 0, to = 0], used, book) => {
        const { lines } = rate(span(from, to), PROJECTS, used, book);
        const times = (line: StatementLine): [number, number] => {
          const end = Date.parse(line.to);
          return [Date.parse(line.from), end === to ? to : end + 1000];
        };
        for (const { projectId } of PROJECTS) {
          for (const resource of RESOURCES) {
            const own = lines.filter((line) => line.projectId === projectId && line.resource === resource);
            const last = new Map<string | null, number>();
            let covered = from;
            for (const line of own) {
              const [start, end] = times(line);
              expect(start).to.be.within(last.get(line.tariff) ?? from, covered);
              last.set(line.tariff, end);
              covered = Math.max(covered, end);
            }
            expect(covered).to.equal(to);
          }
        }
      }),
    );
  });

  const use = fc.tuple(moment, fc.integer({ min: 1, max: 20_000 }), fc.nat(64), fc.nat(800));

  it('takes the share of the free amount off, and costs what exact fractions give', () => {
    fc.assert(
      fc.property(use, price, ([startMs, length, units, free], each) => {
        // Within January of the zone, which has 744 hours.
        const from = Math.min(startMs, Date.UTC(2026, 0, 5));
        const ms = length * 3600;
        const tariffs = [{ name: 'a', resource: 'vcpu', price: each, per: 'hour', free: String(free) }];
        const { book } = parseTariffs(JSON.stringify({ currency: 'EUR', timezone: ZONE, tariffs }), 'UTC');
        const piece: OwnPiece = {
          projectId: 'p',
          resource: 'vcpu',
          flavor: null,
          startMs: from,
          endMs: from + ms,
          units,
        };
        const [line] = rate(span(from, from + ms), PROJECTS, [piece], book!).lines;
        const [used, share] = [BigInt(units) * BigInt(ms) * 744n, BigInt(free) * BigInt(ms)];
        const billed = used > share ? used - share : 0n;
        const digits = each.split('.')[1]!.length;
        const cost = rounded(billed * scaled(each) * 100n, BigInt(HOUR) * 744n * 10n ** BigInt(digits));
        expect(scaled(line!.amount)).to.equal(cost);
        expect(scaled(line!.free)).to.equal(rounded((used < share ? used : share) * 1_000_000n, BigInt(HOUR) * 744n));
      }),
    );
  });

  it('grants a month no more than its free amount, and never costs less than nothing', () => {
    fc.assert(
      fc.property(three, pieces, books(true), ([from = 0, , to = 0], used, book) => {
        const { lines, total } = rate(span(from, to), PROJECTS, used, book);
        const granted = new Map<string, bigint>();
        for (const line of lines) {
          expect(scaled(line.amount) >= 0n).to.equal(true);
          expect(scaled(line.free) <= scaled(line.quantity)).to.equal(true);
          const key = [line.projectId, line.tariff, line.from.slice(0, 7)].join();
          granted.set(key, (granted.get(key) ?? 0n) + scaled(line.free));
          const { free } = book.tariffs.find(({ name }) => name === line.tariff) ?? { free: '0' };
          // Each of a few lines of the month may have been rounded up.
          expect(granted.get(key)! <= BigInt(free) * 1_000_000n + 10n).to.equal(true);
        }
        const amounts = lines.filter(({ price: one }) => one !== null).map(({ amount }) => scaled(amount));
        expect(scaled(total)).to.equal(amounts.reduce((x, y) => x + y, 0n));
      }),
    );
  });

  it('has the same hash in whatever order its pieces come, and however they are cut', () => {
    fc.assert(
      fc.property(three, pieces, books(true), moment, ([from = 0, , to = 0], used, book, cut) => {
        const hash = (list: OwnPiece[]): string | undefined =>
          seal({ complete: true, ...rate(span(from, to), PROJECTS, list, book) }).sha256;
        const halves = used.flatMap((piece) =>
          cut > piece.startMs && cut < piece.endMs
            ? [
                { ...piece, endMs: cut },
                { ...piece, startMs: cut },
              ]
            : [piece],
        );
        expect(hash([...used].reverse())).to.equal(hash(used));
        expect(hash(halves)).to.equal(hash(used));
      }),
    );
  });
});
