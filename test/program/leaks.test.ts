import { hashSync } from 'bcryptjs';
import { expect } from 'chai';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS } from '../../src/settings/options.js';
import type { FaultKind, Simulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { SnapshotJson } from '../../src/web/json.js';
import { type Exit, listeningUrl, Program, run, until } from '../helpers/program.js';
import { withCloud } from './rig.js';
import { formsOf, leaksIn, Spy } from './spy.js';

/** A text that every way of escaping has something to do with. */
const odd = (name: string): string => `${name}-7f3a "q" & <i>'x'</i> %41\\ö+/=`;

/** User's name, and a folder's: none of them is a secret, but they are nobody's business. */
const USER = 'Hidden-User-51c0';
const FOLDER = 'Hidden-Folder-51c1';
const URL_PASSWORD = 'Url-Password-51c2';

const PASSWORDS = {
  setting: odd('Setting'),
  settingFile: odd('Setting'),
  inline: odd('Inline'),
  env: odd('Env'),
  file: odd('File'),
  wrongInline: odd('WrongInline'),
  wrongEnv: odd('WrongEnv'),
  wrongFile: odd('WrongFile'),
  appEnv: odd('AppEnv'),
  appFile: odd('AppFile'),
  wrongApp: odd('WrongApp'),
  web: odd('Web'),
  wrongWeb: odd('WrongWeb'),
} as const;
/** Cheap, so that the test is quick. */
const HASH = hashSync(PASSWORDS.web, 4);

const html = '<html><h1>It works!</h1></html>';
const KINDS: { [K in FaultKind['kind']]: (FaultKind & { kind: K; times?: number })[] } = {
  status: [{ kind: 'status', status: 500 }],
  body: [
    { kind: 'body', body: html, contentType: 'text/html' },
    { kind: 'body', body: '{"token": {"catalog": 7}, "projects": 7, "servers": 7, "limits": 7}' },
  ],
  // Once is enough: it takes long.
  huge: [{ kind: 'huge', bytes: 33 * 1024 * 1024, times: 1 }],
  hang: [{ kind: 'hang' }],
  reset: [{ kind: 'reset' }],
  slow: [{ kind: 'slow', ms: 20 }],
  drip: [{ kind: 'drip', ms: 1, bytes: 512 }],
  truncate: [{ kind: 'truncate', framing: 'close' }],
  edit: [
    { kind: 'edit', edit: (answer) => ({ ...answer, headers: {}, body: answer.body.replaceAll('1', '"') }) },
    // Addresses in the catalog with a password in them.
    {
      kind: 'edit',
      edit: (answer) => ({ ...answer, body: answer.body.replaceAll('//127', `//${USER}:${URL_PASSWORD}@127`) }),
    },
  ],
  junk: [{ kind: 'junk', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n' }],
};
const ROUTES = ['login', 'rescope', 'projects', 'authProjects', 'servers', 'limits'] as const;

interface Place {
  world: World;
  lines: string[];
}

/** A domain with two projects of one server each, and its line. */
function addDomain({ world, lines }: Place, name: string, password: string, keys = ''): string {
  const { id } = world.addDomain({ name });
  const roles: Record<string, string> = {};
  for (const project of [name, `${name}-2`]) {
    const made = world.addProject({ domainId: id, name: project });
    world.addServer({ projectId: made.id });
    roles[made.id] = 'member';
  }
  world.addUser({ domainId: id, name: USER, password, roles });
  lines.push(`${id} name=${name} ${keys}`);
  return id;
}

/** A domain that is logged in to by application credential. */
function addApplication({ world, lines }: Place, name: string, secret: string, key: string): void {
  const { id } = world.addDomain({ name });
  const project = world.addProject({ domainId: id, name });
  world.addServer({ projectId: project.id });
  const user = world.addUser({ domainId: id, name: USER, password: 'unused', roles: { [project.id]: 'member' } });
  const credential = world.addApplicationCredential({ userId: user.id, projectId: project.id, secret });
  lines.push(`${id} name=${name} app_credential_id=${credential.id} ${key}`);
}

/** Domains by every way of logging in, right and wrong. */
async function addLogins(place: Place, hidden: string): Promise<void> {
  const path = async (name: 'file' | 'wrongFile' | 'appFile'): Promise<string> => {
    await writeFile(join(hidden, name), `${PASSWORDS[name]}\n`);
    return join(hidden, name);
  };
  const inline = (text: string): string => `password="${text.replace(/["\\]/g, '\\$&')}"`;
  addDomain(place, 'setting', PASSWORDS.setting);
  addDomain(place, 'inline', PASSWORDS.inline, inline(PASSWORDS.inline));
  addDomain(place, 'env', PASSWORDS.env, 'password_env=RIGHT_ENV');
  addDomain(place, 'file', PASSWORDS.file, `password_file=${await path('file')}`);
  addDomain(place, 'wrong-inline', 'right', inline(PASSWORDS.wrongInline));
  addDomain(place, 'wrong-env', 'right', 'password_env=WRONG_ENV');
  addDomain(place, 'wrong-file', 'right', `password_file=${await path('wrongFile')}`);
  addDomain(place, 'no-file', 'right', `password_file=${join(hidden, 'absent')}`);
  addDomain(place, 'folder', 'right', `password_file=${hidden}`);
  addApplication(place, 'app-env', PASSWORDS.appEnv, 'app_credential_secret_env=APP_ENV');
  addApplication(place, 'app-file', PASSWORDS.appFile, `app_credential_secret_file=${await path('appFile')}`);
  addApplication(place, 'wrong-app', 'right', 'app_credential_secret_env=WRONG_APP');
  const secret = PASSWORDS.wrongInline;
  place.lines.push(
    `bad1 name=x password=${secret}`,
    `bad2 name=x ${inline(secret)} colour=red`,
    `bad3 name=x password="${secret.replace(/"/g, '')}`,
    `bad4 name=x password_env="${secret.replace(/["\\]/g, '')}"`,
    `bad5 name=x pasword=${secret}`,
    `bad6 name=x auth_url=https://boss:${URL_PASSWORD}@h/v3`,
    `bad7 name=x compute_url=https://boss:${URL_PASSWORD}@h`,
    `${secret} name=x`,
  );
}

const RIGHT = ['setting', 'inline', 'env', 'file', 'app-env', 'app-file'];

/** Each kind of fault at each route, in a domain of its own. */
function addFaults(place: Place, faults: Simulator['faults']): void {
  for (const route of ROUTES) {
    const kinds = Object.values(KINDS).flat();
    for (const [i, kind] of kinds.entries()) {
      if (kind.kind === 'huge' && route !== 'servers') continue;
      const domainId = addDomain(place, `${route}-${i}-${kind.kind}`, PASSWORDS.setting);
      if (route === 'authProjects') faults.add({ kind: 'status', status: 403, route: 'projects', domainId });
      faults.add({ ...kind, route, domainId });
    }
  }
}

type Said = (said: string) => { status: number; body: string };

const jsonError = (status: number): ((message: string) => ReturnType<Said>) => {
  return (message) => ({ status, body: JSON.stringify({ error: { code: status, message } }) });
};
const HOWS: Record<string, Said> = {
  plain: jsonError(400),
  forbidden: jsonError(403),
  url: (said) => jsonError(500)(encodeURIComponent(said)),
  base64: (said) => jsonError(500)(Buffer.from(said).toString('base64')),
  text: (said) => ({ status: 200, body: said }),
  redirect: (said) => ({ status: 302, body: said }),
};
const LATER = { projects: /\/projects/, rescope: /rescope/, servers: /\/servers/, limits: /\/limits/ };

/** Domains whose cloud repeats what it is told: at once, or later what it was told at the login, or others' tokens. */
function addEchoes(place: Place, spy: Spy): void {
  interface Echo {
    what: 'request' | 'login' | 'tokens';
    at: RegExp;
    how: Said;
  }
  const echoes = new Map<string, Echo>();
  const logins = new Map<string, string>();
  for (const what of ['request', 'login', 'tokens'] as const) {
    const places = what === 'request' ? { login: /login/, ...LATER } : LATER;
    for (const [name, at] of Object.entries(places)) {
      for (const [how, echo] of Object.entries(HOWS)) {
        const id = addDomain(place, `echo-${what}-${name}-${how}`, PASSWORDS.setting);
        echoes.set(id, { what, at, how: echo });
      }
    }
  }
  spy.answer = ({ domainId, route, path, headers, body }) => {
    // The password first, since what is shown of a message is cut.
    if (route === 'login') logins.set(domainId, `${/"password":"(\\.|[^"])*"/.exec(body)?.[0]} ${body}`);
    const echo = echoes.get(domainId);
    if (!echo?.at.test(route === 'other' ? path : route)) return null;
    const token = headers['x-auth-token'];
    const others = [...spy.tokens].slice(-4).filter((text) => text !== token && !body.includes(text));
    const request = `${JSON.stringify(token ?? '')} ${body}`;
    const said = { request, login: logins.get(domainId)!, tokens: others.join() }[echo.what];
    const location = `http://${USER}:${URL_PASSWORD}@127.0.0.1/?said=${encodeURIComponent(said)}`;
    const header = encodeURIComponent(said);
    return {
      ...echo.how(said),
      reason: header,
      headers: { Location: location, 'Retry-After': header, 'WWW-Authenticate': header, 'X-Said': header },
    };
  };
}

/** Asks for everything that the daemon has to say; answers with headers. */
async function askAll(url: string): Promise<string[]> {
  const basic = (password: string): string => `Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`;
  const ask = async (path: string, method: string, authorization: string | null): Promise<string> => {
    const headers: Record<string, string> = authorization === null ? {} : { Authorization: authorization };
    const response = await fetch(url + path, { method, headers });
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}`);
    return [`${method} ${path} ${response.status}`, ...head, await response.text()].join('\n');
  };
  const right = basic(PASSWORDS.web);
  const usage = '/api/v1/usage?start=2026-01-01&end=2026-01-31&detailed=1';
  const statement = usage.replace('usage', 'statement').replace('detailed=1', 'format=csv');
  const paths = ['/metrics', '/api/v1/snapshot', usage, statement];
  const collected = await Promise.all(paths.map((path) => ask(path, 'GET', right)));
  const rest = await Promise.all(
    ['/', '/metrics', '/api/v1/snapshot', '/-/healthy', '/-/ready', '/-/reload', '/nowhere', '/api/nowhere'].flatMap(
      (path) => [
        ...(collected.some((text) => text.startsWith(`GET ${path} `)) ? [] : [ask(path, 'GET', right)]),
        ...['HEAD', 'POST', 'PUT', 'DELETE'].map((method) => ask(path, method, right)),
        ask(path, 'GET', null),
        ask(path, 'GET', basic(PASSWORDS.wrongWeb)),
      ],
    ),
  );
  return [...collected, ...rest];
}

/** A diagnostic report of Node, made at this moment. */
async function reportOf(daemon: Program, folder: string): Promise<string> {
  const before = (await readdir(folder)).length;
  daemon.send('SIGUSR2');
  return until('a diagnostic report', 10_000, async () => {
    const files = (await readdir(folder)).sort();
    if (files.length === before) return null;
    const text = await readFile(join(folder, files.at(-1)!), 'utf8');
    return /^\}\s*$/m.test(text) && text.includes('environmentVariables') ? text : null;
  });
}

describe('Secrets', () => {
  it('are found in every form in which they are looked for', () => {
    const secrets = new Map([['one', PASSWORDS.inline]]);
    for (const form of formsOf(PASSWORDS.inline)) expect(leaksIn(`a${form}b`, secrets), form).not.to.be.empty;
    for (const text of [
      JSON.stringify({ log: JSON.stringify({ password: PASSWORDS.inline }) }),
      `Basic ${Buffer.from(`boss:${PASSWORDS.inline}`).toString('base64')}`,
      new URLSearchParams({ p: PASSWORDS.inline }).toString().replaceAll('%27', "'"),
    ]) {
      expect(leaksIn(text, secrets), text).not.to.be.empty;
    }
    expect(leaksIn(PASSWORDS.env, secrets)).to.deep.equal([]);
  });

  it('are in no output, answer, report or process list of any command, whatever fails, at --log.level=debug', async function () {
    this.timeout(60_000);
    const place: Place = { world: new World(), lines: [] };
    await withCloud({ world: place.world, lines: '' }, async ({ simulator, folder, args }) => {
      const hidden = join(folder, FOLDER);
      const reports = join(folder, 'reports');
      await Promise.all([mkdir(hidden), mkdir(reports)]);
      const spy = new Spy(simulator.port);
      const cloud = await spy.listen();
      await addLogins(place, hidden);
      addFaults(place, simulator.faults);
      addEchoes(place, spy);
      const file = join(folder, 'domains.txt');
      await writeFile(file, `${place.lines.join('\n')}\n`);
      await chmod(file, 0o644);
      await writeFile(join(hidden, 'setting'), PASSWORDS.settingFile);
      const webConfig = join(folder, 'web.yml');
      await writeFile(webConfig, `basic_auth_users:\n  ${USER}: ${HASH}\n`);
      const env = {
        OS_AUTH_URL: cloud,
        OS_USERNAME: USER,
        VHI_PASSWORD: PASSWORDS.setting,
        OS_PASSWORD: PASSWORDS.wrongEnv,
        RIGHT_ENV: PASSWORDS.env,
        WRONG_ENV: PASSWORDS.wrongEnv,
        APP_ENV: PASSWORDS.appEnv,
        WRONG_APP: PASSWORDS.wrongApp,
      };
      const fromFile = { ...env, VHI_PASSWORD: '', VHI_PASSWORD_FILE: join(hidden, 'setting') };
      const tariffs = join(folder, 'tariffs.yml');
      await writeFile(tariffs, 'currency: EUR\ntariffs: [{name: vCPU, resource: vcpu, price: "1", per: hour}]\n');
      const common = [...args, `--tariffs.file=${tariffs}`, '--log.level=debug', '--collect.request-timeout=2s'];
      const web = [`--web.config.file=${webConfig}`, '--web.enable-lifecycle', '--web.listen-address=127.0.0.1:0'];
      const withReports = { NODE_OPTIONS: `--report-on-signal --report-directory=${reports}` };
      const daemon = new Program([...common, ...web, '--collect.projects'], { env: { ...env, ...withReports } });
      const told: string[] = [];
      /** What root may see, which holds settings, and no secret of them. */
      const seen: string[] = [];
      const tell = ({ stdout, stderr }: Pick<Exit, 'stdout' | 'stderr'>): void => void told.push(stdout, stderr);
      const quota = ['--collect.strategy=project-limits', '--collect.counting=quota'];
      const demo = new Program(['demo', '--web.listen-address=127.0.0.1:0', '--log.level=debug'], { env });
      const simulate = new Program(['simulate', '--log.level=debug'], { env });
      try {
        const url = await listeningUrl(daemon);
        const before = await reportOf(daemon, reports);
        const others = Promise.all([
          run(['check', ...common], { env }),
          run(['snapshot', ...common], { env: fromFile }),
          run(['snapshot', ...common, ...quota, '--output=json', '--log.format=json'], { env: fromFile }),
          run(['usage', ...common, '--start=2026-01-01', '--end=2026-01-31', '--output=json'], { env: fromFile }),
          run(['statement', ...common, '--start=2026-01-01', '--end=2026-01-31'], { env: fromFile }),
        ]);
        const first = await askAll(url);
        simulator.revokeTokens();
        await writeFile(webConfig, `basic_auth_users:\n  ${HASH}: ${USER}\n  ${PASSWORDS.web}\n`);
        told.push(...first, ...(await askAll(url)));
        const cmdline = await readFile(`/proc/${daemon.pid}/cmdline`, 'utf8');
        seen.push(before, await reportOf(daemon, reports), cmdline);
        // What a process was started with can't be taken back: files alone keep it out of there.
        const environ = await readFile(`/proc/${daemon.pid}/environ`, 'utf8');
        const { inline, file: inFile, appFile, wrongInline, wrongFile, web: ofWeb, wrongWeb } = PASSWORDS;
        for (const text of [inline, inFile, appFile, wrongInline, wrongFile, ofWeb, wrongWeb, ...spy.tokens]) {
          expect(environ.includes(text), text).to.be.false;
        }
        const port = new URL(url).port;
        const health = ['healthcheck', `--web.listen-address=127.0.0.1:${port}`];
        const demoUrl = await listeningUrl(demo);
        await simulate.saw('stdout', /http/);
        for (const path of ['/', '/metrics']) told.push(await (await fetch(demoUrl + path)).text());
        const ends = await Promise.all([
          ...[health, [...health, ...web.slice(0, 1)], ['--help'], ['check', '--version']].map((a) => run(a, { env })),
          run(['check', ...common], { env: { ...env, OS_AUTH_URL: `http://${USER}:${PASSWORDS.setting}@h` } }),
        ]);
        const [check, snapshot, limits, usage, statement] = await others;
        const exits = [
          check,
          snapshot,
          limits,
          usage,
          statement,
          ...ends,
          await daemon.stop(),
          await demo.stop(),
          await simulate.stop(),
        ];
        exits.forEach(tell);
        expect(exits.map(({ code }) => code)).to.deep.equal([1, 1, 1, 1, 1, 0, 2, 0, 0, 2, 0, 0, 0]);
        // All were read and sent: the right ones opened the door in each program.
        const logins = simulator.calls.filter(({ route, status }) => route === 'login' && status === 201);
        for (const name of RIGHT) {
          const id = place.world.findDomain({ name })!.id;
          expect(logins.filter(({ domainId }) => domainId === id).length, name).to.be.at.least(4);
        }
        expect((JSON.parse(limits.stdout) as SnapshotJson).domains).to.have.length(place.world.domains.size);
        expect(exits.map(({ stderr }) => stderr).join('')).to.include('holds a password and others may read it');
      } finally {
        await Promise.all([daemon, demo, simulate].map((program) => program.kill()));
        spy.close();
      }
      expect(spy.tokens.size).to.be.above(100);
      expect(Object.keys(COMMANDS).sort(), 'all were run').to.deep.equal([
        'check',
        'demo',
        'healthcheck',
        'serve',
        'simulate',
        'snapshot',
        'statement',
        'usage',
      ]);
      const secrets = new Map([
        ...Object.entries({ ...PASSWORDS, hash: HASH, url: URL_PASSWORD }),
        ...[...spy.tokens].map((token) => [token, token] as const),
      ]);
      const all = told.join('\n');
      const leaks = leaksIn(`${all}\n${seen.join('\n')}`, secrets);
      expect(leaks.slice(0, 5), `${leaks.length} leaks`).to.deep.equal([]);
      // Nor in part: the beginning of a token, what all passwords have in common; nor the user, nor where the files are.
      for (const piece of ['gAAAAAB', '-7f3a', '-51c']) {
        const at = all.indexOf(piece);
        expect(at === -1 ? '' : all.slice(Math.max(0, at - 300), at + 50), piece).to.equal('');
      }
    });
  });
});
