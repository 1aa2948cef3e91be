import { expect } from 'chai';
import { Secret } from '../../src/secret.js';
import type { Settings } from '../../src/settings/settings.js';
import { refusal, settingsOf } from './read.js';

type Read = (settings: Settings) => unknown;

interface Row {
  flag: string;
  variables?: string[];
  /** What the setting is when nobody gives it. */
  byDefault: unknown;
  /** A good value and what is made of it; two more, to tell sources apart. */
  good: [text: string, value: unknown][];
  bad?: string[];
  /** What a refusal has to say beside the name of the source. */
  advice?: string;
  read: Read;
  command?: string;
  /** Another flag without which the value is refused. */
  also?: string[];
}

const DURATION = 'duration';
const CHOICE = 'must be one of';

/** The contract's table. */
const TABLE: Row[] = [
  {
    flag: 'domains.file',
    variables: ['VHI_DOMAINS_FILE'],
    byDefault: 'domains.txt',
    good: [
      ['/etc/a.txt', '/etc/a.txt'],
      ['b', 'b'],
      ['c', 'c'],
    ],
    read: (s) => s.domainsFile,
  },
  {
    flag: 'tariffs.file',
    variables: ['VHI_TARIFFS_FILE'],
    byDefault: null,
    good: [
      ['/etc/a.yml', '/etc/a.yml'],
      ['b', 'b'],
      ['c', 'c'],
    ],
    read: (s) => s.tariffsFile,
  },
  {
    flag: 'cloud.auth-url',
    variables: ['VHI_AUTH_URL', 'OS_AUTH_URL'],
    byDefault: null,
    good: [
      ['https://a:5000/v3', 'https://a:5000/v3'],
      ['https://b:5000', 'https://b:5000/v3'],
      ['http://c/identity/v3/', 'http://c/identity/v3'],
    ],
    bad: ['keystone', 'ftp://a/v3', 'https://a:5000/v2.0', 'https://a:5000/v3?x=1'],
    advice: '',
    read: (s) => s.defaults.authUrl,
  },
  {
    flag: 'cloud.username',
    variables: ['VHI_USERNAME', 'OS_USERNAME'],
    byDefault: null,
    good: [
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ],
    read: (s) => s.defaults.user,
  },
  {
    flag: 'cloud.project',
    variables: ['VHI_PROJECT'],
    byDefault: null,
    good: [
      ['a', 'a'],
      ['b', 'b'],
    ],
    read: (s) => s.defaults.project,
  },
  {
    flag: 'cloud.region',
    variables: ['OS_REGION_NAME'],
    byDefault: null,
    good: [
      ['a', 'a'],
      ['b', 'b'],
    ],
    read: (s) => s.defaults.region,
  },
  {
    flag: 'cloud.interface',
    variables: ['OS_INTERFACE'],
    byDefault: 'public',
    good: [
      ['internal', 'internal'],
      ['admin', 'admin'],
      ['publicURL', 'public'],
    ],
    bad: ['private', 'Public'],
    advice: CHOICE,
    read: (s) => s.defaults.interface,
  },
  {
    flag: 'cloud.compute-url',
    variables: ['VHI_COMPUTE_URL'],
    byDefault: null,
    good: [
      ['https://a:8774/v2.1', 'https://a:8774/v2.1'],
      ['https://b:8774/v2.1/', 'https://b:8774/v2.1'],
    ],
    bad: ['nova', 'file:///nova'],
    advice: '',
    read: (s) => s.defaults.computeUrl,
  },
  {
    flag: 'cloud.ca-file',
    variables: ['OS_CACERT'],
    byDefault: null,
    good: [
      ['a.pem', 'a.pem'],
      ['b.pem', 'b.pem'],
    ],
    read: (s) => s.defaults.caFile,
  },
  {
    flag: 'cloud.insecure',
    variables: ['VHI_INSECURE', 'OS_INSECURE'],
    byDefault: false,
    good: [
      ['true', true],
      ['1', true],
      ['YES', true],
      ['off', false],
      ['0', false],
    ],
    bad: ['maybe', '2'],
    advice: 'must be true or false',
    read: (s) => s.defaults.insecure,
  },
  {
    flag: 'collect.timeout',
    variables: ['VHI_COLLECT_TIMEOUT'],
    byDefault: 300_000,
    good: [
      ['1m30s', 90_000],
      ['50s', 50_000],
    ],
    bad: ['5', '-5s', '0s', '5 m', '1.5m', 'm', '25d'],
    advice: '',
    read: (s) => s.collect.timeoutMs,
  },
  {
    flag: 'collect.timeout-offset',
    byDefault: 500,
    good: [
      ['0s', 0],
      ['250ms', 250],
    ],
    bad: ['1', '-1s', 'none'],
    advice: DURATION,
    read: (s) => s.collect.timeoutOffsetMs,
  },
  {
    flag: 'collect.request-timeout',
    byDefault: 20_000,
    good: [['3s', 3000]],
    bad: ['3', '0ms', '1e3s'],
    advice: '',
    read: (s) => s.collect.requestTimeoutMs,
  },
  {
    flag: 'collect.min-interval',
    byDefault: 0,
    good: [
      ['0s', 0],
      ['1m30s', 90_000],
      ['5m', 300_000],
    ],
    bad: ['30', '-1s', '5m1ms', '1h'],
    advice: '',
    read: (s) => s.collect.minIntervalMs,
  },
  {
    flag: 'collect.incremental',
    byDefault: 'auto',
    good: [
      ['auto', 'auto'],
      ['off', 'off'],
    ],
    bad: ['on', 'AUTO', 'yes'],
    advice: 'auto',
    read: (s) => s.collect.incremental,
  },
  {
    flag: 'collect.resync-interval',
    byDefault: 900_000,
    good: [
      ['1m', 60_000],
      ['4h', 14_400_000],
    ],
    bad: ['0s', '15', '-1m', 'never'],
    advice: '',
    read: (s) => s.collect.resyncIntervalMs,
  },
  {
    flag: 'collect.domain-concurrency',
    byDefault: 64,
    good: [['1', 1]],
    bad: ['0', '-1', '1.5', 'many', '1000000'],
    advice: 'whole number',
    read: (s) => s.collect.domainConcurrency,
  },
  {
    flag: 'collect.request-concurrency',
    byDefault: 64,
    good: [['1', 1]],
    bad: ['0', '-1', '0x10', ' 8'],
    advice: 'whole number',
    read: (s) => s.collect.requestConcurrency,
  },
  {
    flag: 'collect.counting',
    variables: ['VHI_COUNTING'],
    byDefault: 'allocated',
    good: [
      ['quota', 'quota'],
      ['running', 'running'],
      ['allocated', 'allocated'],
    ],
    bad: ['all', 'Quota'],
    advice: 'must be one of allocated, quota, running',
    read: (s) => s.collect.counting,
  },
  {
    flag: 'collect.strategy',
    byDefault: 'auto',
    good: ['auto', 'domain-list', 'cloud-list', 'project-list', 'project-limits'].map((name) => [name, name]),
    bad: ['list', 'domain_list'],
    advice: 'must be one of auto, domain-list, cloud-list, project-list, project-limits',
    read: (s) => s.collect.strategy,
    also: ['--collect.counting=quota'],
  },
  {
    flag: 'collect.projects',
    byDefault: false,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['acme'],
    advice: 'must be true or false',
    read: (s) => s.collect.projects,
  },
  {
    flag: 'web.listen-address',
    variables: ['VHI_LISTEN_ADDRESS'],
    byDefault: { host: '127.0.0.1', port: 10180 },
    good: [
      [':10180', { host: null, port: 10180 }],
      ['[::1]:9000', { host: '::1', port: 9000 }],
      ['exporter.example:80', { host: 'exporter.example', port: 80 }],
    ],
    bad: ['10180', 'localhost', '::1:10180', ':65536', '[::1]', 'a b:1', ':x', ':1/metrics', '[localhost]:1'],
    advice: ':port, host:port or [address]:port',
    read: (s) => s.web.listen,
  },
  {
    flag: 'web.telemetry-path',
    byDefault: '/metrics',
    good: [
      ['/', '/'],
      ['/vhi/metrics', '/vhi/metrics'],
    ],
    bad: [
      'metrics',
      '/a b',
      '/m?x',
      '/m#x',
      '/:name',
      '/*all',
      '/{x}',
      '/-/healthy',
      '/-/ready',
      '/-/reload',
      '/api/v1/snapshot',
      '/api/v1/usage',
    ],
    advice: '',
    read: (s) => s.web.telemetryPath,
  },
  {
    flag: 'web.enable-lifecycle',
    byDefault: false,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['reload'],
    advice: 'must be true or false',
    read: (s) => s.web.enableLifecycle,
  },
  {
    flag: 'log.level',
    byDefault: 'info',
    good: ['error', 'warn', 'info', 'debug'].map((name) => [name, name]),
    bad: ['verbose', 'INFO'],
    advice: 'must be one of error, warn, info, debug',
    read: (s) => s.log.level,
  },
  {
    flag: 'log.format',
    byDefault: 'logfmt',
    good: ['logfmt', 'json'].map((name) => [name, name]),
    bad: ['text'],
    advice: 'must be one of logfmt, json',
    read: (s) => s.log.format,
  },
  {
    flag: 'timezone',
    variables: ['VHI_TIMEZONE'],
    byDefault: 'UTC',
    good: [
      ['Asia/Jakarta', 'Asia/Jakarta'],
      ['europe/berlin', 'Europe/Berlin'],
    ],
    bad: ['Mars', '+07:00', 'Asia/Jakarta '],
    advice: 'is not a time zone: ',
    read: (s) => s.timezone,
  },
  {
    flag: 'usage.max-requests',
    byDefault: 10_000,
    good: [['500', 500]],
    bad: ['0', '-1', '1e4', '10,000'],
    advice: 'a whole number from 1 to 999999',
    read: (s) => s.usage.maxRequests,
  },
  {
    flag: 'output',
    command: 'snapshot',
    byDefault: 'table',
    good: ['table', 'json'].map((name) => [name, name]),
    bad: ['yaml'],
    advice: 'must be one of table, json',
    read: (s) => s.output,
  },
  {
    flag: 'simulate.listen-address',
    command: 'simulate',
    byDefault: { host: '127.0.0.1', port: 0 },
    good: [
      ['[::1]:5000', { host: '::1', port: 5000 }],
      ['localhost:0', { host: 'localhost', port: 0 }],
    ],
    bad: [':5000', '0.0.0.0:5000', '[::]:5000', 'cloud.example:5000', '127.0.0.1'],
    advice: '',
    read: (s) => s.simulateListen,
  },
];

