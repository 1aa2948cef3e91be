import { expect } from 'chai';
import fc from 'fast-check';

import { costPerHour } from '../../src/rating/cost.js';
import { decimal } from '../../src/rating/decimal.js';
import { gbOf, type RatedProject } from '../../src/rating/piece.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import type { TariffBook } from '../../src/tariffs/tariff.js';
import { book, range, rate, type OwnPiece } from './helpers.js';
import { snapshotOf, type DomainUse, type Use } from './use.js';

const JULY = '2023-07-20T10:20:30Z';
const EUR = 'currency: EUR';
const VCPU = 'name: vCPU, resource: vcpu, price: 2, per: hour';
const acme = (use: Use, rest: Partial<DomainUse> = {}): DomainUse => ({ label: 'acme', use, ...rest });
const small = { vcpus: 1, ramMb: 512, flavor: 'small' };

/** Of each domain and of all, as decimals; `-` where there is none. */
function costs(snapshot: Snapshot, tariffs: TariffBook): string {
  const { domains, total } = costPerHour(snapshot, tariffs);
  const each = snapshot.domains.map(({ domain }) => domains.get(domain.label) ?? null);
  return [...each, total].map((cost) => cost?.toFixed() ?? '-').join(' ');
}

describe('the cost of an hour', () => {
  it('is 12.620928 for 8 vCPUs with 16,384 MB at the rates of Billometer', () => {
    /* A rate for a MB is a 1,024th of that for a GB: 0.000369 × 1024. */
    const tariffs = book(
      EUR,
      'name: VCPU, resource: vcpu, price: 0.821904, per: hour',
      'name: RAM, resource: ram_gb, price: 0.377856, per: hour',
    );
    const use = { web: [{ vcpus: 6, ramMb: 16_000 }], db: [{ vcpus: 2, ramMb: 384 }] };
    expect(costs(snapshotOf([acme(use)], JULY), tariffs)).to.equal('12.620928 12.620928');
    expect(
      costs(snapshotOf([acme({ web: [{ vcpus: 8, ramMb: 16_384 }] }, { isCounted: true })], JULY), tariffs),
    ).to.equal('12.620928 12.620928');
  });

  it('is 0.00268817 in July for 2 a month, and the month is that of the zone', () => {
    const tariffs = (zone: string): TariffBook =>
      book(`${EUR}\ntimezone: ${zone}`, 'name: a, resource: server, price: 2, per: month');
    const at = (when: string, zone = 'UTC'): string => costs(snapshotOf([acme({ web: [small] })], when), tariffs(zone));
    expect(at(JULY)).to.match(/^0\.00268817\d+ 0\.00268817\d+$/);
    expect(at('2023-07-31T20:00:00Z')).to.equal(at(JULY));
    expect(at('2023-06-30T20:00:00Z')).to.match(/^0\.0027777777/);
    expect(at('2023-06-30T20:00:00Z', 'Asia/Jakarta')).to.equal(at(JULY));
    // March has 743 hours there: its clocks skip one.
    expect(Number(at('2023-03-31T12:00:00Z', 'Europe/Berlin').split(' ')[0])).to.equal(2 / 743);
  });

  it('is zero where nothing is in use, or where what is in use has no tariff', () => {
    const tariffs = book(EUR, VCPU);
    expect(costs(snapshotOf([], JULY), tariffs)).to.equal('0');
    expect(costs(snapshotOf([acme({ web: [] }), acme({}, { label: 'b' })], JULY), tariffs)).to.equal('0 0 0');
    const ram = book(EUR, 'name: RAM, resource: ram_gb, price: 1, per: hour, domain: other');
    expect(costs(snapshotOf([acme({ web: [small] })], JULY), ram)).to.equal('0 0');
  });

  it('goes by the most specific tariff of each project, and takes no free amount off', () => {
    const tariffs = book(
      EUR,
      `${VCPU}, free: 1000`,
      'name: acme, resource: vcpu, price: 30, per: hour, domain: acme',
      'name: db, resource: vcpu, price: 400, per: hour, project: db',
    );
    const use = { web: [{ vcpus: 1, ramMb: 0 }], db: [{ vcpus: 1, ramMb: 0 }] };
    expect(costs(snapshotOf([acme({ web: use.web }), acme(use, { label: 'b' })], JULY), tariffs)).to.equal(
      '30 402 432',
    );
  });

  it('goes by what was in force when the snapshot was collected', () => {
    const tariffs = book(
      EUR,
      `${VCPU}, end: 2023-07-19`,
      'name: b, resource: vcpu, price: 3, per: hour, start: 2023-07-20',
    );
    const at = (when: string): string => costs(snapshotOf([acme({ web: [small] })], when), tariffs);
    expect([at('2023-07-19T23:59:59Z'), at('2023-07-20T00:00:00Z')]).to.deep.equal(['2 2', '3 3']);
  });

  it('loses nothing of long decimals', () => {
    const tariffs = book(
      EUR,
      'name: a, resource: vcpu, price: "123456789012345678.123456789012345678", per: hour',
      'name: b, resource: ram_gb, price: "0.000000000000000001", per: hour',
    );
    expect(costs(snapshotOf([acme({ web: [{ vcpus: 3, ramMb: 1 }] })], JULY), tariffs).split(' ')[0]).to.equal(
      '370370367037037034.3703703670370370340009765625',
    );
  });

  describe('of servers', () => {
    const tariffs = book(
      EUR,
      'name: every, resource: server, price: 1, per: hour',
      'name: large, resource: server, price: 10, per: hour, flavor: large',
    );
    const use = { web: [small, { ...small, flavor: 'large' }, { ...small, flavor: 'large' }] };

    it('goes by their flavors', () => {
      expect(costs(snapshotOf([acme(use)], JULY), tariffs)).to.equal('21 21');
    });

    it('is not told where they are not counted by flavor, but that of domains which pay for none is', () => {
      const domains = [acme(use, { isCounted: true }), acme(use, { label: 'b' })];
      expect(costs(snapshotOf([acme(use)], JULY, false), tariffs)).to.equal('- -');
      expect(costs(snapshotOf(domains, JULY), tariffs)).to.equal('- 21 -');
      const ofB = book(EUR, VCPU, 'name: b, resource: server, price: 1, per: hour, domain: b');
      expect(costs(snapshotOf(domains, JULY), ofB)).to.equal('6 9 15');
    });

    it('is not told where a flavor has no name, unless all flavors have one price', () => {
      const unnamed = snapshotOf([acme({ web: [{ ...small, flavor: '' }] }), acme(use, { label: 'b' })], JULY);
      expect(costs(unnamed, tariffs)).to.equal('- 21 -');
      expect(costs(unnamed, book(EUR, 'name: every, resource: server, price: 1, per: hour'))).to.equal('1 3 4');
      const ofB = book(EUR, 'name: b, resource: server, price: 1, per: hour, flavor: large, domain: b');
      expect(costs(unnamed, ofB)).to.equal('0 2 2');
    });
  });

  it('is not told of a domain with an error, and then not of all, though of the others', () => {
    const domains = [acme({ web: [small] }, { fails: true }), acme({ web: [small] }, { label: 'b' })];
    expect(costs(snapshotOf(domains, JULY), book(EUR, VCPU))).to.equal('- 2 -');
  });

  it('is not told of all while a line of the domains file is bad', () => {
    const snapshot = { ...snapshotOf([acme({ web: [small] })], JULY), complete: false };
    expect(costs(snapshot, book(EUR, VCPU))).to.equal('2 -');
  });

  it('is not told where a project of the domain is not among those that have a price', () => {
    const snapshot = snapshotOf([acme({ web: [small], lost: [small] }, { unlisted: ['lost'] })], JULY);
    expect(snapshot.complete).to.equal(true);
    expect(costs(snapshot, book(EUR, VCPU))).to.equal('- -');
    const bare = { vcpus: 0, ramMb: 0 };
    const servers = snapshotOf([acme({ web: [small], lost: [bare] }, { unlisted: ['lost'] })], JULY);
    expect(costs(servers, book(EUR, VCPU))).to.equal('- -');
  });
});

