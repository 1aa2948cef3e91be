import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { Reloader } from '../src/reload.js';
import { RecordingLogger } from './helpers/log.js';

describe('Reloader', () => {
  let timers: SinonFakeTimers;
  let log: RecordingLogger;
  let events: string[];

  beforeEach(() => {
    timers = useFakeTimers();
    log = new RecordingLogger();
    events = [];
  });
  afterEach(() => timers.restore());

  /** Takes so long each time, and fails where there is a problem. */
  const part = (name: string, ms: number, problem?: string) => ({
    reload: async () => {
      events.push(`${timers.now} ${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      events.push(`${timers.now} ${name} ends`);
      if (problem !== undefined) throw new Error(problem);
    },
  });

  function ask(reloader: Reloader, who: string): void {
    void reloader.reload().then((problems) => events.push(`${timers.now} ${who}: ${problems.join(' | ') || 'all'}`));
  }

  it('reads all parts at once, and says that all was taken over', async () => {
    ask(new Reloader({ log, parts: [part('a', 10), part('b', 20)] }), 'me');
    await timers.runAllAsync();
    expect(events).to.deep.equal(['0 a begins', '0 b begins', '10 a ends', '20 b ends', '20 me: all']);
    expect(log.lines).to.deep.equal([{ level: 'info', message: 'reloaded', fields: {} }]);
    expect(timers.countTimers()).to.equal(0);
  });

  it('waits for the others when one part fails, names each problem, and works the next time', async () => {
    let problem: string | undefined = 'bad\nline';
    const parts = [{ reload: () => part('a', 10, problem).reload() }, part('b', 20), part('c', 5, 'gone')];
    const reloader = new Reloader({ log, parts });
    ask(reloader, 'me');
    await timers.runAllAsync();
    expect(events.at(-1)).to.equal('20 me: bad\\u000aline | gone');
    expect(log.lines).to.deep.equal([
      { level: 'error', message: 'not all could be reloaded', fields: { problems: 'bad\\u000aline; gone' } },
    ]);
    problem = undefined;
    parts.pop();
    ask(reloader, 'me');
    await timers.runAllAsync();
    expect(events.at(-1)).to.equal('40 me: all');
  });

  it('gives all who ask during a reload one more, which began after they asked', async () => {
    const reloader = new Reloader({ log, parts: [part('a', 100)] });
    ask(reloader, 'first');
    await timers.tickAsync(50);
    for (const who of ['second', 'third', 'fourth']) ask(reloader, who);
    await timers.tickAsync(75);
    ask(reloader, 'fifth');
    await timers.runAllAsync();
    expect(events).to.deep.equal([
      '0 a begins',
      '100 a ends',
      '100 a begins',
      '100 first: all',
      '200 a ends',
      '200 a begins',
      '200 second: all',
      '200 third: all',
      '200 fourth: all',
      '300 a ends',
      '300 fifth: all',
    ]);
  });

  it('answers within its time when a file system hangs, and begins no second reading beside the first', async () => {
    const reloader = new Reloader({ log, parts: [part('a', 30_000)], timeoutMs: 10_000 });
    for (const who of ['first', 'second']) ask(reloader, who);
    await timers.tickAsync(29_000);
    expect(events).to.deep.equal([
      '0 a begins',
      '10000 first: not finished within 10 s, still under way',
      '10000 second: not finished within 10 s, still under way',
    ]);
    await timers.tickAsync(31_000);
    expect(events.filter((event) => event.includes('begins'))).to.deep.equal(['0 a begins', '30000 a begins']);
  });
});
