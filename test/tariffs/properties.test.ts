import { expect } from 'chai';
import fc from 'fast-check';
import { stringify, type ToStringOptions } from 'yaml';

import { isInForce } from '../../src/tariffs/in-force.js';
import { parseTariffs } from '../../src/tariffs/parse.js';
import { priceListAt, type Item, type Subject } from '../../src/tariffs/price-list.js';
import { PERIODS, RESOURCES, type Tariff } from '../../src/tariffs/tariff.js';

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 0, 1);
const iso = (day: number): string => new Date(FIRST + day * DAY).toISOString().slice(0, 10);

const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), fc.option(fc.stringMatching(/^\d{1,18}$/), { nil: null }))
  .map(([whole, part]) => (part === null ? String(whole) : `${whole}.${part}`));
const label = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '' && !/[\p{C}]/u.test(text));

/** Days of January, the end inclusive, and few enough scopes that many overlap. */
const entry = fc
  .record(
    {
      name: label,
      resource: fc.constantFrom(...RESOURCES),
      price: decimal,
      per: fc.constantFrom(...PERIODS),
      days: fc.option(fc.tuple(fc.nat(30), fc.nat(5)), { nil: undefined }),
      domain: fc.constantFrom('a', 'b'),
      project: fc.constantFrom('p', 'q'),
      flavor: fc.constantFrom('small', 'large'),
      free: decimal,
    },
    { requiredKeys: ['name', 'resource', 'price', 'per'] },
  )
  .map(({ days, flavor, ...rest }) => ({
    ...rest,
    ...(rest.resource === 'server' && flavor !== undefined ? { flavor } : {}),
    ...(days ? { start: iso(days[0]), end: iso(days[0] + days[1]) } : {}),
  }));
const entries = fc.array(entry, { minLength: 1, maxLength: 8 });

const parse = (list: unknown[], options: ToStringOptions = {}): ReturnType<typeof parseTariffs> =>
  parseTariffs(stringify({ currency: 'EUR', tariffs: list }, options), 'UTC');

/** One by one, so that none is refused for another. */
const alone = (list: unknown[]): Tariff[] => list.flatMap((one) => parse([one]).book?.tariffs ?? []);

const atSameTime = (a: Tariff, b: Tariff): boolean => {
  const days = Array.from({ length: 40 }, (_, day) => FIRST + (day - 2) * DAY);
  return days.some((ms) => isInForce(a, ms) && isInForce(b, ms));
};
const scope = ({ resource, flavor, project, domain }: Tariff): string =>
  [resource, flavor, project === null ? `domain ${domain}` : `project ${project}`].join();

const subject = fc.record({
  domain: fc.record({ label: fc.constantFrom('a', 'b', 'c'), id: fc.constantFrom('a', 'b', 'd') }),
  projectId: fc.constantFrom('p', 'q', 'r'),
});

/** The reference, which goes through all of them: scope first, and then the flavor. */
function mostSpecific(tariffs: readonly Tariff[], user: Subject, item: Item, atMs: number): Tariff | null {
  const { label: name, id } = user.domain;
  const rank = ({ project, domain, flavor }: Tariff): number =>
    2 * (project !== null ? 3 : domain === null ? 0 : domain === name ? 2 : 1) + (flavor === null ? 0 : 1);
  const fitting = tariffs.filter(
    (one) =>
      isInForce(one, atMs) &&
      one.resource === item.resource &&
      [null, item.flavor].includes(one.flavor) &&
      [null, user.projectId].includes(one.project) &&
      [null, name, id].includes(one.domain),
  );
  return fitting.sort((a, b) => rank(b) - rank(a))[0] ?? null;
}

describe('tariffs, whatever they are', () => {
  it('come back as they were written, each price and free amount to its last digit', () => {
    fc.assert(
      fc.property(
        entry,
        fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
        (one, style) => {
          const { book, problems } = parse([one], { defaultStringType: style });
          expect(problems).to.deep.equal([]);
          const [tariff] = book!.tariffs;
          expect(tariff).to.include({
            name: one.name,
            price: one.price,
            free: one.free ?? '0',
            domain: one.domain ?? null,
            project: one.project ?? null,
          });
        },
      ),
    );
  });

  it('are refused exactly when two of the same scope are in force on a same day', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const each = alone(list);
        const clash = each.some((a, i) => each.slice(i + 1).some((b) => scope(a) === scope(b) && atSameTime(a, b)));
        const { book, problems } = parse(list);
        expect(book === null).to.equal(clash);
        for (const { message } of problems) expect(message).to.match(/^overlaps with line \d+: /);
      }),
    );
  });

  it('give for each use and time the most specific one that is in force, whatever their order', () => {
    const flavors = ['small', 'large', 'other', null];
    fc.assert(
      fc.property(entries, subject, fc.nat(40), (list, user, day) => {
        const tariffs = parse(list).book?.tariffs ?? [];
        const atMs = FIRST + day * DAY;
        const [prices, reversed] = [tariffs, [...tariffs].reverse()].map((ordered) => priceListAt(ordered, atMs));
        for (const resource of RESOURCES) {
          const found = flavors.map((flavor) => {
            const item = { resource, flavor };
            const best = mostSpecific(tariffs, user, item, atMs);
            expect(prices!.lookup(user, item)).to.equal(best);
            expect(reversed!.lookup(user, item)).to.equal(best);
            return best;
          });
          expect([...prices!.choices(user, resource)]).to.have.members([...new Set(found)]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are all taken or none, with a line of the file in each problem', () => {
    const piece = fc.constantFrom(
      'currency: EUR\n',
      'tariffs:\n',
      '  - name: a\n',
      '    resource: vcpu\n',
      '    price: "1"\n',
      '    per: hour\n',
      '    start: 2026-01-01\n',
      '    end: 2025-01-01\n',
      '    flavor: x\n',
      '- ',
      '  ',
      ': ',
      '{',
      '}',
      '[',
      '"',
      '#',
      '\n',
      '&a ',
      '*a',
      '\t',
      '|\n',
      '\u0000',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (file) => {
        const { book, problems } = parseTariffs(file, 'UTC');
        expect(book === null).to.equal(problems.length > 0);
        for (const { line, message } of problems) {
          expect(line).to.be.within(1, file.split('\n').length);
          expect(message).to.match(/^[^\p{Cc}]+$/u);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
