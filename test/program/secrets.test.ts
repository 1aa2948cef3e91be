import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Exit, listeningUrl, Program, run } from '../helpers/program.js';
import { addDomain, USER, withCloud, withRig, worldOf } from './rig.js';

const SECRETS = {
  setting: 'Setting-Secret-1',
  inline: 'Inline "Secret" \\2',
  env: 'Env-Secret-3',
  file: 'File-Secret-4',
  wrongInline: 'Wrong-Inline-5',
  wrongEnv: 'Wrong-Env-6',
  wrongFile: 'Wrong-File-7',
};

/** Passes requests on as they are, and keeps each token that it sees, either way. */
async function startProxy(port: number, tokens: Set<string>): Promise<Server> {
  const note = (header: unknown): void => {
    if (typeof header === 'string') tokens.add(header);
  };
  const proxy = createServer((incoming, outgoing) => {
    note(incoming.headers['x-auth-token']);
    const { method, url, headers } = incoming;
    const forward = request({ host: '127.0.0.1', port, method, path: url, headers }, (response) => {
      note(response.headers['x-subject-token']);
      outgoing.writeHead(response.statusCode!, response.headers);
      response.pipe(outgoing);
    });
    // A fault of the cloud is one of the proxy too.
    forward.on('error', () => incoming.socket.destroy());
    outgoing.on('close', () => forward.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}

/** All forms in which a text could leak. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [secret, json, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
}

describe('Passwords and tokens', () => {
  it('are in no output, no answer and no process list, whatever fails, at --log.level=debug', async function () {
    this.timeout(20_000);
    const world = worldOf({ name: 'setting', password: SECRETS.setting, projects: [1, 1] });
    const ids = Object.fromEntries(
      ['inline', 'env', 'file', 'wrongInline', 'wrongEnv', 'wrongFile', 'server500', 'html', 'resets', 'cut'].map(
        (name) => {
          const password = name in SECRETS ? SECRETS[name as keyof typeof SECRETS] : SECRETS.setting;
          return [name, addDomain(world, { name, password: name.startsWith('wrong') ? 'right' : password })];
        },
      ),
    ) as Record<string, string>;
    await withCloud({ world, lines: '' }, async ({ simulator, folder, args }) => {
      const tokens = new Set<string>();
      const proxy = await startProxy(simulator.port, tokens);
      const rightFile = join(folder, 'right');
      const wrongFile = join(folder, 'wrong');
      const settingFile = join(folder, 'setting');
      await writeFile(rightFile, SECRETS.file);
      await writeFile(wrongFile, SECRETS.wrongFile);
      await writeFile(settingFile, SECRETS.setting);
      const setting = [...world.domains.values()][0]!.id;
      const quoted = SECRETS.inline.replace(/["\\]/g, '\\$&');
      const lines = [
        `${setting} name=setting`,
        `${ids['inline']} name=inline password="${quoted}"`,
        `${ids['env']} name=env password_env=RIGHT_ENV`,
        `${ids['file']} name=file password_file=${rightFile}`,
        `${ids['wrongInline']} name=wrongInline password=${SECRETS.wrongInline}`,
        `${ids['wrongEnv']} name=wrongEnv password_env=WRONG_ENV`,
        `${ids['wrongFile']} name=wrongFile password_file=${wrongFile}`,
        ...['server500', 'html', 'resets', 'cut'].map((name) => `${ids[name]} name=${name}`),
        // Problems of lines that hold one.
        `bad1 name=x password=${SECRETS.wrongInline} colour=red`,
        `bad2 name=x password="${SECRETS.wrongInline}`,
        `bad3 name=x password=Two ${SECRETS.wrongInline}`,
        `bad4 name=x password=a password=${SECRETS.wrongInline}`,
        `bad5 name=x password_env=${SECRETS.wrongInline}`,
        `bad6 name=x pasword=${SECRETS.wrongInline}`,
      ];
      const file = join(folder, 'domains.txt');
      await writeFile(file, `${lines.join('\n')}\n`);
      await chmod(file, 0o644);
      for (const [name, fault] of Object.entries({
        server500: { kind: 'status', status: 500, route: 'servers' },
        html: { kind: 'body', body: '<html>', route: 'login' },
        resets: { kind: 'reset', route: 'servers' },
        cut: { kind: 'truncate', framing: 'close', route: 'projects' },
      } as const)) {
        simulator.faults.add({ ...fault, domainId: ids[name]! });
      }
      const env = {
        OS_AUTH_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        OS_USERNAME: USER,
        VHI_PASSWORD: SECRETS.setting,
        RIGHT_ENV: SECRETS.env,
        WRONG_ENV: SECRETS.wrongEnv,
      };
      const withFile = { ...env, VHI_PASSWORD: '', VHI_PASSWORD_FILE: settingFile };
      const common = [...args, '--log.level=debug'];
      const daemon = new Program([...common, '--web.listen-address=127.0.0.1:0', '--collect.projects'], { env });
      const told: string[] = [];
      try {
        const others = Promise.all([
          run(['check', ...common], { env }),
          run(['snapshot', ...common, '--output=json', '--log.format=json'], { env: withFile }),
        ]);
        const url = await listeningUrl(daemon);
        for (const path of ['/metrics', '/api/v1/snapshot', '/', '/nowhere', '/api/nowhere', '/-/ready']) {
          const response = await fetch(url + path);
          told.push(JSON.stringify([...response.headers]), await response.text());
        }
        simulator.revokeTokens();
        told.push(await (await fetch(`${url}/metrics`)).text());
        told.push(await readFile(`/proc/${daemon.pid}/cmdline`, 'utf8'));
        const exits: Exit[] = [...(await others), await daemon.stop()];
        expect(exits.map(({ code }) => code)).to.deep.equal([1, 1, 0]);
        told.push(...exits.flatMap(({ stdout, stderr }) => [stdout, stderr]));
        // The right ones did their work, so that all were read and sent.
        for (const name of ['setting', 'inline', 'env', 'file']) {
          expect(exits[0]!.stdout, name).to.match(new RegExp(`^${name} +ok +ok`, 'm'));
          expect(exits[1]!.stdout, name).to.match(
            new RegExp(`"domain": "${name}",\n +"id": "\\w+",\n +"result": "ok"`),
          );
        }
        expect(exits[2]!.stderr).to.match(/holds a password and others may read it: chmod 600 it/);
      } finally {
        await daemon.kill();
        proxy.closeAllConnections();
        proxy.close();
      }
      expect(tokens.size).to.be.above(20);
      const all = told.join('\n');
      for (const secret of [...Object.values(SECRETS), ...tokens]) {
        for (const form of formsOf(secret)) expect(all.includes(form), `${form} leaks`).to.be.false;
      }
      expect(all).not.to.include('gAAAAAB');
    });
  });
});

describe('Foreign text', () => {
  it('from the cloud is escaped wherever it is shown', async () => {
    const evil = 'evil\u001b[31m\u202e\nlevel=info';
    const world = worldOf({ name: 'acme', projects: [1, 2] }, { name: 'globex' });
    const acme = world.findDomain({ name: 'acme' })!;
    const globex = world.findDomain({ name: 'globex' })!;
    const second = world.projectsOf(acme.id)[1]!;
    second.name = evil;
    await withRig({ world, args: ['--collect.projects', '--log.level=debug'] }, async (rig) => {
      const escaped = 'evil\\u001b[31m\\u202e\\u000alevel=info';
      const good = await rig.metrics();
      expect(good.text).to.include(`project="${escaped.replaceAll('\\', '\\\\')}"`);
      const message = `${evil} ${'x'.repeat(500)}`;
      rig.simulator.faults.add({
        kind: 'status',
        status: 500,
        body: JSON.stringify({ computeFault: { code: 500, message } }),
        route: 'servers',
        projectId: second.id,
        times: 1,
      });
      rig.simulator.faults.add({
        kind: 'body',
        status: 403,
        body: JSON.stringify({ error: { message } }),
        route: 'authProjects',
        domainId: globex.id,
        times: 1,
      });
      const { errors } = await rig.snapshot();
      expect(errors.map(({ domain, stage, status }) => [domain, stage, status])).to.deep.equal([
        ['acme', 'servers', 500],
        ['globex', 'projects', 403],
      ]);
      expect(errors[0]!.message).to.include(`project "${escaped}"`);
      // What the cloud says is cut to 200 characters.
      for (const error of errors)
        expect(error.message)
          .to.match(/x{100,}…/)
          .and.not.match(/x{201}/);
      rig.answers.push(await (await fetch(rig.url)).text());
      world.removeProject(second.id);
      await rig.metrics();
      await sleep(50);
      expect(rig.program.stderr).to.include('msg="a project is gone"');
      const all = rig.answers.join('\n') + rig.program.stderr;
      // eslint-disable-next-line no-control-regex -- they are what is looked for
      expect(all).not.to.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      for (const line of rig.program.stderr.split('\n').slice(0, -1)) expect(line).to.match(/^ts=/);
    });
  });
});
