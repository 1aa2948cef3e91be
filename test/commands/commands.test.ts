import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runCheck } from '../../src/commands/check.js';
import type { CommandOptions } from '../../src/commands/collect-once.js';
import { runSnapshot, snapshotText } from '../../src/commands/snapshot.js';
import type { Terminal } from '../../src/commands/terminal.js';
import { ADVICE, SettingError } from '../../src/errors.js';
import { SecretVariables } from '../../src/secret.js';
import { parseArguments } from '../../src/settings/arguments.js';
import { readSettings } from '../../src/settings/settings.js';
import { startSimulator, type Simulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { makeDomain } from '../helpers/domains.js';
import { RecordingLogger } from '../helpers/log.js';
import { addTenant } from '../helpers/rig.js';
import { sampleSnapshot } from '../metrics/sample.js';

const IN_FULL = ['--collect.incremental=off'];
const PIPED: Terminal = { color: false, columns: null, status: null };

describe('commands that collect once', () => {
  let folder = '';
  let sim: Simulator;
  let world: World;
  let ids: Record<string, string> = {};

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'commands-'));
    world = new World({ seed: 'commands' });
    const tenants = [
      addTenant(world, 'acme', 'member'),
      addTenant(world, 'globex', 'domain_admin'),
      addTenant(world, 'lost', 'member'),
    ];
    ids = Object.fromEntries(tenants.map(({ name, id }) => [name, id]));
    for (const { projects } of tenants) {
      for (const projectId of Object.values(projects)) world.addServer({ projectId, vcpus: 2, ramMb: 1024 });
    }
    const lost = world.findUser(ids['lost'] ?? '', 'boss');
    if (lost) lost.password = 'changed';
    sim = await startSimulator({ world });
  });
  after(async () => {
    await sim.close();
    await rm(folder, { recursive: true });
  });

  /** What a command prints and its exit code, with these lines of domains.txt. */
  async function run(
    command: (options: CommandOptions) => Promise<number>,
    lines: string[],
    flags: string[] = [],
  ): Promise<{ code: number; out: string[] }> {
    const path = join(folder, 'domains.txt');
    await writeFile(path, lines.map((line) => `${line}\n`).join(''));
    const args = parseArguments(['snapshot', `--domains.file=${path}`, `--cloud.auth-url=${sim.authUrl}`, ...flags]);
    const settings = readSettings(args, { VHI_USERNAME: 'boss', VHI_PASSWORD: 'right', VHI_PROJECT: 'main' });
    const out: string[] = [];
    const print = (text: string): void => void out.push(text);
    const code = await command({
      settings,
      log: new RecordingLogger(),
      variables: new SecretVariables({}),
      print,
      terminal: PIPED,
    });
    return { code, out: out.join('\n').split('\n') };
  }

  const line = (name: string): string => `${ids[name]} name=${name}`;
  /** Without what differs from run to run. */
  const steady = (lines: string[]): string[] => lines.map((text) => text.replace(/ +\d+\.\d\d$/, ' 0.00'));

  it('snapshot prints a table and exits with 0 when it is complete', async () => {
    const { code, out } = await run(runSnapshot, [line('acme'), line('globex')]);
    expect(code).to.equal(0);
    expect(steady(out)).to.deep.equal([
      'DOMAIN  RESULT    STRATEGY      VCPUS  RAM MB  SERVERS  PROJECTS  SECONDS',
      'acme    ok        project-list      4    2048        2         2 0.00',
      'globex  ok        domain-list       4    2048        2         2 0.00',
      'TOTAL   complete  -                 8    4096        4         - 0.00',
      '',
      'In use in 2 domains: 8 vCPUs and 4096 MB (4.0 GiB) of RAM by 4 servers, counting allocated.',
    ]);
  });

  it('snapshot tells what failed below the table and exits with 1', async () => {
    const { code, out } = await run(runSnapshot, [line('acme'), line('lost'), 'bad nmae=x']);
    expect(code).to.equal(1);
    expect(steady(out).slice(0, 4)).to.deep.equal([
      'DOMAIN  RESULT        STRATEGY      VCPUS  RAM MB  SERVERS  PROJECTS  SECONDS',
      'acme    ok            project-list      4    2048        2         2 0.00',
      'lost    failed        -                 -       -        -         - 0.00',
      'TOTAL   not complete  -                 4    2048        2         - 0.00',
    ]);
    expect(out[4]).to.equal('');
    expect(out[5]).to.equal('auth (1 domain)');
    expect(out[6]).to.match(/^lost: login, auth: Keystone refused the login/);
    expect(out.slice(7, 10)).to.deep.equal([`what to do: ${ADVICE.auth}`, '', 'config (1 line)']);
    expect(out[10]).to.match(/^line 3: config, config: .*nmae/);
    expect(out.slice(11)).to.deep.equal([
      `what to do: ${ADVICE.config}`,
      '',
      'Not complete: in use are at least 4 vCPUs and 2048 MB (2.0 GiB) of RAM by 2 servers, counting allocated ' +
        '(1 of 2 domains failed, 1 line of the domains file is bad).',
    ]);
  });

  it('snapshot prints the JSON of the API', async () => {
    const { code, out } = await run(runSnapshot, [line('acme')], ['--output=json']);
    expect(code).to.equal(0);
    const body = JSON.parse(out.join('\n')) as { totals: unknown; domains: Record<string, unknown>[] };
    expect(body.totals).to.deep.equal({ vcpus: 4, ramMb: 2048, servers: 2 });
    expect(body.domains[0]).to.include({ domain: 'acme', result: 'ok', strategy: 'project-list' });
  });

  it('snapshot of a file without a domain is complete, and 0', async () => {
    const { code, out } = await run(runSnapshot, ['# nobody yet']);
    expect(code).to.equal(0);
    expect(out[1]).to.match(/^TOTAL +complete +- +0 +0 +0 +- +\d/);
  });

  it('check says what each domain may see, and exits with 0 when all is well', async () => {
    const { code, out } = await run(runCheck, [line('acme'), line('globex')], IN_FULL);
    expect(code).to.equal(0);
    expect(out[0]).to.equal(`${join(folder, 'domains.txt')}: 2 domains, 0 problems`);
    expect(out.slice(1, 4)).to.deep.equal([
      'DOMAIN  RESULT  LOGIN  PROJECTS  THESE ARE          STRATEGY      SERVERS',
      "acme    ok      ok            2  the user's only    project-list        2",
      'globex  ok      ok            2  all of the domain  domain-list         2',
    ]);
    expect(out.slice(4)).to.deep.equal([
      '',
      'Projects that were read:',
      'acme: main, side',
      'globex: main, side',
      '',
      'Where only the projects of the user can be seen, a project without a role for the user is not in the figures. ' +
        'A role on the domain, inherited by its projects, leaves none out.',
    ]);
  });

  it('check says that the daemon will ask for changes, where it will', async () => {
    for (const [mode, times] of [
      ['auto', 1],
      ['off', 0],
    ] as const) {
      const { out } = await run(runCheck, [line('globex')], [`--collect.incremental=${mode}`]);
      expect(out.filter((text) => text.includes('by what changed'))).to.have.length(times);
    }
  });

  it('check has no word of that where all projects can be seen', async () => {
    const { out } = await run(runCheck, [line('globex')], IN_FULL);
    expect(out.slice(3)).to.deep.equal(['', 'Projects that were read:', 'globex: main, side']);
  });

  it('check says which role would be better, where that is known', async () => {
    const { id, projects } = addTenant(world, 'umbrella', 'domain_lister');
    const { roles } = world.findUser(id, 'boss')!;
    const umbrella = `${id} name=umbrella`;
    const whole = await run(runCheck, [umbrella], IN_FULL);
    expect(whole.out.slice(3)).to.deep.equal(['', 'Projects that were read:', 'umbrella: main, side']);

    roles.delete(projects['side']!);
    const gap = await run(runCheck, [umbrella], IN_FULL);
    expect(gap.code).to.equal(1);
    expect(gap.out.slice(4, 9)).to.deep.equal([
      'Projects that were read:',
      'umbrella: main',
      '',
      'Better roles:',
      'umbrella: reader on the domain, inherited by its projects: the user has no role in some of them',
    ]);

    roles.set(projects['main']!, 'admin').set(projects['side']!, 'admin');
    const admin = await run(runCheck, [umbrella], IN_FULL);
    expect(admin.code).to.equal(0);
    expect(admin.out.at(-1)).to.match(/^umbrella: the user sees the servers of all domains, .*reader on the domain/);
  });

  it('check names each failing domain and line, shows no secret, and exits with 1', async () => {
    const { code, out } = await run(runCheck, [line('lost'), line('globex'), 'bad nmae=x']);
    expect(code).to.equal(1);
    expect(out[0]).to.contain('2 domains, 1 problems');
    expect(out[2]).to.match(/^lost +failed +failed +- +- +- +-$/);
    expect(out.filter((text) => text.startsWith('lost: login, auth: '))).to.have.length(1);
    expect(out.filter((text) => text.startsWith('line 3: config, config: '))).to.have.length(1);
    expect(out.filter((text) => text === `what to do: ${ADVICE.auth}`)).to.have.length(1);
    expect(out.filter((text) => text === `what to do: ${ADVICE.config}`)).to.have.length(1);
    expect(out.join('\n')).not.to.match(/\bright\b/);
  });

  it('takes a file that can’t be read for a bad setting', async () => {
    const settings = readSettings(parseArguments(['check', `--domains.file=${join(folder, 'none.txt')}`]), {});
    const error: unknown = await runCheck({
      settings,
      log: new RecordingLogger(),
      variables: new SecretVariables({}),
      print: () => undefined,
      terminal: PIPED,
    }).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(SettingError).with.property('message').that.contains('none.txt');
  });

  it('shows no control character, whatever files and clouds hold', () => {
    const snapshot = sampleSnapshot();
    const [first] = snapshot.domains;
    const hidden = { ...first!, domain: makeDomain('a\u202eb\u200dc') };
    const text = snapshotText({ ...snapshot, domains: [...snapshot.domains, hidden] }, PIPED);
    expect(text.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Cf}]/u);
    expect(text).to.contain('O\'Neil & "Söhne" \\ <b>云</b>').and.to.contain('a\\u202eb\\u200dc');
  });

  it('colours results, and nothing else, where it may', () => {
    const plain = snapshotText(sampleSnapshot(), PIPED);
    const colored = snapshotText(sampleSnapshot(), { ...PIPED, color: true });
    expect(stripVTControlCharacters(colored)).to.equal(plain);
    const [, ...parts] = colored.replaceAll('\u001b[39m', '|').split('\u001b[');
    expect(parts.map((part) => part.split('|')[0])).to.deep.equal([
      '32mok',
      '33mpartial',
      '31mfailed',
      '32mok',
      '33mnot complete',
    ]);
  });
});
