import { expect } from 'chai';
import fc from 'fast-check';

import { monthOf, readMoment, showInstant } from '../../src/dates/moment.js';
import { ParameterProblem } from '../../src/dates/problem.js';
import { readRange } from '../../src/dates/range.js';

const LATEST = Date.UTC(2040, 0, 1);

const zone = fc.constantFrom(
  ...Intl.supportedValuesOf('timeZone'),
  // Weighted towards those whose clocks change, at midnight or by half an hour too.
  ...Array<string[]>(20).fill(['Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe', 'Africa/Cairo', 'UTC']).flat(),
);
const instant = fc.integer({ min: 0, max: LATEST / 1000 - 1 }).map((seconds) => seconds * 1000);
/** Also the days on which clocks change in Europe and America. */
const day = fc.oneof(
  instant.map((ms) => new Date(ms).toISOString().slice(0, 10)),
  fc.constantFrom('2024-02-29', '2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2025-10-05', '2026-04-05'),
);
const forward = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);

describe('dates, whatever they are', () => {
  it('come back as the instant that was shown', () => {
    fc.assert(
      fc.property(instant, zone, zone, (ms, shownIn, readIn) => {
        expect(readMoment(showInstant(ms, shownIn), readIn)).to.deep.equal({ kind: 'instant', ms });
      }),
    );
  });

  it('give the range that the wall clocks of their midnights give', () => {
    fc.assert(
      fc.property(day, fc.nat(400), zone, (start, length, tz) => {
        const end = forward(start, length);
        const next = forward(end, 1);
        const read = (a: string, b: string): [number, number] | string => {
          try {
            const { startMs, endMs } = readRange({ start: a, end: b, tz }, 'UTC', LATEST * 2);
            return [startMs, endMs];
          } catch (error) {
            if (error instanceof ParameterProblem) return error.message;
            throw error;
          }
        };
        expect(read(start, end)).to.deep.equal(read(`${start}T00:00:00`, `${next} 00:00:00`));
      }),
    );
  });

  it('lie one after another without a gap, and hours of a day are 24 but for changes of clocks', () => {
    fc.assert(
      fc.property(day, zone, (date, tz) => {
        const [today, tomorrow] = [readMoment(date, tz), readMoment(forward(date, 1), tz)];
        if (today.kind !== 'day' || tomorrow.kind !== 'day') throw new Error('not days');
        expect(today.endMs).to.equal(tomorrow.startMs);
        // A zone that changed sides of the date line left out or doubled a day.
        expect((today.endMs - today.startMs) / 3_600_000).to.be.within(0, 48);
      }),
    );
  });

  it('give ranges whose start is before their end, and not past now', () => {
    const text = fc.oneof(
      day,
      instant.map((ms) => new Date(ms).toISOString()),
      fc.tuple(instant, zone).map(([ms, tz]) => showInstant(ms, tz)),
      instant.map((ms) => new Date(ms).toISOString().slice(0, 19)),
    );
    fc.assert(
      fc.property(text, text, zone, instant, (start, end, tz, now) => {
        try {
          const range = readRange({ start, end, tz }, 'UTC', now);
          expect(range.startMs).to.be.lessThan(range.endMs);
          expect(range.endMs).to.be.at.most(now);
          const shown = [range.shown.start, range.shown.end].map((date) => readMoment(date, 'UTC'));
          expect(shown[0]).to.deep.equal({ kind: 'instant', ms: range.startMs });
          expect(range.endMs - (shown[1] as { ms: number }).ms).to.be.oneOf([0, 1000]);
        } catch (error) {
          if (!(error instanceof ParameterProblem)) throw error;
          expect(error.parameter).to.equal('start');
        }
      }),
    );
  });

  it('are either read or refused with the name of the parameter', () => {
    const piece = fc.constantFrom('2026', '-', '10', '01', 'T', ' ', ':', '00', 'Z', '+', '07', '.', '[UTC]', 'x');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, text, fc.oneof(text, zone), (start, end, tz) => {
        try {
          readRange({ start, end, tz }, 'UTC', LATEST);
        } catch (error) {
          if (!(error instanceof ParameterProblem)) throw error;
          expect(error.message.startsWith(`${error.parameter}: `)).to.equal(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('lie in a month that begins and ends at the midnights of its zone', () => {
    fc.assert(
      fc.property(instant, zone, (ms, tz) => {
        const month = monthOf(ms, tz);
        expect(ms).to.be.within(month.startMs, month.endMs - 1);
        expect(monthOf(month.endMs, tz).startMs).to.equal(month.endMs);
        expect((month.endMs - month.startMs) / 3_600_000).to.be.within(27 * 24, 32 * 24);
      }),
    );
  });
});
