import { expect } from 'chai';
import sinon from 'sinon';
import { StatusLine } from '../../src/commands/status-line.js';
import { createLogger } from '../../src/log.js';
import { showOn } from './screen.js';

/** A terminal's stream that keeps what was written. */
class FakeScreen {
  columns = 40;
  written = '';

  write(text: string | Uint8Array): boolean {
    this.written += String(text);
    return true;
  }

  /** What a person sees by now. */
  get lines(): string[] {
    return showOn(this.written);
  }
}

/** A task whose end the test decides. */
function openTask() {
  let resolve!: (value: number) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<number>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('the status line', () => {
  let clock: sinon.SinonFakeTimers;
  let screen: FakeScreen;
  let line: StatusLine;
  const write = (text: string): void => void screen.write(text);

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    screen = new FakeScreen();
    line = new StatusLine(screen);
  });
  afterEach(() => clock.restore());

  it('shows nothing of what is done at once', async () => {
    expect(await line.during(Promise.resolve(7), () => 'busy')).to.equal(7);
    expect(screen.written).to.equal('');
  });

  it('is drawn anew, leaves nothing of a longer text before, and vanishes at the end', async () => {
    const task = openTask();
    const texts = ['collecting 9/10', 'done 10'];
    const end = line.during(task.promise, () => texts.shift() ?? 'too often');
    clock.tick(200);
    expect(screen.lines).to.deep.equal(['collecting 9/10']);
    clock.tick(200);
    expect(screen.lines).to.deep.equal(['done 10']);
    task.resolve(7);
    expect(await end).to.equal(7);
    expect(screen.lines).to.deep.equal(['']);
    clock.tick(1000);
    expect(screen.lines).to.deep.equal(['']);
  });

  it('vanishes when the task fails', async () => {
    const task = openTask();
    const end = line.during(task.promise, () => 'busy').catch((error: unknown) => error);
    clock.tick(200);
    task.reject(new Error('broken'));
    expect(await end)
      .to.be.instanceOf(Error)
      .with.property('message', 'broken');
    expect(screen.lines).to.deep.equal(['']);
    write('late\n');
    expect(screen.lines).to.deep.equal(['late', '']);
  });

  it('is told the columns that the terminal has at the time, less the last', () => {
    const seen: number[] = [];
    void line.during(openTask().promise, (columns) => {
      seen.push(columns);
      return '';
    });
    for (const columns of [40, 20, 0]) {
      screen.columns = columns;
      clock.tick(200);
    }
    expect(seen).to.deep.equal([39, 19, 79]);
  });

  it('lets what others write stand above it', async () => {
    const task = openTask();
    const end = line.during(task.promise, () => 'collecting 1/2');
    write('early\n');
    clock.tick(200);
    write('log 1\nlog 2\n');
    expect(screen.lines).to.deep.equal(['early', 'log 1', 'log 2', 'collecting 1/2']);
    task.resolve(7);
    await end;
    write('late\n');
    expect(screen.lines).to.deep.equal(['early', 'log 1', 'log 2', 'late', '']);
  });

  it('lets the log stand above it, which goes to stderr by its own way', async () => {
    const stderr = sinon.stub(process.stderr, 'write').callsFake((text) => screen.write(text));
    try {
      const task = openTask();
      const end = new StatusLine(process.stderr).during(task.promise, () => 'collecting 1/2');
      const log = createLogger({ level: 'info', format: 'logfmt' });
      clock.tick(200);
      log.warn('first');
      log.info('second');
      // Streams may write in a later turn.
      await new Promise(setImmediate);
      const lines = screen.lines.map((text) => text.replace(/^ts=\S+ /, ''));
      expect(lines).to.deep.equal(['level=warn msg=first', 'level=info msg=second', 'collecting 1/2']);
      task.resolve(7);
      await end;
    } finally {
      stderr.restore();
    }
  });

  it('waits until a line of others has ended', async () => {
    const task = openTask();
    const end = line.during(task.promise, () => 'collecting 1/2');
    clock.tick(200);
    write('half');
    clock.tick(400);
    expect(screen.lines).to.deep.equal(['half']);
    write(' and half\n');
    expect(screen.lines).to.deep.equal(['half and half', 'collecting 1/2']);
    write('half');
    task.resolve(7);
    await end;
    expect(screen.lines).to.deep.equal(['half and half', 'half']);
  });

  it('can be erased at any time', () => {
    line.erase();
    expect(screen.written).to.equal('');
    void line.during(openTask().promise, () => 'busy');
    clock.tick(200);
    write('log\n');
    line.erase();
    expect(screen.lines).to.deep.equal(['log', '']);
  });
});
