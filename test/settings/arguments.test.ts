import { expect } from 'chai';
import { SettingError } from '../../src/errors.js';
import { parseArguments } from '../../src/settings/arguments.js';
import { refusal, settingsOf } from './read.js';

const FLAGS_OF: Record<string, string[]> = {
  domains: ['domains.file'],
  cloud: [
    'cloud.auth-url',
    'cloud.username',
    'cloud.project',
    'cloud.region',
    'cloud.interface',
    'cloud.compute-url',
    'cloud.ca-file',
  ],
  collect: [
    'collect.timeout',
    'collect.timeout-offset',
    'collect.request-timeout',
    'collect.domain-concurrency',
    'collect.request-concurrency',
    'collect.counting',
    'collect.strategy',
  ],
  web: ['web.listen-address', 'web.telemetry-path'],
  log: ['log.level', 'log.format'],
  usage: ['usage.max-requests'],
  timezone: ['timezone'],
  tariffs: ['tariffs.file'],
  start: ['start'],
  domain: ['domain'],
  output: ['output'],
  simulate: ['simulate.listen-address'],
};
const OF_DATES = [
  'domains',
  'cloud',
  'collect',
  'web',
  'log',
  'output',
  'tariffs',
  'usage',
  'timezone',
  'start',
  'domain',
];
const COMMANDS: Record<string, string[]> = {
  serve: ['domains', 'cloud', 'collect', 'web', 'log', 'tariffs', 'usage', 'timezone'],
  check: ['domains', 'cloud', 'collect', 'web', 'log', 'tariffs', 'usage', 'timezone'],
  snapshot: ['domains', 'cloud', 'collect', 'web', 'log', 'output', 'tariffs', 'usage', 'timezone'],
  usage: OF_DATES,
  statement: OF_DATES,
  healthcheck: ['web', 'log'],
  simulate: ['simulate', 'log'],
  demo: ['domains', 'collect', 'web', 'log', 'simulate', 'tariffs', 'usage', 'timezone'],
};

