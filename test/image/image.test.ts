import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { until } from '../helpers/program.js';
import { makeCertificate } from '../web/security/files.js';
import { CONFIG, Container, type ContainerOptions, ROOT } from './container.js';

const APP = join(ROOT, CONFIG.WorkingDir);
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** What a simulated cloud says of itself. */
const DEMO = { VHI_USERNAME: 'demo-admin', VHI_PASSWORD_FILE: '/etc/vhi-exporter/password' };

const containers: Container[] = [];
const folders: string[] = [];

function start(args: readonly string[], options?: ContainerOptions): Container {
  const container = new Container(args, options);
  containers.push(container);
  return container;
}

/** A folder to mount, whose files anybody may read. */
function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'vhi-image-'));
  folders.push(folder);
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o644 });
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The program as the image starts it, on a port of its own. */
async function startServing(args: readonly string[], { env, ...options }: ContainerOptions = {}) {
  const port = await freePort();
  const container = start(args, { ...options, env: { VHI_LISTEN_ADDRESS: `:${port}`, ...env } });
  await container.saw('stderr', /msg=listening /);
  return { container, url: `http://127.0.0.1:${port}` };
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, text: await response.text() };
}

/** The value of a series without labels. */
function valueOf(metrics: string, name: string): number {
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics) ?? [];
  return Number(value);
}