const size = fc.record({
  vcpus: fc.nat(64),
  ramMb: fc.nat(1 << 20),
  flavor: fc.constantFrom('small', 'large', 'other'),
});
const use = fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.array(size, { maxLength: 4 }), { noNullPrototype: true });
const price = fc.tuple(fc.nat(2000), fc.stringMatching(/^\d{1,9}$/)).map(([whole, part]) => `${whole}.${part}`);
const tariff = fc
  .tuple(
    fc.constantFrom('resource: vcpu', 'resource: ram_gb', 'resource: server', 'resource: server, flavor: large'),
    fc.constantFrom('', ', domain: a', ', domain: b', ', project: p', ', project: q'),
    fc.constantFrom('hour', 'month'),
    price,
  )
  .map(([resource, scope, per, each]) => ({ what: resource + scope, per, each }));
const books = fc
  .uniqueArray(tariff, { minLength: 1, maxLength: 10, selector: ({ what }) => what })
  .map((list) =>
    book(
      'currency: EUR\ntimezone: Europe/Berlin',
      ...list.map(({ what, per, each }, i) => `name: t${i}, price: "${each}", per: ${per}, ${what}`),
    ),
  );

describe('the cost of an hour, whatever is in use', () => {
  const hour = range('2023-10-29T00:00:00', '2023-10-29T01:00:00');
  const at = new Date(hour.startMs).toISOString();

  it('is the sum of the domains’ costs, where each has one', () => {
    const domains = fc.uniqueArray(fc.record({ label: fc.constantFrom('a', 'b', 'c'), use, fails: fc.boolean() }), {
      selector: ({ label }) => label,
    });
    fc.assert(
      fc.property(domains, books, (all, tariffs) => {
        const { domains: each, total } = costPerHour(snapshotOf(all, at), tariffs);
        expect([...each.keys()]).to.deep.equal(all.filter(({ fails }) => !fails).map(({ label }) => label));
        const sum = [...each.values()].reduce((a, b) => a.plus(b), decimal(0));
        expect(total?.toFixed() ?? null).to.equal(each.size < all.length ? null : sum.toFixed());
      }),
    );
  });

  it('is what a statement of that hour comes to, but for its rounding', () => {
    fc.assert(
      fc.property(use, books, (servers, tariffs) => {
        const { domains } = costPerHour(snapshotOf([{ label: 'a', use: servers }], at), tariffs);
        const projects: RatedProject[] = Object.keys(servers).map((id) => ({
          domain: { label: 'a', id: 'a' },
          project: id,
          projectId: id,
        }));
        const pieces = Object.entries(servers).flatMap(([projectId, list]) =>
          list.flatMap(({ vcpus, ramMb, flavor = null }): OwnPiece[] => {
            const common = { projectId, startMs: hour.startMs, endMs: hour.endMs };
            return [
              { ...common, resource: 'vcpu', flavor: null, units: vcpus },
              { ...common, resource: 'ram_gb', flavor: null, units: gbOf(ramMb) },
              { ...common, resource: 'server', flavor, units: 1 },
            ];
          }),
        );
        const { total } = rate(hour, projects, pieces, { ...tariffs, currency: { code: 'EUR', digits: 20 } });
        const difference = domains.get('a')?.minus(decimal(total)).abs();
        expect(difference?.lt(decimal('0.000000000000000001')), `${domains.get('a')?.toFixed()} and ${total}`).to.equal(
          true,
        );
      }),
    );
  });
});
