import { expect } from 'chai';

import { parseTariffs, type Problem } from '../../src/tariffs/parse.js';
import type { Tariff, TariffBook } from '../../src/tariffs/tariff.js';

const HEAD = 'currency: IDR\ntimezone: Asia/Jakarta\ntariffs:\n';
const VCPU = 'name: vCPU, resource: vcpu, price: "150.50", per: hour';

/** A file of these tariffs, the first of which is on line 4. */
const file = (...tariffs: string[]): string => HEAD + tariffs.map((tariff) => `  - {${tariff}}\n`).join('');

function read(text: string, zone = 'UTC'): TariffBook {
  const { book, problems } = parseTariffs(text, zone);
  if (!book) throw new Error(problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  return book;
}

function problemsOf(text: string): readonly Problem[] {
  const { book, problems } = parseTariffs(text, 'UTC');
  expect(book).to.equal(null);
  expect(problems).not.to.be.empty;
  return problems;
}

const only = (text: string): Tariff => {
  const { tariffs } = read(text);
  expect(tariffs).to.have.lengthOf(1);
  return tariffs[0]!;
};

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().slice(0, 19));

describe('the tariffs file', () => {
  it('is read with all that a tariff may say', () => {
    const book = read(
      `${HEAD}  # of the big customer
  - name: Large servers
    resource: server
    price: "1000000.123456789012345678"
    per: month
    start: 2026-01-01
    end: 2026-12-31
    domain: acme
    project: 5ab4
    flavor: m1.large
    free: 100.5
  - name: vCPU
    resource: vcpu
    price: 0
    per: hour
`,
    );
    expect(book).to.deep.equal({
      currency: { code: 'IDR', digits: 2 },
      timezone: 'Asia/Jakarta',
      tariffs: [
        {
          line: 5,
          name: 'Large servers',
          resource: 'server',
          price: '1000000.123456789012345678',
          per: 'month',
          startMs: Date.parse('2025-12-31T17:00:00Z'),
          endMs: Date.parse('2026-12-31T17:00:00Z'),
          domain: 'acme',
          project: '5ab4',
          flavor: 'm1.large',
          free: '100.5',
        },
        {
          line: 15,
          name: 'vCPU',
          resource: 'vcpu',
          price: '0',
          per: 'hour',
          startMs: null,
          endMs: null,
          domain: null,
          project: null,
          flavor: null,
          free: '0',
        },
      ],
    });
  });

  it('takes a price from the text itself, quoted or not, so that no float comes in between', () => {
    for (const price of ['0.000002222', '150.50', '12345678901234567.123456789012345678', '0.10']) {
      for (const written of [price, `"${price}"`, `'${price}'`]) {
        expect(only(file(`name: a, resource: vcpu, per: hour, price: ${written}`)).price).to.equal(price);
      }
    }
  });

  it('takes ids and names as they are written, though YAML would make numbers of them', () => {
    const tariff = only(
      file('name: 1.10, resource: server, per: hour, price: 1, project: 0012, domain: 1e3, flavor: true'),
    );
    expect(tariff).to.include({ name: '1.10', project: '0012', domain: '1e3', flavor: 'true' });
  });

  it('takes the zone of the settings when it names none', () => {
    const text = file(`${VCPU}, start: 2026-01-01`).replace(/timezone.*\n/, '');
    const { timezone, tariffs } = read(text, 'Asia/Tokyo');
    expect(timezone).to.equal('Asia/Tokyo');
    expect(instant(tariffs[0]!.startMs)).to.equal('2025-12-31T15:00:00');
  });

  describe('with dates, whose borders are inclusive to the second', () => {
    for (const [start, end, from, until] of [
      ['2026-01-01', '2026-01-01', '2025-12-31T17:00:00', '2026-01-01T17:00:00'],
      ['2026-01-01T00:00:00', '2026-01-01T23:59:59', '2025-12-31T17:00:00', '2026-01-01T17:00:00'],
      ['2026-01-01 12:00:00', '2026-01-01 12:00:00', '2026-01-01T05:00:00', '2026-01-01T05:00:01'],
      ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00+0100', '2026-01-01T00:00:00', '2026-01-01T23:00:01'],
      ['2023-09-27T23:00:00-0300', '2023-09-29', '2023-09-28T02:00:00', '2023-09-29T17:00:00'],
    ] as const) {
      it(`is in force from ${from} up to ${until} UTC for ${start} to ${end}`, () => {
        const { startMs, endMs } = only(file(`${VCPU}, start: ${start}, end: ${end}`));
        expect([instant(startMs), instant(endMs)]).to.deep.equal([from, until]);
      });
    }
  });

  describe('with the currencies of ISO 4217', () => {
    for (const [code, digits] of [
      ['EUR', 2],
      ['IDR', 2],
      ['JPY', 0],
      ['KWD', 3],
      ['IQD', 3],
      ['RSD', 2],
      ['CLF', 4],
      ['MGA', 2],
    ] as const) {
      it(`rounds ${code} to ${digits} digits`, () => {
        expect(read(file(VCPU).replace('IDR', code)).currency).to.deep.equal({ code, digits });
      });
    }
  });

  describe('that is wrong', () => {
    const cases: [what: string, text: string, ...problems: [line: number, message: string | RegExp][]][] = [
      [
        'is empty',
        '',
        [1, 'currency: is missing: write a currency of ISO 4217 such as EUR'],
        [1, 'tariffs: is missing: write a list of tariffs'],
      ],
      ['is a list', '- a\n', [1, 'must be a map with the keys currency, timezone and tariffs']],
      ['is a word', 'tariffs\n', [1, 'must be a map with the keys currency, timezone and tariffs']],
      ['is no YAML', `${HEAD}  - {name: [\n`, [5, /^this is not the YAML that it should be/]],
      ['says a key twice', `currency: EUR\n${file(VCPU)}`, [2, 'this key is there already']],
      [
        'has no tariffs',
        'currency: IDR\ntariffs: []\n',
        [2, 'tariffs: is empty: write a tariff, or run without a tariffs file'],
      ],
      ['has a word for its tariffs', 'currency: IDR\ntariffs: none\n', [2, 'tariffs: must be a list of tariffs']],
      ['has a word for a tariff', `${HEAD}  - none\n`, [4, 'a tariff must be a map of keys and values']],
      ['has an unknown key', `curency: EUR\n${file(VCPU)}`, [1, 'unknown key curency: did you mean currency?']],
      [
        'has unknown keys in a tariff',
        file(`${VCPU}, prise: 1, colour: red`),
        [4, 'unknown key prise: did you mean price?'],
        [4, /^unknown key colour: the keys here are name, resource, /],
      ],
      ['has YAML merge keys', file(`${VCPU}, <<: {a: b}`), [4, /^unknown key: the keys here are/]],
      ['has a key of the language it is read with', file(`${VCPU}, __proto__: 1`), [4, /^unknown key __proto__: /]],
      [
        'has a currency in small letters',
        file(VCPU).replace('IDR', 'idr'),
        [1, 'currency: "idr" is not a currency of ISO 4217: did you mean IDR?'],
      ],
      [
        'has a sign for its currency',
        file(VCPU).replace('IDR', '€'),
        [1, 'currency: "€" is not a currency of ISO 4217: write one such as EUR or IDR'],
      ],
      ['has an old currency', file(VCPU).replace('IDR', 'HRK'), [1, /^currency: "HRK" is not a currency of ISO 4217/]],
      [
        'has an empty currency',
        file(VCPU).replace('IDR', ''),
        [1, 'currency: is empty: write a currency of ISO 4217 such as EUR'],
      ],
      [
        'has a zone with a typo',
        file(VCPU).replace('Jakarta', 'Jakrta'),
        [2, 'timezone: "Asia/Jakrta" is not a time zone: did you mean Asia/Jakarta?'],
      ],
      [
        'has an offset for its zone',
        file(VCPU).replace('Asia/Jakarta', '+07:00'),
        [2, /^timezone: "\+07:00" is not a time zone: give an IANA time zone/],
      ],
      [
        'lacks a name',
        file('resource: vcpu, price: 1, per: hour'),
        [4, 'name: is missing: write what statements shall call it'],
      ],
      [
        'has a blank name',
        file('name: " ", resource: vcpu, price: 1, per: hour'),
        [4, 'name: is blank: write what statements shall call it'],
      ],
      [
        'has a name that hides text',
        file('name: "a\\u202eb", resource: vcpu, price: 1, per: hour'),
        [4, 'name: "a\\u202eb" holds characters that can\'t be seen: take them out'],
      ],
      [
        'has a name that is too long',
        file(`name: ${'a'.repeat(101)}, resource: vcpu, price: 1, per: hour`),
        [4, 'name: is longer than 100 characters: shorten it'],
      ],
      [
        'has a list for a name',
        file('name: [a], resource: vcpu, price: 1, per: hour'),
        [4, 'name: is a list or a map: write what statements shall call it'],
      ],
      [
        'has an unknown resource',
        file('name: a, resource: disk, price: 1, per: hour'),
        [4, 'resource: "disk" is none of vcpu, ram_gb, server'],
      ],
      [
        'has an unknown period',
        file('name: a, resource: vcpu, price: 1, per: day'),
        [4, 'per: "day" is none of hour, month'],
      ],
      ['lacks a period', file('name: a, resource: vcpu, price: 1'), [4, 'per: is missing: write one of hour, month']],
      [
        'has a price with a comma',
        file('name: a, resource: vcpu, price: "1,5", per: hour'),
        [4, 'price: "1,5" is not a decimal: write digits and at most one point, such as "150.50"'],
      ],
      [
        'has a price with an exponent',
        file('name: a, resource: vcpu, price: 1e3, per: hour'),
        [4, /^price: "1e3" is not a decimal/],
      ],
      [
        'has a price with a currency',
        file('name: a, resource: vcpu, price: 5 EUR, per: hour'),
        [4, /^price: "5 EUR" is not a decimal/],
      ],
      [
        'has a negative price',
        file('name: a, resource: vcpu, price: -1, per: hour'),
        [4, 'price: "-1" is negative: write a decimal such as "150.50"'],
      ],
      [
        'has a price of too many digits',
        file('name: a, resource: vcpu, price: 0.1234567890123456789, per: hour'),
        [4, /^price: "0\.1234567890123456789" has more digits than 18/],
      ],
      [
        'has an empty price',
        file('name: a, resource: vcpu, price: , per: hour'),
        [4, 'price: is empty: write a decimal such as "150.50"'],
      ],
      [
        'has a free amount that is no number',
        file(`${VCPU}, free: some`),
        [4, 'free: "some" is not a decimal: write digits and at most one point, such as "100"'],
      ],
      [
        'has a date that there is not',
        file(`${VCPU}, start: 2026-02-29`),
        [4, /^start: "2026-02-29" is a day, time or offset that there is not: give an instant/],
      ],
      ['has a date in words', file(`${VCPU}, end: tomorrow`), [4, /^end: "tomorrow" is not a date: give an instant/]],
      ['has an empty date', file(`${VCPU}, end: `), [4, 'end: is empty: write a date, or take the key out']],
      [
        'ends before it starts',
        `${HEAD}  - name: a\n    resource: vcpu\n    price: 1\n    per: hour\n    start: 2026-02-02\n    end: 2026-02-01\n`,
        [9, 'end: is before the start on line 8: give a later end, or an earlier start'],
      ],
      [
        'has a flavor of something else than servers',
        file(`${VCPU}, flavor: m1.large`),
        [4, 'flavor: goes with resource: server only, and this is vcpu: take it out'],
      ],
      ['has a quote that is never closed', `${HEAD}  - name: "a\n`, [5, /^this is not the YAML/]],
      [
        'has an alias without an anchor',
        file('name: *a, resource: vcpu, price: 1, per: hour'),
        [1, /^an alias \(\*name\) leads to no anchor/],
      ],
      ['has tags', file('name: !foo a, resource: vcpu, price: 1, per: hour'), [4, /^this is not the YAML/]],
    ];
    for (const [what, text, ...expected] of cases) {
      it(`is told with its lines when it ${what}`, () => {
        const problems = problemsOf(text);
        expect(problems.map(({ line }) => line)).to.deep.equal(expected.map(([line]) => line));
        problems.forEach(({ message }, index) => {
          const [, want] = expected[index]!;
          if (typeof want === 'string') expect(message).to.equal(want);
          else expect(message).to.match(want);
          expect(message).not.to.contain('\n');
        });
      });
    }

    it('is told with all its problems at once, in the order of the file', () => {
      const text = `currency: XYZ\ntimezone: Mars\nextra: 1\ntariffs:\n  - {${VCPU}, start: x, end: y}\n  - {name: a}\n`;
      expect(problemsOf(text).map(({ line, message }) => `${line} ${message.split(':')[0]}`)).to.deep.equal([
        '1 currency',
        '2 timezone',
        '3 unknown key extra',
        '5 start',
        '5 end',
        '6 resource',
        '6 price',
        '6 per',
      ]);
    });
  });

  describe('with tariffs whose times overlap', () => {
    const RAM = 'name: RAM, resource: ram_gb, price: 1, per: hour';
    const ANY = 'name: Servers, resource: server, price: 1, per: hour';

    for (const [what, ...tariffs] of [
      ['one after the other', `${VCPU}, end: 2026-01-31`, `${VCPU}, start: 2026-02-01`],
      ['one a second after the other', `${VCPU}, end: 2026-01-31T11:59:59`, `${VCPU}, start: 2026-01-31T12:00:00`],
      [
        'in any order',
        `${VCPU}, start: 2026-02-01`,
        `${VCPU}, end: 2025-12-31`,
        `${VCPU}, start: 2026-01-01, end: 2026-01-31`,
      ],
      ['of different resources', VCPU, RAM, ANY],
      ['of different flavors', ANY, `${ANY}, flavor: a`, `${ANY}, flavor: b`],
      ['of different domains', VCPU, `${VCPU}, domain: a`, `${VCPU}, domain: b`],
      ['of different projects', `${VCPU}, domain: a`, `${VCPU}, project: a`, `${VCPU}, project: b`],
    ] as const) {
      it(`allows those ${what}`, () => {
        expect(read(file(...tariffs)).tariffs).to.have.lengthOf(tariffs.length);
      });
    }

    for (const [what, message, ...tariffs] of [
      [
        'without dates',
        'overlaps with line 4: both are for vcpu of every domain, and without a start; end one before the other starts',
        VCPU,
        VCPU,
      ],
      [
        'that share a second',
        'overlaps with line 4: both are for vcpu of every domain, and in force at 2026-01-31T12:00:00+07:00; end one before the other starts',
        `${VCPU}, end: 2026-01-31T12:00:00`,
        `${VCPU}, start: 2026-01-31T12:00:00`,
      ],
      [
        'of one domain',
        'overlaps with line 4: both are for ram_gb of domain acme, and without a start; end one before the other starts',
        `${RAM}, domain: acme`,
        `${RAM}, domain: acme, end: 2026-01-01`,
      ],
      [
        'of one project, whose domain one of them names',
        'overlaps with line 4: both are for vcpu of project p, and without a start; end one before the other starts',
        `${VCPU}, project: p`,
        `${VCPU}, project: p, domain: a`,
      ],
      [
        'of one flavor',
        'overlaps with line 4: both are for server of flavor m1.large of every domain, and in force at 2026-01-01T00:00:00+07:00; end one before the other starts',
        `${ANY}, flavor: m1.large, start: 2026-01-01`,
        `${ANY}, flavor: m1.large`,
      ],
    ] as const) {
      it(`refuses those ${what}, and names both lines`, () => {
        expect(problemsOf(file(...tariffs))).to.deep.equal([{ line: 5, message }]);
      });
    }

    it('tells each that lies within a longer one', () => {
      const problems = problemsOf(
        file(VCPU, `${VCPU}, start: 2026-01-01, end: 2026-01-31`, `${VCPU}, start: 2026-03-01`),
      );
      expect(problems.map(({ line, message }) => [line, message.slice(0, 20)])).to.deep.equal([
        [5, 'overlaps with line 4'],
        [6, 'overlaps with line 4'],
      ]);
    });
  });
});
