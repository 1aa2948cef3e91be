import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon, type Daemon } from '../src/daemon.js';
import { SecretVariables } from '../src/secret.js';
import { parseArguments } from '../src/settings/arguments.js';
import { readSettings } from '../src/settings/settings.js';
import { startSimulator, type Simulator } from '../src/simulator/server.js';
import { RecordingLogger } from './helpers/log.js';
import { selfSigned, type Certificate } from './helpers/loopback.js';
import { until } from './helpers/program.js';
import { addDomain, cloudEnv, linesOf, worldOf } from './program/rig.js';

const SOON_MS = 15_000;

/** What is open in this process, by kind, and its file descriptors. */
function held(): Record<string, number> {
  const kinds = process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate');
  const counts: Record<string, number> = { descriptors: readdirSync('/proc/self/fd').length };
  for (const kind of kinds.sort()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** The same, once nothing has changed for longer than chokidar's timers last, or a socket after its end. */
async function settled(): Promise<Record<string, number>> {
  let last = '';
  let times = 0;
  return until('a quiet process', SOON_MS, () => {
    const now = held();
    times = JSON.stringify(now) === last ? times + 1 : 0;
    last = JSON.stringify(now);
    return times >= 70 && now;
  });
}

describe('the daemon in a process', () => {
  let folder: string;
  let simulator: Simulator;
  let certificate: Certificate;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vhi-daemon-'));
    const world = worldOf({ name: 'acme' });
    addDomain(world, { name: 'globex', password: 'another' });
    simulator = await startSimulator({ world, latencyMs: 30 });
    await writeFile(join(folder, 'domains.txt'), linesOf(world));
    certificate = await selfSigned();
    await writeFile(join(folder, 'key.pem'), certificate.tls.key);
    const tls = `tls_server_config:\n  cert_file: ${certificate.path}\n  key_file: key.pem\n`;
    await writeFile(join(folder, 'web.yml'), tls);
    await copyFile(new URL('../tariffs.yml.example', import.meta.url), join(folder, 'tariffs.yml'));
  });

  after(async () => {
    await simulator.close();
    certificate.remove();
    await rm(folder, { recursive: true });
  });

  const tariffs = (): string => `--tariffs.file=${join(folder, 'tariffs.yml')}`;

  function start(...args: string[]): Promise<Daemon> {
    const given = [`--domains.file=${join(folder, 'domains.txt')}`, '--web.listen-address=127.0.0.1:0', ...args];
    return startDaemon({
      settings: readSettings(parseArguments(given), cloudEnv(simulator)),
      log: new RecordingLogger(),
      variables: new SecretVariables({}),
      build: { version: '1', nodeVersion: '1' },
    });
  }

  /** The status, from a connection of its own that is left open. */
  function ask(url: string, path: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const options = { agent: false, headers: { Connection: 'keep-alive' }, ca: certificate.tls.cert };
      const asked = (url.startsWith('https:') ? requestTls : request)(new URL(path, url), options);
      asked.on('error', reject).on('response', (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      asked.end();
    });
  }

  async function live(...args: string[]): Promise<void> {
    const daemon = await start(...args);
    const silent = connect(Number(new URL(daemon.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => silent.once('connect', resolve));
    expect(await ask(daemon.url, '/metrics')).to.equal(200);
    expect(await daemon.reload()).to.deep.equal([]);
    // Closed while one is under way.
    const scrape = ask(daemon.url, '/metrics');
    const reload = daemon.reload();
    await until('a scrape at the cloud', SOON_MS, () => simulator.inFlight > 0);
    await daemon.close();
    expect(await scrape).to.equal(200);
    await reload;
    silent.destroy();
  }

  const kinds: [what: string, args: () => string[]][] = [
    ['as it is by default', () => []],
    ['over TLS and with tariffs', () => [`--web.config.file=${join(folder, 'web.yml')}`, tariffs()]],
  ];
  for (const [what, args] of kinds) {
    it(`leaves nothing open when it is closed, ${what}`, async () => {
      // What this process makes once, such as the threads that read files.
      for (let i = 0; i < 3; i += 1) await live(...args());
      const before = await settled();
      for (let i = 0; i < 6; i += 1) await live(...args());
      expect(await settled()).to.deep.equal(before);
    });
  }

  it('leaves nothing open when it can’t start', async () => {
    const taken = `--web.listen-address=127.0.0.1:${simulator.port}`;
    const fail = async (...args: string[]): Promise<void> => {
      const error: unknown = await start(...args).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(Error);
    };
    await fail(taken);
    const before = await settled();
    for (let i = 0; i < 10; i += 1) {
      await fail(taken);
      await fail(tariffs(), `--web.config.file=${folder}`);
      await fail(`--tariffs.file=${folder}`);
    }
    expect(await settled()).to.deep.equal(before);
  });
});
