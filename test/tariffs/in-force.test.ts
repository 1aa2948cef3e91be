import { expect } from 'chai';

import { isInForce } from '../../src/tariffs/in-force.js';
import { parseTariffs } from '../../src/tariffs/parse.js';
import { priceListAt, type Item } from '../../src/tariffs/price-list.js';
import type { Tariff } from '../../src/tariffs/tariff.js';

const SUBJECT = { domain: { label: 'acme', id: 'd1' }, projectId: 'p1' };
const VCPU: Item = { resource: 'vcpu', flavor: null };
const at = (text: string): number => Date.parse(text);

function tariffs(zone: string, ...lines: string[]): readonly Tariff[] {
  const list = lines.map((line) => `  - {price: 1, per: hour, ${line}}\n`).join('');
  const { book, problems } = parseTariffs(`currency: EUR\ntariffs:\n${list}`, zone);
  if (!book) throw new Error(problems[0]?.message);
  return book.tariffs;
}

const nameOf = (list: readonly Tariff[], item: Item, when = '2026-06-01T00:00:00Z'): string | null =>
  priceListAt(list, at(when)).lookup(SUBJECT, item)?.name ?? null;

describe('the tariff in force', () => {
  const general = 'name: general, resource: vcpu';
  const byId = 'name: by id, resource: vcpu, domain: d1';
  const byLabel = 'name: by label, resource: vcpu, domain: acme';
  const project = 'name: project, resource: vcpu, project: p1';

  it('is the most specific: project, then domain by its label, by its id, then general', () => {
    const all = [general, byId, byLabel, project];
    expect(nameOf(tariffs('UTC', ...all), VCPU)).to.equal('project');
    expect(nameOf(tariffs('UTC', ...all.slice(0, 3).reverse()), VCPU)).to.equal('by label');
    expect(nameOf(tariffs('UTC', byId, general), VCPU)).to.equal('by id');
    expect(nameOf(tariffs('UTC', general), VCPU)).to.equal('general');
  });

  it('is not that of another domain, project or resource', () => {
    const others = ['domain: other', 'project: p2', 'project: p1, domain: other'].map(
      (scope) => `name: other, resource: vcpu, ${scope}`,
    );
    for (const other of [...others, 'name: other, resource: ram_gb']) {
      expect(nameOf(tariffs('UTC', other), VCPU)).to.equal(null);
      expect(nameOf(tariffs('UTC', general, other), VCPU)).to.equal('general');
    }
  });

  it('falls back while the more specific one is not in force', () => {
    const list = tariffs('UTC', general, `${project}, start: 2026-03-01, end: 2026-03-31`);
    expect(nameOf(list, VCPU, '2026-02-28T23:59:59Z')).to.equal('general');
    expect(nameOf(list, VCPU, '2026-03-01T00:00:00Z')).to.equal('project');
    expect(nameOf(list, VCPU, '2026-03-31T23:59:59Z')).to.equal('project');
    expect(nameOf(list, VCPU, '2026-04-01T00:00:00Z')).to.equal('general');
  });

  it('is for servers that of their flavor, then that of every server, within the most specific scope', () => {
    const every = 'name: every, resource: server';
    const large = 'name: large, resource: server, flavor: large';
    const own = 'name: own, resource: server, project: p1';
    const item = (flavor: string | null): Item => ({ resource: 'server', flavor });
    expect(nameOf(tariffs('UTC', every, large), item('large'))).to.equal('large');
    expect(nameOf(tariffs('UTC', every, large), item('small'))).to.equal('every');
    expect(nameOf(tariffs('UTC', every, large), item(null))).to.equal('every');
    expect(nameOf(tariffs('UTC', large), item('small'))).to.equal(null);
    expect(nameOf(tariffs('UTC', large, own), item('large'))).to.equal('own');
  });

  /* Borders of T22 to T26 of CloudStack's date cases, whose server was at +08:00. */
  describe('in the date cases of CloudStack', () => {
    const [t22, t17, t16] = tariffs(
      'Asia/Singapore',
      'name: T22, resource: vcpu, start: 2024-01-25, end: 2024-01-25T23:59:59',
      'name: T17, resource: ram_gb, start: "2024-01-25T01:00:00+11:00", end: "2024-01-25T04:00:00+11:00"',
      'name: T16, resource: server, start: "2024-01-24T01:00:00+11:00"',
    ) as [Tariff, Tariff, Tariff];

    for (const [what, tariff, when, expected] of [
      ['T22 begins with its day', t22, '2024-01-25T00:00:00+08:00', true],
      ['T22 is not before it', t22, '2024-01-24T23:59:59+08:00', false],
      ['T23 holds in its last second', t22, '2024-01-25T23:59:59+08:00', true],
      ['T24 still holds a second before', t22, '2024-01-25T23:59:58+08:00', true],
      ['T22 is over after it', t22, '2024-01-26T00:00:00+08:00', false],
      ['T25 begins inclusively', t16, '2024-01-24T01:00:00+11:00', true],
      ['T26 is after that begin', t16, '2024-01-24T02:00:00+11:00', true],
      ['T16 is not stored hours late or early', t16, '2024-01-23T13:59:59Z', false],
      ['T17 begins at 14:00Z', t17, '2024-01-24T14:00:00Z', true],
      ['T17 holds at 17:00:00Z', t17, '2024-01-24T17:00:00Z', true],
      ['T17 is over a second later', t17, '2024-01-24T17:00:01Z', false],
    ] as const) {
      it(what, () => {
        expect(isInForce(tariff, at(when))).to.equal(expected);
      });
    }
  });
});
