import { expect } from 'chai';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { farewell } from '../../src/web/farewell.js';
import { until } from '../helpers/program.js';
import { selfSigned } from '../helpers/loopback.js';

/** Far less than the grace of the tests that must not need it. */
const SOON_MS = 10_000;
const LONG_MS = 60_000;

describe('farewell', () => {
  const clients: Socket[] = [];
  const servers: Server[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(
      servers.splice(0).map((server) => new Promise((resolve) => server.listening && server.close(resolve))),
    );
  });

  async function open(server: Server, graceMs: number): Promise<() => Promise<void>> {
    const close = farewell(server, graceMs);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return close;
  }

  function start(handler: RequestListener, graceMs: number): { server: Server; closing: Promise<() => Promise<void>> } {
    const server = createServer(handler);
    return { server, closing: open(server, graceMs) };
  }

  /** A bare connection that keeps what it is told. */
  async function client(
    server: Server,
    text = '',
  ): Promise<{ socket: Socket; heard: () => string; gone: () => boolean }> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    clients.push(socket);
    let heard = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk));
    socket.on('error', (error) => (heard += error.message));
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.write(text);
    return { socket, heard: () => heard, gone: () => socket.closed };
  }

  async function connections(server: Server, count: number): Promise<void> {
    await until(`${count} connections`, SOON_MS, () => {
      return new Promise<boolean>((resolve) => server.getConnections((_error, open) => resolve(open === count)));
    });
  }

  async function timeOf(close: () => Promise<void>): Promise<number> {
    const began = performance.now();
    await close();
    return performance.now() - began;
  }

  const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  const silent: [what: string, text: string][] = [
    ['a connection that never asks', ''],
    ['half a request line', 'GET /met'],
    ['half of the headers', 'GET /metrics HTTP/1.1\r\nHost: x\r\n'],
  ];
  for (const [what, text] of silent) {
    it(`does not wait for ${what}`, async () => {
      const { server, closing } = start((_req, res) => void res.end(), LONG_MS);
      const close = await closing;
      const { gone } = await client(server, text);
      await connections(server, 1);
      expect(await timeOf(close)).to.be.below(SOON_MS);
      await until('its end', SOON_MS, gone);
    });
  }

  it('does not wait for a connection that is kept alive after its answer', async () => {
    const { server, closing } = start((_req, res) => void res.end('x'), LONG_MS);
    const close = await closing;
    const { heard } = await client(server, GET);
    await until('the answer', SOON_MS, () => heard().endsWith('\r\n\r\nx'));
    expect(await timeOf(close)).to.be.below(SOON_MS);
  });

  it('does not wait for a client that left its answer behind, nor for one pipelined after it', async () => {
    let asked = 0;
    const { server, closing } = start(() => void (asked += 1), LONG_MS);
    const close = await closing;
    const { socket } = await client(server, GET + GET);
    await until('two requests', SOON_MS, () => asked === 2);
    socket.destroy();
    await connections(server, 0);
    expect(await timeOf(close)).to.be.below(SOON_MS);
  });

  it('lets an answer end, tells the client that the connection ends with it, and takes nothing more', async () => {
    const waiting: ServerResponse[] = [];
    const { server, closing } = start((_req, res) => void waiting.push(res), LONG_MS);
    const close = await closing;
    const scraper = await client(server, GET);
    const idle = await client(server);
    await connections(server, 2);
    await until('the request', SOON_MS, () => waiting.length === 1);
    const { port } = server.address() as AddressInfo;
    const closed = close();
    const refused = connect(port, '127.0.0.1');
    clients.push(refused);
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => refused.once('error', resolve));
    expect(error.code).to.equal('ECONNREFUSED');
    waiting[0]?.end('whole');
    await closed;
    await until('the end of both', SOON_MS, () => scraper.gone() && idle.gone());
    expect(scraper.heard())
      .to.match(/^HTTP\/1\.1 200 OK\r\n/)
      .and.match(/\r\nConnection: close\r\n/i)
      .and.contain('whole');
  });

  it('cuts an answer that does not end within the grace', async () => {
    let asked = 0;
    const { server, closing } = start(() => void (asked += 1), 200);
    const close = await closing;
    const { gone, heard } = await client(server, GET);
    await until('the request', SOON_MS, () => asked === 1);
    const took = await timeOf(close);
    expect(took).to.be.within(190, SOON_MS);
    await until('its end', SOON_MS, gone);
    expect(heard()).to.equal('');
  });

  it('delivers an answer that has ended here, but has not yet reached a slow reader', async () => {
    const size = 20_000_000;
    const { server, closing } = start((_req, res) => void res.end(Buffer.alloc(size)), LONG_MS);
    const close = await closing;
    const asked = new Promise<void>((resolve) => server.once('request', () => resolve()));
    const { socket, heard, gone } = await client(server, GET);
    socket.pause();
    await asked;
    const closed = close();
    setImmediate(() => socket.resume());
    await closed;
    await until('its end', SOON_MS, gone);
    expect(heard().length).to.be.greaterThan(size);
  });

  it('cuts a client that does not read its answer', async () => {
    const { server, closing } = start((_req, res) => void res.end(Buffer.alloc(50_000_000)), 200);
    const close = await closing;
    const asked = new Promise<void>((resolve) => server.once('request', () => resolve()));
    const { socket } = await client(server, GET);
    socket.pause();
    await asked;
    expect(await timeOf(close)).to.be.within(190, SOON_MS);
  });

  it('does not wait for a TLS handshake that is not over, which the server would give two minutes', async () => {
    const certificate = await selfSigned();
    try {
      const server = createTlsServer(certificate.tls, (_req, res) => void res.end());
      const close = await open(server, LONG_MS);
      await client(server);
      await connections(server, 1);
      expect(await timeOf(close)).to.be.below(SOON_MS);
    } finally {
      certificate.remove();
    }
  });

  it('keeps nothing of the connections that are gone', async () => {
    const { server, closing } = start((_req, res) => void res.end('x'), LONG_MS);
    const close = await closing;
    for (let i = 0; i < 20; i += 1) {
      const { socket, heard } = await client(server, GET);
      await until('the answer', SOON_MS, () => heard().includes('200 OK'));
      expect(socket.listenerCount('close')).to.be.below(5);
      socket.destroy();
    }
    await connections(server, 0);
    expect(await timeOf(close)).to.be.below(SOON_MS);
  });
});
