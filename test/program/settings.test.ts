import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import pLimit from 'p-limit';
import { OPTIONS } from '../../src/settings/options.js';
import { type LaunchOptions, run } from '../helpers/program.js';
import { withFolder } from './rig.js';

const { version: VERSION } = createRequire(import.meta.url)('../../package.json') as { version: string };

type Env = NonNullable<LaunchOptions['env']>;
type Row = [args: string[], env: Env, says: string];

/** Each bad setting with the line that it ends in, behind `vhi-exporter: `. */
const BAD: readonly Row[] = [
  // Typos of names.
  [['--domain.file=x'], {}, 'unknown flag --domain.file: did you mean --domains.file?'],
  [['--cloud.autl-url=x'], {}, 'unknown flag --cloud.autl-url: did you mean --cloud.auth-url?'],
  [['--cloud.password=x'], {}, 'unknown flag --cloud.password: '],
  [['--nonsense'], {}, 'unknown flag --nonsense: see --help'],
  [['-x'], {}, 'unknown flag -x: see --help'],
  [['snapshoot'], {}, 'unknown command "snapshoot": did you mean snapshot?'],
  [
    ['fly'],
    {},
    'unknown command "fly": the commands are serve, check, snapshot, usage, statement, healthcheck, simulate, demo',
  ],
  [['serve', 'now'], {}, 'unexpected argument "now" behind serve: settings are --flag=value'],
  // Flags of other commands.
  [['serve', '--output=json'], {}, '--output does not go with serve, only with snapshot, usage'],
  [
    ['demo', '--cloud.auth-url=http://localhost'],
    {},
    '--cloud.auth-url does not go with demo, only with serve, check, snapshot, usage',
  ],
  [['simulate', '--web.listen-address=:0'], {}, '--web.listen-address does not go with simulate, '],
  // Bad values, by flag and by variable.
  [['--domains.file='], {}, '--domains.file needs a value: --domains.file=FILE'],
  [['--domains.file', '--log.level=info'], {}, '--domains.file needs a value: --domains.file=FILE'],
  [['--domains.file=no-such.txt'], {}, '--domains.file: no-such.txt '],
  [[], { VHI_DOMAINS_FILE: '/no/such.txt' }, '--domains.file: /no/such.txt '],
  [['--domains.file=/tmp'], {}, '--domains.file: /tmp is a directory, not a file'],
  [['--tariffs.file='], {}, '--tariffs.file needs a value: --tariffs.file=FILE'],
  [['--tariffs.file=no-such.yml'], {}, '--tariffs.file: no-such.yml does not exist'],
  [[], { VHI_TARIFFS_FILE: '/tmp' }, '--tariffs.file: /tmp is a directory, not a file'],
  [['--cloud.auth-url=cloud:5000'], {}, '--cloud.auth-url: "cloud:5000" must begin with https:// or http://'],
  [['--cloud.auth-url=cloud'], {}, '--cloud.auth-url: "cloud" is not a URL, write it like https://host:5000/v3'],
  [[], { VHI_AUTH_URL: 'ftp://cloud' }, 'VHI_AUTH_URL: "ftp://cloud" must begin with https:// or http://'],
  [
    [],
    { OS_AUTH_URL: 'https://cloud/v2.0' },
    'OS_AUTH_URL: "https://cloud/v2.0" names Keystone v2.0, only v3 is spoken',
  ],
  [[], { OS_AUTH_URL: 'https://me:pw@cloud' }, 'OS_AUTH_URL: the value must not hold a user name or password'],
  [['--cloud.username='], {}, '--cloud.username needs a value: --cloud.username=NAME'],
  [['--cloud.project='], {}, '--cloud.project needs a value: --cloud.project=NAME'],
  [['--cloud.region='], {}, '--cloud.region needs a value: --cloud.region=NAME'],
  [['--cloud.interface=pubic'], {}, '--cloud.interface: "pubic" must be one of public, internal, admin'],
  [[], { OS_INTERFACE: 'outside' }, 'OS_INTERFACE: "outside" must be one of public, internal, admin'],
  [['--cloud.compute-url=nova'], {}, '--cloud.compute-url: "nova" is not a URL, write it like '],
  [[], { VHI_COMPUTE_URL: 'nova' }, 'VHI_COMPUTE_URL: "nova" is not a URL, write it like '],
  [['--cloud.ca-file='], {}, '--cloud.ca-file needs a value: --cloud.ca-file=FILE'],
  [['--cloud.insecure=maybe'], {}, '--cloud.insecure: "maybe" must be true or false'],
  [[], { VHI_INSECURE: 'oui' }, 'VHI_INSECURE: "oui" must be true or false'],
  [[], { OS_INSECURE: '2' }, 'OS_INSECURE: "2" must be true or false'],
  [
    ['--collect.timeout=5'],
    {},
    '--collect.timeout: "5" must be a duration with units, such as 500ms, 30s, 5m or 1m30s',
  ],
  [['--collect.timeout=0s'], {}, '--collect.timeout: "0s" must be longer than 0 and at most 24d'],
  [['--collect.timeout=-5s'], {}, '--collect.timeout: "-5s" must be a duration with units'],
  [[], { VHI_COLLECT_TIMEOUT: '5 min' }, 'VHI_COLLECT_TIMEOUT: "5 min" must be a duration with units'],
  [['--collect.timeout-offset=1.5s'], {}, '--collect.timeout-offset: "1.5s" must be a duration with units'],
  [['--collect.request-timeout=20'], {}, '--collect.request-timeout: "20" must be a duration with units'],
  [['--collect.domain-concurrency=0'], {}, '--collect.domain-concurrency: "0" must be a whole number from 1 to 999999'],
  [['--collect.request-concurrency=many'], {}, '--collect.request-concurrency: "many" must be a whole number from 1'],
  [['--collect.counting=all'], {}, '--collect.counting: "all" must be one of allocated, quota, running'],
  [[], { VHI_COUNTING: 'Quota' }, 'VHI_COUNTING: "Quota" must be one of allocated, quota, running'],
  [
    ['--collect.strategy=cloud'],
    {},
    '--collect.strategy: "cloud" must be one of auto, domain-list, cloud-list, project-list, project-limits',
  ],
  [['--collect.strategy=project-limits'], {}, "--collect.strategy=project-limits reads Nova's quota counters, "],
  [['--collect.min-interval=5'], {}, '--collect.min-interval: "5" must be a duration with units'],
  [['--collect.incremental=on'], {}, '--collect.incremental: "on" must be one of auto, off'],
  [['--collect.resync-interval=15'], {}, '--collect.resync-interval: "15" must be a duration with units'],
  [['--collect.projects=si'], {}, '--collect.projects: "si" must be true or false'],
  [['--web.listen-address=10180'], {}, '--web.listen-address: "10180" must be :port, host:port or [address]:port'],
  [['--web.listen-address=:70000'], {}, '--web.listen-address: ":70000" must be :port, host:port or [address]:port'],
  [[], { VHI_LISTEN_ADDRESS: '::1:80' }, 'VHI_LISTEN_ADDRESS: "::1:80" must be :port, host:port or [address]:port'],
  [['--web.config.file='], {}, '--web.config.file needs a value: --web.config.file=FILE'],
  [['--web.telemetry-path=metrics'], {}, '--web.telemetry-path: "metrics" must be a path such as /metrics'],
  [
    ['--web.telemetry-path=/api/v1/statement'],
    {},
    '--web.telemetry-path: "/api/v1/statement" is taken by another page',
  ],
  [['--web.telemetry-path=/-/ready'], {}, '--web.telemetry-path: "/-/ready" is taken by another page of the exporter'],
  [['--web.config.file='], {}, '--web.config.file needs a value: --web.config.file=FILE'],
  [['--web.enable-lifecycle=sometimes'], {}, '--web.enable-lifecycle: "sometimes" must be true or false'],
  [
    ['--timezone=Jakarta'],
    {},
    '--timezone: "Jakarta" is not a time zone: give an IANA time zone such as Asia/Jakarta or UTC',
  ],
  [[], { VHI_TIMEZONE: 'Asia/Jakata' }, 'VHI_TIMEZONE: "Asia/Jakata" is not a time zone: did you mean Asia/Jakarta?'],
  [['--usage.max-requests=0'], {}, '--usage.max-requests: "0" must be a whole number from 1 to 999999'],
  [['--log.level=trace'], {}, '--log.level: "trace" must be one of error, warn, info, debug'],
  [['--log.format=xml'], {}, '--log.format: "xml" must be one of logfmt, json'],
  [['snapshot', '--start=2026-10-01'], {}, '--start does not go with snapshot, only with usage, statement'],
  [['usage', '--end='], {}, '--end needs a value: --end=DATE'],
  [['usage', '--tz='], {}, '--tz needs a value: --tz=ZONE'],
  [['usage', '--domain='], {}, '--domain needs a value: --domain=NAME'],
  [['usage', '--project='], {}, '--project needs a value: --project=NAME'],
  [['usage', '--detailed=2'], {}, '--detailed: "2" must be true or false'],
  [['snapshot', '--output=csv'], {}, '--output: "csv" must be one of table, json'],
  [['statement', '--output=yaml'], {}, '--output: "yaml" must be one of table, json, csv'],
  [['usage', '--output=yaml'], {}, '--output: "yaml" must be one of table, json, csv'],
  [['snapshot', '--output=yaml'], {}, '--output: "yaml" must be one of table, json'],
  [['simulate', '--simulate.listen-address=:0'], {}, '--simulate.listen-address: ":0" must be on loopback, such as '],
  [
    [],
    { VHI_PASSWORD: 'a', VHI_PASSWORD_FILE: 'b' },
    'VHI_PASSWORD and VHI_PASSWORD_FILE are both set: unset one of them',
  ],
];

