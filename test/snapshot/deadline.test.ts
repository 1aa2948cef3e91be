import { expect } from 'chai';
import fc from 'fast-check';
import { scrapeTimeLeft } from '../../src/snapshot/deadline.js';

const FIVE_MINUTES = 300_000;

/** The header, the offset and the collect timeout in milliseconds, and what is left. */
const TABLE: [header: string | undefined, offset: number, timeout: number, left: number][] = [
  [undefined, 500, FIVE_MINUTES, FIVE_MINUTES],
  ['10', 500, FIVE_MINUTES, 9500],
  ['10.5', 500, FIVE_MINUTES, 10_000],
  [' 10 ', 500, FIVE_MINUTES, 9500],
  ['1e1', 500, FIVE_MINUTES, 9500],
  ['300.5', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['301', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['10', 0, FIVE_MINUTES, 10_000],
  // An offset over half of it is taken as half.
  ['1', 500, FIVE_MINUTES, 500],
  ['1', 501, FIVE_MINUTES, 500],
  ['0.2', 500, FIVE_MINUTES, 100],
  ['10', 60_000, FIVE_MINUTES, 5000],
  // What is not a finite number above 0 counts as absent.
  ['0', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['-10', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['  ', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['ten', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['10s', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['NaN', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['Infinity', 500, FIVE_MINUTES, FIVE_MINUTES],
  ['1e400', 500, FIVE_MINUTES, FIVE_MINUTES],
  // The collect timeout itself has no offset.
  ['10', 500, 1000, 1000],
  [undefined, 500, 100, 100],
];

describe('deadline of a scrape', () => {
  for (const [header, timeoutOffsetMs, timeoutMs, left] of TABLE) {
    it(`is ${left} ms for a header of ${JSON.stringify(header)}, offset ${timeoutOffsetMs}, timeout ${timeoutMs}`, () => {
      expect(scrapeTimeLeft(header, { timeoutMs, timeoutOffsetMs })).to.be.closeTo(left, 1e-6);
    });
  }

  it('is above 0, and never beyond the timeout, whatever the header', () => {
    const header = fc.oneof(fc.string(), fc.double().map(String), fc.constant(undefined));
    const duration = fc.integer({ min: 1, max: FIVE_MINUTES });
    fc.assert(
      fc.property(header, duration, duration, (given, timeoutMs, timeoutOffsetMs) => {
        const left = scrapeTimeLeft(given, { timeoutMs, timeoutOffsetMs });
        expect(left).to.be.above(0).and.at.most(timeoutMs);
      }),
    );
  });
});
