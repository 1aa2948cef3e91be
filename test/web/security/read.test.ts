import { expect } from 'chai';
import { mkdirSync } from 'node:fs';

import type { WebConfig } from '../../../src/web/security/config.js';
import { readWebConfig } from '../../../src/web/security/read.js';
import { encrypted, Folder, makeCertificate, type Pair } from './files.js';

const DIGEST = 'ZrJfAaWvKyYgGXq0WyWjJOuFfVfOWwLgCS4mWvEYBPbHkT5uqk2zK'.slice(0, 53);
const HASH = `$2y$10$${DIGEST}`;
const TLS = 'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n';

describe('the web configuration file', () => {
  const folder = new Folder();
  let own: Pair;
  let other: Pair;
  before(async () => {
    [own, other] = await Promise.all([makeCertificate(), makeCertificate()]);
    folder.writePair('server', own);
    folder.writePair('other', other);
    folder.write('locked.key', encrypted(own.key));
    folder.write('garbage.pem', '-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n');
    folder.write('half.pem', own.cert + own.cert.slice(0, 200));
    folder.write('both.pem', own.cert + other.cert);
    folder.write('latin1.crt', Buffer.from([0xe4, 0xf6]));
    mkdirSync(folder.at('folder'));
  });
  after(() => folder.remove());

  async function read(text: string): Promise<WebConfig> {
    const { reading } = await readWebConfig(folder.write('web.yml', text));
    if (reading.problem !== null) throw new Error(reading.problem);
    return reading.config;
  }

  /** Without the file's name, which each problem begins with. */
  async function problemOf(text: string | Buffer): Promise<string> {
    const { reading } = await readWebConfig(folder.write('web.yml', text));
    const start = folder.at('web.yml');
    if (reading.problem === null) throw new Error('it was taken over');
    expect(reading.problem.startsWith(start), reading.problem).to.equal(true);
    expect(reading.brief)
      .to.match(/^the web configuration/)
      .and.not.to.contain(folder.path);
    return reading.problem.slice(start.length).replaceAll(folder.path, '…');
  }

  describe('when it is good', () => {
    for (const [what, text] of [
      ['is empty', ''],
      ['holds comments only', '# nothing yet\n'],
      ['is an empty map', '{}'],
      ['begins with a BOM', '\ufeff{}\r\n'],
    ] as const) {
      it(`asks nothing of anybody when it ${what}`, async () => {
        expect(await read(text)).to.deep.equal({ tls: null, http2: false, headers: {}, users: null, rateLimit: null });
      });
    }

    it('takes certificate and key from files beside it', async () => {
      const { tls } = await read(TLS);
      expect(tls?.clientAuth).to.equal('NoClientCert');
      expect(tls?.context).to.include({
        cert: `${own.cert}\n`,
        key: own.key,
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.3',
      });
      expect(tls?.expires.getTime()).to.be.greaterThan(Date.now());
    });

    it('takes absolute paths as they are', async () => {
      const text = `tls_server_config: {cert_file: ${folder.at('server.crt')}, key_file: ${folder.at('server.key')}}`;
      expect((await read(text)).tls?.context.cert).to.equal(`${own.cert}\n`);
    });

    it('takes certificate, key and client CA from its own text', async () => {
      const block = (pem: string): string => pem.trim().replaceAll('\n', '\n    ');
      const { tls } = await read(
        `tls_server_config:\n  client_auth_type: RequireAndVerifyClientCert\n  cert: |\n    ${block(own.cert)}\n` +
          `  key: |\n    ${block(own.key)}\n  client_ca: |\n    ${block(other.cert)}\n`,
      );
      expect(tls?.clientAuth).to.equal('RequireAndVerifyClientCert');
      expect(tls?.context.ca).to.deep.equal([`${other.cert}\n`]);
    });

    it('gives OpenSSL its own names of versions, ciphers and curves', async () => {
      const { tls } = await read(
        `${TLS}  min_version: TLS13\n  max_version: TLS13\n  prefer_server_cipher_suites: false\n` +
          '  cipher_suites:\n    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n    - TLS_AES_128_GCM_SHA256\n' +
          '    - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256\n  curve_preferences: [CurveP384, X25519]\n',
      );
      expect(tls?.context).to.include({
        minVersion: 'TLSv1.3',
        maxVersion: 'TLSv1.3',
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305',
        ecdhCurve: 'P-384:X25519',
        honorCipherOrder: false,
      });
    });

    it('reads every certificate of a file, also where one begins on the line on which another ends', async () => {
      folder.write('chain.crt', own.cert + other.cert);
      const { context } = (await read(TLS.replace('server.crt', 'chain.crt'))).tls ?? {};
      expect(context?.cert).to.equal(`${own.cert}\n${other.cert}\n`);
      const { tls } = await read(`${TLS}  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: both.pem\n`);
      expect(tls?.context.ca).to.deep.equal([`${own.cert}\n`, `${other.cert}\n`]);
    });

    for (const prefix of ['$2$', '$2a$', '$2b$', '$2x$', '$2y$']) {
      it(`knows a hash that begins with ${prefix}`, async () => {
        const { users } = await read(`basic_auth_users:\n  alice: ${prefix}10$${DIGEST}\n`);
        expect([...users!].map(([name, hash]) => [name, hash.reveal()])).to.deep.equal([
          ['alice', `${prefix}10$${DIGEST}`],
        ]);
      });
    }

    it('takes any name of a user that can be sent', async () => {
      const names = ['42', '007', '1e3', '0x10', '1.10', 'true', 'True', '~', 'zoë m'];
      const { users } = await read(`basic_auth_users:\n${names.map((name) => `  ${name}: ${HASH}\n`).join('')}`);
      expect([...(users?.keys() ?? [])]).to.have.members(names);
    });

    it('takes an alias for what it stands for', async () => {
      const { users } = await read(`basic_auth_users:\n  alice: &same ${HASH}\n  bob: *same\n`);
      expect(users?.get('bob')?.reveal()).to.equal(HASH);
    });

    it('knows the five headers, and leaves out those that are blank', async () => {
      const { headers, http2 } = await read(
        'http_server_config:\n  http2: true\n  headers:\n    Content-Security-Policy: ""\n' +
          '    Strict-Transport-Security: max-age=31536000\n    X-Content-Type-Options: nosniff\n' +
          '    X-Frame-Options: sameorigin\n    X-XSS-Protection: "0"\n',
      );
      expect(http2).to.equal(true);
      expect(headers).to.deep.equal({
        'Strict-Transport-Security': 'max-age=31536000',
        'X-Content-Type-Options': 'nosniff',
        'X-Frame-Options': 'sameorigin',
        'X-XSS-Protection': '0',
      });
    });

    it('knows a rate limit, and that an interval of 0 is none', async () => {
      const { rateLimit } = await read('rate_limit: {interval: 500ms, burst: 20}');
      expect(rateLimit).to.deep.equal({ intervalMs: 500, burst: 20 });
      expect((await read('rate_limit: {interval: 0, burst: 20}')).rateLimit).to.equal(null);
      expect((await read('rate_limit: {interval: 0s, burst: 20}')).rateLimit).to.equal(null);
    });
  });

  describe('when it is bad', () => {
    const USERS = 'basic_auth_users:\n';
    const table: [text: string, problem: string | RegExp][] = [
      // No YAML.
      [
        'a: [1\n',
        ':2: this is not the YAML that it should be (BAD_INDENT): mind indentation, and quote values with special characters',
      ],
      ['basic_auth_users:\n\talice: x\n', ':2: YAML is indented by blanks, not by tabs'],
      [`${USERS}  alice: ${HASH}\n  alice: ${HASH}\n`, ':3: this key is there already'],
      ['{}\n---\n{}\n', ':2: the file must be one YAML document'],
      [
        'rate_limit: *none\n',
        ':1: an alias (*name) leads to no anchor (&name), or there are too many: write the value itself',
      ],
      ['rate_limit: !env LIMIT\n', /^:1: this is not the YAML that it should be \(TAG_RESOLVE_FAILED\)/],
      // Not the shape.
      ['- a\n', ':1: must be a map of keys and values'],
      ['yes please', ':1: must be a map of keys and values'],
      [
        '# TLS\n\ntls_server_confg:\n  cert_file: x\n',
        ':3: unknown key tls_server_confg: did you mean tls_server_config?',
      ],
      [
        '\nfoo: 1',
        ':2: unknown key foo: the keys here are tls_server_config, http_server_config, basic_auth_users, rate_limit',
      ],
      [`${TLS}  min_ver: TLS12\n`, /^:4: tls_server_config: unknown key min_ver: the keys here are cert_file, /],
      [`${TLS}  cert_fil: x\n`, ':4: tls_server_config: unknown key cert_fil: did you mean cert_file?'],
      ['tls_server_config:\n', ':1: tls_server_config: must be a map of keys and values'],
      ['tls_server_config: []\n', ':1: tls_server_config: must be a map of keys and values'],
      ['tls_server_config:\n  cert_file: 7\n', ':2: tls_server_config.cert_file: must be text'],
      ['tls_server_config:\n  cert_file: ""\n', ':2: tls_server_config.cert_file: is empty: fill it, or take it out'],
      ['tls_server_config:\n  client_ca_file:\n', ':2: tls_server_config.client_ca_file: must be text'],
      // Half configurations.
      ['tls_server_config: {}\n', ':1: tls_server_config lacks cert_file: TLS needs a certificate and its key'],
      [
        'tls_server_config:\n  min_version: TLS12\n',
        ':1: tls_server_config lacks cert_file: TLS needs a certificate and its key',
      ],
      [
        'tls_server_config:\n  cert_file: server.crt\n',
        ':1: tls_server_config lacks key_file: TLS needs a certificate and its key',
      ],
      [
        'tls_server_config:\n  key_file: server.key\n',
        ':1: tls_server_config lacks cert_file: TLS needs a certificate and its key',
      ],
      [`${TLS}  cert: x\n`, ':4: tls_server_config.cert stands beside cert_file: take one of them out'],
      [
        `${TLS}  client_ca_file: other.crt\n`,
        ':4: tls_server_config.client_ca_file is without effect: add client_auth_type: RequireAndVerifyClientCert',
      ],
      [
        `${TLS}  client_auth_type: NoClientCert\n  client_ca_file: other.crt\n`,
        /^:5: tls_server_config\.client_ca_file is without effect/,
      ],
      [
        `${TLS}  client_auth_type: RequireAndVerifyClientCert\n`,
        ':4: tls_server_config.client_auth_type needs client_ca_file, to know whose clients to trust',
      ],
      [
        `${TLS}  client_auth_type: VerifyClientCertIfGiven\n`,
        /^:4: tls_server_config\.client_auth_type needs client_ca_file/,
      ],
      [
        `${TLS}  client_auth_type: Required\n`,
        ':4: tls_server_config.client_auth_type: must be one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert',
      ],
      [
        `${TLS}  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n`,
        ':5: tls_server_config.client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert, since other certificates may be missing or forged',
      ],
      [
        `${TLS}  client_allowed_sans: []\n`,
        ':4: tls_server_config.client_allowed_sans: is empty: name one, or take it out',
      ],
      [`${TLS}  client_allowed_sans: a\n`, ':4: tls_server_config.client_allowed_sans: must be a list'],
      // Files.
      [
        'tls_server_config:\n  cert_file: none.crt\n  key_file: server.key\n',
        ':2: tls_server_config.cert_file: …/none.crt does not exist',
      ],
      [
        'tls_server_config:\n  cert_file: server.crt\n  key_file: folder\n',
        ':3: tls_server_config.key_file: …/folder is a directory, not a file',
      ],
      [
        'tls_server_config:\n  cert_file: latin1.crt\n  key_file: server.key\n',
        ':2: tls_server_config.cert_file: …/latin1.crt is not UTF-8, save it in that encoding',
      ],
      [
        'tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n',
        ':2: tls_server_config.cert_file must hold certificates in PEM, each of them whole',
      ],
      [
        'tls_server_config:\n  cert_file: garbage.pem\n  key_file: server.key\n',
        /^:2: tls_server_config\.cert_file must hold certificates/,
      ],
      [
        'tls_server_config:\n  cert_file: server.crt\n  key_file: server.crt\n',
        ':3: tls_server_config.key_file holds no private key that can be read: it must be PEM',
      ],
      [
        'tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n',
        ':3: tls_server_config.key_file is not the key of the certificate',
      ],
      [
        'tls_server_config:\n  cert_file: server.crt\n  key_file: locked.key\n',
        ':3: tls_server_config.key_file is encrypted: it must be there without a passphrase',
      ],
      [
        `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key\n`,
        ':5: tls_server_config.client_ca_file must hold certificates in PEM, each of them whole',
      ],
      [
        `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: half.pem\n`,
        /^:5: tls_server_config\.client_ca_file must hold certificates/,
      ],
      // Values of TLS.
      [
        `${TLS}  min_version: TLS10\n`,
        ':4: tls_server_config.min_version: is a version that is broken and not spoken: TLS12 or TLS13',
      ],
      [
        `${TLS}  max_version: TLS11\n`,
        ':4: tls_server_config.max_version: is a version that is broken and not spoken: TLS12 or TLS13',
      ],
      [`${TLS}  min_version: "1.2"\n`, ':4: tls_server_config.min_version: must be TLS12 or TLS13'],
      [`${TLS}  min_version: TLS13\n  max_version: TLS12\n`, ':4: tls_server_config.min_version is above max_version'],
      [
        `${TLS}  cipher_suites:\n    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n    - TLS_RSA_WITH_RC4_128_SHA\n`,
        /^:6: tls_server_config\.cipher_suites: is not a cipher suite that is supported; those of TLS 1\.2 are TLS_/,
      ],
      [
        `${TLS}  curve_preferences: [CurveP224]\n`,
        ':4: tls_server_config.curve_preferences: must be one of X25519, CurveP256, CurveP384, CurveP521',
      ],
      [
        `${TLS}  prefer_server_cipher_suites: 1\n`,
        ':4: tls_server_config.prefer_server_cipher_suites: must be true or false',
      ],
      // HTTP.
      ['http_server_config:\n  http2: maybe\n', ':2: http_server_config.http2: must be true or false'],
      [
        'http_server_config:\n  headers:\n    X-Powered-By: me\n',
        /^:3: http_server_config\.headers: unknown key X-Powered-By: the keys here are Content-Security-Policy, /,
      ],
      [
        'http_server_config:\n  headers:\n    X-Frame-Options: allow\n',
        ':3: http_server_config.headers.X-Frame-Options: must be deny or sameorigin',
      ],
      [
        'http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n',
        ':3: http_server_config.headers.X-Content-Type-Options: must be nosniff',
      ],
      [
        'http_server_config:\n  headers:\n    X-XSS-Protection: 0\n',
        ':3: http_server_config.headers.X-XSS-Protection: must be text',
      ],
      [
        'http_server_config:\n  headers:\n    Content-Security-Policy: "a\\nSet-Cookie: b"\n',
        ':3: http_server_config.headers.Content-Security-Policy: holds a character that no header may',
      ],
      // Users.
      [USERS, ':1: basic_auth_users: must be a map of keys and values'],
      [
        'basic_auth_users: {}\n',
        ':1: basic_auth_users: is empty, which would let everybody in: name a user, or take it out',
      ],
      [`${USERS}  - alice\n`, ':1: basic_auth_users: must be a map of keys and values'],
      [
        `${USERS}  alice: ${HASH}\n  bob: secret-word\n`,
        ':3: basic_auth_users: is not a bcrypt hash: make one of the password, such as by htpasswd -nBC 10 NAME',
      ],
      [`${USERS}  alice: ${HASH.slice(0, -1)}\n`, /^:2: basic_auth_users: is not a bcrypt hash/],
      [`${USERS}  alice: $2z$10$${DIGEST}\n`, /^:2: basic_auth_users: is not a bcrypt hash/],
      [`${USERS}  alice: $2y$03$${DIGEST}\n`, /^:2: basic_auth_users: is not a bcrypt hash/],
      [
        `${USERS}  alice: $2y$19$${DIGEST}\n`,
        ':2: basic_auth_users: has a cost over 18: each login would take minutes',
      ],
      [`${USERS}  alice:\n`, ':2: basic_auth_users: must be a bcrypt hash'],
      [`${USERS}  "": ${HASH}\n`, ':2: basic_auth_users: has a user without a name'],
      [
        `${USERS}  "a:b": ${HASH}\n`,
        ':2: basic_auth_users: has a name with a colon or a control character, which nobody could send',
      ],
      // Rate.
      ['rate_limit: {}\n', ':1: rate_limit.interval: must be a duration such as 1s'],
      ['rate_limit:\n  interval: 1s\n', ':1: rate_limit.burst: must be a whole number from 1 on'],
      ['rate_limit:\n  interval: 5\n  burst: 1\n', ':2: rate_limit.interval: must be a duration such as 1s'],
      [
        'rate_limit:\n  interval: soon\n  burst: 1\n',
        ':2: rate_limit.interval: must be a duration with units, such as 500ms, 30s, 5m or 1m30s',
      ],
      ['rate_limit:\n  interval: 1s\n  burst: 0\n', ':3: rate_limit.burst: must be a whole number from 1 on'],
    ];
    for (const [text, problem] of table) {
      it(`says ${String(problem).slice(0, 90)} of ${JSON.stringify(text).slice(0, 110)}`, async () => {
        const found = await problemOf(text);
        if (typeof problem === 'string') expect(found).to.equal(problem);
        else expect(found).to.match(problem);
        expect(found).not.to.contain('\n');
      });
    }

    it('says what is wrong with the file as a whole', async () => {
      expect(await problemOf(Buffer.from([0x61, 0xff]))).to.equal(' is not UTF-8, save it in that encoding');
      expect(await problemOf(' '.repeat(1024 * 1024 + 1))).to.equal(' is larger than 1 MiB');
      const { reading } = await readWebConfig(folder.at('none.yml'));
      expect(reading.problem).to.equal(`${folder.at('none.yml')} does not exist`);
    });

    it('shows no hash, password or key, wherever it was put by mistake', async () => {
      const secret = 'hunter2-Correct-Horse';
      for (const text of [
        `${USERS}  alice: ${secret}\n`,
        `${USERS}  ${HASH}: alice\n`,
        `${HASH}: alice\n`,
        `basic_auth_users: ${secret}\n`,
        `basic_auth_users: *${secret}\n`,
        `basic_auth_users: !${secret} x\n`,
        `basic_auth_users: "\\q${secret}"\n`,
        `basic_auth_users: [${secret}\n`,
        `tls_server_config:\n  cert_file: server.crt\n  key: ${secret}\n`,
        `${TLS}  min_version: ${secret}\n`,
        `rate_limit:\n  interval: ${secret}\n  burst: ${secret}\n`,
        `http_server_config:\n  headers:\n    X-Frame-Options: ${secret}\n`,
      ]) {
        const found = await problemOf(text);
        expect(found, text).not.to.contain(secret).and.not.to.contain(DIGEST.slice(0, 10));
      }
    });
  });

  it('keeps the fingerprint of each file that it looked at, also when one is bad', async () => {
    const path = folder.write('web.yml', 'tls_server_config:\n  cert_file: server.crt\n  key_file: none.key\n');
    const { seen } = await readWebConfig(path);
    expect([...seen.keys()]).to.deep.equal([path, folder.at('server.crt'), folder.at('none.key')]);
    expect(seen.get(folder.at('none.key'))).to.equal('ENOENT');
  });
});
