import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Domain, DomainDefaults } from '../../src/domains/domain.js';
import { parseDomains } from '../../src/domains/parse.js';
import { NO_DEFAULTS } from '../../src/domains/domain.js';
import { DEFAULTS } from './samples.js';

function parse(text: string | Buffer, defaults: DomainDefaults = DEFAULTS) {
  return parseDomains(Buffer.from(text as string), defaults);
}

/** The only domain of a file that has no problems. */
function parseOne(line: string, defaults: DomainDefaults = DEFAULTS): Domain {
  const { domains, problems } = parse(line, defaults);
  expect(problems).to.deep.equal([]);
  expect(domains).to.have.length(1);
  return domains[0]!;
}

/** What a line logs in with, if that is a password. */
function passwordOf(line: string, defaults: DomainDefaults = DEFAULTS) {
  const { credential } = parseOne(line, defaults);
  if (credential.kind !== 'password') throw new Error('another kind of login');
  return credential;
}

function problemOf(line: string | Buffer, defaults: DomainDefaults = DEFAULTS): string {
  const { domains, problems } = parse(line, defaults);
  expect(domains).to.deep.equal([]);
  expect(problems).to.have.length(1);
  expect(problems[0]!.line).to.equal(1);
  return problems[0]!.message;
}

const APP = '1 name=n app_credential_id=c1 app_credential_secret_env=S';

