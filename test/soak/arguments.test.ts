import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BadArgument, parseArguments, WARM } from './arguments.js';

describe('soak: arguments', () => {
  it('are how many scrapes, and how long it idles', () => {
    expect(parseArguments([])).to.deep.equal({ scrapes: 10_000, idleSeconds: 60 });
    expect(parseArguments(['2000'])).to.deep.equal({ scrapes: 2000, idleSeconds: 60 });
    expect(parseArguments([String(WARM + 1), '0'])).to.deep.equal({ scrapes: WARM + 1, idleSeconds: 0 });
  });

  const BAD: [args: string[], message: RegExp][] = [
    [['abc', '1'], /^"abc" is not a whole number$/],
    [['2000', '1.5'], /^"1\.5" is not a whole number$/],
    [['2000', '-1'], /^"-1" is not a whole number$/],
    [['', '1'], /^"" is not a whole number$/],
    [['1e4'], /^"1e4" is not a whole number$/],
    [['9'.repeat(20)], /is not a whole number$/],
    [['0', '0'], /^scrapes: more than 500/],
    [['500'], /^scrapes: more than 500/],
    [['2000', '10', '10'], /^two numbers at most/],
  ];
  for (const [args, message] of BAD) {
    it(`may not be ${JSON.stringify(args)}`, () => {
      expect(() => parseArguments(args)).to.throw(BadArgument, message);
    });
  }

  it('that are bad end it with one line and exit code 2', () => {
    const path = fileURLToPath(new URL('soak.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', path, 'abc', '1'], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: 'soak: "abc" is not a whole number\n',
    });
  });
});
