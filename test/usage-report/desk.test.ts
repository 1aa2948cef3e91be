import { expect } from 'chai';

import type { DomainList } from '../../src/domains/list.js';
import { CollectionOver } from '../../src/errors.js';
import { NotReady, UsageDesk } from '../../src/usage-report/desk.js';
import { readQuestion, type Asked, type Question } from '../../src/usage-report/question.js';
import type { UsageReport } from '../../src/usage-report/report.js';
import type { UsageQuery } from '../../src/usage-report/reporter.js';
import { noUsageTotals } from '../../src/usage-report/totals.js';
import { TestClock } from '../helpers/clock.js';
import { makeList } from '../helpers/domains.js';

const DAY = { start: '2026-01-01', end: '2026-01-01' };
const report = (complete = true): UsageReport => ({
  ...{ start: 0, end: 1, complete, totals: noUsageTotals(), domains: [], problems: [] },
});

/** Stands in for the reporter: each report ends when it is told to. */
class HeldReporter {
  readonly made: { query: UsageQuery; end: (result: UsageReport) => void; fail: (error: Error) => void }[] = [];
  isOver = false;

  readonly report = (query: UsageQuery): Promise<UsageReport> =>
    new Promise((end, fail) => {
      this.made.push({ query, end, fail });
      query.left.addEventListener('abort', () => fail(new CollectionOver()), { once: true });
    });

  readonly answerNow = (): void => {
    this.isOver = true;
  };
}

describe('the desk that usage reports are asked for at', () => {
  let reporter: HeldReporter;
  let clock: TestClock;
  let desk: UsageDesk;
  const file: DomainList = makeList([]);
  beforeEach(() => {
    reporter = new HeldReporter();
    clock = new TestClock();
    desk = new UsageDesk(reporter, clock);
  });

  const question = (asked: Asked = DAY, list = file): Question =>
    readQuestion(asked, { file: list, timezone: 'UTC', now: clock.wall() });
  const ask = (what = question(), timeLeftMs = 60_000, left = new AbortController().signal): Promise<UsageReport> =>
    desk.report(what, { timeLeftMs, left });
  const failureOf = (asking: Promise<unknown>): Promise<unknown> =>
    asking.then(
      () => null,
      (error: unknown) => error,
    );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('has one report made for all who ask the same meanwhile', async () => {
    const asking = [ask(), ask(), ask()];
    await turn();
    expect(reporter.made).to.have.lengthOf(1);
    const made = report();
    reporter.made[0]!.end(made);
    expect(await Promise.all(asking)).to.deep.equal([made, made, made]);
    void ask();
    await turn();
    expect(reporter.made, 'nobody is given one of before').to.have.lengthOf(2);
  });

  it('lets another question wait for its turn, with the time that is left then', async () => {
    const first = ask();
    const second = ask(question({ ...DAY, tz: 'Asia/Jakarta' }), 50_000);
    await turn();
    expect(reporter.made).to.have.lengthOf(1);
    clock.advance(20_000);
    reporter.made[0]!.end(report());
    await first;
    await turn();
    expect(reporter.made).to.have.lengthOf(2);
    expect(reporter.made[1]!.query.timeLeftMs).to.equal(30_000);
    expect(reporter.made[1]!.query.start).to.equal(Date.parse('2025-12-31T17:00:00Z'));
    reporter.made[1]!.end(report());
    await second;
  });

  it('takes the same dates in another zone for another question, though none was asked for', async () => {
    const statement = readQuestion(DAY, { file, timezone: 'Asia/Jakarta', now: clock.wall() });
    const asking = [ask(), ask(statement), ask(question({ ...DAY, tz: 'Asia/Jakarta' }))];
    await turn();
    expect(reporter.made).to.have.lengthOf(1);
    reporter.made[0]!.end(report());
    await asking[0];
    await turn();
    expect(reporter.made).to.have.lengthOf(2);
    expect(reporter.made[1]!.query.start).to.equal(Date.parse('2025-12-31T17:00:00Z'));
    reporter.made[1]!.end(report());
    await Promise.all(asking);
    expect(reporter.made).to.have.lengthOf(2);
  });

  it('does not take a question about another domains file for the same', async () => {
    const asking = [ask(), ask(question(DAY, makeList([])))];
    await turn();
    expect(reporter.made).to.have.lengthOf(1);
    reporter.made[0]!.end(report());
    await asking[0];
    await turn();
    reporter.made[1]!.end(report());
    await asking[1];
  });

  it('tells who waited in vain that there was no turn', async () => {
    const first = ask();
    expect(await failureOf(ask(question({ ...DAY, tz: 'Asia/Jakarta' }), 5))).to.be.instanceOf(NotReady);
    reporter.made[0]!.end(report());
    await first;
    await turn();
    expect(reporter.made, 'what nobody waits for is not made').to.have.lengthOf(1);
  });

  it('lets one with less time leave a report that goes on for others', async () => {
    const first = ask();
    expect(await failureOf(ask(question(), 5))).to.be.instanceOf(NotReady);
    expect(reporter.made[0]!.query.left.aborted).to.equal(false);
    reporter.made[0]!.end(report());
    await first;
  });

  it('has a report made anew for one with more time than another one had', async () => {
    const first = ask(question(), 10_000);
    const second = ask(question(), 30_000);
    await turn();
    clock.advance(10_000);
    const partial = report(false);
    reporter.made[0]!.end(partial);
    expect(await first).to.equal(partial);
    await turn();
    expect(reporter.made).to.have.lengthOf(2);
    expect(reporter.made[1]!.query.timeLeftMs).to.equal(20_000);
    const whole = report();
    reporter.made[1]!.end(whole);
    expect(await second).to.equal(whole);
  });

  it('ends a report when the last one who waits has left, and not before', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const asking = [ask(question(), 60_000, one.signal), ask(question(), 60_000, other.signal)].map(failureOf);
    await turn();
    one.abort();
    expect(await asking[0]).to.be.instanceOf(CollectionOver);
    expect(reporter.made[0]!.query.left.aborted).to.equal(false);
    other.abort();
    expect(await asking[1]).to.be.instanceOf(CollectionOver);
    expect(reporter.made[0]!.query.left.aborted).to.equal(true);
  });

  it('tells all who wait when one fails, and goes on with the next', async () => {
    const asking = [ask(), ask()].map(failureOf);
    await turn();
    const error = new Error('too many');
    reporter.made[0]!.fail(error);
    expect(await Promise.all(asking)).to.deep.equal([error, error]);
    const next = ask();
    await turn();
    reporter.made[1]!.end(report());
    await next;
  });

  it('has what is there answered at the end of the program, and begins nothing more', async () => {
    const first = ask();
    const waiting = failureOf(ask(question({ ...DAY, tz: 'Asia/Jakarta' })));
    await turn();
    desk.answerNow();
    expect(await waiting).to.be.instanceOf(NotReady);
    expect(reporter.isOver).to.equal(true);
    reporter.made[0]!.end(report(false));
    expect((await first).complete).to.equal(false);
    expect(await failureOf(ask())).to.be.instanceOf(NotReady);
    expect(reporter.made).to.have.lengthOf(1);
  });
});
