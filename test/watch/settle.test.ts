import { expect } from 'chai';
import sinon from 'sinon';
import type { Reading } from '../../src/watch/read.js';
import { Settler } from '../../src/watch/settle.js';

const TEN_LINES = 'line\n'.repeat(10);

function bytes(text: string): Reading {
  return { kind: 'bytes', bytes: Buffer.from(text), mode: 0o600 };
}

const LOST: Reading = { kind: 'lost', why: 'does not exist' };

describe('Settler', () => {
  let clock: sinon.SinonFakeTimers;
  let file: Reading;
  let believed: string[];
  let reads: number;
  let settler: Settler;

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    believed = [];
    reads = 0;
    file = bytes(TEN_LINES);
    settler = start({ readMs: 0 });
  });

  afterEach(() => {
    settler.close();
    clock.restore();
  });

  function start({ readMs }: { readMs: number }): Settler {
    return new Settler({
      initial: file,
      read: () => {
        reads++;
        // What the file holds when the reading starts, however long it takes.
        const seen = file;
        return new Promise((resolve) => (readMs ? setTimeout(resolve, readMs, seen) : resolve(seen)));
      },
      believe: (reading) => {
        believed.push(`${clock.now} ${reading.kind === 'bytes' ? reading.bytes.toString() : reading.why}`);
      },
    });
  }

  async function write(reading: Reading): Promise<void> {
    file = reading;
    settler.poke();
    await clock.tickAsync(0);
  }

  it('believes bytes that have not changed for 250 ms', async () => {
    await write(bytes(`${TEN_LINES}new`));
    await clock.tickAsync(249);
    expect(believed).to.deep.equal([]);
    await clock.tickAsync(1);
    expect(believed).to.deep.equal([`250 ${TEN_LINES}new`]);
  });

  it('waits anew with each change', async () => {
    for (const text of ['1', '2', '3']) {
      await write(bytes(TEN_LINES + text));
      await clock.tickAsync(200);
    }
    await clock.tickAsync(1000);
    expect(believed).to.deep.equal([`650 ${TEN_LINES}3`]);
  });

  it('does not wait anew when poked without a change', async () => {
    await write(bytes(`${TEN_LINES}new`));
    for (let ms = 0; ms < 250; ms += 50) {
      settler.poke();
      await clock.tickAsync(50);
    }
    expect(believed).to.deep.equal([`250 ${TEN_LINES}new`]);
  });

  it('notices a change that nobody told it of when the wait ends', async () => {
    await write(bytes(`${TEN_LINES}1`));
    file = bytes(`${TEN_LINES}2`);
    await clock.tickAsync(499);
    expect(believed).to.deep.equal([]);
    await clock.tickAsync(1);
    expect(believed).to.deep.equal([`500 ${TEN_LINES}2`]);
  });

  it('notices such a change soon, also in the long wait for an emptied file', async () => {
    await write(bytes(''));
    await clock.tickAsync(10);
    file = bytes(`${TEN_LINES}new`);
    await clock.tickAsync(490);
    expect(believed).to.deep.equal([`500 ${TEN_LINES}new`]);
  });

  it('does nothing for bytes that it believes already', async () => {
    await write(bytes(TEN_LINES));
    await clock.tickAsync(5000);
    expect(believed).to.deep.equal([]);
    expect(clock.countTimers()).to.equal(0);
  });

  it('forgets a change that was taken back', async () => {
    await write(bytes(''));
    await clock.tickAsync(100);
    await write(bytes(TEN_LINES));
    await clock.tickAsync(5000);
    expect(believed).to.deep.equal([]);
  });

  const waits: [what: string, reading: Reading, ms: number][] = [
    ['a file that became empty', bytes(''), 2000],
    ['a file of blanks', bytes(' \r\n\t\n'.repeat(9)), 2000],
    ['a file that lost more than half of its lines', bytes('line\n'.repeat(4)), 2000],
    ['the same without a newline at its end', bytes('line\n'.repeat(3) + 'line'), 2000],
    ['a file that lost half of its lines', bytes('line\n'.repeat(5)), 250],
    ['the same without a newline at its end, again', bytes('line\n'.repeat(4) + 'line'), 250],
    ['a file that is gone', LOST, 250],
  ];
  for (const [what, reading, ms] of waits) {
    it(`believes ${what} after ${ms} ms`, async () => {
      await write(reading);
      await clock.tickAsync(ms - 1);
      expect(believed).to.deep.equal([]);
      await clock.tickAsync(1);
      expect(believed).to.have.length(1);
    });
  }

  it('counts lines against the bytes that it believes, not those in between', async () => {
    await write(bytes(''));
    await clock.tickAsync(1000);
    await write(bytes('line\n'.repeat(4)));
    await clock.tickAsync(1999);
    expect(believed).to.deep.equal([]);
    await write(bytes('line\n'.repeat(8)));
    await clock.tickAsync(250);
    expect(believed).to.deep.equal([`3249 ${'line\n'.repeat(8)}`]);
  });

  it('counts lines against the last bytes also after the file was away', async () => {
    await write(LOST);
    await clock.tickAsync(250);
    await write(bytes('line\n'));
    await clock.tickAsync(1999);
    expect(believed).to.deep.equal(['250 does not exist']);
    await clock.tickAsync(1);
    expect(believed).to.have.length(2);
  });

  it('tells of a file that is away once, and when it comes back as it was', async () => {
    await write(LOST);
    await clock.tickAsync(1000);
    await write(LOST);
    await clock.tickAsync(1000);
    await write(bytes(TEN_LINES));
    await clock.tickAsync(1000);
    expect(believed).to.deep.equal(['250 does not exist', `2250 ${TEN_LINES}`]);
  });

  it('does not notice a file that was away for a moment', async () => {
    await write(LOST);
    await clock.tickAsync(100);
    await write(bytes(TEN_LINES));
    await clock.tickAsync(5000);
    expect(believed).to.deep.equal([]);
  });

  it('reads one at a time, and once more for all who poked meanwhile', async () => {
    settler.close();
    settler = start({ readMs: 100 });
    for (let i = 0; i < 50; i++) settler.poke();
    await clock.tickAsync(150);
    expect(reads).to.equal(2);
    await clock.tickAsync(5000);
    expect(reads).to.equal(2);
  });

  it('believes in time although readings are slow', async () => {
    settler.close();
    settler = start({ readMs: 300 });
    await write(bytes(`${TEN_LINES}new`));
    await clock.tickAsync(300 + 250 + 300);
    expect(believed).to.deep.equal([`850 ${TEN_LINES}new`]);
  });

  it('believes nothing and leaves no timer once closed', async () => {
    settler.close();
    settler = start({ readMs: 100 });
    await write(bytes(`${TEN_LINES}new`));
    await clock.tickAsync(150);
    settler.poke();
    settler.close();
    settler.poke();
    await clock.tickAsync(5000);
    expect(believed).to.deep.equal([]);
    expect(clock.countTimers()).to.equal(0);
  });

  describe('asked to believe at once', () => {
    it('takes a file that was emptied, which it would else wait for', async () => {
      file = bytes('');
      await settler.believeNow();
      expect(believed).to.deep.equal(['0 ']);
      await clock.tickAsync(5000);
      expect(believed).to.have.length(1);
      expect(clock.countTimers()).to.equal(0);
    });

    it('takes what waits to settle, and does not believe it a second time', async () => {
      await write(bytes(`${TEN_LINES}new`));
      await clock.tickAsync(100);
      await settler.believeNow();
      await clock.tickAsync(5000);
      expect(believed).to.deep.equal([`100 ${TEN_LINES}new`]);
    });

    it('says it of bytes too that it believes already, since somebody waits for an answer', async () => {
      await settler.believeNow();
      expect(believed).to.deep.equal([`0 ${TEN_LINES}`]);
    });

    it('answers one who asks during a reading with the next, and all who do so with the same', async () => {
      settler.close();
      settler = start({ readMs: 100 });
      const answers: string[] = [];
      const ask = (name: string): void => void settler.believeNow().then(() => answers.push(`${clock.now} ${name}`));
      ask('first');
      await clock.tickAsync(50);
      file = bytes(`${TEN_LINES}new`);
      ask('second');
      ask('third');
      await clock.tickAsync(1000);
      expect(answers).to.deep.equal(['100 first', '200 second', '200 third']);
      expect(believed).to.deep.equal([`100 ${TEN_LINES}`, `200 ${TEN_LINES}new`]);
      expect(reads).to.equal(2);
    });

    it('weighs a later loss of lines against what was believed so', async () => {
      file = bytes('line\n');
      await settler.believeNow();
      await write(bytes('LINE\n'));
      await clock.tickAsync(250);
      expect(believed).to.deep.equal(['0 line\n', '250 LINE\n']);
    });

    it('lets nobody wait when it is closed, before or after, and believes nothing more', async () => {
      settler.close();
      settler = start({ readMs: 100 });
      const answers: number[] = [];
      for (let i = 0; i < 2; i += 1) {
        void settler.believeNow().then(() => answers.push(clock.now));
        await clock.tickAsync(10);
      }
      settler.close();
      void settler.believeNow().then(() => answers.push(clock.now));
      await clock.tickAsync(1000);
      expect(answers).to.deep.equal([20, 20, 100]);
      expect(believed).to.deep.equal([]);
    });
  });
});