describe('the command line', () => {
  it('means serve when it names no command', () => {
    expect(parseArguments([])).to.deep.equal({ command: 'serve', flags: new Map(), help: false, version: false });
  });

  for (const command of Object.keys(COMMANDS)) {
    it(`knows ${command}, before and behind flags`, () => {
      expect(parseArguments([command]).command).to.equal(command);
      expect(parseArguments([command, '--log.level=warn']).command).to.equal(command);
      expect(parseArguments(['--log.level', 'warn', command]).command).to.equal(command);
    });

    for (const [group, flags] of Object.entries(FLAGS_OF)) {
      const takes = COMMANDS[command]!.includes(group);
      it(`${takes ? 'takes' : 'refuses'} the ${group} settings for ${command}`, () => {
        for (const flag of flags) {
          if (takes) expect([...parseArguments([command, `--${flag}=x`]).flags]).to.deep.equal([[flag, 'x']]);
          else {
            const takers = Object.keys(COMMANDS).filter((name) => COMMANDS[name]!.includes(group));
            expect(() => parseArguments([command, `--${flag}=x`]))
              .to.throw(SettingError)
              .with.property('message', `--${flag} does not go with ${command}, only with ${takers.join(', ')}`);
          }
        }
      });
    }
  }

  it('takes a value behind = and as the next word', () => {
    expect(settingsOf(['--cloud.region=a']).defaults.region).to.equal('a');
    expect(settingsOf(['--cloud.region', 'a']).defaults.region).to.equal('a');
    expect(settingsOf(['--cloud.region=a=b']).defaults.region).to.equal('a=b');
  });

  it('takes the last of a flag given twice', () => {
    expect(settingsOf(['--cloud.region=a', '--cloud.region=b']).defaults.region).to.equal('b');
    expect(settingsOf(['--collect.projects', '--no-collect.projects']).collect.projects).to.equal(false);
  });

  const switches: [argv: string[], projects: boolean][] = [
    [['--collect.projects'], true],
    [['--collect.projects=true'], true],
    [['--collect.projects=false'], false],
    [['--no-collect.projects'], false],
  ];
  for (const [argv, projects] of switches) {
    it(`reads ${argv.join(' ')} as ${projects}`, () => {
      expect(settingsOf(argv).collect.projects).to.equal(projects);
    });
  }

  it('does not let a switch swallow the command behind it', () => {
    expect(parseArguments(['--collect.projects', 'check']).command).to.equal('check');
  });

  it('refuses a value for a negated switch, which would mean its opposite', () => {
    expect(refusal(['--no-cloud.insecure=false'])).to.contain('--no-cloud.insecure');
  });

  for (const argv of [
    ['--cloud.region'],
    ['--cloud.region='],
    ['--cloud.region', ''],
    ['--cloud.region', '--log.level=warn'],
    ['check', '--cloud.region'],
  ]) {
    it(`refuses ${JSON.stringify(argv)}: the flag needs a value`, () => {
      expect(refusal(argv)).to.equal('--cloud.region needs a value: --cloud.region=NAME');
    });
  }

  const typos: [argv: string[], message: string][] = [
    [['--cloud.auth-ulr=x'], 'unknown flag --cloud.auth-ulr: did you mean --cloud.auth-url?'],
    [['--cloud.user-name', 'x'], 'unknown flag --cloud.user-name: did you mean --cloud.username?'],
    [['--colect.projects'], 'unknown flag --colect.projects: did you mean --collect.projects?'],
    [['--no-log.level'], 'unknown flag --no-log.level: did you mean --log.level?'],
    [['--helpp'], 'unknown flag --helpp: did you mean --help?'],
    [['--verson'], 'unknown flag --verson: did you mean --version?'],
    [['--zzzzzzzzzzzz'], 'unknown flag --zzzzzzzzzzzz: see --help'],
    [['--toString'], 'unknown flag --toString: see --help'],
    [['--__proto__=x'], 'unknown flag --__proto__: see --help'],
    [['-x'], 'unknown flag -x: see --help'],
    [['srve'], 'unknown command "srve": did you mean serve?'],
    [['snapshots'], 'unknown command "snapshots": did you mean snapshot?'],
    [
      ['xyzzy'],
      'unknown command "xyzzy": the commands are serve, check, snapshot, usage, statement, healthcheck, simulate, demo',
    ],
    [
      ['toString'],
      'unknown command "toString": the commands are serve, check, snapshot, usage, statement, healthcheck, simulate, demo',
    ],
    [['serve', 'check'], 'unexpected argument "check" behind serve: settings are --flag=value'],
    [
      [''],
      'unknown command "": the commands are serve, check, snapshot, usage, statement, healthcheck, simulate, demo',
    ],
  ];
  for (const [argv, message] of typos) {
    it(`answers ${JSON.stringify(argv)} with: ${message}`, () => {
      expect(refusal(argv)).to.equal(message);
    });
  }

  for (const argv of [['--password=hunter2'], ['--cloud.password=hunter2'], ['--vhi-password', 'hunter2']]) {
    it(`has no flag for a password and does not show the one of ${argv[0]!.split('=')[0]!}`, () => {
      expect(refusal(argv))
        .to.match(/^unknown flag --/)
        .and.not.match(/hunter/);
    });
  }

  for (const argv of [['--help'], ['-h'], ['check', '--help'], ['demo', '--cloud.region=x', '--help']]) {
    it(`asks for help by ${argv.join(' ')}`, () => {
      expect(parseArguments(argv).help).to.equal(true);
    });
  }

  it('asks for the version, whatever stands beside it', () => {
    expect(parseArguments(['--version'])).to.include({ version: true, help: false });
    expect(parseArguments(['simulate', '--cloud.region=x', '--version']).version).to.equal(true);
  });
});