const APP_CREDENTIALS: [line: string, message: string | RegExp][] = [
  [
    `${APP} user=u`,
    "an application credential has a user and a project of its own, user can't be given: " +
      'remove either this or the app_credential_… keys',
  ],
  [
    `${APP} project=p user=u password=hunter2`,
    "an application credential has a user and a project of its own, project, user and password can't be given: " +
      'remove either these or the app_credential_… keys',
  ],
  [`${APP} password_env=P`, /^an application credential has .*, password_env can't be given: /],
  [`${APP} password_file=/p`, /^an application credential has .*, password_file can't be given: /],
  ['1 app_credential_id=c1 user=u password_env=P', /^an application credential has .*, user and password_env can't /],
  [
    '1 name=n app_credential_id=c1',
    "the application credential's secret is missing: add app_credential_secret_env= or app_credential_secret_file=",
  ],
  [
    '1 name=n app_credential_secret_file=/s',
    'app_credential_id is missing: add the id of the application credential that the secret is of',
  ],
  [
    `${APP} app_credential_secret_file=/s`,
    'app_credential_secret_env and app_credential_secret_file are given, keep one of them',
  ],
  [
    '1 name=n app_credential_id=c1 app_credential_secret_env=s3cr-et',
    'app_credential_secret_env must be the name of an environment variable, such as ACME_SECRET',
  ],
  ['1 name=n app_credential_secret=s', 'unknown key app_credential_secret, did you mean app_credential_secret_env?'],
  ['1 name=n app_credential=s', 'unknown key app_credential, did you mean app_credential_id?'],
  ['1 name=n app-credential-secret-file=s', /did you mean app_credential_secret_file\?$/],
  [`1 name=n app_credential_id=c1 app_credential_secret_env=a b=c`, /^unknown key after app_credential_secret_env, /],
];

describe('parseDomains', () => {
  describe('reads a line', () => {
    it('that leaves all to the settings', () => {
      expect(parseOne('1f0c name=acme')).to.deep.equal({
        line: 1,
        id: '1f0c',
        label: 'acme',
        credential: { kind: 'password', user: 'exporter', password: DEFAULTS.password, project: 'acme' },
        cloud: {
          authUrl: 'https://cloud.example:5000/v3',
          region: 'RegionOne',
          interface: 'internal',
          computeUrl: 'https://cloud.example:8774/v2.1',
          caFile: '/etc/ssl/cloud.pem',
          insecure: true,
        },
        disabledProjects: 'error',
      });
    });

    it('that says everything itself', () => {
      const line =
        'd.1-_X name="Globex Corp" project=p user="a b" password_env=_PW1 auth_url=http://[::1]:5000/ region=R2 ' +
        'interface=admin compute_url=https://n:8774/v2.1/ ca_file=/ca insecure=true disabled_projects=ignore';
      expect(parseOne(line)).to.deep.equal({
        line: 1,
        id: 'd.1-_X',
        label: 'Globex Corp',
        credential: { kind: 'password', user: 'a b', password: { kind: 'env', name: '_PW1' }, project: 'p' },
        cloud: {
          authUrl: 'http://[::1]:5000/v3',
          region: 'R2',
          interface: 'admin',
          computeUrl: 'https://n:8774/v2.1',
          caFile: '/ca',
          insecure: true,
        },
        disabledProjects: 'ignore',
      });
    });

    it('with its own auth_url, which takes nothing from the settings', () => {
      const defaults = { ...DEFAULTS, project: 'settings-project' };
      const domain = parseOne('1 name=n auth_url=https://other user=u password_file=/f', defaults);
      expect(domain.credential).to.include({ project: 'n', user: 'u' });
      expect(domain.cloud).to.deep.equal({
        authUrl: 'https://other/v3',
        region: null,
        interface: 'public',
        computeUrl: null,
        caFile: null,
        insecure: false,
      });
    });

    it('that overrules single settings', () => {
      const { cloud } = parseOne('1 name=n insecure=false region=R9 interface=public');
      expect(cloud).to.include({ insecure: false, region: 'R9', interface: 'public', caFile: '/etc/ssl/cloud.pem' });
    });

    it('whose project is its own, else that of the settings, else its name', () => {
      const defaults = { ...DEFAULTS, project: 'settings-project' };
      expect(passwordOf('1 name=n project=p', defaults).project).to.equal('p');
      expect(passwordOf('1 name=n', defaults).project).to.equal('settings-project');
      expect(passwordOf('1', defaults).project).to.equal('settings-project');
      expect(parseOne('1', defaults).label).to.equal('1');
      expect(passwordOf('1 name=n').project).to.equal('n');
    });

    const values: [what: string, written: string, value: string][] = [
      ['with a blank in quotes', '"a b"', 'a b'],
      ['with a tab in quotes', '"a\tb"', 'a\tb'],
      ['with escapes', String.raw`"\"\\\\"`, String.raw`"\\`],
      ['with # in it', 'a#b#', 'a#b#'],
      ['that begins with #', '#a', '#a'],
      ['with # in quotes', '"a # b"', 'a # b'],
      ['with = in it', '=a==b=', '=a==b='],
      ['with a backslash outside quotes', 'DOM\\user', 'DOM\\user'],
      ['with apostrophes', "it's", "it's"],
      ['in another script', '株式会社😀', '株式会社😀'],
    ];
    for (const [what, written, value] of values) {
      it(`with a value ${what}`, () => {
        expect(passwordOf(`1 name=n user=${written}`).user).to.equal(value);
        expect(passwordOf(`1 user=${written} name=n # more`).user).to.equal(value);
      });
    }

    it('that logs in by application credential, whatever user, password and project the settings have', () => {
      const defaults = { ...DEFAULTS, project: 'settings-project' };
      expect(parseOne('1 name=n app_credential_id=c1 app_credential_secret_env=ACME_SECRET', defaults)).to.deep.include(
        {
          label: 'n',
          credential: { kind: 'application', id: 'c1', secret: { kind: 'env', name: 'ACME_SECRET' } },
        },
      );
      expect(parseOne('1 app_credential_secret_file=/run/s app_credential_id=c1', defaults)).to.deep.include({
        label: '1',
        credential: { kind: 'application', id: 'c1', secret: { kind: 'file', path: '/run/s' } },
      });
    });

    it('that logs in by application credential to a Keystone of its own, without a user', () => {
      const line = '1 auth_url=https://other app_credential_id=c1 app_credential_secret_file=/run/s';
      expect(parseOne(line)).to.deep.include({
        credential: { kind: 'application', id: 'c1', secret: { kind: 'file', path: '/run/s' } },
      });
    });

    it('whose label can be shown everywhere, while its project stays as it is', () => {
      expect(parseOne('1 name=a\u202eb').label).to.equal('a\\u202eb');
      expect(passwordOf('1 name=a\u202eb').project).to.equal('a\u202eb');
    });

    it('whose password does not show itself', () => {
      const { password } = passwordOf('1 name=n password="hunter 2"');
      expect(inspect(password)).not.to.contain('hunter');
      expect(password.kind === 'inline' && password.secret.reveal()).to.equal('hunter 2');
    });
  });

  describe('reads a file', () => {
    it('with a BOM, CRLF, tabs, blank lines, comments and no newline at its end', () => {
      const { domains, problems } = parse('\ufeff# c\r\n\r\n\t 1\tname=a\t#c\r\n \t\n#2 name=b\n  # 3\n4 name=d #x');
      expect(problems).to.deep.equal([]);
      expect(domains.map(({ line, id }) => [line, id])).to.deep.equal([
        [3, '1'],
        [7, '4'],
      ]);
    });

    it('that holds nothing but comments as an empty list', () => {
      for (const text of ['', '\ufeff', '\n\r\n', '# 1 name=a', ' \t']) {
        expect(parse(text), JSON.stringify(text)).to.deep.equal({
          domains: [],
          problems: [],
          usesInlinePassword: false,
        });
      }
    });

    it('up to 1 MiB, and nothing of a larger one', () => {
      const line = '1 name=a\n';
      const full = line + '#\n'.repeat((1024 * 1024 - line.length) / 2) + '#';
      expect(full).to.have.length(1024 * 1024);
      expect(parse(full).domains).to.have.length(1);
      expect(problemOf(`${full}#`)).to.equal('the file is larger than 1 MiB, none of it is read');
    });

    it('with lines up to 4,096 characters', () => {
      const line = '1 name=n #';
      expect(parseOne(line + '😀'.repeat(4096 - line.length))).to.include({ id: '1' });
      expect(problemOf(line + '😀'.repeat(4097 - line.length))).to.equal('the line is longer than 4,096 characters');
    });

    it('and notices a password in it, also on a bad line', () => {
      for (const text of ['1 name=n password=x', '1 nam=n password="x y"', 'password=x']) {
        expect(parse(text).usesInlinePassword, text).to.be.true;
      }
      for (const text of ['1 name=n password_env=x', '1 name=n # password=x', '1 nam=n password_file=/x']) {
        expect(parse(text).usesInlinePassword, text).to.be.false;
      }
    });

    it('that the project ships, with five domains for the demo', async () => {
      const { domains, problems } = parse(await readFile(new URL('../../domains.txt', import.meta.url)));
      expect(problems).to.deep.equal([]);
      expect(domains.map(({ label }) => label)).to.deep.equal([
        'acme',
        'Globex Corp',
        'initech',
        'umbrella',
        'Default',
      ]);
      for (const { credential } of domains) {
        expect(credential).to.include({ kind: 'password', user: 'exporter', password: DEFAULTS.password });
      }
    });

    it('whose commented examples are good lines too', async () => {
      const text = await readFile(new URL('../../domains.txt', import.meta.url), 'utf8');
      const examples = [...text.matchAll(/^# {3}([0-9a-f]{32} .*)$/gm)].map((match) => match[1]!);
      expect(examples).to.have.length(2);
      for (const example of examples) parseOne(example);
    });
  });

  describe('says of a line', () => {
    const keys = /the keys are name, project, user, .*, disabled_projects$/;
    const messages: [line: string, message: string | RegExp][] = [
      ['name=acme', "the id is missing: the line begins with name=, put the domain's id first"],
      ['id=1f0c name=acme', "the id is missing: the line begins with key=value, put the domain's id first"],
      ['1f:0c name=a', "the id must not hold ':', it is made of A-Z a-z 0-9 _ . -"],
      ['"1f0c" name=a', 'the id must not hold a quote, it is made of A-Z a-z 0-9 _ . -'],
      ['1f\u00a0name', 'the id must not hold the blank U+00a0, it is made of A-Z a-z 0-9 _ . -'],
      ['1f\u200b name=a', "the id must not hold '\\u200b', it is made of A-Z a-z 0-9 _ . -"],
      [`${'a'.repeat(65)} name=a`, 'the id is longer than 64 characters'],
      ['1 nam=a', 'unknown key nam, did you mean name?'],
      ['1 NAME=a', 'unknown key NAME, did you mean name?'],
      ['1 auth-url=https://h', 'unknown key auth-url, did you mean auth_url?'],
      ['1 username=a', 'unknown key username, did you mean user?'],
      ['1 pasword=hunter2', 'unknown key pasword, did you mean password?'],
      ['1 tenant=a', /^unknown key tenant, the keys are /],
      ['1 =a', /^unknown key after the id, the keys are /],
      ['1 name=n hunter2==', keys],
      ['1 name=n password=correct horse=battery', /^unknown key after password, the keys are /],
      ['1 name=a name=b', 'name is given twice, keep one of them'],
      ['1 name', 'name has no value, write name=value without blanks around the ='],
      ['1 name = a', 'name has no value, write name=value without blanks around the ='],
      [
        '1 name=Globex Corp',
        'the word after name is not key=value; if it belongs to name, put that value in double quotes',
      ],
      ['1 acme', 'the word after the id is not key=value; write key=value after the id'],
      ['1 name=', 'name is empty, give it a value or remove it'],
      ['1 name="" project=p', 'name is empty, give it a value or remove it'],
      ['1 name= #c', 'name is empty, give it a value or remove it'],
      ['1 name="a', 'name has no closing quote'],
      ['1 name="a\\"', 'name has no closing quote'],
      ['1 name="a\\nb"', 'name holds a backslash: within quotes write \\\\ for one, and \\" for a quote'],
      ['1 name="a\\', 'name holds a backslash: within quotes write \\\\ for one, and \\" for a quote'],
      ['1 name="a"b', 'name goes on after its closing quote, quote the whole value or put a blank between'],
      ['1 name="a"#c', 'name goes on after its closing quote, quote the whole value or put a blank between'],
      ['1 name="a"project=p', 'name goes on after its closing quote, quote the whole value or put a blank between'],
      ['1 name=a"b"', 'name holds a quote: quote the whole value and write \\" for a quote inside'],
      ['1 name=a\u0007', 'the line holds the control character \\u0007, remove it'],
      ['1 name=a\u0085', 'the line holds the control character \\u0085, remove it'],
      ['# old Mac\r1 name=a', 'the line holds the control character \\u000d, remove it'],
      ['1 project=p password=a password_env=B', 'password_env and password are given, keep one of them'],
      ['1 name=n password_env=hunter2!', /^password_env must be the name of an environment variable/],
      ...APP_CREDENTIALS,
      ['1 name=n interface=pubic', 'interface must be public or internal or admin'],
      ['1 name=n insecure=yes', 'insecure must be true or false'],
      ['1 name=n disabled_projects=skip', 'disabled_projects must be error or ignore'],
      ['1 name=n compute_url=nova', 'compute_url is not a URL, write it like https://host:5000/v3'],
      ['1 name=n auth_url=https://a:hunter2@h', 'auth_url must not hold a user name or password'],
      ['1 user=u', 'project is missing: give the line a project or a name, or set --cloud.project or VHI_PROJECT'],
      ['1 auth_url=https://h user=u password_env=P', 'project is missing: give the line a project or a name'],
      [
        '1 name=n auth_url=https://h password_env=P',
        "user is missing: add user=, the settings' user and password do not serve a line with its own auth_url",
      ],
      [
        '1 name=n auth_url=https://h user=u',
        "password is missing: add password_env=, password_file= or password=, the settings' user and password do not " +
          'serve a line with its own auth_url',
      ],
    ];
    for (const [line, message] of messages) {
      it(`${JSON.stringify(line).slice(0, 60)} what is wrong`, () => {
        const told = problemOf(line);
        if (typeof message === 'string') expect(told).to.equal(message);
        else expect(told).to.match(message);
      });
    }

    it('that is not UTF-8 that it is not', () => {
      const message = 'the line is not UTF-8, save the file in that encoding';
      expect(problemOf(Buffer.from('1 name=M\xfcller', 'latin1'))).to.equal(message);
      const mixed = Buffer.concat([Buffer.from('1 name=M\xfcller\n', 'latin1'), Buffer.from('2 name=Müller')]);
      expect(parse(mixed).domains.map(({ id }) => id)).to.deep.equal(['2']);
    });

    it('what the settings lack for it, each with flag and variable', () => {
      const full = { ...NO_DEFAULTS, authUrl: 'https://h/v3', user: 'u' };
      expect(problemOf('1 name=n', NO_DEFAULTS)).to.match(/^auth_url is missing: .*--cloud.auth-url or VHI_AUTH_URL/);
      expect(problemOf('1 name=n', { ...full, user: null })).to.match(
        /^user is missing: .*--cloud.username or VHI_USERNAME/,
      );
      expect(problemOf('1 name=n', full)).to.equal(
        'password is missing: set VHI_PASSWORD or VHI_PASSWORD_FILE, or give the line password_env, password_file or password',
      );
    });
  });

  describe('allows an id once a cloud and a label once', () => {
    const ownCloud = 'user=u password_env=P';

    it('and finds the later line the bad one', () => {
      const { domains, problems } = parse('1 name=a\n1 name=b\n2 name=a\n3 name=c');
      expect(domains.map(({ line }) => line)).to.deep.equal([1, 4]);
      expect(problems).to.deep.equal([
        { line: 2, message: 'the id 1 is on line 1 already, keep one of them' },
        { line: 3, message: "name must be unique, 'a' is that of line 1: give this line another name" },
      ]);
    });

    it('so that an id may be there again on another cloud or region', () => {
      const { problems } = parse(
        `1 name=a\n1 name=b region=R2\n1 name=c auth_url=https://cloud.example:5000 ${ownCloud}\n1 name=d auth_url=https://o ${ownCloud}`,
      );
      expect(problems).to.deep.equal([]);
    });

    it('whatever way the auth URL of one cloud is written in', () => {
      const { problems } = parse(
        `1 name=a auth_url=https://o:443 ${ownCloud}\n1 name=b auth_url=https://O/v3/ ${ownCloud}`,
      );
      expect(problems.map(({ line }) => line)).to.deep.equal([2]);
    });

    it('comparing labels as they are shown, and ids that serve as labels', () => {
      const { problems } = parse('1 name=a\u200b\n2 name=a\\u200b\n3 name=4\n4 project=p');
      expect(problems.map(({ line }) => line)).to.deep.equal([2, 4]);
    });

    it('reserving nothing for a line that is bad itself', () => {
      const { domains } = parse('1 name=a nam=x\n1 name=a\n2 name=a project=p\n2 name=b');
      expect(domains.map(({ line }) => line)).to.deep.equal([2, 4]);
    });
  });
});
