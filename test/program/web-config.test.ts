import { hashSync } from 'bcryptjs';
import { expect } from 'chai';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { listeningUrl, Program, run, until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { fingerprintOf, Folder, makeCertificate, type Pair } from '../web/security/files.js';
import { ask, basic, type AskOptions } from '../web/security/server.js';
import { withCloud, worldOf } from './rig.js';

const PASSWORD = 'scrape-Horse-9';
const OTHER = 'other-Staple-1';
const USERS = (password: string): string => `basic_auth_users:\n  prometheus: ${hashSync(password, 4)}\n`;
const TLS = 'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n';

interface Served {
  folder: Folder;
  program: Program;
  url: string;
  own: Pair;
  config: string;
  status: (path: string, options?: Omit<AskOptions, 'path'>) => Promise<number>;
}

/** The program on a simulated cloud, with this web configuration. */
async function serve(text: string, args: string[], body: (served: Served) => Promise<void>): Promise<void> {
  const folder = new Folder();
  const own = await makeCertificate();
  folder.writePair('server', own);
  folder.write('authority.crt', own.cert);
  const config = folder.write('web.yml', text);
  await withCloud({ world: worldOf({ name: 'acme' }) }, async ({ env, args: domains }) => {
    const program = new Program(
      ['--web.listen-address=127.0.0.1:0', ...domains, `--web.config.file=${config}`, '--log.level=debug', ...args],
      { env },
    );
    try {
      const url = await listeningUrl(program);
      const status = async (path: string, options: AskOptions = {}): Promise<number> =>
        (await ask(url, { path, ...options })).status;
      await body({ folder, program, url, own, config, status });
    } finally {
      await program.kill();
      folder.remove();
    }
  });
}

/** `healthcheck` for a daemon that listens there: its exit code, and what it says. */
async function health(url: string, ...args: string[]): Promise<[code: number | null, said: string]> {
  const { code, stdout, stderr } = await run([
    ...['healthcheck', `--web.listen-address=127.0.0.1:${new URL(url).port}`],
    ...args,
  ]);
  return [code, stdout + stderr];
}

describe('--web.config.file', () => {
  together(3, {
    ['serves scrapes over HTTPS to who has the password, and tells nobody any secret']: () =>
      serve(TLS + USERS(PASSWORD), [], async ({ program, url, own, config, status }) => {
        expect(url).to.match(/^https:/);
        const scrape = { headers: basic('prometheus', PASSWORD), ca: own.cert, rejectUnauthorized: true };
        const { status: scraped, body } = await ask(url, { path: '/metrics', ...scrape });
        expect(scraped).to.equal(200);
        expect(body).to.contain('\nvhi_total_vcpus_in_use 2\n');
        for (const path of ['/', '/metrics', '/api/v1/snapshot', '/-/reload', '/nothing']) {
          expect(await status(path), path).to.equal(401);
          expect(await status(path, { headers: basic('prometheus', OTHER) }), path).to.equal(401);
          expect(await status(path, { headers: basic('nobody', PASSWORD) }), path).to.equal(401);
        }
        for (const path of ['/-/healthy', '/-/ready']) expect(await status(path), path).to.equal(200);
        const { stderr, code } = await program.stop();
        expect(code).to.equal(0);
        const hash = readFileSync(config, 'utf8').split('prometheus: ')[1]?.trim() ?? '';
        for (const secret of [PASSWORD, OTHER, hash, hash.slice(-20), 'PRIVATE KEY', 'cHJvbWV0aGV1c']) {
          expect(stderr).not.to.contain(secret);
        }
      }),

    ['follows edits of users and certificate by itself']: () =>
      serve(TLS + USERS(PASSWORD), [], async ({ folder, program, url, own, status }) => {
        const old = { headers: basic('prometheus', PASSWORD) };
        expect(await status('/metrics', old)).to.equal(200);
        const next = await makeCertificate();
        folder.writePair('server', next);
        folder.write('web.yml', TLS + USERS(OTHER));
        await until('the new password counts', 10_000, async () => {
          return (await status('/metrics', { headers: basic('prometheus', OTHER) })) === 200;
        });
        expect(await status('/metrics', old)).to.equal(401);
        const trusting = { ca: next.cert, rejectUnauthorized: true };
        expect(await status('/-/healthy', trusting), fingerprintOf(own.cert)).to.equal(200);
        folder.write('web.yml', 'basic_auth_users: {}\n');
        await program.saw(
          'stderr',
          /msg="web configuration not taken over, the last good one stays in force" problem=.*:1: /,
        );
        expect(await status('/metrics')).to.equal(401);
        expect(await status('/metrics', { headers: basic('prometheus', OTHER) })).to.equal(200);
        expect(url).to.match(/^https:/);
      }),

    ['is read again by POST /-/reload, which stands behind the password, and by SIGHUP']: () =>
      serve(USERS(PASSWORD), ['--web.enable-lifecycle'], async ({ folder, program, url, status }) => {
        const reload = (headers: Record<string, string>) => ask(url, { path: '/-/reload', method: 'POST', headers });
        expect((await reload({})).status).to.equal(401);
        folder.write('web.yml', USERS(OTHER));
        expect((await reload(basic('prometheus', PASSWORD))).status).to.equal(200);
        expect(await status('/metrics', { headers: basic('prometheus', PASSWORD) })).to.equal(401);
        folder.write('web.yml', `${USERS(OTHER)}  oops: ${PASSWORD}\n`);
        const { status: failed, body } = await reload(basic('prometheus', OTHER));
        expect(failed).to.equal(500);
        expect(body)
          .to.match(/^the web configuration: line 3: basic_auth_users: is not a bcrypt hash: .*; see the log\n$/)
          .and.not.to.contain(PASSWORD);
        expect(await status('/metrics', { headers: basic('prometheus', OTHER) })).to.equal(200);
        folder.write('web.yml', USERS(PASSWORD));
        process.kill(program.pid, 'SIGHUP');
        await until('the old password counts again', 10_000, async () => {
          return (await status('/metrics', { headers: basic('prometheus', PASSWORD) })) === 200;
        });
      }),

    ['tells who asks for a reload of no path, but the log of all']: () =>
      serve(TLS, ['--web.enable-lifecycle'], async ({ folder, program, url, config }) => {
        rmSync(folder.at('server.key'));
        const { status, body } = await ask(url, { path: '/-/reload', method: 'POST' });
        expect([status, body]).to.deep.equal([
          500,
          'the web configuration: line 3: tls_server_config.key_file does not exist; see the log\n',
        ]);
        const problem = `${config}:3: tls_server_config.key_file: ${folder.at('server.key')} does not exist`;
        await until('the log says all', 10_000, () => program.stderr.includes(`problem="${problem}"`));
      }),

    ['asks clients for certificates on every path, and healthcheck takes that for a sign of life']: () =>
      serve(
        `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.crt\n`,
        [],
        async ({ own, url, config, status }) => {
          const client = await makeCertificate({ name: 'prometheus', issuer: own });
          for (const path of ['/metrics', '/-/healthy']) {
            expect(await status(path, client), path).to.equal(200);
            const refused = await status(path).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
            expect(refused, path).to.be.a('string');
          }
          expect(await health(url)).to.deep.equal([0, '']);
          expect(await health(url, `--web.config.file=${config}`)).to.deep.equal([0, '']);
        },
      ),

    ['sets headers on every page; a Content-Security-Policy takes the place of the status page’s own']: () =>
      serve(
        "http_server_config:\n  headers:\n    Content-Security-Policy: frame-ancestors 'self'\n    X-Frame-Options: sameorigin\n",
        [],
        async ({ url }) => {
          for (const path of ['/', '/metrics', '/api/v1/snapshot', '/-/healthy', '/nothing']) {
            const { headers } = await ask(url, { path });
            expect(headers, path).to.include({
              'content-security-policy': "frame-ancestors 'self'",
              'x-frame-options': 'sameorigin',
            });
          }
          const { headers } = await ask(url, { path: '/' });
          expect(headers, 'the page’s others stay').to.include({ 'x-content-type-options': 'nosniff' });
        },
      ),

    ['is warned of where passwords or figures lie open beyond loopback']: async () => {
      await serve('', ['--web.listen-address=0.0.0.0:0'], async ({ program }) => {
        await program.saw('stderr', /level=warn msg="whoever reaches this address can read all figures: /);
      });
      await serve(USERS(PASSWORD), ['--web.listen-address=0.0.0.0:0'], async ({ program }) => {
        await program.saw('stderr', /level=warn msg="passwords travel in clear text: /);
        expect(program.stderr).not.to.contain('whoever');
      });
    },

    ['lets the program refuse to start, in one line, when it is bad; check finds that too']: async () => {
      const folder = new Folder();
      const config = folder.write('web.yml', `\ntls_server_config:\n  cert_file: none.crt\n  key_file: none.key\n`);
      const says = `vhi-exporter: --web.config.file: ${config}:3: tls_server_config.cert_file: ${folder.at('none.crt')} does not exist\n`;
      await withCloud({ world: worldOf({ name: 'acme' }) }, async ({ env, args }) => {
        for (const command of ['serve', 'check']) {
          const { code, stderr } = await run([command, ...args, `--web.config.file=${config}`], { env });
          expect([code, stderr.replace(/^ts=.*\n/gm, '')], command).to.deep.equal([2, says]);
        }
      });
      folder.remove();
    },
  });
});

describe('healthcheck', () => {
  together(3, {
    ['says nothing and ends with 0 when the daemon is well, over HTTP and HTTPS, with and without its web configuration']:
      async () => {
        await serve('', [], async ({ url, config }) => {
          expect(await health(url)).to.deep.equal([0, '']);
          expect(await health(url, `--web.config.file=${config}`)).to.deep.equal([0, '']);
        });
        await serve(TLS + USERS(PASSWORD), [], async ({ url, config }) => {
          expect(await health(url)).to.deep.equal([0, '']);
          expect(await health(url, `--web.config.file=${config}`)).to.deep.equal([0, '']);
        });
      },

    ['finds a daemon that listens on all addresses, by its variable']: () =>
      serve('', ['--web.listen-address=0.0.0.0:0'], async ({ url }) => {
        const { port } = new URL(url);
        const exit = await run(['healthcheck'], { env: { VHI_LISTEN_ADDRESS: `:${port}` } });
        expect(exit).to.deep.equal({ code: 0, stdout: '', stderr: '' });
      }),

    ['ends with 1 and one line when nobody listens']: async () => {
      expect(await health('http://127.0.0.1:1')).to.deep.equal([
        1,
        'vhi-exporter: not healthy: 127.0.0.1:1: ECONNREFUSED\n',
      ]);
    },

    ['ends with 1 within seconds when whoever listens says nothing, or something else']: async () => {
      for (const [greeting, says] of [
        [null, 'no answer in time'],
        [
          'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
          'answers with status 503',
        ],
        ['220 mail.example ESMTP\r\n', /.+/],
      ] as const) {
        const server = createServer((socket) => {
          socket.on('error', () => undefined);
          if (greeting !== null) socket.once('data', () => socket.end(greeting));
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const started = performance.now();
        const [code, said] = await health(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        expect(code).to.equal(1);
        expect(performance.now() - started).to.be.below(10_000);
        expect(said).to.match(/^vhi-exporter: not healthy: 127\.0\.0\.1:\d+: .+\n$/);
        if (typeof says === 'string') expect(said).to.contain(says);
        server.close();
      }
    },

    ['ends with 2 for a bad setting']: async () => {
      expect(await health('http://127.0.0.1:1', '--web.config.file=/no/such.yml')).to.deep.equal([
        2,
        'vhi-exporter: --web.config.file: /no/such.yml does not exist\n',
      ]);
      expect(await health('http://127.0.0.1:1', '--web.listen-address=:0')).to.deep.equal([
        2,
        'vhi-exporter: --web.listen-address: port 0 is any port: name the one to ask\n',
      ]);
    },
  });
});
