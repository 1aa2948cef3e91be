import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CollectionOver } from '../../src/errors.js';
import { Agents } from '../../src/http/agents.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { attempt, type HttpRequest } from '../../src/http/request.js';
import { TestClock } from '../helpers/clock.js';
import {
  json,
  selfSigned,
  startLoopback,
  stopLoopbacks,
  type Certificate,
  type Loopback,
} from '../helpers/loopback.js';
import { askFor, clientFor, closeClients, failureOf, get, until } from './client-bench.js';

const MIB = 1024 * 1024;
const ROUNDS = 30;

/** Connections that the server has open, of those on which requests came. */
const openOn = (server: Loopback): number => {
  const sockets = new Set<Socket>(server.requests.map(({ socket }) => socket));
  return [...sockets].filter((socket) => !socket.destroyed).length;
};

describe('A CA file', () => {
  let own: Certificate;
  let other: Certificate;
  let folder: string;
  let caFile: string;
  before(async () => {
    own = await selfSigned();
    other = await selfSigned();
  });
  after(() => {
    own.remove();
    other.remove();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vhi-ca-'));
    caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, pem());
  });
  afterEach(async () => {
    await closeClients();
    await stopLoopbacks();
    rmSync(folder, { recursive: true });
  });

  const pem = (): string => readFileSync(own.path, 'utf8');
  const start = (tls = own.tls) => startLoopback((_request, response) => json(response, { fine: true }), { tls });
  const from = (url: string): HttpRequest => get(url, { tls: { caFile, insecure: false } });
  const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => new Error('did not fail'),
      (caught: unknown) => caught,
    );

  it('that did not change leaves all connections in use while another certificate is refused', async () => {
    const good = await start();
    const stranger = await start(other.tls);
    const { client } = clientFor();
    for (let round = 1; round <= ROUNDS; round += 1) {
      await Promise.all([1, 2, 3].map(() => client.send(from(good.url), askFor(), 'get')));
      await Promise.all([1, 2].map(() => failureOf(client.send(from(stranger.url), askFor(), 'get'))));
    }
    expect(good.connections).to.equal(3);
    await client.close();
    await until(() => openOn(good) === 0);
  });

  it('that changed ends the idle connections that the old one let in', async () => {
    const good = await start();
    const stranger = await start(other.tls);
    const { client } = clientFor();
    for (let round = 1; round <= ROUNDS; round += 1) {
      writeFileSync(caFile, pem() + '\n'.repeat(round));
      await client.send(from(good.url), askFor(), 'get');
      await failureOf(client.send(from(stranger.url), askFor(), 'get'));
    }
    expect(good.connections).to.equal(ROUNDS);
    await until(() => openOn(good) <= 1);
    await client.close();
    await until(() => openOn(good) === 0);
  });

  it('that is gone after a refusal ends them too', async () => {
    const good = await start();
    const stranger = await start(other.tls);
    const { client } = clientFor();
    await client.send(from(good.url), askFor(), 'get');
    await failureOf(client.send(from(stranger.url), askFor(), 'get'));
    rmSync(caFile);
    expect(await errorOf(client.send(from(good.url), askFor(), 'get'))).to.include({ reason: 'config' });
    await until(() => openOn(good) === 0);
  });

  /** A request under way on a connection that the old CA file let in. */
  const straggler = async () => {
    let finish = (): void => undefined;
    const slow = await start();
    slow.handler = (_request, response) => (finish = () => json(response, { fine: true }));
    const good = await start();
    const stranger = await start(other.tls);
    const { client } = clientFor();
    // Not a GET, which would be repeated when its connection breaks.
    const answer = client.send(from(slow.url), askFor(), 'login');
    await until(() => slow.requests.length === 1);
    await failureOf(client.send(from(stranger.url), askFor(), 'get'));
    writeFileSync(caFile, `${pem()}\n`);
    await client.send(from(good.url), askFor(), 'get');
    return { client, slow, answer, finish: () => finish() };
  };

  it('that changed lets a request under way come to its end, and its connection with it', async () => {
    const { slow, answer, finish } = await straggler();
    finish();
    expect((await answer).json()).to.deep.equal({ fine: true });
    await until(() => openOn(slow) === 0);
  });

  it('that changed leaves no connection that closing would not end', async () => {
    const { client, slow, answer } = await straggler();
    const failed = failureOf(answer);
    await client.close();
    expect((await failed).reason).to.equal('network');
    await until(() => openOn(slow) === 0);
  });

  it('that is a pipe is config at once, and holds no slot', async () => {
    caFile = join(folder, 'pipe');
    execFileSync('mkfifo', [caFile]);
    const { client } = clientFor({ requestTimeoutMs: 3_600_000 });
    const error = await errorOf(client.send(from('https://127.0.0.1:1/a'), askFor(), 'get'));
    expect(error).to.include({ reason: 'config', message: 'the CA file is not a regular file' });
    expect(client.inFlight).to.equal(0);
  });

  it('may be of 1 MiB, and no larger', async () => {
    const good = await start();
    writeFileSync(caFile, pem().padEnd(MIB, '\n'));
    expect((await clientFor().client.send(from(good.url), askFor(), 'get')).json()).to.deep.equal({ fine: true });
    writeFileSync(caFile, pem().padEnd(MIB + 1, '\n'));
    const error = await errorOf(clientFor().client.send(from(good.url), askFor(), 'get'));
    expect(error).to.include({ reason: 'config', message: 'the CA file is larger than 1 MiB' });
  });

  describe('on a mount that hangs', () => {
    let reads: string[];
    const hanging = (): Agents => {
      reads = [];
      return new Agents(64, (path) => {
        reads.push(path);
        return new Promise(() => undefined);
      });
    };
    const observed: string[] = [];
    const context = (agents: Agents, timeoutMs: number) => ({
      agents,
      clock: new TestClock(),
      timeoutMs,
      observe: ({ code }: { code: string }) => void observed.push(code),
    });

    for (const fresh of [false, true]) {
      it(`is config when the time of the request is over, ${fresh ? 'also of a repeated one' : 'nothing being sent'}`, async () => {
        const error = await errorOf(attempt(from('https://127.0.0.1:1/a'), context(hanging(), 50), null, fresh));
        expect(error).to.include({ reason: 'config', message: 'the CA file cannot be read (not in 0.05 s)' });
        expect(observed).to.deep.equal([]);
      });
    }

    it('lets a request go at the end of its collection', async () => {
      const life = new Lifetime();
      const error = errorOf(attempt(from('https://127.0.0.1:1/a'), context(hanging(), 3_600_000), life, false));
      const reason = new CollectionOver();
      life.end(reason);
      expect(await error).to.equal(reason);
    });

    it('is read but once, by all who wait for it, and not waited for at the end', async () => {
      const agents = hanging();
      const { url, tls } = from('https://127.0.0.1:1/a');
      for (let request = 1; request <= 5; request += 1) {
        void agents.pooled(url, tls);
        void agents.fresh(url, tls);
      }
      await new Promise((resolve) => setImmediate(resolve));
      expect(reads).to.deep.equal([caFile]);
      await agents.close();
    });
  });
});