afterEach(async () => {
  for (const container of containers.splice(0)) await container.kill();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('what is in the image', () => {
  it('is said by its configuration: a user of no rights, the program itself, the port, the folder', () => {
    expect(CONFIG.User).to.equal('65534:65534');
    expect(CONFIG.Entrypoint).to.deep.equal(['node', 'dist/cli.js']);
    expect(CONFIG.Cmd ?? []).to.deep.equal([]);
    expect(CONFIG.Healthcheck.Test).to.deep.equal(['CMD', 'node', 'dist/cli.js', 'healthcheck']);
    expect(Object.keys(CONFIG.ExposedPorts)).to.deep.equal(['10180/tcp']);
    expect(Object.keys(CONFIG.Volumes)).to.deep.equal(['/etc/vhi-exporter']);
    expect(CONFIG.Env).to.include('VHI_LISTEN_ADDRESS=:10180');
  });

  it('is the compiled program, and nothing that lay about beside it', () => {
    expect(readdirSync(APP)).to.have.members(['dist', 'domains.txt', 'node_modules', 'package.json']);
    const compiled = readdirSync(join(APP, 'dist'), { recursive: true, encoding: 'utf8' });
    const files = compiled.filter((name) => statSync(join(APP, 'dist', name)).isFile());
    expect(files).to.include('cli.js');
    const sources = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
    const expected = sources.filter((name) => name.endsWith('.ts')).map((name) => name.replace(/\.ts$/, '.js'));
    expect(files.filter((name) => name.endsWith('.js'))).to.have.members(expected);
    const { status, stdout } = spawnSync('grep', ['-rl', 'LYING-ABOUT', ROOT, '--include=*'], { encoding: 'utf8' });
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
  });

  it('is exactly the packages of the bill of materials', () => {
    const text = execFileSync(join(PROJECT, '.ci/sbom'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const { components } = JSON.parse(text) as { components: { name: string; version: string }[] };
    const lock = readFileSync(join(APP, 'node_modules/.package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> };
    const installed = Object.keys(packages).map((path) => {
      const manifest = JSON.parse(readFileSync(join(APP, path, 'package.json'), 'utf8')) as Record<string, string>;
      return `${manifest['name']}@${manifest['version']}`;
    });
    const folders = readdirSync(join(APP, 'node_modules'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      /(^|\/node_modules\/)(@[^/]+\/)?[^@./][^/]*\/package\.json$/.test(path),
    );
    expect(folders, 'packages that npm does not know of').to.have.lengthOf(installed.length);
    const billed = components.map(({ name, version }) => `${name}@${version}`);
    expect([...new Set(installed)]).to.have.members(billed);
  });

  it('belongs to root, and its user may read all of it and change none', () => {
    const find = (...tests: string[]): string => execFileSync('find', [APP, ...tests], { encoding: 'utf8' });
    expect(find('-not', '-user', 'root')).to.equal('');
    expect(find('-not', '-type', 'l', '-perm', '/022')).to.equal('');
    expect(find('-type', 'f', '-not', '-perm', '-444')).to.equal('');
    expect(find('-type', 'd', '-not', '-perm', '-555')).to.equal('');
    expect(find('-perm', '/6000')).to.equal('');
  });
});

describe('the image, run with a read-only root, no capability and no new privileges', () => {
  it('has these rights and no more, and nowhere to write', async () => {
    const { container } = await startServing(['demo']);
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).to.match(new RegExp(`^${set}:\\s+0{16}$`, 'm'));
    }
    expect(status).to.match(/^NoNewPrivs:\s+1$/m);
    expect(status).to.match(/^Uid:(\s+65534){4}$/m);
    expect(status).to.match(/^Gid:(\s+65534){4}$/m);
    expect(status).to.match(/^Groups:\s*$/m);
    expect(status).to.match(/^NSpid:\s+\d+\s+1$/m);
    const mounts = readFileSync(`/proc/${container.pid}/mountinfo`, 'utf8').trim().split('\n');
    const root = mounts.filter((line) => line.split(' ')[4] === '/');
    expect(root.at(-1)?.split(' ')[5]).to.match(/^ro\b/);
    for (const path of ['/tmp/x', '/app/x', '/x', '/etc/vhi-exporter/x', '/var/tmp/x', '/dev/shm/x']) {
      const { code, stderr } = await container.exec(['touch', path]);
      expect(code, path).to.equal(1);
      expect(stderr, path).to.match(/Read-only file system|Permission denied/);
    }
  });

  it('serves the demo: the metrics, and the page for people', async () => {
    const { url } = await startServing(['demo']);
    const { status, text } = await get(`${url}/metrics`);
    expect(status).to.equal(200);
    expect(valueOf(text, 'vhi_domains_configured')).to.equal(5);
    expect(valueOf(text, 'vhi_total_vcpus_in_use')).to.be.above(0);
    expect((await get(`${url}/`)).text).to.match(/^<!doctype html>/i);
  });

  describe('on a simulated cloud', () => {
    const DOMAINS = readFileSync(join(PROJECT, 'domains.txt'), 'utf8');
    let cloud: string;

    beforeEach(async () => {
      [, cloud = ''] = await start(['simulate']).saw('stdout', /^(http:\S+)$/m);
    });

    const serve = (folder: string, args: string[] = []) =>
      startServing(args, { folder, env: { ...DEMO, VHI_AUTH_URL: cloud } });

    it('serves complete totals, those of the JSON and of the table alike, from a mounted folder', async () => {
      const folder = folderWith({ 'domains.txt': DOMAINS, password: 'demo-password\n' });
      const { container, url } = await serve(folder);
      const { text } = await get(`${url}/metrics`);
      expect(valueOf(text, 'vhi_snapshot_complete')).to.equal(1);
      expect(valueOf(text, 'vhi_domains_configured')).to.equal(5);
      const once = await container.exec([...CONFIG.Entrypoint, 'snapshot', '--output=json']);
      expect(once.code, once.stderr).to.equal(0);
      const { totals } = JSON.parse(once.stdout) as { totals: { vcpus: number; ramMb: number } };
      expect(totals.vcpus).to.be.above(0);
      expect(valueOf(text, 'vhi_total_vcpus_in_use')).to.equal(totals.vcpus);
      expect(valueOf(text, 'vhi_total_ram_mb_in_use')).to.equal(totals.ramMb);
      expect((await container.exec([...CONFIG.Entrypoint, 'check'])).code).to.equal(0);
    });

    it('sees that the mounted list was replaced', async () => {
      const folder = folderWith({ 'domains.txt': DOMAINS, password: 'demo-password\n' });
      const { url } = await serve(folder);
      writeFileSync(join(folder, 'new'), `${DOMAINS}\n0123456789abcdef0123456789abcdef name=late\n`, { mode: 0o644 });
      renameSync(join(folder, 'new'), join(folder, 'domains.txt'));
      const text = await until('six domains', 10_000, async () => {
        const { text } = await get(`${url}/metrics`);
        return valueOf(text, 'vhi_domains_configured') === 6 && text;
      });
      expect(text).to.match(/^vhi_domain_collect_errors\{domain="late"\} [1-9]/m);
      expect(valueOf(text, 'vhi_snapshot_complete')).to.equal(0);
      expect(valueOf(text, 'vhi_total_vcpus_in_use')).to.be.above(0);
    });

    it('lives on when its user may not read the password, and says so', async () => {
      const folder = folderWith({ 'domains.txt': DOMAINS, password: 'demo-password\n' });
      chmodSync(join(folder, 'password'), 0o600);
      const { container, url } = await serve(folder);
      const { status, text } = await get(`${url}/metrics`);
      expect(status).to.equal(200);
      expect(valueOf(text, 'vhi_snapshot_complete')).to.equal(0);
      expect(text).not.to.match(/^vhi_total_vcpus_in_use/m);
      expect(text).to.match(/^vhi_domain_collect_error_info\{domain="acme",stage="login",reason="config"\} 1$/m);
      expect((await container.health()).code).to.equal(0);
    });

    it('ends with 2 when its user may not read the list, and says so', async () => {
      const folder = folderWith({ 'domains.txt': DOMAINS, password: 'demo-password\n' });
      chmodSync(join(folder, 'domains.txt'), 0o600);
      const { code, stderr } = await start(['check'], { folder, env: { ...DEMO, VHI_AUTH_URL: cloud } }).exited;
      expect(stderr).to.match(/\/etc\/vhi-exporter\/domains\.txt.*(EACCES|permission|read)/);
      expect(code).to.equal(2);
    });

    it('is healthy over HTTPS too, and known to be, whatever flags it was started with', async () => {
      const { key, cert } = await makeCertificate();
      const folder = folderWith({
        'domains.txt': DOMAINS,
        password: 'demo-password\n',
        'web.yml': 'tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n',
        'tls.crt': cert,
        'tls.key': key,
      });
      const { container, url } = await serve(folder, ['serve', '--web.config.file=/etc/vhi-exporter/web.yml']);
      expect(container.stderr).to.match(/msg=listening url=https:/);
      expect(await container.health()).to.deep.equal({ code: 0, stdout: '', stderr: '' });
      expect(url).to.match(/^http:/);
      expect(await get(url).catch(() => 'no HTTP')).to.equal('no HTTP');
    });
  });

  it('is healthy while it answers, and not when it hangs, or when nobody answers', async () => {
    const { container } = await startServing(['demo']);
    expect(await container.health()).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    process.kill(container.pid, 'SIGSTOP');
    const hanging = await container.health();
    process.kill(container.pid, 'SIGCONT');
    expect(hanging.stderr).to.include('not healthy');
    expect(hanging.code).to.equal(1);
    const elsewhere = start(['simulate'], { env: { VHI_LISTEN_ADDRESS: `:${await freePort()}` } });
    await elsewhere.saw('stdout', /http:/);
    const alone = await elsewhere.health();
    expect(alone.stderr).to.include('not healthy');
    expect(alone.code).to.equal(1);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends in order on ${signal}, though it is the first process`, async () => {
      const { container } = await startServing(['demo']);
      const { code, stderr } = await container.stop(signal);
      expect(code, stderr).to.equal(0);
    });
  }

  it('ends with 2 and one line when a setting is bad', async () => {
    const { code, stderr } = await start(['serve', '--collect.timeout=soon']).exited;
    expect(stderr.trim().split('\n')).to.have.lengthOf(1);
    expect(stderr).to.include('--collect.timeout');
    expect(code).to.equal(2);
  });

  it('is the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    const { code, stdout } = await start(['--version']).exited;
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `vhi-exporter ${version}\n` });
  });
});
