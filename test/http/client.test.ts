import { expect } from 'chai';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { constants, createGzip, gzipSync } from 'node:zlib';
import sinon from 'sinon';
import { CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { json, startLoopback, stopLoopbacks, type Handler } from '../helpers/loopback.js';
import { askFor, clientFor, closeClients, cutOf, failureOf, get, login, until } from './client-bench.js';

const answer =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    json(response, body, status, headers);
const text =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);
const reset: Handler = ({ socket }) => void socket.resetAndDestroy();
const hang: Handler = () => undefined;
const junk =
  (bytes: string): Handler =>
  ({ socket }) =>
    void socket.end(bytes);

describe('HttpClient', () => {
  afterEach(async () => {
    await closeClients();
    await stopLoopbacks();
  });

  describe('an exchange', () => {
    it('brings the JSON of the body and the headers', async () => {
      const server = await startLoopback(answer({ servers: [1, 'ü'] }, 201, { 'X-Subject-Token': 't' }));
      const { client } = clientFor();
      const got = await client.send(get(`${server.url}/servers?limit=1`), askFor(), 'get');
      expect(got.json()).to.deep.equal({ servers: [1, 'ü'] });
      expect([got.header('x-subject-token'), got.header('absent')]).to.deep.equal(['t', null]);
      expect([server.requests[0]!.method, server.requests[0]!.url]).to.deep.equal(['GET', '/servers?limit=1']);
    });

    it('sends its own headers and asks for JSON; a GET has no body', async () => {
      const server = await startLoopback(answer({}));
      const headers = { 'X-Auth-Token': 'secret', 'OpenStack-API-Version': 'compute 2.69' };
      await clientFor().client.send(get(`${server.url}/`, { headers }), askFor(), 'get');
      const [received] = server.requests;
      expect(received!.headers).to.include({
        accept: 'application/json',
        'x-auth-token': 'secret',
        'openstack-api-version': 'compute 2.69',
      });
      expect(received!.headers).not.to.have.any.keys('content-type', 'transfer-encoding');
      expect(received!.body).to.equal('');
    });

    it('sends a login as JSON', async () => {
      const server = await startLoopback(answer({ token: {} }, 201));
      await clientFor().client.send(login(`${server.url}/v3/auth/tokens`, { auth: { a: 'ü' } }), askFor(), 'login');
      const [received] = server.requests;
      expect(received!.headers['content-type']).to.equal('application/json');
      expect(received!.headers).not.to.have.property('x-auth-token');
      expect(JSON.parse(received!.body)).to.deep.equal({ auth: { a: 'ü' } });
    });

    it('is told of once, with its service, code and seconds', async () => {
      const { client, attempts, clock } = clientFor();
      const server = await startLoopback((_request, response) => {
        clock.advance(250);
        json(response, {}, 201);
      });
      await client.send(login(server.url), askFor(), 'login');
      expect(attempts).to.deep.equal([{ service: 'identity', code: '201', seconds: 0.25 }]);
    });

    it('uses one connection for one request after the other, failures included', async () => {
      const server = await startLoopback((_request, response, count) =>
        count % 2 === 0 ? json(response, { error: { message: 'x'.repeat(5000) } }, 404) : json(response, {}),
      );
      const { client, codes } = clientFor();
      for (let i = 0; i < 6; i++) await client.send(get(server.url), askFor(), 'get').catch(() => undefined);
      expect(codes()).to.deep.equal(['200', '404', '200', '404', '200', '404']);
      expect(server.connections).to.equal(1);
    });

    it('makes no more connections than there are slots', async () => {
      const server = await startLoopback((_request, response) => void setImmediate(() => json(response, {})));
      const { client } = clientFor({ requestConcurrency: 4 });
      await Promise.all(Array.from({ length: 40 }, () => client.send(get(server.url), askFor(), 'get')));
      expect(server.connections).to.be.at.most(4);
      expect(client.inFlight).to.equal(0);
    });

    it('leaves no listener behind on the collection’s lifetime, whatever its outcome', async () => {
      let listening = 0;
      class Counted extends Lifetime {
        override onEnd(listener: (reason: Error) => void): () => void {
          listening += 1;
          const off = super.onEnd(listener);
          return () => {
            listening -= 1;
            off();
          };
        }
      }
      const server = await startLoopback((request, response, count) => {
        if (count % 3 === 0) reset(request, response, count);
        else json(response, {}, count % 3 === 1 ? 200 : 404);
      });
      const { client } = clientFor();
      const ask = askFor({ life: new Counted() });
      for (let i = 0; i < 6; i++) await client.send(get(server.url), ask, 'get').catch(() => undefined);
      expect(listening).to.equal(0);
    });

    it('of a thousand at once on one lifetime warns of no leak', async () => {
      const warnings: Error[] = [];
      const note = (warning: Error): void => void warnings.push(warning);
      process.on('warning', note);
      try {
        const server = await startLoopback(answer({}));
        const { client, codes } = clientFor({ requestConcurrency: 1000, requestTimeoutMs: 30_000 });
        const ask = askFor();
        await Promise.all(Array.from({ length: 1000 }, () => client.send(get(server.url), ask, 'get')));
        expect(codes()).to.have.length(1000);
        await new Promise((resolve) => setImmediate(resolve));
        expect(warnings).to.deep.equal([]);
      } finally {
        process.off('warning', note);
      }
    });
  });

  describe('an answer that is not to be used', () => {
    const bad: [what: string, handler: Handler][] = [
      ['truncated JSON', text('{"servers": [')],
      ['HTML of a proxy', text('<html>ok</html>', 200, { 'Content-Type': 'text/html' })],
      ['an empty body', text('')],
      ['204 without a body', text('', 204)],
      ['a redirect 302', text('', 302, { Location: 'http://127.0.0.1:1/' })],
      ['a 406', answer({}, 406)],
      ['a 400', answer({}, 400)],
    ];
    for (const [what, handler] of bad) {
      it(`is bad_response, asked for once: ${what}`, async () => {
        const server = await startLoopback(handler);
        const { client } = clientFor();
        expect((await failureOf(client.send(get(server.url), askFor(), 'get'))).reason).to.equal('bad_response');
        expect(server.requests).to.have.length(1);
      });
    }

    const spoilt: [what: string, handler: Handler, message: string, code: string][] = [
      ['no HTTP', junk('SSH-2.0-OpenSSH_9.2\r\n'), 'is not HTTP (HPE_INVALID_CONSTANT)', 'network'],
      ['no gzip', text('{}', 200, { 'Content-Encoding': 'gzip' }), "can't be decompressed", '200'],
      ['no Brotli', text('{}', 200, { 'Content-Encoding': 'br' }), "can't be decompressed", '200'],
    ];
    for (const [what, handler, message, code] of spoilt) {
      it(`is bad_response, and says what it is, asked for once: ${what}`, async () => {
        const server = await startLoopback(handler);
        const { client, codes } = clientFor();
        const failure = await failureOf(client.send(get(`${server.url}/a`), askFor(), 'get'));
        expect(failure).to.include({ reason: 'bad_response', message: `GET /a: the answer ${message}` });
        expect(codes()).to.deep.equal([code]);
      });
    }

    it('counts with the status that it came with', async () => {
      const server = await startLoopback(text('not JSON', 200));
      const { client, codes } = clientFor();
      await failureOf(client.send(get(server.url), askFor(), 'get'));
      expect(codes()).to.deep.equal(['200']);
    });

    for (const status of [301, 302, 303, 307, 308]) {
      it(`does not carry the token after a redirect ${status}`, async () => {
        const thief = await startLoopback(answer({}));
        const server = await startLoopback(text('', status, { Location: `${thief.url}/servers` }));
        const { client, codes } = clientFor();
        const request = get(`${server.url}/a`, { headers: { 'X-Auth-Token': 'secret' } });
        const failure = await failureOf(client.send(request, askFor(), 'get'));
        expect(failure).to.include({ reason: 'bad_response', status });
        expect(failure.message).to.contain('redirect');
        expect(thief.requests).to.deep.equal([]);
        expect(codes()).to.deep.equal([String(status)]);
      });
    }

    it('is named by method and path, without host, query and token', async () => {
      const server = await startLoopback(answer({}, 500));
      const headers = { 'X-Auth-Token': 'hunter2' };
      const request = get(`${server.url}/v2.1/servers/detail?marker=abc`, { headers });
      const { message } = await failureOf(clientFor().client.send(request, askFor(), 'get'));
      expect(message).to.match(/^GET \/v2\.1\/servers\/detail: /);
      expect(message).not.to.match(/hunter|marker|127\.0\.0\.1/);
    });

    it('is quoted with the cloud’s words, escaped and cut to 200 characters', async () => {
      const said = `\u001b[31mno\u202e${'x'.repeat(400)}`;
      const server = await startLoopback(answer({ forbidden: { code: 403, message: said } }, 403));
      const { message } = await failureOf(clientFor().client.send(get(`${server.url}/a`), askFor(), 'get'));
      const shown = message.replace('GET /a: HTTP 403: ', '');
      expect(shown)
        .to.match(/^\\u001b\[31mno\\u202ex+…$/)
        .and.to.have.length(200);
    });

    it('of a login is never quoted with what was sent', async () => {
      const server = await startLoopback(({ body }, response) => void response.writeHead(400).end(body));
      const request = login(`${server.url}/v3/auth/tokens`, { auth: { password: 'hunter2' } });
      const { message } = await failureOf(clientFor().client.send(request, askFor(), 'login'));
      expect(message).to.equal('POST /v3/auth/tokens: HTTP 400');
    });

    for (const body of ['null', '7', '"x"', '[]', '{"a":null}', '{"a":{"message":7}}', '<html>', '']) {
      it(`with the body ${body || 'of no bytes'} is told by its status alone`, async () => {
        const server = await startLoopback(text(body, 500));
        const failure = await failureOf(clientFor().client.send(get(`${server.url}/a`), askFor(), 'get'));
        expect(failure).to.include({ reason: 'unavailable', status: 500, message: 'GET /a: HTTP 500' });
      });
    }
  });

  describe('a body that is too large', () => {
    const MIB = 1024 * 1024;
    const MAX = 32 * MIB;

    it('is bad_response, and not read to its end', async () => {
      let sent = 0;
      const piece = Buffer.alloc(MIB, ' ');
      const server = await startLoopback((_request, response) => {
        const more = (): void => {
          while (sent < 400 && !response.destroyed) {
            sent += 1;
            if (!response.write(piece)) return void response.once('drain', more);
          }
        };
        more();
      });
      const failure = await failureOf(clientFor().client.send(get(server.url), askFor(), 'get'));
      expect(failure.reason).to.equal('bad_response');
      expect(failure.message).to.contain('32 MiB');
      expect(sent).to.be.lessThan(100);
      await until(() => server.requests[0]!.socket.destroyed);
    });

    it('is bad_response after decompression too, in little memory', async () => {
      // 4 GiB of blanks would come out of this, if somebody took them.
      const block = gzipSync(Buffer.alloc(64 * MIB, ' '), { level: 1 });
      const server = await startLoopback((_request, response) => {
        response.writeHead(200, { 'Content-Encoding': 'gzip' });
        for (let i = 0; i < 64; i++) response.write(block);
        response.end();
      });
      const before = process.memoryUsage().rss;
      const failure = await failureOf(clientFor().client.send(get(server.url), askFor(), 'get'));
      expect(failure.reason).to.equal('bad_response');
      expect(failure.message).to.contain('32 MiB');
      expect(process.memoryUsage().rss - before).to.be.lessThan(200 * MIB);
    });

    it('begins above 32 MiB', async () => {
      const body = Buffer.alloc(32 * MIB, ' ');
      body.write('{}');
      const server = await startLoopback(text(body));
      expect((await clientFor().client.send(get(server.url), askFor(), 'get')).json()).to.deep.equal({});
      server.handler = text(Buffer.concat([body, Buffer.from(' ')]));
      const failure = await failureOf(clientFor().client.send(get(server.url), askFor(), 'get'));
      expect(failure.reason).to.equal('bad_response');
    });

    const heavy: [what: string, body: () => string][] = [
      ['arrays in arrays', () => '['.repeat(MAX)],
      ['arrays beside arrays', () => `[${'[],'.repeat(MAX / 3 - 2)}[]]`],
      ['objects in objects', () => '{"a":'.repeat(MAX / 5)],
      ['numbers', () => `[${'0,'.repeat(MAX / 2 - 2)}0]`],
    ];
    for (const [what, body] of heavy) {
      it(`of too many values is bad_response, and keeps nobody waiting while it is parsed: ${what}`, async () => {
        const server = await startLoopback(text(body()));
        let longest = 0;
        let last = performance.now();
        const watch = setInterval(() => {
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }, 20);
        const failure = await failureOf(clientFor().client.send(get(`${server.url}/a`), askFor(), 'get')).finally(() =>
          clearInterval(watch),
        );
        expect(failure).to.include({ reason: 'bad_response', message: 'GET /a: the answer holds too many values' });
        // Parsed, each would take up to ten seconds on a quiet machine.
        expect(Math.max(longest, performance.now() - last)).to.be.lessThan(3000);
      });
    }

    it('of an error is told by its status alone, and not looked into', async () => {
      const said = JSON.stringify({ forbidden: { message: '\u001b'.repeat(MAX / 8) } });
      const server = await startLoopback(text(said, 403));
      const failure = await failureOf(clientFor().client.send(get(`${server.url}/a`), askFor(), 'get'));
      expect(failure).to.include({ reason: 'forbidden', status: 403, message: 'GET /a: HTTP 403' });
    });

    it('compressed, but small enough, is read', async () => {
      const server = await startLoopback((_request, response) => {
        response.writeHead(200, { 'Content-Encoding': 'gzip' });
        const gzip = createGzip({ finishFlush: constants.Z_FINISH });
        gzip.pipe(response);
        gzip.end(JSON.stringify({ a: 'b'.repeat(10_000) }));
      });
      const { json: read } = await clientFor().client.send(get(server.url), askFor(), 'get');
      expect(read()).to.deep.equal({ a: 'b'.repeat(10_000) });
    });
  });

  describe('the time of a request', () => {
    const slow: [what: string, handler: Handler][] = [
      ['no answer', hang],
      ['a body that does not end', (_request, response) => void response.writeHead(200).write('{"a":')],
    ];
    for (const [what, handler] of slow) {
      it(`is over with reason timeout, once: ${what}`, async () => {
        const server = await startLoopback(handler);
        const { client, codes } = clientFor({ requestTimeoutMs: 40 });
        const failure = await failureOf(client.send(get(`${server.url}/a`), askFor(), 'get'));
        expect(failure).to.include({ reason: 'timeout', status: null, message: 'GET /a: no answer in 0.04 s' });
        expect(codes()).to.deep.equal(['timeout']);
        await until(() => server.requests[0]!.socket.destroyed);
        expect(client.inFlight).to.equal(0);
      });

      it(`ends with the collection: ${what}`, async () => {
        const server = await startLoopback(handler);
        const { client, codes } = clientFor();
        const life = new Lifetime();
        const reason = new CollectionOver();
        const sent = cutOf(client.send(get(server.url), askFor({ life }), 'get'));
        await until(() => server.requests.length === 1);
        life.end(reason);
        expect(await sent).to.equal(reason);
        expect(codes()).to.deep.equal(['aborted']);
        await until(() => server.requests[0]!.socket.destroyed);
        expect(client.inFlight).to.equal(0);
      });
    }

    it('of a login goes on when the collection ends, so that its token can be kept', async () => {
      let finish = (): void => undefined;
      const server = await startLoopback((_request, response) => {
        finish = () => json(response, { token: 1 }, 201);
      });
      const { client, codes } = clientFor();
      const life = new Lifetime();
      const sent = client.send(login(server.url), askFor({ life }), 'login');
      await until(() => server.requests.length === 1);
      life.end(new CollectionOver());
      finish();
      expect((await sent).json()).to.deep.equal({ token: 1 });
      expect(codes()).to.deep.equal(['201']);
    });

    it('of a login ends by its own time-out', async () => {
      const server = await startLoopback(hang);
      const { client } = clientFor({ requestTimeoutMs: 40 });
      const failure = await failureOf(client.send(login(server.url), askFor(), 'login'));
      expect(failure.reason).to.equal('timeout');
      expect(server.requests).to.have.length(1);
    });

    for (const repeatable of ['get', 'login'] as const) {
      it(`does not begin after the end of the collection: ${repeatable}`, async () => {
        const server = await startLoopback(answer({}));
        const { client, attempts } = clientFor({ requestConcurrency: 1 });
        const life = new Lifetime();
        server.handler = hang;
        const first = cutOf(client.send(get(server.url), askFor({ life }), 'get'));
        const waiting = cutOf(client.send(login(server.url), askFor({ life }), repeatable));
        await until(() => server.requests.length === 1);
        life.end(new CollectionOver());
        await Promise.all([first, waiting]);
        await cutOf(client.send(login(server.url), askFor({ life }), repeatable));
        expect(server.requests).to.have.length(1);
        expect(attempts).to.have.length(1);
      });
    }
  });

  describe('a connection that breaks', () => {
    it('is answered by one more GET, on a connection of its own', async () => {
      const server = await startLoopback((request, response, count) =>
        count === 2 ? reset(request, response, count) : json(response, { count }),
      );
      const { client, codes } = clientFor();
      await client.send(get(server.url), askFor(), 'get');
      expect((await client.send(get(server.url), askFor(), 'get')).json()).to.deep.equal({ count: 3 });
      expect(codes()).to.deep.equal(['200', 'network', '200']);
      expect(server.requests[1]!.socket).to.equal(server.requests[0]!.socket);
      expect(server.connections).to.equal(2);
    });

    it('twice is network, after two requests', async () => {
      const server = await startLoopback(reset);
      const { client, codes } = clientFor();
      const failure = await failureOf(client.send(get(`${server.url}/a`), askFor(), 'get'));
      expect(failure).to.include({ reason: 'network', status: null });
      expect(failure.message).to.match(/^GET \/a: the connection broke \(/);
      expect(codes()).to.deep.equal(['network', 'network']);
    });

    it('in the middle of a body is repeated too', async () => {
      const server = await startLoopback(({ socket }, response, count) => {
        if (count > 1) {
          json(response, { count });
          return;
        }
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('{"a":', () => socket.destroy());
      });
      const { client, codes } = clientFor();
      expect((await client.send(get(server.url), askFor(), 'get')).json()).to.deep.equal({ count: 2 });
      expect(codes()).to.deep.equal(['network', '200']);
    });

    it('never repeats a login: it may have been counted', async () => {
      const server = await startLoopback(reset);
      const { client, codes } = clientFor();
      const failure = await failureOf(client.send(login(server.url), askFor(), 'login'));
      expect(failure.reason).to.equal('network');
      expect(codes()).to.deep.equal(['network']);
      expect(server.requests).to.have.length(1);
    });
  });

  describe('a connection that is refused', () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });
    afterEach(() => {
      clock.restore();
    });

    /** A port that nobody listens on. */
    async function freePort(): Promise<number> {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      return port;
    }

    it('is network, and a GET is not repeated', async () => {
      const { client, codes } = clientFor();
      const failure = await failureOf(client.send(get(`http://127.0.0.1:${await freePort()}/a`), askFor(), 'get'));
      expect(failure).to.include({ reason: 'network', message: 'GET /a: no connection (ECONNREFUSED)' });
      expect(codes()).to.deep.equal(['network']);
    });

    it('lets a login try once more after a second, and frees its slot for that time', async () => {
      const port = await freePort();
      const { client, codes } = clientFor();
      const sent = client.send(login(`http://127.0.0.1:${port}/`), askFor(), 'login');
      await until(() => codes().length === 1 && clock.countTimers() === 1);
      expect(client.inFlight).to.equal(0);
      await startLoopback(answer({ token: 1 }, 201), { port });
      await clock.tickAsync(999);
      expect(codes()).to.deep.equal(['network']);
      await clock.tickAsync(1);
      expect((await sent).json()).to.deep.equal({ token: 1 });
      expect(codes()).to.deep.equal(['network', '201']);
    });

    it('lets a login try no third time, nor when its second would come too late', async () => {
      const url = `http://127.0.0.1:${await freePort()}/`;
      const { client, codes } = clientFor();
      const sent = failureOf(client.send(login(url), askFor(), 'login'));
      await until(() => codes().length === 1 && clock.countTimers() === 1);
      await clock.tickAsync(1000);
      expect((await sent).reason).to.equal('network');
      expect(codes()).to.deep.equal(['network', 'network']);
      await failureOf(client.send(login(url), askFor({ timeLeft: 1000 }), 'login'));
      expect(codes()).to.have.length(3);
    });
  });

  describe('a cloud that asks for patience', () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });
    afterEach(() => {
      clock.restore();
    });

    const patience: [status: number, reason: string, headers: Record<string, string>, ms: number][] = [
      [429, 'rate_limited', { 'Retry-After': '3' }, 3000],
      [503, 'unavailable', { 'Retry-After': '3' }, 3000],
      [429, 'rate_limited', {}, 1000],
      [503, 'unavailable', {}, 1000],
    ];
    for (const [status, reason, headers, ms] of patience) {
      it(`with ${status} and ${JSON.stringify(headers)} is asked again after ${ms} ms, without a slot meanwhile`, async () => {
        const server = await startLoopback((_request, response, count) =>
          count === 1 ? json(response, {}, status, headers) : json(response, { count }),
        );
        const { client, codes } = clientFor({ requestConcurrency: 1, domainConcurrency: 1 });
        const sent = client.send(get(server.url), askFor(), 'get');
        await until(() => codes().length === 1 && clock.countTimers() === 1);
        expect(client.inFlight).to.equal(0);
        await clock.tickAsync(ms - 1);
        expect(server.requests).to.have.length(1);
        await clock.tickAsync(1);
        expect((await sent).json()).to.deep.equal({ count: 2 });
        expect(codes()).to.deep.equal([String(status), '200']);
      });

      it(`with ${status} and ${JSON.stringify(headers)} is ${reason} at once when that is too long`, async () => {
        const server = await startLoopback(answer({}, status, headers));
        const { client } = clientFor();
        const failure = await failureOf(client.send(get(server.url), askFor({ timeLeft: ms }), 'get'));
        expect(failure).to.include({ reason, status });
        expect(server.requests).to.have.length(1);
        expect(clock.countTimers()).to.equal(0);
      });
    }

    it('until a date has that read by its own clock, which may be minutes off ours', async () => {
      // Ours stands at 04:30.
      const headers = { Date: 'Sun, 22 Nov 2026 04:40:00 GMT', 'Retry-After': 'Sun, 22 Nov 2026 04:40:02 GMT' };
      const server = await startLoopback(answer({}, 429, headers));
      const { failure } = await failureOf(clientFor().client.send(login(server.url), askFor(), 'login'));
      expect(failure).to.deep.equal({ kind: 'status', status: 429, retryAfterMs: 2000 });
    });

    it('twice is asked no third time', async () => {
      const server = await startLoopback(answer({}, 429, { 'Retry-After': '0' }));
      const { client } = clientFor();
      const sent = failureOf(client.send(get(server.url), askFor(), 'get'));
      await until(() => server.requests.length === 1 && clock.countTimers() === 1);
      await clock.tickAsync(0);
      expect((await sent).reason).to.equal('rate_limited');
      expect(server.requests).to.have.length(2);
    });

    it('after a reset has had its one retry', async () => {
      const server = await startLoopback((request, response, count) =>
        count === 1 ? reset(request, response, count) : json(response, {}, 503, { 'Retry-After': '0' }),
      );
      const { client, codes } = clientFor();
      const sent = failureOf(client.send(get(server.url), askFor(), 'get'));
      await until(() => codes().length === 1 && clock.countTimers() === 1);
      await clock.tickAsync(0);
      expect((await sent).reason).to.equal('unavailable');
      expect(codes()).to.deep.equal(['network', '503']);
    });

    it('is left alone at the end of the collection', async () => {
      const server = await startLoopback(answer({}, 429, { 'Retry-After': '30' }));
      const { client, codes } = clientFor();
      const life = new Lifetime();
      const sent = cutOf(client.send(get(server.url), askFor({ life }), 'get'));
      await until(() => codes().length === 1 && clock.countTimers() === 1);
      life.end(new CollectionOver());
      await sent;
      expect(clock.countTimers()).to.equal(0);
      expect(server.requests).to.have.length(1);
    });

    for (const status of [500, 502, 504]) {
      it(`is not meant by ${status}`, async () => {
        const server = await startLoopback(answer({}, status, { 'Retry-After': '0' }));
        const failure = await failureOf(clientFor().client.send(get(server.url), askFor(), 'get'));
        expect(failure).to.include({ reason: 'unavailable', status });
        expect(server.requests).to.have.length(1);
      });
    }

    it('is not asked for a login again, but told how long it wants', async () => {
      const server = await startLoopback(answer({}, 429, { 'Retry-After': '7' }));
      const { failure } = await failureOf(clientFor().client.send(login(server.url), askFor(), 'login'));
      expect(failure).to.deep.equal({ kind: 'status', status: 429, retryAfterMs: 7000 });
      expect(server.requests).to.have.length(1);
    });
  });
});
