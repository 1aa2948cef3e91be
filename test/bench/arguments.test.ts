import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BadArgument, parseArguments, USAGE } from '../../bench/arguments.js';
import { SCENARIO_NAMES } from '../../bench/scenarios.js';

describe('bench: arguments', () => {
  it('runs everything that is planned, unless told otherwise', () => {
    expect(parseArguments([])).to.deep.equal({
      help: false,
      scenarios: SCENARIO_NAMES,
      strategies: null,
      latencies: null,
      rounds: null,
      full: false,
      checkCounts: false,
      concurrency: null,
      json: 'dist/bench.json',
    });
  });

  it('takes lists, numbers and switches', () => {
    const line = '--scenario S,one --strategy=cloud-list --latency 0,20 --rounds 7 --full --check-counts --json a.json';
    expect(parseArguments([...line.split(' '), '--concurrency', '16, 64'])).to.deep.equal({
      help: false,
      scenarios: ['S', 'one'],
      strategies: ['cloud-list'],
      latencies: [0, 20],
      rounds: 7,
      full: true,
      checkCounts: true,
      concurrency: [16, 64],
      json: 'a.json',
    });
  });

  const BAD: [args: string[], message: RegExp][] = [
    [['--scenario', 'XL'], /^--scenario: "XL" is none of S, M, L, one, slow$/],
    [['--scenario', 's'], /^--scenario: "s" is none of/],
    [['--scenario', ''], /^--scenario: "" is none of/],
    [['--scenario', 'S,S'], /^--scenario: "S" is there twice$/],
    [['--strategy', 'auto'], /^--strategy: "auto" is none of domain-list/],
    [['--latency', '-1'], /--latency/],
    [['--latency', '20ms'], /^--latency: "20ms" is no whole number from 0/],
    [['--rounds', '0'], /^--rounds: "0" is no whole number from 1/],
    [['--rounds', '1.5'], /^--rounds: "1.5"/],
    [['--concurrency', '16,,64'], /^--concurrency: "" is no whole number/],
    [['--json='], /^--json: a file is missing$/],
    [['--json'], /--json/],
    [['--bogus'], /--bogus/],
    [['M'], /^"M" is no option; see --help$/],
  ];
  for (const [args, message] of BAD) {
    it(`refuses ${args.join(' ')} in one line`, () => {
      expect(() => parseArguments(args))
        .to.throw(BadArgument, message)
        .with.property('message')
        .that.does.not.include('\n');
    });
  }

  it('ends with exit code 2 and that line', () => {
    const bench = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', bench, '--scenario', 'XL'], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: 'bench: --scenario: "XL" is none of S, M, L, one, slow\n',
    });
  });

  it('names each option in its help', () => {
    for (const name of ['scenario', 'strategy', 'latency', 'rounds', 'full', 'concurrency', 'check-counts', 'json']) {
      expect(USAGE).to.include(`  --${name}`);
    }
  });
});
