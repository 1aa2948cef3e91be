import { expect } from 'chai';
import fc from 'fast-check';

import type { ServerUsage } from '../../src/openstack/usage-report.js';
import { statementOf, type StatementJson } from '../../src/statement/statement.js';
import { decimal } from '../../src/rating/decimal.js';
import type { TariffBook } from '../../src/tariffs/tariff.js';
import { books, moment, scaled, span, sums, three } from '../rating/generators.js';
import { domain, project, report, server } from '../usage-report/sample.js';

const servers: fc.Arbitrary<ServerUsage[]> = fc.array(
  fc
    .record({
      times: fc.tuple(moment, moment).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      isThere: fc.boolean(),
      projectId: fc.constantFrom('p', 'q'),
      flavor: fc.constantFrom('small', 'large', ''),
      vcpus: fc.nat(64),
      ramMb: fc.nat(100_000),
    })
    .map(({ times: [startedAt, endedAt], isThere, ...rest }) => ({
      ...server,
      ...rest,
      startedAt,
      endedAt: isThere ? null : endedAt,
    })),
  { maxLength: 8 },
);

/** The statement of all projects over a range. */
function over(
  [from, to]: readonly [number, number],
  used: readonly ServerUsage[],
  book: TariffBook,
): Promise<StatementJson> {
  const projects = ['p', 'q'].map((id) =>
    project(
      id,
      used.filter(({ projectId }) => projectId === id),
    ),
  );
  return statementOf({ ...report(domain('acme', projects)), start: from, end: to }, span(from, to), book);
}

describe('a statement of servers, whatever they are', () => {
  it('has the quantities and amounts of its two parts, to the last digit that a line shows', async () => {
    await fc.assert(
      fc.asyncProperty(three, servers, books(false), async ([a = 0, b = 0, c = 0], used, book) => {
        const whole = (await over([a, c], used, book)).lines;
        const parts = [...(await over([a, b], used, book)).lines, ...(await over([b, c], used, book)).lines];
        const counts = sums(whole, () => 1n);
        for (const figure of ['quantity', 'amount'] as const) {
          const [one, two] = [whole, parts].map((lines) => sums(lines, (line) => scaled(line[figure])));
          for (const key of new Set([...one!.keys(), ...two!.keys()])) {
            const difference = (one!.get(key) ?? 0n) - (two!.get(key) ?? 0n);
            const count = counts.get(key) ?? 0n;
            expect(difference <= count && difference >= -count, `${figure} of ${key}: ${difference}`).to.equal(true);
          }
        }
      }),
    );
  });

  it('has the sum of the amounts as they are shown for its total', async () => {
    await fc.assert(
      fc.asyncProperty(three, servers, books(true), async ([from = 0, , to = 0], used, book) => {
        const { lines, total } = await over([from, to], used, book);
        const sum = lines.reduce((all, { amount }) => all.plus(decimal(amount)), decimal(0));
        expect(total).to.equal(sum.toFixed(book.currency.digits));
      }),
    );
  });

  it('has the same hash in whatever order servers come, and another one when one was resized', async () => {
    await fc.assert(
      fc.asyncProperty(three, servers, books(true), async ([from = 0, , to = 0], used, book) => {
        const { sha256, lines } = await over([from, to], used, book);
        expect(sha256).to.match(/^[0-9a-f]{64}$/);
        expect((await over([from, to], [...used].reverse(), book)).sha256).to.equal(sha256);
        const resized = used.map((one) => ({ ...one, vcpus: (one.vcpus ?? 0) + 1 }));
        const after = await over([from, to], resized, book);
        const isUsed = lines.some(({ resource, quantity }) => resource === 'server' && scaled(quantity) > 0n);
        expect(after.sha256 === sha256).to.equal(!isUsed);
      }),
    );
  });
});
