import { expect } from 'chai';
import sinon from 'sinon';
import type { Reading } from '../../src/domains/read.js';
import { Settler } from '../../src/domains/settle.js';

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
});
