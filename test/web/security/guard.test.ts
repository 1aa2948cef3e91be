import { expect } from 'chai';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { until } from '../../helpers/program.js';
import { TestClock } from '../../helpers/clock.js';
import { Folder } from './files.js';
import { basic, startGuarded, stopGuarded, type Guarded, type GuardedOptions } from './server.js';

const HASH = (tail: string): string => `$2b$10$${tail.padEnd(53, '.')}`;
const ALICE = `basic_auth_users:\n  alice: ${HASH('wonder')}\n`;

describe('the guard', () => {
  const folder = new Folder();
  let compared: string[];
  after(() => folder.remove());
  beforeEach(() => (compared = []));
  afterEach(stopGuarded);

  /** In place of bcrypt: the hash holds the password. */
  const compare = (password: string, hash: string): Promise<boolean> => {
    compared.push(password);
    return Promise.resolve(hash === HASH(password));
  };

  const start = (text: string | null, options: GuardedOptions = {}): Promise<Guarded> =>
    startGuarded(text === null ? null : folder.write('web.yml', text), { compare, ...options });

  describe('with users', () => {
    it('asks for a password, and lets in who has it', async () => {
      const server = await start(ALICE);
      const { status, headers, body } = await server.ask({ path: '/metrics' });
      expect(status).to.equal(401);
      expect(headers['www-authenticate']).to.equal('Basic realm="vhi-exporter", charset="UTF-8"');
      expect(body).to.equal('user and password are needed (basic authentication)\n');
      expect(server.passed).to.deep.equal([]);
      expect(await server.status({ headers: basic('alice', 'wonder') })).to.equal(200);
      expect(await server.status({ headers: basic('alice', 'x') })).to.equal(401);
      expect(await server.status({ headers: basic('bob', 'wonder') })).to.equal(401);
      expect(server.passed).to.deep.equal(['GET /']);
    });

    it('answers in JSON below /api/', async () => {
      const server = await start(ALICE);
      const { headers, body } = await server.ask({ path: '/api/v1/snapshot' });
      expect(headers['content-type']).to.equal('application/json; charset=utf-8');
      expect(JSON.parse(body)).to.deep.equal({
        error: { code: 'unauthorized', message: 'user and password are needed (basic authentication)' },
      });
      const head = await server.ask({ path: '/api/v1/snapshot', method: 'HEAD' });
      expect(head).to.include({ status: 401, body: '' });
    });

    it('lets probes through, by these very paths alone, and compares nothing for them', async () => {
      const server = await start(ALICE);
      for (const path of ['/-/healthy', '/-/ready', '/-/healthy?x=1']) {
        expect(await server.status({ path, headers: basic('a', 'b') }), path).to.equal(200);
      }
      for (const path of [
        '/-/healthy/',
        '//-/healthy',
        '/-/Healthy',
        '/-/healthy%3f',
        '/-/healthy;x',
        '/-/healthy/../../metrics',
        '/-/%68ealthy',
        'http://127.0.0.1/-/healthy',
        '/-/reload',
        '/-/healthy#/metrics',
        '*',
        '/?/-/healthy',
      ]) {
        expect(await server.status({ path }), path).to.equal(401);
      }
      expect(server.passed).to.deep.equal(['GET /-/healthy', 'GET /-/ready', 'GET /-/healthy?x=1']);
      expect(compared).to.deep.equal([]);
    });

    for (const method of ['POST', 'PUT', 'OPTIONS', 'DELETE', 'TRACE']) {
      it(`covers ${method} as well`, async () => {
        const server = await start(ALICE);
        expect(await server.status({ method, path: '/-/reload' })).to.equal(401);
        expect(await server.status({ method, path: '/-/reload', headers: basic('alice', 'wonder') })).to.equal(200);
      });
    }

    it('takes malformed credentials for none, and compares nothing', async () => {
      const server = await start(ALICE);
      for (const authorization of ['', 'Basic', 'Basic ', 'Basic !!!', 'Basic YQ==', 'Bearer x', 'Digest a="b"']) {
        expect(await server.status({ headers: { authorization } }), authorization).to.equal(401);
      }
      expect(compared).to.deep.equal([]);
    });

    it('turns away with 503 whoever comes while 16 wait', async () => {
      const asked: ((same: boolean) => void)[] = [];
      const server = await start(ALICE, { compare: () => new Promise((resolve) => asked.push(resolve)) });
      const waiting = Array.from({ length: 17 }, (_, i) => server.status({ headers: basic('alice', `${i}`) }));
      await until('one is compared', 5000, () => asked.length === 1);
      const { status, headers } = await server.ask({ headers: basic('alice', 'busy?') });
      expect(status).to.equal(503);
      expect(headers['retry-after']).to.equal('1');
      expect(await server.status({ path: '/-/healthy' }), 'a probe is not held up').to.equal(200);
      for (let i = 0; i < 17; i++) {
        await until(`${i} is compared`, 5000, () => asked.length > i);
        asked[i]!(false);
      }
      expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set([401]));
    });

    it('answers 503 when a password can’t be compared, logs it without the password, and lets nobody in', async () => {
      const server = await start(ALICE, { compare: () => Promise.reject(new Error('no thread')) });
      expect(await server.status({ headers: basic('alice', 'wonder') })).to.equal(503);
      expect(server.passed).to.deep.equal([]);
      expect(server.log.lines).to.deep.equal([
        { level: 'error', message: 'a password could not be checked', fields: { error: 'Error: no thread' } },
      ]);
    });

    it('brings about nothing for one who leaves before the verdict', async () => {
      const asked: ((same: boolean) => void)[] = [];
      const server = await start(ALICE, { compare: () => new Promise((resolve) => asked.push(resolve)) });
      const socket = connect(server.port, '127.0.0.1');
      const { authorization } = basic('alice', 'x');
      socket.write(`GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`);
      await until('it is compared', 5000, () => asked.length === 1);
      socket.destroy();
      // The server has noticed, once another connection has come and gone.
      for (let i = 0; i < 5; i++) await server.status({ path: '/-/healthy' });
      asked[0]?.(true);
      expect(await server.status({ path: '/-/ready' })).to.equal(200);
      expect(server.passed).not.to.include('GET /metrics');
    });
  });

  it('compares nothing for those who leave while they wait', async () => {
    const asked: { password: string; answer: (same: boolean) => void }[] = [];
    const server = await start(ALICE, {
      compare: (password) => new Promise((resolve) => asked.push({ password, answer: resolve })),
    });
    const { authorization } = basic('alice', 'gone');
    const leaver = connect(server.port, '127.0.0.1');
    const stays = server.status({ headers: basic('alice', 'first') });
    await until('one is compared', 5000, () => asked.length === 1);
    leaver.write(`GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`.repeat(3));
    const last = server.status({ headers: basic('alice', 'last') });
    for (let i = 0; i < 5; i++) await server.status({ path: '/-/healthy' });
    leaver.destroy();
    for (let i = 0; i < 5; i++) await server.status({ path: '/-/healthy' });
    asked[0]?.answer(false);
    await until('the next is compared', 5000, () => asked.length === 2);
    asked[1]?.answer(false);
    expect(asked.map(({ password }) => password)).to.deep.equal(['first', 'last']);
    expect([await stays, await last]).to.deep.equal([401, 401]);
    expect(server.passed).not.to.include('GET /metrics');
  });

  describe('when users change', () => {
    const inForce = (server: Guarded, text: string): Promise<unknown> => {
      folder.write('web.yml', text);
      return server.security.reload();
    };

    it('follows: a new one gets in, one who is gone does not, though known before', async () => {
      const server = await start(ALICE);
      expect(await server.status({ headers: basic('alice', 'wonder') })).to.equal(200);
      await inForce(server, `basic_auth_users:\n  bob: ${HASH('build')}\n`);
      expect(await server.status({ headers: basic('alice', 'wonder') })).to.equal(401);
      expect(await server.status({ headers: basic('bob', 'build') })).to.equal(200);
    });

    it('goes on knowing those who have stayed the same', async () => {
      const server = await start(ALICE);
      expect(await server.status({ headers: basic('alice', 'wonder') })).to.equal(200);
      await inForce(server, `${ALICE}  bob: ${HASH('build')}\n`);
      compared.length = 0;
      expect(await server.status({ headers: basic('alice', 'wonder') })).to.equal(200);
      expect(compared).to.deep.equal([]);
      expect(await server.status({ headers: basic('bob', 'build') })).to.equal(200);
    });

    it('takes an old password for wrong at once, on a connection that is open already too', async () => {
      const server = await start(ALICE);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await server.status({ agent, headers: basic('alice', 'wonder') })).to.equal(200);
      await inForce(server, `basic_auth_users:\n  alice: ${HASH('other')}\n`);
      expect(await server.status({ agent, headers: basic('alice', 'wonder') })).to.equal(401);
      expect(await server.status({ agent, headers: basic('alice', 'other') })).to.equal(200);
      agent.destroy();
    });

    it('gives no weight to a verdict on users who are gone by then', async () => {
      const asked: { hash: string; answer: (same: boolean) => void }[] = [];
      const server = await start(ALICE, {
        compare: (_password, hash) => new Promise((resolve) => asked.push({ hash, answer: resolve })),
      });
      const status = server.status({ headers: basic('alice', 'wonder') });
      await until('it is compared', 5000, () => asked.length === 1);
      await inForce(server, `basic_auth_users:\n  alice: ${HASH('other')}\n`);
      asked[0]?.answer(true);
      await until('it is compared anew', 5000, () => asked.length === 2);
      expect(asked[1]?.hash).to.equal(HASH('other'));
      asked[1]?.answer(false);
      expect(await status).to.equal(401);
    });
  });

  describe('on loopback', () => {
    const foreign = { headers: { host: 'evil.example:10180' } };

    it('answers a foreign Host with 403 on every path, without authentication', async () => {
      const server = await start(null);
      for (const path of ['/', '/metrics', '/-/healthy', '/-/reload', '/api/v1/snapshot']) {
        expect(await server.status({ ...foreign, path }), path).to.equal(403);
      }
      const { body } = await server.ask({ ...foreign, path: '/metrics' });
      expect(body).to.match(/^ask by an IP address, by localhost, or by the name in --web\.listen-address; /);
      for (const host of ['localhost', '127.0.0.1:1', '[::1]:80', 'LOCALHOST.']) {
        expect(await server.status({ headers: { host } }), host).to.equal(200);
      }
    });

    it('does not take a request without a Host, or with two', async () => {
      const server = await start(null);
      const raw = (text: string): Promise<string> =>
        new Promise((resolve, reject) => {
          let said = '';
          const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
          socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
          socket.on('error', reject).on('close', () => resolve(said.split('\r\n')[0] ?? ''));
        });
      expect(await raw('GET / HTTP/1.0\r\n\r\n')).to.equal('HTTP/1.1 403 Forbidden');
      expect(await raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).to.equal('HTTP/1.1 400 Bad Request');
      const two = 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
      expect(await raw(two)).to.equal('HTTP/1.1 403 Forbidden');
      expect(server.passed).to.deep.equal([]);
    });

    it('does not mind the Host where a password is asked for', async () => {
      const server = await start(ALICE);
      expect(await server.status({ headers: { ...foreign.headers, ...basic('alice', 'wonder') } })).to.equal(200);
      expect(await server.status({ ...foreign, path: '/-/healthy' })).to.equal(200);
    });

    it('knows the name that it listens on', async () => {
      const server = await start(null, { listen: { host: 'localhost', port: 0 } });
      expect(await server.status({ host: 'localhost', ...foreign })).to.equal(403);
      expect(await server.status({ host: 'localhost', headers: { host: 'localhost' } })).to.equal(200);
    });

    for (const [listened, host] of [
      ['::1', '::1'],
      ['::ffff:127.0.0.1', '127.0.0.1'],
    ] as const) {
      it(`minds the Host where it listens on ${listened} alike`, async () => {
        const server = await start(null, { listen: { host: listened, port: 0 } });
        expect(await server.status({ host, ...foreign })).to.equal(403);
        expect(await server.status({ host, headers: { host: '[::1]:10180' } })).to.equal(200);
      });
    }

    for (const host of [null, '0.0.0.0', '::']) {
      it(`does not mind the Host where it listens on ${host ?? 'all addresses'}: names are for that`, async () => {
        const server = await start(null, { listen: { host, port: 0 } });
        expect(await server.status(foreign)).to.equal(200);
      });
    }
  });

  describe('at the start', () => {
    const warnings = (server: Guarded, address: string): string[] => {
      server.security.warnOfExposure(address);
      return server.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    };

    it('warns of an address beyond loopback without authentication', async () => {
      for (const address of ['0.0.0.0', '::', '10.0.0.1', '2001:db8::1']) {
        expect(warnings(await start(null), address), address).to.deep.equal([
          'whoever reaches this address can read all figures: see --web.config.file for authentication',
        ]);
      }
    });

    it('warns of passwords that travel in clear text', async () => {
      expect(warnings(await start(ALICE), '10.0.0.1')).to.deep.equal([
        'passwords travel in clear text: add tls_server_config to the web configuration',
      ]);
    });

    it('has nothing to warn of on loopback', async () => {
      for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
        expect(warnings(await start(null), address), address).to.deep.equal([]);
        expect(warnings(await start(ALICE), address), address).to.deep.equal([]);
      }
    });
  });

  it('sets the headers on each answer, its own refusals too', async () => {
    const server = await start(
      `http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Content-Security-Policy: default-src 'self'\n${ALICE}`,
    );
    for (const options of [{}, { headers: basic('alice', 'wonder') }, { path: '/-/healthy' }]) {
      const { headers } = await server.ask(options);
      expect(headers).to.include({ 'x-frame-options': 'deny', 'content-security-policy': "default-src 'self'" });
    }
  });

  it('holds to the rate limit, but for probes', async () => {
    const clock = new TestClock();
    const server = await start('rate_limit: {interval: 10s, burst: 2}', { clock });
    expect([await server.status(), await server.status(), await server.status()]).to.deep.equal([200, 200, 429]);
    expect(await server.status({ path: '/-/healthy' })).to.equal(200);
    clock.advance(9_999);
    expect(await server.status()).to.equal(429);
    clock.advance(1);
    expect([await server.status(), await server.status()]).to.deep.equal([200, 429]);
    clock.advance(3_600_000);
    expect([await server.status(), await server.status(), await server.status()]).to.deep.equal([200, 200, 429]);
  });

  it('says once that HTTP/2 is not spoken', async () => {
    const server = await start('http_server_config: {http2: true}');
    folder.write('web.yml', 'http_server_config: {http2: true, headers: {X-Frame-Options: deny}}');
    await server.security.reload();
    const said = server.log.lines.filter(({ message }) => message.startsWith('http2'));
    expect(said.map(({ message }) => message)).to.deep.equal([
      'http2 in the web configuration is without effect: HTTP/1.1 is spoken',
    ]);
  });
});
