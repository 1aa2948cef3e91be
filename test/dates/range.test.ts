import { expect } from 'chai';

import { ParameterProblem } from '../../src/dates/problem.js';
import { readRange, type DateRange, type RangeParameters } from '../../src/dates/range.js';
import { CASES } from './cases.js';

const at = (text: string): number => new Date(text).getTime();
const NOW = at('2026-12-01T00:00:00Z');

const read = (start: string, end: string, zone = 'UTC'): DateRange => readRange({ start, end }, zone, NOW);

/** Start and end, excluded, in UTC. */
function instants({ startMs, endMs }: DateRange): string[] {
  return [startMs, endMs].map((ms) => new Date(ms).toISOString().replace('.000Z', 'Z'));
}

function problemOf(parameters: RangeParameters, zone = 'UTC'): ParameterProblem {
  try {
    readRange(parameters, zone, NOW);
  } catch (error) {
    if (error instanceof ParameterProblem) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('the range of a request', () => {
  describe('in the date cases of CloudStack', () => {
    for (const { name, zone, start, end, from, to } of CASES) {
      it(`is read as expected in ${name}`, () => {
        // One date alone is read beside another that is far away.
        const range = readRange({ start: start ?? '2000-01-01', end: end ?? '2025-01-01' }, zone, NOW);
        const inclusive = end !== undefined && /^[\d-]{10}$/.test(end);
        if (from !== undefined) {
          expect(range.shown.start).to.equal(from);
          expect(range.startMs).to.equal(at(from));
        }
        if (to !== undefined) {
          expect(range.shown.end).to.equal(to);
          expect(range.endMs).to.equal(at(to) + (inclusive ? 1000 : 0));
        }
      });
    }

    it('is cut to the time of asking in T14, whose end was still to come', () => {
      const asked = at('2024-01-22T18:10:00Z');
      const range = readRange(
        { start: '2024-01-22T19:00:00+1100', end: '2024-01-23T07:59:00+1100' },
        'Asia/Singapore',
        asked,
      );
      expect(range.endMs).to.equal(asked);
      expect(range.shown).to.deep.equal({ start: '2024-01-22T16:00:00+08:00', end: '2024-01-23T02:10:00+08:00' });
    });
  });

  describe('by its forms', () => {
    for (const [text, zone, expected] of [
      ['2026-10-01T00:00:00Z', 'Asia/Jakarta', '2026-10-01T00:00:00Z'],
      ['2026-10-01T00:00:00+0700', 'UTC', '2026-09-30T17:00:00Z'],
      ['2026-10-01T00:00:00+07:00', 'UTC', '2026-09-30T17:00:00Z'],
      ['2026-10-01T00:00:00-09:30', 'UTC', '2026-10-01T09:30:00Z'],
      ['2026-10-01 00:00:00+07:00', 'UTC', '2026-09-30T17:00:00Z'],
      ['2026-10-01T00:00:00', 'Asia/Jakarta', '2026-09-30T17:00:00Z'],
      ['2026-10-01 00:00:00', 'Asia/Jakarta', '2026-09-30T17:00:00Z'],
      ['2026-10-01', 'Asia/Jakarta', '2026-09-30T17:00:00Z'],
      ['2026-10-01T00:00:00.999Z', 'UTC', '2026-10-01T00:00:00Z'],
      ['2026-10-01T00:00:00.123456', 'Asia/Kolkata', '2026-09-30T18:30:00Z'],
      ['1970-01-01', 'Asia/Jakarta', '1969-12-31T17:00:00Z'],
      ['2024-02-29', 'UTC', '2024-02-29T00:00:00Z'],
      ['2000-02-29T23:59:59', 'UTC', '2000-02-29T23:59:59Z'],
    ] as const) {
      it(`begins at ${expected} for ${text} in ${zone}`, () => {
        expect(instants(read(text, '2026-11-01', zone))[0]).to.equal(expected);
      });
    }

    it('takes the zone of the request before that of the settings', () => {
      const range = readRange({ start: '2026-10-01', end: '2026-10-31', tz: 'asia/jakarta' }, 'Europe/Berlin', NOW);
      expect(range.timezone).to.equal('Asia/Jakarta');
      expect(range.shown).to.deep.equal({ start: '2026-10-01T00:00:00+07:00', end: '2026-10-31T23:59:59+07:00' });
      expect((range.endMs - range.startMs) / 3_600_000).to.equal(744);
    });

    it('ends before an instant that is given as its end', () => {
      const range = read('2026-10-01T00:00:00Z', '2026-10-01T12:00:00Z');
      expect(range.endMs - range.startMs).to.equal(12 * 3_600_000);
      expect(range.shown.end).to.equal('2026-10-01T12:00:00+00:00');
    });

    it('has 29 days in February of a leap year, and 28 in others', () => {
      const days = ({ startMs, endMs }: DateRange): number => (endMs - startMs) / 86_400_000;
      expect(days(read('2024-02-01', '2024-02-29'))).to.equal(29);
      expect(days(read('2025-02-01', '2025-02-28'))).to.equal(28);
      expect(instants(read('2024-02-29', '2024-02-29'))).to.deep.equal([
        '2024-02-29T00:00:00Z',
        '2024-03-01T00:00:00Z',
      ]);
    });
  });

  describe('whose end is still to come', () => {
    it('ends now, to the second, and shows it', () => {
      const now = at('2026-10-15T10:20:30.999Z');
      const range = readRange({ start: '2026-10-01', end: '2026-10-31' }, 'Asia/Jakarta', now);
      expect(range.endMs).to.equal(at('2026-10-15T10:20:30Z'));
      expect(range.shown.end).to.equal('2026-10-15T17:20:30+07:00');
    });

    it('is a whole day to its last second when that has just passed', () => {
      const range = readRange({ start: '2026-10-01', end: '2026-10-31' }, 'UTC', at('2026-11-01T00:00:00Z'));
      expect(range.shown.end).to.equal('2026-10-31T23:59:59+00:00');
    });

    it('is refused when its start is to come as well', () => {
      const { parameter, message } = problemOf({ start: '2026-12-24', end: '2026-12-31' });
      expect(parameter).to.equal('start');
      expect(message).to.equal(
        'start: 2026-12-24T00:00:00+00:00 is not past yet, it is 2026-12-01T00:00:00+00:00: give an earlier one',
      );
    });
  });

  describe('on the days when clocks change', () => {
    for (const [zone, day, hours, what] of [
      ['Europe/Berlin', '2026-03-29', 23, 'an hour is skipped'],
      ['Europe/Berlin', '2026-10-25', 25, 'an hour is doubled'],
      ['America/New_York', '2026-03-08', 23, 'an hour is skipped'],
      ['America/New_York', '2025-11-02', 25, 'an hour is doubled'],
      ['Australia/Lord_Howe', '2025-10-05', 23.5, 'half an hour is skipped'],
      ['Australia/Lord_Howe', '2026-04-05', 24.5, 'half an hour is doubled'],
      ['America/Havana', '2026-03-08', 23, 'midnight itself is skipped'],
      ['America/Havana', '2025-11-02', 25, 'midnight itself is doubled'],
      ['Africa/Cairo', '2026-04-24', 23, 'midnight itself is skipped'],
      ['Asia/Jakarta', '2026-03-29', 24, 'nothing happens'],
    ] as const) {
      it(`is ${hours} hours long on ${day} in ${zone}, where ${what}`, () => {
        const range = read(day, day, zone);
        expect((range.endMs - range.startMs) / 3_600_000).to.equal(hours);
        expect(range.shown.end).to.match(new RegExp(`^${day}T23:59:59`));
      });
    }

    for (const [zone, clock, instant, what] of [
      ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T01:30:00Z', 'skipped'],
      ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00Z', 'doubled'],
      ['America/New_York', '2026-03-08 02:00:00', '2026-03-08T07:00:00Z', 'skipped'],
      ['America/New_York', '2025-11-02 01:00:00', '2025-11-02T05:00:00Z', 'doubled'],
      ['Australia/Lord_Howe', '2025-10-05T02:15:00', '2025-10-04T15:45:00Z', 'skipped'],
      ['Australia/Lord_Howe', '2026-04-05T01:45:00', '2026-04-04T14:45:00Z', 'doubled'],
      ['America/Havana', '2026-03-08', '2026-03-08T05:00:00Z', 'skipped'],
      ['America/Havana', '2025-11-02', '2025-11-02T04:00:00Z', 'doubled'],
    ] as const) {
      it(`takes the offset before the change for ${clock}, which is ${what} in ${zone}`, () => {
        expect(instants(read(clock, '2026-11-30', zone))[0]).to.equal(instant);
      });
    }

    it('is empty on a day that a zone left out, and refused', () => {
      const { message } = problemOf({ start: '2011-12-30', end: '2011-12-30' }, 'Pacific/Apia');
      expect(message).to.contain('is not before the end');
      expect(read('2011-12-29', '2011-12-31', 'Pacific/Apia').shown).to.deep.equal({
        start: '2011-12-29T00:00:00-10:00',
        end: '2011-12-31T23:59:59+14:00',
      });
    });
  });

  describe('that cannot be read', () => {
    const forms =
      'give an instant such as 2026-10-01T00:00:00Z or 2026-10-01T00:00:00+07:00, a wall clock such as ' +
      '2026-10-01T00:00:00, or a date such as 2026-10-01';

    for (const [what, parameters, parameter, message] of [
      ['no start', { end: '2026-10-01' }, 'start', `is missing: ${forms}`],
      ['an empty end', { start: '2026-10-01', end: '' }, 'end', `is missing: ${forms}`],
      [
        'a start that is given twice',
        { start: ['2026-10-01', '2026-10-02'], end: '2026-10-03' },
        'start',
        'give it once',
      ],
      ['a word', { start: 'yesterday', end: '2026-10-01' }, 'start', `"yesterday" is not a date: ${forms}`],
      [
        'a time without seconds',
        { start: '2026-10-01T00:00Z', end: '2026-10-02' },
        'start',
        `"2026-10-01T00:00Z" is not a date: ${forms}`,
      ],
      [
        'a leap second',
        { start: '2016-12-31T23:59:60Z', end: '2026-10-02' },
        'start',
        `"2016-12-31T23:59:60Z" is not a date: ${forms}`,
      ],
      [
        'a zone in brackets',
        { start: '2026-10-01T00:00:00[UTC]', end: '2026-10-02' },
        'start',
        `"2026-10-01T00:00:00[UTC]" is not a date: ${forms}`,
      ],
      [
        'a day that there is not',
        { start: '2026-10-01', end: '2026-02-29' },
        'end',
        `"2026-02-29" is a day, time or offset that there is not: ${forms}`,
      ],
      [
        'hour 24',
        { start: '2026-10-01T24:00:00', end: '2026-10-03' },
        'start',
        `"2026-10-01T24:00:00" is a day, time or offset that there is not: ${forms}`,
      ],
      [
        'an offset of 25 hours',
        { start: '2026-10-01T00:00:00+25:00', end: '2026-10-03' },
        'start',
        `"2026-10-01T00:00:00+25:00" is a day, time or offset that there is not: ${forms}`,
      ],
      [
        'a year with a slip',
        { start: '0226-12-31', end: '2026-10-03' },
        'start',
        '"0226-12-31" is too early: give a year from 1900 on',
      ],
      [
        'a + that became a blank',
        { start: '2026-10-01T00:00:00 07:00', end: '2026-10-02' },
        'start',
        '"2026-10-01T00:00:00 07:00" has a blank before its offset: in an address, write + as %2B, so 2026-10-01T00:00:00%2B07:00',
      ],
      [
        'a start that is its end',
        { start: '2026-10-01T00:00:00Z', end: '2026-10-01T00:00:00Z' },
        'start',
        '2026-10-01T00:00:00+00:00 is not before the end, 2026-10-01T00:00:00+00:00: give a start that is before it',
      ],
      [
        'an offset as zone',
        { start: '2026-10-01', end: '2026-10-02', tz: '+07:00' },
        'tz',
        '"+07:00" is not a time zone: give an IANA time zone such as Asia/Jakarta or UTC',
      ],
      [
        'no zone',
        { start: '2026-10-01', end: '2026-10-02', tz: '' },
        'tz',
        '"" is not a time zone: give an IANA time zone such as Asia/Jakarta or UTC',
      ],
      [
        'a date as zone',
        { start: '2026-10-01', end: '2026-10-02', tz: '2026-10-01T00:00[UTC]' },
        'tz',
        '"2026-10-01T00:00[UTC]" is not a time zone: give an IANA time zone such as Asia/Jakarta or UTC',
      ],
      [
        'a zone with a typo',
        { start: '2026-10-01', end: '2026-10-02', tz: 'Asia/Jakrta' },
        'tz',
        '"Asia/Jakrta" is not a time zone: did you mean Asia/Jakarta?',
      ],
      [
        'a zone whose + became a blank',
        { start: '2026-10-01', end: '2026-10-02', tz: 'Etc/GMT 7' },
        'tz',
        '"Etc/GMT 7" is not a time zone: in an address, write the + of Etc/GMT+7 as %2B',
      ],
    ] as const) {
      it(`names the parameter and what to do about ${what}`, () => {
        const problem = problemOf(parameters);
        expect(problem.parameter).to.equal(parameter);
        expect(problem.message).to.equal(`${parameter}: ${message}`);
      });
    }

    it('shows no control characters, and not more than a line', () => {
      const { message } = problemOf({ start: `2026\u0007${'x'.repeat(10_000)}`, end: '2026-10-01' });
      expect(message).to.contain('2026\\u0007xxx');
      expect(message.length).to.be.lessThan(400);
    });
  });
});