describe('settings', () => {
  for (const { flag, variables = [], byDefault, good, read, bad = [], advice = '', command, also = [] } of TABLE) {
    const prefix = command === undefined ? [] : [command];
    describe(`--${flag}`, () => {
      it('has the default of the contract', () => {
        expect(read(settingsOf(prefix))).to.deep.equal(byDefault);
      });

      for (const [text, value] of good) {
        it(`reads "${text}" from the flag${variables.length > 0 ? ' and from each variable' : ''}`, () => {
          expect(read(settingsOf([...prefix, `--${flag}=${text}`, ...also]))).to.deep.equal(value);
          for (const variable of variables) {
            expect(read(settingsOf([...prefix, ...also], { [variable]: text }))).to.deep.equal(value);
          }
        });
      }

      for (const text of bad) {
        it(`refuses "${text}", names where it was given and says what to write`, () => {
          const message = refusal([...prefix, `--${flag}=${text}`]);
          expect(message).to.match(new RegExp(`^--${flag.replaceAll('.', '\\.')}: "`));
          expect(message).to.contain(advice);
          // Beyond naming the value, it tells what is wrong.
          expect(message.replace(`--${flag}: "${text}"`, '').length).to.be.greaterThan(15);
          for (const variable of variables) {
            expect(refusal(prefix, { [variable]: text })).to.equal(message.replace(`--${flag}`, variable));
          }
        });
      }

      if (variables.length > 0) {
        it('prefers the flag to the variables, an earlier variable to a later one, all of them to the default', () => {
          const sources = good.slice(0, variables.length + 1);
          expect(sources.length).to.equal(variables.length + 1);
          const env = Object.fromEntries(variables.map((variable, i) => [variable, sources[i + 1]![0]]));
          expect(read(settingsOf([...prefix, `--${flag}=${sources[0]![0]}`], env))).to.deep.equal(sources[0]![1]);
          for (const [i, variable] of variables.entries()) {
            expect(read(settingsOf(prefix, env))).to.deep.equal(sources[i + 1]![1]);
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a dictionary
            delete env[variable];
          }
          expect(read(settingsOf(prefix, env))).to.deep.equal(byDefault);
        });

        it('takes an empty variable as unset', () => {
          const empty = Object.fromEntries(variables.map((variable) => [variable, '']));
          expect(read(settingsOf(prefix, empty))).to.deep.equal(byDefault);
          const last = variables.at(-1)!;
          expect(read(settingsOf(prefix, { ...empty, [last]: good[0]![0] }))).to.deep.equal(good[0]![1]);
        });
      }
    });
  }

  it('lets VHI_INSECURE=false win over OS_INSECURE=true, and --no-cloud.insecure over both', () => {
    expect(settingsOf([], { VHI_INSECURE: 'false', OS_INSECURE: 'true' }).defaults.insecure).to.equal(false);
    expect(settingsOf(['--no-cloud.insecure'], { VHI_INSECURE: 'true' }).defaults.insecure).to.equal(false);
    expect(settingsOf(['--cloud.insecure'], { VHI_INSECURE: 'false' }).defaults.insecure).to.equal(true);
  });

  it('takes the time zone from TZ where nothing else names one', () => {
    const { timezone, warnings } = settingsOf([], { TZ: 'Asia/Jakarta' });
    expect([timezone, warnings]).to.deep.equal(['Asia/Jakarta', []]);
    expect(settingsOf([], { VHI_TIMEZONE: 'Asia/Tokyo', TZ: 'Asia/Jakarta' }).timezone).to.equal('Asia/Tokyo');
    expect(settingsOf(['--timezone=UTC'], { TZ: 'Asia/Jakarta' }).timezone).to.equal('UTC');
  });

  it('warns of a TZ that is no zone, and uses UTC, unless another source names one', () => {
    const { timezone, warnings } = settingsOf([], { TZ: ':/etc/localtime' });
    expect(timezone).to.equal('UTC');
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.match(
      /^TZ: ":\/etc\/localtime" is not a time zone: .*; UTC is used, unless --timezone says/,
    );
    expect(settingsOf(['--timezone=Asia/Tokyo'], { TZ: 'XYZ' })).to.include({ timezone: 'Asia/Tokyo' });
    expect(settingsOf(['--timezone=Asia/Tokyo'], { TZ: 'XYZ' }).warnings).to.deep.equal([]);
    expect(settingsOf(['healthcheck'], { TZ: 'XYZ' }).warnings).to.deep.equal([]);
  });

  it('does not take the project from OS_PROJECT_NAME: an openrc would rename every project', () => {
    expect(settingsOf([], { OS_PROJECT_NAME: 'mine', OS_TENANT_NAME: 'mine' }).defaults.project).to.equal(null);
  });

  it('does not take flags without a variable from the environment', () => {
    const env = { VHI_STRATEGY: 'x', VHI_COLLECT_STRATEGY: 'x', VHI_LOG_LEVEL: 'x', LOG_LEVEL: 'x', VHI_REGION: 'x' };
    expect(settingsOf([], env)).to.deep.equal(settingsOf([]));
  });

  for (const counting of ['allocated', 'running']) {
    it(`refuses project-limits with counting=${counting} and names both flags`, () => {
      const message = refusal(['--collect.strategy=project-limits', `--collect.counting=${counting}`]);
      expect(message)
        .to.contain('--collect.strategy')
        .and.to.contain('--collect.counting=quota')
        .and.to.contain(counting);
    });
  }

  it('refuses project-limits where the counting of another kind comes from the environment or by default', () => {
    expect(refusal(['--collect.strategy=project-limits'], { VHI_COUNTING: 'running' })).to.contain('running');
    expect(refusal(['--collect.strategy=project-limits'])).to.contain('allocated');
  });

  describe('the password', () => {
    const inline = (env: Record<string, string>): string | undefined => {
      const { password } = settingsOf([], env).defaults;
      return password?.kind === 'inline' ? password.secret.reveal() : undefined;
    };

    it('is none by default, also with empty variables', () => {
      expect(settingsOf([]).defaults.password).to.equal(null);
      const empty = { VHI_PASSWORD: '', VHI_PASSWORD_FILE: '', OS_PASSWORD: '' };
      expect(settingsOf([], empty).defaults.password).to.equal(null);
    });

    it('comes from VHI_PASSWORD, else from OS_PASSWORD', () => {
      expect(inline({ OS_PASSWORD: 'os' })).to.equal('os');
      expect(inline({ OS_PASSWORD: 'os', VHI_PASSWORD: '' })).to.equal('os');
      expect(inline({ OS_PASSWORD: 'os', VHI_PASSWORD: 'vhi' })).to.equal('vhi');
    });

    it('is kept as a Secret, every blank of it', () => {
      const { password } = settingsOf([], { VHI_PASSWORD: ' a\n' }).defaults;
      expect(password?.kind === 'inline' && password.secret).to.be.instanceOf(Secret);
      expect(inline({ VHI_PASSWORD: ' a\n' })).to.equal(' a\n');
    });

    it('comes from the file of VHI_PASSWORD_FILE, even beside OS_PASSWORD', () => {
      const file = { kind: 'file', path: '/run/secrets/vhi' };
      expect(settingsOf([], { VHI_PASSWORD_FILE: '/run/secrets/vhi' }).defaults.password).to.deep.equal(file);
      const both = { VHI_PASSWORD_FILE: '/run/secrets/vhi', OS_PASSWORD: 'os' };
      expect(settingsOf([], both).defaults.password).to.deep.equal(file);
    });

    it('given as text and as a file is refused, without showing it', () => {
      const message = refusal([], { VHI_PASSWORD: 'hunter2', VHI_PASSWORD_FILE: '/run/secrets/hunter3' });
      expect(message).to.contain('VHI_PASSWORD and VHI_PASSWORD_FILE');
      expect(message).not.to.match(/hunter/);
    });

    it('is in no message and no printed settings', () => {
      const env = { VHI_PASSWORD: 'hunter2', OS_PASSWORD: 'hunter3' };
      expect(JSON.stringify(settingsOf([], env))).not.to.contain('hunter');
      for (const { flag, bad = [], command } of TABLE) {
        for (const text of bad) {
          expect(refusal([...(command === undefined ? [] : [command]), `--${flag}=${text}`], env)).not.to.match(
            /hunter/,
          );
        }
      }
    });

    it('in a URL by mistake is not shown', () => {
      for (const url of ['https://boss:hunter2@cloud:5000/v3', 'boss:hunter2@cloud', 'ftp://boss:hunter2@cloud/']) {
        const message = refusal([`--cloud.auth-url=${url}`]);
        expect(message).to.match(/^--cloud\.auth-url: /);
        expect(message).not.to.match(/hunter/);
        expect(refusal([], { VHI_COMPUTE_URL: url })).to.match(/^VHI_COMPUTE_URL: (?!.*hunter)/);
      }
    });
  });

  it('shows a bad value escaped and cut, so that a pasted file does not fill the terminal', () => {
    const message = refusal([`--log.level=\u001b[31m${'x'.repeat(500)}`]);
    expect(message).to.contain('\\u001b[31m').and.to.not.contain('\u001b');
    expect(message.length).to.be.lessThan(200);
  });

  it('of demo do not hear of the cloud that the environment names', () => {
    const env = {
      VHI_AUTH_URL: 'nonsense',
      OS_AUTH_URL: 'https://real:5000/v3',
      VHI_USERNAME: 'real',
      OS_USERNAME: 'real',
      VHI_PASSWORD: 'real',
      VHI_PASSWORD_FILE: 'real',
      OS_PASSWORD: 'real',
      VHI_PROJECT: 'real',
      OS_REGION_NAME: 'real',
      OS_INTERFACE: 'real',
      VHI_COMPUTE_URL: 'real',
      OS_CACERT: 'real',
      VHI_INSECURE: 'real',
      OS_INSECURE: 'true',
      VHI_DOMAINS_FILE: 'real',
      VHI_TARIFFS_FILE: 'real',
    };
    expect(settingsOf(['demo'], env)).to.deep.equal(settingsOf(['demo']));
  });

  it('of demo still take flags', () => {
    expect(settingsOf(['demo', '--collect.counting=running']).collect.counting).to.equal('running');
    expect(settingsOf(['demo', '--tariffs.file=mine.yml']).tariffsFile).to.equal('mine.yml');
  });
});
