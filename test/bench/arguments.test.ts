import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BadArgument, parseArguments, USAGE } from '../../bench/arguments.js';
import { GROWTH, SCENARIO_CHOICES, SCENARIO_NAMES } from '../../bench/scenarios.js';

describe('bench: arguments', () => {
  it('runs everything that is planned, unless told otherwise', () => {
    expect(parseArguments([])).to.deep.equal({
      help: false,
      scenarios: SCENARIO_NAMES,
      strategies: null,
      latencies: null,
      rounds: null,
      nodeOptions: [],
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
      nodeOptions: [],
      full: true,
      checkCounts: true,
      concurrency: [16, 64],
      json: 'a.json',
    });
  });

  it('takes options of Node, which begin with dashes themselves', () => {
    const of = (...args: string[]): readonly string[] => parseArguments(args).nodeOptions;
    expect(of('--node-options=--max-semi-space-size=4')).to.deep.equal(['--max-semi-space-size=4']);
    expect(of('--node-options= --cpu-prof  --cpu-prof-dir=a ')).to.deep.equal(['--cpu-prof', '--cpu-prof-dir=a']);
    expect(of('--node-options=')).to.deep.equal([]);
  });

  it('takes growth for its eight worlds, and leaves them and XL out if nobody asks for them', () => {
    expect(parseArguments(['--scenario', 'S,growth,XL']).scenarios).to.deep.equal(['S', ...GROWTH, 'XL']);
    for (const args of [[], ['--full']]) {
      expect(parseArguments(args).scenarios).to.deep.equal(['S', 'M', 'L', 'one', 'slow', 'changes']);
    }
  });

  const BAD: [args: string[], message: RegExp][] = [
    [['--scenario', 'XXL'], /^--scenario: "XXL" is none of S, M, L, one, slow, changes, growth, XL$/],
    [['--scenario', '10x1000'], /^--scenario: "10x1000" is none of/],
    [['--scenario', 'growth,growth'], /^--scenario: "growth" is there twice$/],
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
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', bench, '--scenario', 'XXL'], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: 'bench: --scenario: "XXL" is none of S, M, L, one, slow, changes, growth, XL\n',
    });
  });

  it('names each option in its help', () => {
    const names = ['scenario', 'strategy', 'latency', 'rounds', 'full', 'concurrency', 'node-options', 'check-counts'];
    for (const name of [...names, 'json']) expect(USAGE).to.include(`  --${name}`);
    for (const name of SCENARIO_CHOICES) expect(USAGE).to.match(new RegExp(`\\b${name}\\b`));
  });
});
