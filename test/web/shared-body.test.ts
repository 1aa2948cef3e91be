import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, get, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import express from 'express';
import { SharedBodies } from '../../src/web/shared-body.js';

describe('a body that is shared', () => {
  const snapshot = {};
  let server: Server;
  let made = 0;
  let finish: (text: string) => void;
  let fail: (error: Error) => void;
  /** Requests that have arrived. */
  let asked = 0;

  beforeEach(async () => {
    made = 0;
    asked = 0;
    const bodies = new SharedBodies<object>();
    const make = (): Promise<string> => {
      made += 1;
      return new Promise((resolve, reject) => ([finish, fail] = [resolve, reject]));
    };
    const app = express();
    app.get('/', async (req, res) => {
      asked += 1;
      await bodies.of(snapshot, req.get('X-Kind') ?? '', make).send(req, res);
    });
    // Express tells an error handler by its four parameters.
    // eslint-disable-next-line @typescript-eslint/no-unused-vars
    const broken: express.ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).end(String(error));
    app.use(broken);
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  interface Reply {
    status: number | undefined;
    headers: IncomingHttpHeaders;
    bytes: Buffer;
  }

  /** As it is sent, without the decoding of `fetch`. */
  function ask(headers: Record<string, string> = {}): Promise<Reply> {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', headers, agent: false }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, bytes: Buffer.concat(chunks) }));
      }).on('error', reject);
    });
  }

  async function arrived(count: number): Promise<void> {
    while (asked < count) await new Promise((resolve) => setImmediate(resolve));
  }

  const GZIP = { 'Accept-Encoding': 'gzip' };

  it('is made once for all who wait, and each has it as it asked for', async () => {
    const waiting = [ask(), ask(GZIP), ask(GZIP), ask()];
    await arrived(4);
    finish('ü'.repeat(1000));
    const replies = await Promise.all(waiting);
    expect(made).to.equal(1);
    expect(replies.map(({ headers }) => headers['content-encoding'])).to.deep.equal([
      undefined,
      'gzip',
      'gzip',
      undefined,
    ]);
    for (const { headers, bytes } of replies) {
      expect(headers.vary).to.equal('Accept-Encoding');
      expect(headers['content-length']).to.equal(String(bytes.length));
      const text = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      expect(text.toString()).to.equal('ü'.repeat(1000));
    }
  });

  it('is made anew for who asks later, and for another kind', async () => {
    const first = ask();
    await arrived(1);
    finish('first');
    expect((await first).bytes.toString()).to.equal('first');
    const second = ask();
    await arrived(2);
    const finishSecond = finish;
    const other = ask({ 'X-Kind': 'other' });
    await arrived(3);
    finish('other');
    finishSecond('second');
    expect((await second).bytes.toString()).to.equal('second');
    expect((await other).bytes.toString()).to.equal('other');
    expect(made).to.equal(3);
  });

  it('that fails does so for all who wait, and is tried again', async () => {
    const waiting = [ask(), ask(GZIP)];
    await arrived(2);
    fail(new Error('broken'));
    expect((await Promise.all(waiting)).map(({ status }) => status)).to.deep.equal([500, 500]);
    const again = ask();
    await arrived(3);
    finish('well');
    expect((await again).bytes.toString()).to.equal('well');
  });

  const accepted: [header: string | undefined, gzip: boolean][] = [
    [undefined, false],
    ['', false],
    ['identity', false],
    ['br', false],
    ['gzip;q=0', false],
    ['gzip', true],
    ['gzip, deflate, br', true],
    ['GZIP', true],
    ['*', true],
    ['gzip;q=0.5, identity;q=0.8', false],
  ];
  for (const [header, gzip] of accepted) {
    it(`is ${gzip ? '' : 'not '}compressed for Accept-Encoding: ${header ?? 'none'}`, async () => {
      const reply = ask(header === undefined ? {} : { 'Accept-Encoding': header });
      await arrived(1);
      finish('x');
      expect((await reply).headers['content-encoding']).to.equal(gzip ? 'gzip' : undefined);
    });
  }
});
