import { expect } from 'chai';

import type { Span } from '../../src/dates/moment.js';
import { gbOf, HOUR_MS } from '../../src/rating/piece.js';
import { slotsOf } from '../../src/rating/stretches.js';
import { book, brief, linesOf, piece, range, rate, WEB } from './helpers.js';

const OCTOBER = range('2026-10-01', '2026-10-31', 'Asia/Jakarta');
/** In which units are unit-hours. */
const firstHour = ({ startMs }: Span): Span => ({ startMs, endMs: startMs + HOUR_MS });
const IDR = 'currency: IDR\ntimezone: Asia/Jakarta';

describe('the lines of a statement', () => {
  it('show a month of two vCPUs, a hundred hours of which are free', () => {
    const tariffs = book(IDR, 'name: vCPU, resource: vcpu, price: "150.50", per: hour, free: 100');
    const { lines, total } = rate(OCTOBER, [WEB], [piece(OCTOBER, 'vcpu', 2)], tariffs);
    expect(lines[0]).to.deep.equal({
      domain: 'acme',
      project: 'web',
      projectId: 'ab12',
      resource: 'vcpu',
      flavor: null,
      tariff: 'vCPU',
      from: '2026-10-01T00:00:00+07:00',
      to: '2026-10-31T23:59:59+07:00',
      unit: 'vCPU-hour',
      quantity: '1488.000000',
      free: '100.000000',
      price: '150.50',
      per: 'hour',
      amount: '208894.00',
    });
    expect(total).to.equal('208894.00');
  });

  it('are cut by the tariffs that may be the project’s own, not by those of all others', () => {
    const others = Array.from({ length: 30 }, (_, i) => {
      const start = new Date(OCTOBER.startMs + i * 600_000).toISOString();
      return `name: x, resource: vcpu, price: 1, per: hour, project: p${i}, start: "${start.replace('.000', '')}"`;
    });
    const own = 'name: own, resource: vcpu, price: 2, per: hour, project: ab12, start: 2026-10-31';
    const tariffs = book(IDR, ...others, own);
    const lines = linesOf(OCTOBER, [piece(OCTOBER, 'vcpu', 2)], tariffs);
    expect(brief(lines).slice(0, 2)).to.deep.equal([
      'vcpu  1440.000000 0.000000 0',
      'vcpu own 48.000000 0.000000 96.00',
    ]);
    expect(slotsOf(tariffs, OCTOBER)('vcpu', WEB)).to.have.lengthOf(2);
  });

  it('say that a resource has no tariff', () => {
    const tariffs = book(IDR, 'name: vCPU, resource: vcpu, price: 1, per: hour');
    const lines = linesOf(OCTOBER, [piece(OCTOBER, 'ram_gb', gbOf(4096))], tariffs);
    expect(
      lines.map(({ resource, tariff, price, per, quantity, unit, amount }) => [
        resource,
        tariff,
        price,
        per,
        quantity,
        unit,
        amount,
      ]),
    ).to.deep.equal([
      ['vcpu', 'vCPU', '1', 'hour', '0.000000', 'vCPU-hour', '0.00'],
      ['ram_gb', null, null, null, '2976.000000', 'GB-hour', '0'],
      ['server', null, null, null, '0.000000', 'server-hour', '0'],
    ]);
  });

  describe('on the numbers of the systems that users come from', () => {
    /* A rate for a MB is a 1,024th of that for a GB: 0.000369 × 1024. */
    const BILLOMETER = book(
      'currency: CLF',
      'name: VCPU, resource: vcpu, price: 0.821904, per: hour',
      'name: RAM, resource: ram_gb, price: 0.377856, per: hour',
    );

    it('cost 12.620928 an hour for 8 vCPUs with 16,384 MB', () => {
      const hour = range('2015-08-01T00:00:00', '2015-08-01T01:00:00');
      const pieces = [piece(hour, 'vcpu', 8), piece(hour, 'ram_gb', gbOf(16_384))];
      // With six digits, as no currency has.
      const six = { ...BILLOMETER, currency: { code: 'CLF', digits: 6 } };
      expect(rate(hour, [WEB], pieces, six).total).to.equal('12.620928');
    });

    it('cost 157.6564 for 24.98333 hours of 4 vCPUs with 8,192 MB, and half of it for the half', () => {
      const days = range('2015-08-01', '2015-08-02');
      const end = { ...days, endMs: days.startMs + 89_940_000 };
      for (const [size, total] of [
        [1, '157.6564'],
        [0.5, '78.8282'],
      ] as const) {
        const given = [
          piece(firstHour(days), 'vcpu', (4 * size * 24.98333).toFixed(6)),
          piece(firstHour(days), 'ram_gb', (8 * size * 24.98333).toFixed(6)),
        ];
        const lived = [piece(end, 'vcpu', 4 * size), piece(end, 'ram_gb', gbOf(8192 * size))];
        expect(rate(days, [WEB], given, BILLOMETER).total).to.equal(total);
        expect(rate(days, [WEB], lived, BILLOMETER).total).to.equal(total);
      }
    });

    it('lose nothing of 0.000002222 a unit', () => {
      const tariffs = book('currency: CLF', 'name: a, resource: vcpu, price: 0.000002222, per: hour');
      const day = range('2026-10-01', '2026-10-01');
      const six = { ...tariffs, currency: { code: 'CLF', digits: 9 } };
      expect(linesOf(day, [piece(firstHour(day), 'vcpu', 68_578)], six)[0]).to.include({
        price: '0.000002222',
        amount: '0.152380316',
      });
    });

    it('cost 0.00268817 for an hour of July at 2 a month', () => {
      const tariffs = book('currency: EUR', 'name: a, resource: server, price: 2, per: month');
      const hour = range('2023-07-20T10:00:00', '2023-07-20T11:00:00');
      const eight = { ...tariffs, currency: { code: 'EUR', digits: 8 } };
      expect(rate(hour, [WEB], [piece(hour, 'server', 1, 'small')], eight).total).to.equal('0.00268817');
    });

    it('are zero, one for each resource, in an empty account', () => {
      const { lines, total } = rate(range('2023-08-21', '2023-08-23'), [WEB], [], BILLOMETER);
      expect(brief(lines)).to.deep.equal([
        'vcpu VCPU 0.000000 0.000000 0.0000',
        'ram_gb RAM 0.000000 0.000000 0.0000',
        'server  0.000000 0.000000 0',
      ]);
      expect(total).to.equal('0.0000');
      expect([lines[0]!.from, lines[0]!.to]).to.deep.equal(['2023-08-21T00:00:00+00:00', '2023-08-23T23:59:59+00:00']);
    });
  });

  describe('are split', () => {
    const shown = (lines: ReturnType<typeof linesOf>): string[] =>
      lines
        .filter(({ resource, tariff }) => resource === 'vcpu' || tariff !== null)
        .map(({ tariff, from, to, quantity, free, amount }) => `${tariff} ${from} ${to} ${quantity} ${free} ${amount}`);

    it('where one tariff follows another', () => {
      const tariffs = book(
        IDR,
        'name: old, resource: vcpu, price: 1, per: hour, end: 2026-10-10',
        'name: new, resource: vcpu, price: 2, per: hour, start: 2026-10-11',
      );
      expect(shown(linesOf(OCTOBER, [piece(OCTOBER, 'vcpu', 1)], tariffs))).to.deep.equal([
        'old 2026-10-01T00:00:00+07:00 2026-10-10T23:59:59+07:00 240.000000 0.000000 240.00',
        'new 2026-10-11T00:00:00+07:00 2026-10-31T23:59:59+07:00 504.000000 0.000000 1008.00',
      ]);
    });

    it('where there is a time without a tariff, and where a more specific one comes in between', () => {
      const tariffs = book(
        IDR,
        'name: general, resource: vcpu, price: 1, per: hour, end: 2026-10-20',
        'name: own, resource: vcpu, price: 0, per: hour, domain: acme, start: 2026-10-05, end: 2026-10-05',
      );
      expect(shown(linesOf(OCTOBER, [piece(OCTOBER, 'vcpu', 1)], tariffs))).to.deep.equal([
        'general 2026-10-01T00:00:00+07:00 2026-10-04T23:59:59+07:00 96.000000 0.000000 96.00',
        'own 2026-10-05T00:00:00+07:00 2026-10-05T23:59:59+07:00 24.000000 0.000000 0.00',
        'general 2026-10-06T00:00:00+07:00 2026-10-20T23:59:59+07:00 360.000000 0.000000 360.00',
        'null 2026-10-21T00:00:00+07:00 2026-10-31T23:59:59+07:00 264.000000 0.000000 0',
      ]);
    });

    it('by calendar months of the zone for a price of a month, of which whole ones cost the price', () => {
      const tariffs = book('currency: EUR\ntimezone: Europe/Berlin', 'name: a, resource: vcpu, price: 30, per: month');
      const quarter = range('2026-01-15', '2026-04-15', 'Europe/Berlin');
      // March has 743 hours: its clocks skip one.
      expect(shown(linesOf(quarter, [piece(quarter, 'vcpu', 1)], tariffs))).to.deep.equal([
        'a 2026-01-15T00:00:00+01:00 2026-01-31T23:59:59+01:00 408.000000 0.000000 16.45',
        'a 2026-02-01T00:00:00+01:00 2026-02-28T23:59:59+01:00 672.000000 0.000000 30.00',
        'a 2026-03-01T00:00:00+01:00 2026-03-31T23:59:59+02:00 743.000000 0.000000 30.00',
        'a 2026-04-01T00:00:00+02:00 2026-04-15T23:59:59+02:00 360.000000 0.000000 15.00',
      ]);
    });

    it('by months of the tariffs, and shown in the zone of the request', () => {
      const tariffs = book(IDR, 'name: a, resource: vcpu, price: 1, per: month');
      const utc = range('2026-09-30', '2026-10-01');
      expect(shown(linesOf(utc, [], tariffs)).map((line) => line.slice(0, 53))).to.deep.equal([
        'a 2026-09-30T00:00:00+00:00 2026-09-30T16:59:59+00:00',
        'a 2026-09-30T17:00:00+00:00 2026-10-01T23:59:59+00:00',
      ]);
    });

    it('by months for a free amount, of which a part of a month gets its share by hours', () => {
      const tariffs = book(IDR, 'name: a, resource: vcpu, price: 1, per: hour, free: 100');
      const half = range('2026-09-16', '2026-10-31', 'Asia/Jakarta');
      expect(shown(linesOf(half, [piece(half, 'vcpu', 1)], tariffs))).to.deep.equal([
        'a 2026-09-16T00:00:00+07:00 2026-09-30T23:59:59+07:00 360.000000 50.000000 310.00',
        'a 2026-10-01T00:00:00+07:00 2026-10-31T23:59:59+07:00 744.000000 100.000000 644.00',
      ]);
    });

    it('but not by months for a price of an hour without a free amount', () => {
      const tariffs = book(IDR, 'name: a, resource: vcpu, price: 1, per: hour');
      expect(shown(linesOf(range('2026-01-01', '2026-12-31'), [], tariffs))).to.have.lengthOf(1);
    });
  });

  it('take no more off than was used, and give nothing back', () => {
    const tariffs = book(IDR, 'name: a, resource: vcpu, price: 5, per: hour, free: 100');
    const day = range('2026-10-01', '2026-10-02', 'Asia/Jakarta');
    expect(brief(linesOf(day, [piece(firstHour(day), 'vcpu', 5)], tariffs))[0]).to.equal(
      'vcpu a 5.000000 5.000000 0.00',
    );
    expect(brief(linesOf(day, [piece(firstHour(day), 'vcpu', 7)], tariffs))[0]).to.equal(
      'vcpu a 7.000000 6.451613 2.74',
    );
  });

  it('grant a free amount once to all servers of a project', () => {
    const tariffs = book(IDR, 'name: any, resource: server, price: 1, per: hour, free: 744');
    const pieces = ['a', 'b', 'c'].map((flavor) => piece(OCTOBER, 'server', 1, flavor));
    expect(brief(linesOf(OCTOBER, pieces, tariffs))[2]).to.equal('server any 2232.000000 744.000000 1488.00');
  });

  it('tell servers by the flavors that have tariffs, and the others apart', () => {
    const large = 'name: Large, resource: server, flavor: large, price: 5, per: hour';
    const pieces = ['large', 'small', null].map((flavor) => piece(OCTOBER, 'server', 1, flavor));
    const servers = (...tariffs: string[]): string[] => brief(linesOf(OCTOBER, pieces, book(IDR, ...tariffs))).slice(2);
    expect(servers(large)).to.deep.equal([
      'server Large 744.000000 0.000000 3720.00',
      'server  1488.000000 0.000000 0',
    ]);
    expect(servers(large, 'name: Any, resource: server, price: 1, per: hour')).to.deep.equal([
      'server Large 744.000000 0.000000 3720.00',
      'server Any 1488.000000 0.000000 1488.00',
    ]);
    expect(brief(linesOf(OCTOBER, pieces.slice(0, 1), book(IDR, large))).slice(2)).to.deep.equal([
      'server Large 744.000000 0.000000 3720.00',
    ]);
  });

  describe('are rounded once, half to even', () => {
    const day = range('2026-10-01', '2026-10-01');
    for (const [hours, price, currency, amount] of [
      ['1', '0.005', 'EUR', '0.00'],
      ['1', '0.015', 'EUR', '0.02'],
      ['1', '0.025', 'EUR', '0.02'],
      ['1', '0.0250000000000001', 'EUR', '0.03'],
      ['3', '0.005', 'EUR', '0.02'],
      ['1', '0.5', 'JPY', '0'],
      ['1', '1.5', 'JPY', '2'],
      ['1', '0.0005', 'KWD', '0.000'],
      ['123456789.123456', '123456789012345678.123456789012345678', 'EUR', '15241578766956160123457668.79'],
    ] as const) {
      it(`so ${hours} at ${price} cost ${amount} ${currency}`, () => {
        const tariffs = book(`currency: ${currency}`, `name: a, resource: vcpu, price: "${price}", per: hour`);
        expect(linesOf(day, [piece(firstHour(day), 'vcpu', hours)], tariffs)[0]?.amount).to.equal(amount);
      });
    }

    it('also when hours are endless decimals: three times 20 minutes are an hour', () => {
      const tariffs = book('currency: EUR', 'name: a, resource: vcpu, price: 0.015, per: hour');
      const third = { startMs: day.startMs, endMs: day.startMs + 1_200_000 };
      const pieces = [1, 2, 3].map(() => piece(third, 'vcpu', 1));
      expect(brief(linesOf(day, pieces, tariffs))[0]).to.equal('vcpu a 1.000000 0.000000 0.02');
    });
  });

  describe('are refused', () => {
    const tariffs = book(IDR, 'name: a, resource: vcpu, price: 1, per: hour');
    const good = piece(OCTOBER, 'vcpu', 1);
    for (const [what, bad] of [
      ['of less than nothing', { ...good, units: -1 }],
      ['of no number', { ...good, units: NaN }],
      ['that goes on for ever', { ...good, endMs: Infinity }],
      ['that ends before it starts', { ...good, startMs: good.endMs, endMs: good.startMs }],
    ] as const) {
      it(`for a piece ${what}`, () => {
        expect(() => linesOf(OCTOBER, [bad], tariffs)).to.throw(RangeError, /^a piece of/);
      });
    }
  });
});
