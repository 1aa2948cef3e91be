import { expect } from 'chai';
import { Agent } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { useFakeTimers } from 'sinon';

import { openWebSecurity } from '../../../src/web/security/security.js';
import { RecordingLogger } from '../../helpers/log.js';
import { until } from '../../helpers/program.js';
import { fingerprintOf, Folder, makeCertificate, type Pair } from './files.js';
import { startGuarded, stopGuarded, type Guarded } from './server.js';

const TLS = 'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n';

describe('TLS', () => {
  const folder = new Folder();
  let own: Pair;
  let next: Pair;
  let authority: Pair;
  let otherAuthority: Pair;
  let client: Pair;
  let stranger: Pair;
  let log: RecordingLogger;
  before(async () => {
    [own, next, authority, otherAuthority] = await Promise.all([
      makeCertificate(),
      makeCertificate(),
      makeCertificate({ name: 'authority' }),
      makeCertificate({ name: 'other authority' }),
    ]);
    client = await makeCertificate({
      name: 'prometheus',
      issuer: authority,
      altNames: [
        { type: 2, value: 'prometheus.example' },
        { type: 1, value: 'ops@example.org' },
        { type: 6, value: 'spiffe://example.org/prometheus' },
        { type: 7, ip: '2001:db8::1' },
      ],
    });
    stranger = await makeCertificate({ name: 'stranger', issuer: otherAuthority });
    folder.write('authority.crt', authority.cert);
    folder.write('other.crt', otherAuthority.cert);
    folder.write('both.crt', otherAuthority.cert + authority.cert);
  });
  after(() => folder.remove());
  beforeEach(() => {
    folder.writePair('server', own);
    log = new RecordingLogger();
  });
  afterEach(stopGuarded);

  const write = (text: string): string => folder.write('web.yml', text);
  const start = (text: string): Promise<Guarded> => startGuarded(write(text));
  const change = async (server: Guarded, text: string): Promise<void> => {
    write(text);
    await server.security.reload();
  };

  /** A connection once its handshake is over. */
  function shake(
    port: number,
    options: ConnectionOptions = {},
    onSession: (session: Buffer) => void = () => undefined,
  ): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => resolve(socket));
      socket.on('error', reject).on('session', onSession);
    });
  }
  async function shown(port: number): Promise<string> {
    const socket = await shake(port);
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }

  it('answers over HTTPS, and its address says so', async () => {
    const server = await start(TLS);
    expect(server.listening.url).to.match(/^https:\/\/127\.0\.0\.1:\d+\/$/);
    expect(await server.ask({ ca: own.cert, rejectUnauthorized: true })).to.include({ status: 200, body: 'in' });
  });

  it('speaks HTTP/1.1 also to one who would rather have HTTP/2', async () => {
    const server = await start(`${TLS}http_server_config: {http2: true}\n`);
    const socket = await shake(server.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).to.equal('http/1.1');
    socket.destroy();
    const only = await shake(server.port, { ALPNProtocols: ['h2'] }).catch((error: unknown) => error);
    expect(only).to.have.property('code').that.contains('NO_APPLICATION_PROTOCOL');
    expect(await server.status()).to.equal(200);
  });

  it('closes a connection that speaks plain HTTP, or nonsense, and goes on', async () => {
    const server = await start(TLS);
    for (const text of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', '\0\0\0\0', '\x16\x03\x01\xff\xff'.repeat(500)]) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(server.port, '127.0.0.1', () => socket.end(text));
        socket.on('error', () => undefined).on('close', () => resolve());
        socket.resume();
      });
    }
    expect(server.passed).to.deep.equal([]);
    expect(await server.status()).to.equal(200);
    expect(server.log.lines.every(({ level }) => level === 'debug')).to.equal(true);
  });

  describe('versions and ciphers', () => {
    const accepts = async (server: Guarded, options: ConnectionOptions): Promise<string | null> => {
      try {
        const socket = await shake(server.port, options);
        const said = `${socket.getProtocol()} ${socket.getCipher().name}`;
        socket.destroy();
        return said;
      } catch {
        return null;
      }
    };
    const OLD = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const;
    const TWO = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const THREE = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

    it('are TLS 1.2 and 1.3, and nothing older', async () => {
      const server = await start(TLS);
      expect(await accepts(server, OLD)).to.equal(null);
      expect(await accepts(server, TWO)).to.match(/^TLSv1\.2 ECDHE-/);
      expect(await accepts(server, THREE)).to.match(/^TLSv1\.3 TLS_/);
    });

    it('follow min_version and max_version, at the start and later', async () => {
      const server = await start(`${TLS}  min_version: TLS13\n`);
      expect([await accepts(server, TWO), await accepts(server, THREE)].map((said) => said !== null)).to.deep.equal([
        ...[false, true],
      ]);
      await change(server, `${TLS}  max_version: TLS12\n`);
      expect([await accepts(server, TWO), await accepts(server, THREE)].map((said) => said !== null)).to.deep.equal([
        ...[true, false],
      ]);
    });

    it('follow cipher_suites and curve_preferences', async () => {
      const server = await start(
        `${TLS}  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n  curve_preferences: [CurveP384]\n`,
      );
      expect(await accepts(server, TWO)).to.equal('TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305');
      expect(await accepts(server, { ...TWO, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).to.equal(null);
      expect(await accepts(server, { ...THREE, ecdhCurve: 'P-256' })).to.equal(null);
      expect(await accepts(server, { ...THREE, ecdhCurve: 'P-384' })).to.match(/^TLSv1\.3/);
      await change(server, TLS);
      expect(await accepts(server, { ...TWO, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).to.match(/AES128/);
      expect(await accepts(server, { ...THREE, ecdhCurve: 'P-256' })).to.match(/^TLSv1\.3/);
    });
  });

  describe('when certificates rotate', () => {
    it('shows the new one without a restart, by itself', async () => {
      const server = await start(TLS);
      expect(await shown(server.port)).to.equal(fingerprintOf(own.cert));
      folder.writePair('server', next);
      await until('the new certificate', 5000, async () => (await shown(server.port)) === fingerprintOf(next.cert));
      expect(server.log.lines.map(({ message }) => message)).to.include('web configuration taken over');
    });

    it('does not cut connections that are open', async () => {
      const server = await start(TLS);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await server.status({ agent })).to.equal(200);
      folder.writePair('server', next);
      await server.security.reload();
      const sockets = Object.values(agent.freeSockets).flat();
      expect(await server.status({ agent })).to.equal(200);
      expect(Object.values(agent.freeSockets).flat()).to.deep.equal(sockets);
      agent.destroy();
    });

    it('keeps the last good one while key and certificate do not belong together, and says so in one line', async () => {
      const server = await start(TLS);
      const errors = (): unknown[] => server.log.lines.filter(({ level }) => level === 'error');
      folder.write('server.crt', next.cert);
      await until('the complaint', 5000, () => errors().length > 0);
      expect(await shown(server.port)).to.equal(fingerprintOf(own.cert));
      expect(errors()).to.deep.equal([
        {
          level: 'error',
          message: 'web configuration not taken over, the last good one stays in force',
          fields: {
            problem: `${folder.at('web.yml')}:3: tls_server_config.key_file is not the key of the certificate`,
          },
        },
      ]);
      folder.write('server.key', next.key);
      await until('the new certificate', 5000, async () => (await shown(server.port)) === fingerprintOf(next.cert));
      expect(errors()).to.have.length(1);
    });

    it('waits for the second of two files that belong together, so that nothing is complained of', async () => {
      const clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        const security = await openWebSecurity(write(TLS), { log, pollMs: 500 });
        // The next look is planned when one is over.
        const look = async (): Promise<void> => {
          clock.tick(500);
          while (clock.countTimers() === 0) await new Promise((resolve) => setImmediate(resolve));
        };
        await look();
        folder.write('server.crt', next.cert);
        await look();
        folder.write('server.key', next.key);
        await look();
        expect(security.config.tls?.context.key).to.equal(own.key);
        await look();
        expect(security.config.tls?.context.key).to.equal(next.key);
        expect(log.lines.map(({ message }) => message)).to.deep.equal(['web configuration taken over']);
        await security.close();
        expect(clock.countTimers()).to.equal(0);
      } finally {
        clock.restore();
      }
    });

    it('keeps the last good one while a file is gone, and takes it up again', async () => {
      const server = await start(TLS);
      write('tls_server_config: [');
      let failure = await server.security.reload().catch((error: unknown) => (error as Error).message);
      expect(failure).to.match(/^the web configuration: line 1: this is not the YAML .*; see the log$/);
      expect(await server.status()).to.equal(200);
      write('tls_server_config:\n  cert_file: none.crt\n  key_file: server.key\n');
      failure = await server.security.reload().catch((error: unknown) => (error as Error).message);
      expect(failure).to.equal(
        'the web configuration: line 2: tls_server_config.cert_file does not exist; see the log',
      );
      expect(server.log.lines.at(-1)).to.deep.equal({
        level: 'error',
        message: 'web configuration not taken over, the last good one stays in force',
        fields: {
          problem: `${folder.at('web.yml')}:2: tls_server_config.cert_file: ${folder.at('none.crt')} does not exist`,
        },
      });
      expect(await shown(server.port)).to.equal(fingerprintOf(own.cert));
      // Only now there: that is noticed too.
      folder.write('none.crt', own.cert);
      await until('it is taken over', 5000, () => server.security.reload().then(() => true));
    });

    it('says of a switch between HTTP and HTTPS that it takes a restart', async () => {
      const plain = await start('');
      const tls = await start(TLS);
      const failure = (server: Guarded): Promise<unknown> => server.security.reload().catch((e: unknown) => e);
      write('');
      expect(await failure(tls)).to.have.property(
        'message',
        'the web configuration: TLS is switched off by a restart only; see the log',
      );
      write(TLS);
      expect(await failure(plain)).to.have.property(
        'message',
        'the web configuration: TLS is switched on by a restart only; see the log',
      );
      expect(await tls.status()).to.equal(200);
      expect(await plain.status()).to.equal(200);
    });

    it('warns of a certificate that has expired', async () => {
      const day = 86_400_000;
      const old = await makeCertificate({
        notBefore: new Date(Date.now() - 9 * day),
        notAfter: new Date(Date.now() - day),
      });
      folder.writePair('server', old);
      const server = await start(TLS);
      expect(server.log.lines.map(({ message }) => message)).to.deep.equal([
        'the certificate of the web configuration has expired',
      ]);
    });
  });

  describe('client certificates', () => {
    const ASKED = {
      none: undefined,
      'one that is signed': () => client,
      'one of a stranger': () => stranger,
    };
    type Case = keyof typeof ASKED;
    const table: [type: string, ca: boolean, admitted: Record<Case, boolean>][] = [
      ['NoClientCert', false, { none: true, 'one that is signed': true, 'one of a stranger': true }],
      ['RequestClientCert', false, { none: true, 'one that is signed': true, 'one of a stranger': true }],
      ['RequestClientCert', true, { none: true, 'one that is signed': true, 'one of a stranger': true }],
      ['RequireAnyClientCert', false, { none: false, 'one that is signed': true, 'one of a stranger': true }],
      ['RequireAnyClientCert', true, { none: false, 'one that is signed': true, 'one of a stranger': true }],
      ['VerifyClientCertIfGiven', true, { none: true, 'one that is signed': true, 'one of a stranger': false }],
      ['RequireAndVerifyClientCert', true, { none: false, 'one that is signed': true, 'one of a stranger': false }],
    ];
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const [type, ca, admitted] of table) {
        for (const [brings, expected] of Object.entries(admitted) as [Case, boolean][]) {
          it(`${expected ? 'let in' : 'keep out'} who brings ${brings}: ${type}${ca ? ' with a CA' : ''}, ${version}`, async () => {
            const server = await start(
              `${TLS}  client_auth_type: ${type}\n${ca ? '  client_ca_file: authority.crt\n' : ''}`,
            );
            const options = { minVersion: version, maxVersion: version, ...ASKED[brings]?.() };
            for (const path of ['/metrics', '/-/healthy']) {
              const outcome = await server.outcome({ ...options, path });
              if (expected) expect(outcome).to.equal(200);
              else expect(outcome).to.be.a('string');
            }
            expect(server.passed).to.have.length(expected ? 2 : 0);
          });
        }
      }
    }

    const VERIFY = `${TLS}  client_auth_type: RequireAndVerifyClientCert\n`;

    it('count as authentication when they are verified, and only then', async () => {
      const server = await start(`${VERIFY}  client_ca_file: authority.crt\n`);
      const foreign = { headers: { host: 'evil.example' } };
      expect(await server.status({ ...client, ...foreign })).to.equal(200);
      const other = await start(`${TLS}  client_auth_type: RequireAnyClientCert\n`);
      expect(await other.status({ ...client, ...foreign })).to.equal(403);
    });

    it('are trusted of every CA of the file', async () => {
      const server = await start(`${VERIFY}  client_ca_file: both.crt\n`);
      expect(await server.status(client)).to.equal(200);
      expect(await server.status(stranger)).to.equal(200);
    });

    for (const [san, admitted] of [
      ['prometheus.example', true],
      ['ops@example.org', true],
      ['spiffe://example.org/prometheus', true],
      ['2001:0DB8:0::0001', true],
      ['prometheus', false],
      ['example', false],
      ['*.example', false],
      ['10.0.0.1', false],
    ] as const) {
      it(`${admitted ? 'let in' : 'keep out'} by client_allowed_sans: ${san}`, async () => {
        const server = await start(`${VERIFY}  client_ca_file: authority.crt\n  client_allowed_sans: [x, "${san}"]\n`);
        const outcome = await server.outcome(client);
        if (admitted) expect(outcome).to.equal(200);
        else expect(outcome).to.be.a('string');
        expect(await server.outcome(stranger)).to.be.a('string');
      });
    }

    it('can be asked for, and no more, without a restart', async () => {
      const server = await start(TLS);
      expect(await server.status()).to.equal(200);
      await change(server, `${VERIFY}  client_ca_file: authority.crt\n`);
      expect(await server.outcome()).to.be.a('string');
      expect(await server.outcome(stranger)).to.be.a('string');
      expect(await server.status(client)).to.equal(200);
      await change(server, `${TLS}  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: other.crt\n`);
      expect(await server.status()).to.equal(200);
      expect(await server.status(stranger)).to.equal(200);
      expect(await server.outcome(client)).to.be.a('string');
      await change(server, TLS);
      expect(await server.status(client)).to.equal(200);
    });

    it('of a CA that is no longer trusted end with their connections', async () => {
      const server = await start(`${VERIFY}  client_ca_file: authority.crt\n`);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await server.status({ ...client, agent })).to.equal(200);
      const open = Object.values(agent.freeSockets).flat();
      expect(open).to.have.length(1);
      await change(server, `${VERIFY}  client_ca_file: other.crt\n`);
      // Sooner than an idle connection would end.
      await until('the connection ends', 2000, () => open[0]?.destroyed);
      expect(await server.outcome({ ...client, agent })).to.be.a('string');
      expect(await server.status(stranger)).to.equal(200);
      agent.destroy();
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`are asked for anew when a session is resumed, ${version}`, async () => {
        const server = await start(`${VERIFY}  client_ca_file: authority.crt\n`);
        const options = { minVersion: version, maxVersion: version, ...client } as const;
        const resumable = async (): Promise<Buffer> => {
          let session: Buffer | undefined;
          const socket = await shake(server.port, options, (bytes) => (session = bytes));
          socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
          const bytes = await until('a session', 5000, () => session);
          socket.destroy();
          return bytes;
        };
        const session = await resumable();
        expect(await server.status({ ...options, session })).to.equal(200);
        await change(server, `${VERIFY}  client_ca_file: other.crt\n`);
        expect(await server.outcome({ ...options, session })).to.be.a('string');
        // Without the certificate, a session of one who had it is worth nothing either.
        const { minVersion, maxVersion } = options;
        expect(await server.outcome({ minVersion, maxVersion, session })).to.be.a('string');
      });
    }
  });
});