const atOnce = pLimit(4);

describe('A bad setting', () => {
  it('ends the program with exit code 2 and one line on stderr that names it and says what to do', async function () {
    this.timeout(30_000);
    await atOnce.map(BAD, async ([args, env, says]) => {
      const { code, stdout, stderr } = await run(args, { env });
      const shown = `${JSON.stringify([args, env])} wrote: ${stderr}`;
      expect(code, shown).to.equal(2);
      expect(stdout, shown).to.equal('');
      expect(stderr.split('\n'), shown).to.have.length(2);
      expect(stderr.startsWith(`vhi-exporter: ${says}`), shown).to.be.true;
      expect(stderr, 'a stack trace').not.to.match(/\bat .*:\d+:\d+/);
    });
  });

  it('is in the table above for every flag and every variable that there is', () => {
    const text = BAD.map(([args, env]) => `${args.join(' ')} ${Object.keys(env).join(' ')}`).join('\n');
    for (const [flag, { env = [] }] of Object.entries(OPTIONS) as [string, { env?: readonly string[] }][]) {
      expect(text).to.include(`--${flag}`);
      // What can't be wrong: any text is a name, and a TZ that is none ends nothing.
      const anyText = ['VHI_USERNAME', 'OS_USERNAME', 'VHI_PROJECT', 'OS_REGION_NAME', 'OS_CACERT', 'TZ'];
      for (const name of env) if (!anyText.includes(name)) expect(text).to.include(name);
    }
  });

  it('has the same end in check and snapshot, and a domains file without a good line too', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'domains.txt');
      await writeFile(file, 'acme nam=acme\n');
      const useless =
        /^vhi-exporter: --domains\.file: \S+ holds no good line\n\S+domains\.txt:1: unknown key nam, did you mean name\?\n$/;
      const rows: [string[], RegExp][] = [
        [['serve', `--domains.file=${file}`], useless],
        [['check', `--domains.file=${file}`], useless],
        [['snapshot', '--domains.file=nowhere.txt'], /^vhi-exporter: --domains\.file: nowhere\.txt .+\n$/],
      ];
      await atOnce.map(rows, async ([args, pattern]) => {
        const { code, stdout, stderr } = await run(args);
        expect(code, args.join(' ')).to.equal(2);
        expect(stdout).to.equal('');
        expect(stderr).to.match(pattern);
      });
    });
  });
});

describe('--help and --version', () => {
  it('print on stdout in every command, whatever else is given, with exit code 0', async () => {
    const commands = [[], ['check'], ['snapshot'], ['simulate'], ['demo']];
    await atOnce.map(commands, async (command) => {
      const help = await run([...command, '--help', '--domains.file=nowhere']);
      expect(help.code).to.equal(0);
      expect(help.stderr).to.equal('');
      expect(help.stdout).to.include('Usage: vhi-exporter [command] [--flag=value ...]');
      expect(help.stdout).to.include(`Settings of ${command[0] ?? 'serve'} `);
    });
    const version = await run(['check', '--version', '--domains.file=nowhere']);
    expect(version).to.deep.equal({ code: 0, stdout: `vhi-exporter ${VERSION}\n`, stderr: '' });
  });
});
