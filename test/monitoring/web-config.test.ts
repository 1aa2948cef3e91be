import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { readWebConfig } from '../../src/web/security/read.js';
import { Folder, makeCertificate } from '../web/security/files.js';
import { PROMTOOL } from './helpers/processes.js';

const EXAMPLE = readFileSync(new URL('../../web.yml.example', import.meta.url), 'utf8');
/** Prose in the example is no YAML; promtool 2.42 does not know client_allowed_sans. */
const uncommented = (text: string): string =>
  text.replace(/^( *)# ((?: *)(?:- |[\w-]+: |\w+:$))/gm, '$1$2').replace(/^ *client_allowed_sans:\n.*\n/m, '');
const HASH = `$2y$10$${'a'.repeat(53)}`;
const TLS = 'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n';

describe('The web configuration and promtool', () => {
  const folder = new Folder();
  before(async () => {
    folder.writePair('server', await makeCertificate());
    folder.write('clients-ca.crt', (await makeCertificate({ name: 'authority' })).cert);
  });
  after(() => folder.remove());

  /** Whether promtool, and this program, take the file. */
  async function verdicts(text: string): Promise<[promtool: boolean, program: boolean]> {
    const path = folder.write('web.yml', text);
    const promtool = await new Promise<boolean>((resolve, reject) => {
      execFile(PROMTOOL, ['check', 'web-config', path], (error, stdout, stderr) => {
        if (!error) resolve(true);
        else if (`${stdout}${stderr}`.includes('FAILED')) resolve(false);
        else reject(new Error('promtool did not run', { cause: error }));
      });
    });
    return [promtool, (await readWebConfig(path)).reading.config !== null];
  }

  const good: [what: string, text: string][] = [
    ['the shipped example', EXAMPLE],
    ['the example with all that is commented out', uncommented(EXAMPLE)],
    ['an empty file', ''],
    ['users alone', `basic_auth_users:\n  alice: ${HASH}\n`],
    ['all types of client authentication that need no CA', `${TLS}  client_auth_type: RequireAnyClientCert\n`],
    ['client certificates', `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients-ca.crt\n`],
    [
      'every key of TLS',
      `${TLS}  min_version: TLS12\n  max_version: TLS13\n  prefer_server_cipher_suites: true\n` +
        '  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n' +
        '  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n',
    ],
    [
      'every header',
      'http_server_config:\n  http2: false\n  headers:\n    Content-Security-Policy: "default-src \'self\'"\n' +
        '    X-Frame-Options: sameorigin\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: "0"\n' +
        '    Strict-Transport-Security: max-age=1\n',
    ],
  ];
  for (const [what, text] of good) {
    it(`take ${what}`, async () => expect(await verdicts(text)).to.deep.equal([true, true]));
  }

  const bad: [what: string, text: string][] = [
    ['an unknown key', 'tls_config: {}\n'],
    ['an unknown key of TLS', `${TLS}  cert_fil: x\n`],
    ['a certificate without its key', 'tls_server_config:\n  cert_file: server.crt\n'],
    ['a key that is another’s', 'tls_server_config:\n  cert_file: clients-ca.crt\n  key_file: server.key\n'],
    ['a client CA without a type', `${TLS}  client_ca_file: clients-ca.crt\n`],
    ['an unknown version', `${TLS}  min_version: TLS14\n`],
    ['an unknown cipher', `${TLS}  cipher_suites: [NONE]\n`],
    ['an unknown curve', `${TLS}  curve_preferences: [CurveP1]\n`],
    ['an unknown header', 'http_server_config:\n  headers:\n    X-Powered-By: me\n'],
    ['a wrong value of a header', 'http_server_config:\n  headers:\n    X-Frame-Options: allow\n'],
    ['a password that is no hash', 'basic_auth_users:\n  alice: wonder\n'],
    ['what is no YAML', 'basic_auth_users: [\n'],
  ];
  for (const [what, text] of bad) {
    it(`refuse ${what}`, async () => expect(await verdicts(text)).to.deep.equal([false, false]));
  }
});
