import { expect } from 'chai';
import { parseTurn } from '../../src/http/json.js';

const KIB = 1024;
const SLICE = 1024 * KIB;

describe('the turns in which answers are parsed', () => {
  /** How much of the answers, which all came at once, was parsed in each turn of the event loop. */
  async function turnsOf(answers: readonly number[], functions: number): Promise<number[]> {
    const turns = [0];
    let left = answers.length;
    const parsed = answers.map(async (bytes) => {
      await parseTurn(bytes);
      // They are between the client and those who ask for the JSON.
      for (let i = 0; i < functions; i++) await Promise.resolve();
      turns[turns.length - 1]! += bytes;
      left -= 1;
    });
    while (left > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      turns.push(0);
    }
    await Promise.all(parsed);
    const busy = turns.filter((bytes) => bytes > 0);
    expect(busy.reduce((a, b) => a + b)).to.equal(answers.reduce((a, b) => a + b));
    return busy;
  }

  for (const functions of [0, 1, 5, 50]) {
    it(`hold no more than a slice, however many come at once, asked for ${functions} functions away`, async () => {
      const turns = await turnsOf(Array<number>(100).fill(300 * KIB), functions);
      expect(Math.max(...turns)).to.be.at.most(SLICE);
    });

    it(`hold a dozen small answers, since each takes some time, asked for ${functions} functions away`, async () => {
      const turns = await turnsOf(Array<number>(1000).fill(10 * KIB), functions);
      expect(Math.max(...turns)).to.be.within(12 * 10 * KIB, 14 * 10 * KIB);
      expect(turns.length).to.be.within(75, 80);
    });
  }

  it('hold one answer that is larger than a slice, and nothing else with it', async () => {
    expect(await turnsOf([SLICE + 1, 3 * SLICE, SLICE + 1], 5)).to.deep.equal([SLICE + 1, 3 * SLICE, SLICE + 1]);
  });

  it('hold what is left of a slice and one answer at most, whatever their sizes', async () => {
    const sizes = Array.from({ length: 300 }, (_, i) => ((i * 7919) % 1500) * KIB);
    expect(Math.max(...(await turnsOf(sizes, 5)))).to.be.at.most(SLICE + 1500 * KIB);
  });
});
