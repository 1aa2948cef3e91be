import { expect } from 'chai';
import { Agent, createServer, get, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { limit, type Limits } from '../../src/web/limits.js';
import { selfSigned } from '../helpers/loopback.js';
import { until } from '../helpers/program.js';

const SOON_MS = 10_000;
const GENEROUS: Limits = { connections: 100, pending: 100, requestMs: 60_000, deliveryMs: 60_000, unreadBytes: 1e9 };
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
/** More than the system takes off a writer's hands for a reader that never reads. */
const LARGE = 'x'.repeat(20_000_000);

describe('limits of the web server', () => {
  const clients: Socket[] = [];
  const servers: Server[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  async function start(
    change: Partial<Limits>,
    handler: RequestListener,
    server = createServer(),
    host = '127.0.0.1',
  ): Promise<Server> {
    server.on('request', handler);
    limit(server, { ...GENEROUS, ...change });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    servers.push(server);
    return server;
  }

  const portOf = (server: Server): number => (server.address() as AddressInfo).port;

  /** A bare connection that reads what it is told, or nothing at all. */
  async function client(server: Server, { text = '', reads = true } = {}) {
    const socket = connect(portOf(server), '127.0.0.1');
    clients.push(socket);
    let heard = '';
    socket.on('error', () => undefined);
    if (reads) socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk));
    else socket.pause();
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    if (text !== '') socket.write(text);
    return { socket, heard: () => heard, gone: () => socket.closed };
  }

  const connections = (server: Server): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));

  for (const [what, text] of [
    ['says nothing', ''],
    ['stops within a line', 'GET /met'],
    ['stops within the headers', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['stops within its body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc'],
  ] as const) {
    it(`free a connection that ${what}`, async () => {
      const server = await start({ requestMs: 200 }, (req, res) => req.resume().on('end', () => res.end()));
      const { gone } = await client(server, { text });
      await until('its end', SOON_MS, gone);
      await until('no connection', SOON_MS, async () => (await connections(server)) === 0);
    });
  }

  it('free a connection over TLS that stops within a request', async () => {
    const { tls, remove } = await selfSigned();
    try {
      const server = await start({ requestMs: 200 }, (_req, res) => void res.end(), createTlsServer(tls));
      const socket = connectTls({ port: portOf(server), host: '127.0.0.1', rejectUnauthorized: false });
      clients.push(socket);
      socket.on('error', () => undefined).on('secureConnect', () => void socket.write('GET /met'));
      socket.resume();
      await until('its end', SOON_MS, () => socket.closed);
    } finally {
      remove();
    }
  });

  it('let an answer take its time before it is written', async () => {
    const server = await start({ requestMs: 100, deliveryMs: 100 }, (_req, res) => {
      setTimeout(() => void res.end('late'), 700);
    });
    const { heard } = await client(server, { text: GET });
    await until('the answer', SOON_MS, () => heard().endsWith('late'));
  });

  it('close the oldest connection that awaits nothing where there are too many, never one that waits', async () => {
    const waiting: (() => void)[] = [];
    const server = await start({ connections: 3 }, (_req, res) => waiting.push(() => void res.end('done')));
    const waits = await client(server, { text: GET });
    await until('its request', SOON_MS, () => waiting.length === 1);
    const oldest = await client(server);
    const other = await client(server);
    const last = await client(server, { text: GET });
    await until('the end of the oldest', SOON_MS, oldest.gone);
    await until('the last request', SOON_MS, () => waiting.length === 2);
    for (const answer of waiting) answer();
    for (const { heard } of [waits, last]) await until('an answer', SOON_MS, () => heard().endsWith('done'));
    expect(other.gone()).to.equal(false);
  });

  it('take no further connection where all await their answers', async () => {
    const waiting: (() => void)[] = [];
    const server = await start({ connections: 2 }, (_req, res) => waiting.push(() => void res.end('done')));
    const first = [await client(server, { text: GET }), await client(server, { text: GET })];
    await until('two requests', SOON_MS, () => waiting.length === 2);
    const third = await client(server, { text: GET });
    await until('its end', SOON_MS, third.gone);
    for (const answer of waiting) answer();
    for (const { heard } of first) await until('an answer', SOON_MS, () => heard().endsWith('done'));
    expect(waiting).to.have.length(2);
  });

  it('count the connections from one port to several addresses of this machine', async () => {
    const server = await start({ connections: 2 }, () => undefined, createServer(), '0.0.0.0');
    const sockets: Socket[] = [];
    for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
      const own = { localAddress: '127.0.0.1', localPort: sockets[0]?.localPort ?? 0 };
      const socket = connect({ port: portOf(server), host, ...own });
      clients.push(socket);
      sockets.push(socket);
      socket.on('error', () => undefined).resume();
      await new Promise<void>((resolve) => socket.once('connect', resolve));
    }
    expect(new Set(sockets.map(({ localPort }) => localPort)).size).to.equal(1);
    await until('the end of the oldest', SOON_MS, () => sockets[0]?.closed === true);
    expect(await connections(server)).to.equal(2);
  });

  it('know connections over TLS for the ones that await an answer', async () => {
    const { tls, remove } = await selfSigned();
    const waiting: (() => void)[] = [];
    try {
      const server = await start(
        { connections: 1 },
        (_req, res) => waiting.push(() => void res.end('done')),
        createTlsServer(tls),
      );
      const socket = connectTls({ port: portOf(server), host: '127.0.0.1', rejectUnauthorized: false });
      clients.push(socket);
      let heard = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk));
      socket.write(GET);
      await until('its request', SOON_MS, () => waiting.length === 1);
      const other = await client(server);
      await until('the end of the other', SOON_MS, other.gone);
      waiting[0]!();
      await until('the answer', SOON_MS, () => heard.endsWith('done'));
    } finally {
      remove();
    }
  });

  it('cut off a connection that sends more requests ahead than anybody needs', async () => {
    const server = await start({ pending: 3 }, () => undefined);
    const fine = await client(server, { text: GET.repeat(3) });
    const flood = await client(server, { text: GET.repeat(1000) });
    await until('its end', SOON_MS, flood.gone);
    expect(fine.gone()).to.equal(false);
  });

  it('cut off one that does not read its answer in time, and no other', async () => {
    const server = await start({ deliveryMs: 300 }, (_req, res) => void res.end(LARGE));
    const idle = await client(server);
    await client(server, { text: GET, reads: false });
    await until('two connections', SOON_MS, async () => (await connections(server)) === 2);
    await until('the end of the one', SOON_MS, async () => (await connections(server)) === 1);
    expect(idle.gone()).to.equal(false);
  });

  it('cut off the slowest readers where too much waits to be read', async () => {
    const server = await start({ unreadBytes: 50_000_000 }, (_req, res) => void res.end(LARGE));
    let peak = 0;
    const unread: Set<{ writableLength: number }> = new Set();
    server.on('request', (_req, res) => {
      unread.add(res);
      res.once('close', () => unread.delete(res));
      peak = Math.max(
        peak,
        [...unread].reduce((sum, { writableLength }) => sum + writableLength, 0),
      );
    });
    for (let i = 0; i < 8; i += 1) await client(server, { text: GET, reads: false });
    const reader = await client(server, { text: GET });
    await until('a whole answer', SOON_MS, () => reader.heard().length > LARGE.length);
    expect(peak)
      .to.be.above(20_000_000)
      .and.at.most(50_000_000 + 2 * LARGE.length);
    expect(await connections(server)).to.be.at.most(4);
  });

  it('are no limit for a connection that is used again and again', async () => {
    const server = await start({ connections: 1, pending: 1 }, (_req, res) => void res.end('x'));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 50; i += 1) {
      await new Promise((resolve, reject) => {
        const request = get({ port: portOf(server), host: '127.0.0.1', agent }, (response) =>
          response.resume().on('end', resolve),
        );
        request.on('error', reject).on('socket', ({ localPort }) => ports.add(localPort));
      });
    }
    agent.destroy();
    expect(ports.size).to.be.at.most(2);
  });
});
