import { expect } from 'chai';
import sinon from 'sinon';

import { KeptReport } from '../../src/usage-report/kept-report.js';
import { readQuestion, type Asked, type Question } from '../../src/usage-report/question.js';
import type { UsageReport } from '../../src/usage-report/report.js';
import { noUsageTotals } from '../../src/usage-report/totals.js';
import { makeDomain, makeList } from '../helpers/domains.js';

const file = makeList([makeDomain('acme')]);
const NOW = Date.parse('2026-01-20T12:00:00.500Z');
const question = (asked: Asked, list = file): Question =>
  readQuestion(asked, { file: list, timezone: 'UTC', now: NOW });
const DAYS = { start: '2026-01-01', end: '2026-01-05' };
const reportOf = ({ range: { startMs, endMs } }: Question, end = endMs): UsageReport => ({
  ...{ start: startMs, end, complete: true, totals: noUsageTotals(), domains: [], problems: [] },
});

describe('the report that pages are cut from', () => {
  let timers: sinon.SinonFakeTimers;
  beforeEach(() => (timers = sinon.useFakeTimers()));
  afterEach(() => timers.restore());

  it('is there for the same question, in whatever zone its dates are shown', () => {
    const kept = new KeptReport();
    const report = reportOf(question(DAYS));
    kept.keep(question(DAYS), report);
    expect(kept.find(question(DAYS))).to.equal(report);
    const same = { start: '2026-01-01T07:00:00', end: '2026-01-06T07:00:00', tz: 'Asia/Jakarta' };
    expect(kept.find(question(same))).to.equal(report);
  });

  it('is there for the end that it found, where it was asked for until now', () => {
    const kept = new KeptReport();
    const first = question({ ...DAYS, end: '2026-01-31' });
    const report = reportOf(first, Date.parse('2026-01-20T11:59:58Z'));
    kept.keep(first, report);
    expect(kept.find(question({ ...DAYS, end: '2026-01-20T11:59:58Z' }))).to.equal(report);
    expect(kept.find(question({ ...DAYS, end: '2026-01-20T11:59:57Z' }))).to.equal(null);
  });

  for (const [what, other] of [
    ['start', question({ ...DAYS, start: '2026-01-02' })],
    ['end', question({ ...DAYS, end: '2026-01-04' })],
    ['domain', question({ ...DAYS, domain: 'acme' })],
    ['project', question({ ...DAYS, project: 'a'.repeat(32) })],
    ['file', question(DAYS, makeList([makeDomain('acme')]))],
  ] as const) {
    it(`is none for another ${what}`, () => {
      const kept = new KeptReport();
      kept.keep(question(DAYS), reportOf(question(DAYS)));
      expect(kept.find(other)).to.equal(null);
    });
  }

  it('is let go after five minutes without a page, or for a newer one', () => {
    const kept = new KeptReport();
    expect(kept.find(question(DAYS))).to.equal(null);
    kept.keep(question(DAYS), reportOf(question(DAYS)));
    timers.tick(299_000);
    kept.keep(question(DAYS), reportOf(question(DAYS)));
    timers.tick(299_000);
    expect(kept.find(question(DAYS))).to.not.equal(null);
    timers.tick(1_000);
    expect(kept.find(question(DAYS))).to.equal(null);
    const other = question({ ...DAYS, end: '2026-01-04' });
    kept.keep(question(DAYS), reportOf(question(DAYS)));
    kept.keep(other, reportOf(other));
    expect(kept.find(question(DAYS))).to.equal(null);
  });
});
