import { expect } from 'chai';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDomains } from '../../src/domains/parse.js';
import { NO_DEFAULTS } from '../../src/domains/domain.js';
import { KEYS } from '../../src/domains/keys.js';
import { OPTIONS, type Flag, type Option } from '../../src/settings/options.js';
import { readSettings } from '../../src/settings/settings.js';
import { Secret } from '../../src/secret.js';
import { parseArguments } from '../../src/settings/arguments.js';
import { verifyFiles } from '../../src/settings/verify.js';
import { listeningUrl, Program, run } from '../helpers/program.js';
import { addDomain, PASSWORD, USER, withCloud, worldOf } from './rig.js';

const URLS = ['https://boss:hunter2@h.example/v3', 'https://boss:hun/ter2@h.example', 'http://hunter2@h.example:70000'];
const TELLING = /boss|hunter2|hun\/ter2/;

const flags = (Object.entries(OPTIONS) as [Flag, Option][]).filter(([, { value }]) => value !== undefined);

/** Of `usage` and `statement` alone. Dates and names are judged by the command, in words of its own. */
const QUESTION = ['start', 'end', 'tz', 'domain', 'project'];

function commandOf(flag: Flag): string {
  if (QUESTION.includes(flag)) return 'usage';
  return flag === 'output' ? 'snapshot' : flag.startsWith('simulate') ? 'simulate' : 'serve';
}

/** The message with which a command line or an environment is refused; null: it is taken. */
async function refusal(args: string[], env: Record<string, string>): Promise<string | null> {
  try {
    const settings = readSettings(parseArguments(args), env);
    expect(settings.warnings.join('\n')).not.to.match(TELLING);
    await verifyFiles(settings);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('A URL with a password', () => {
  for (const [flag, option] of flags) {
    const command = commandOf(flag);
    it(`in --${flag} is never shown by the message that refuses it`, async () => {
      for (const url of URLS) {
        const sources: [string[], Record<string, string>][] = [
          [[command, `--${flag}=${url}`], {}],
          ...(option.env ?? []).map((name): [string[], Record<string, string>] => [[command], { [name]: url }]),
        ];
        const isText =
          /domains\.file|tariffs\.file|username|project|region|config\.file/.test(flag) || QUESTION.includes(flag);
        for (const [args, env] of sources) {
          const message = await refusal(args, env);
          const isFree = isText || 'TZ' in env;
          expect(message === null, `${args.join(' ')}: ${message}`).to.equal(isFree);
          expect(message ?? '').not.to.match(TELLING);
        }
      }
    });
  }

  const secret = new Secret('x');
  const defaults = {
    ...NO_DEFAULTS,
    authUrl: 'https://c/v3',
    user: 'u',
    password: { kind: 'inline', secret },
  } as const;
  /** Keys that may not hold one, each by itself. */
  const refusing = ['password_env', 'auth_url', 'interface', 'compute_url', 'insecure', 'disabled_projects'];
  for (const key of KEYS) {
    it(`in ${key}= of a line is never shown by what is said of the line`, () => {
      const messagesOf = (text: string): string[] =>
        parseDomains(Buffer.from(text), defaults).problems.map(({ message }) => message);
      const name = key === 'name' ? '' : 'name=acme ';
      for (const url of URLS) {
        const messages = messagesOf(`d1 ${name}${key}=${url}\n`);
        if (refusing.includes(key)) expect(messages.join()).to.match(new RegExp(`^${key} `));
        const broken = [
          `"${url}`,
          `"${url}"x`,
          `${url} x`,
          `${url} ${key}=${url}`,
          `${url} ${url}=x`,
          `${url} y="${url}"`,
        ];
        for (const value of broken) {
          const said = messagesOf(`d1 ${name}${key}=${value}\n`);
          expect(said, value).to.have.length(1);
          messages.push(...said);
        }
        // Where two lines have the same, the second is told by its name.
        messages.push(...messagesOf(`d1 ${name}${key}=${url}\nd2 ${name}${key}=${url}\n`));
        expect(messages.join('\n')).not.to.match(TELLING);
      }
    });
  }

  it('is shown nowhere where it is taken as a name or a path', async function () {
    this.timeout(30_000);
    const [url = ''] = URLS;
    const world = worldOf();
    const keys = ['name', 'project', 'region', 'ca_file', 'password_file', 'app_credential_id'] as const;
    const lines = keys.map((key) => {
      const id = addDomain(world, { name: `by-${key}` });
      const app = key === 'app_credential_id' ? 'app_credential_secret_env=APP' : '';
      return `${id} ${key === 'name' ? '' : `name=${key}`} ${key}=${url} ${app}\n`;
    });
    // Two labels that look the same would be one series of metrics.
    lines.push(`d9 name=https://other:word@h.example/v3\n`);
    const name = addDomain(world, { name: url });
    await withCloud({ world, lines: [...lines, `${name} name=in-cloud project=${url}`].join('') }, async (cloud) => {
      const { args, folder } = cloud;
      const env = { ...cloud.env, APP: 'app-secret', OS_USERNAME: USER };
      await chmod(join(folder, 'domains.txt'), 0o600);
      const options = [...args, '--log.level=debug'];
      const daemon = new Program([...options, '--web.listen-address=127.0.0.1:0', '--collect.projects'], { env });
      const told: string[] = [];
      try {
        const at = await listeningUrl(daemon);
        for (const path of ['/metrics', '/api/v1/snapshot', '/']) told.push(await (await fetch(at + path)).text());
        const broken = join(folder, 'web.yml');
        await writeFile(broken, `tls_server_config:\n  cert_file: ${url}\n  key_file: ${url}\n`);
        const tariffs = join(folder, 'tariffs.yml');
        const tariff = `{name: "${url}", resource: server, flavor: "${url}", price: "1", per: hour, domain: "${url}"}`;
        await writeFile(tariffs, `currency: "${url}"\ntariffs: [${tariff}, ${tariff}]\n`);
        const exits = await Promise.all([
          run(['check', ...options], { env }),
          run(['check', `--domains.file=${url}`], { env }),
          run(['check', ...options, `--cloud.region=${url}`, `--cloud.username=${url}`], { env }),
          run([...options, `--web.config.file=${broken}`], { env }),
          run([...options, `--web.config.file=${url}`], { env }),
          run([...options, `--tariffs.file=${tariffs}`], { env }),
          run([...options, `--tariffs.file=${url}`], { env }),
          run([url], { env }),
          run([`--${url}`], { env }),
        ]);
        expect(exits.map(({ code }) => code)).to.deep.equal([1, 2, 1, 2, 2, 2, 2, 2, 2]);
        told.push(...[...exits, await daemon.stop()].flatMap(({ stdout, stderr }) => [stdout, stderr]));
      } finally {
        await daemon.kill();
      }
      expect(told[0]).to.include('domain="https://<secret>@h.example/v3"').and.to.include('project="https://<secret>');
      expect(told[1]).to.include('name must be unique');
      const all = told.join('\n');
      const at = all.search(TELLING);
      expect(at === -1 ? '' : all.slice(Math.max(0, at - 200), at + 50)).to.equal('');
      expect(all).not.to.include(PASSWORD);
    });
  });
});
