import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { SnapshotJson } from '../../src/web/json.js';
import { showOn } from '../commands/screen.js';
import { listeningUrl, Program, run, until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { linesOf, Page, withCloud, withRig, worldOf } from './rig.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SHIPPED = fileURLToPath(new URL('../../domains.txt', import.meta.url));

const healthy = () =>
  worldOf({ name: 'acme', role: 'domain_admin', projects: [3, 2] }, { name: 'globex', projects: [1, 0] });

/** One domain of every result, and a bad line. */
function troubled() {
  const world = worldOf(
    { name: 'acme', role: 'domain_admin', projects: [3, 2] },
    { name: 'globex', password: 'another', projects: [4] },
    { name: 'initech', role: 'domain_lister', projects: [1, 1] },
  );
  const disabled = [...world.projects.values()].find(({ name }) => name === 'initech-2')!;
  disabled.enabled = false;
  return { world, lines: `${linesOf(world)}oops nam=oops\n` };
}

describe('serve', () => {
  together(3, {
    ['is the default command, and ends with exit code 0 on SIGTERM and on SIGINT']: async () => {
      const signals = [
        [[], 'SIGTERM'],
        [['serve'], 'SIGINT'],
      ] as const;
      await withCloud({ world: healthy() }, async ({ env, args }) => {
        await Promise.all(
          signals.map(async ([command, signal]) => {
            const program = new Program([...command, ...args, '--web.listen-address=127.0.0.1:0'], { env });
            try {
              const url = await listeningUrl(program);
              expect((await fetch(`${url}/-/ready`)).status).to.equal(200);
              const { code, stdout } = await program.stop(signal);
              expect(code, signal).to.equal(0);
              expect(stdout).to.equal('');
            } finally {
              await program.kill();
            }
          }),
        );
      });
    },

    ['ends with exit code 1, and says which address it is, when the port is in use']: async () => {
      await withCloud({ world: healthy() }, async ({ simulator, env, args }) => {
        const taken = `127.0.0.1:${simulator.port}`;
        const [serve, demo, simulate] = await Promise.all([
          run([...args, `--web.listen-address=${taken}`], { env }),
          run(['demo', `--web.listen-address=${taken}`]),
          run(['simulate', `--simulate.listen-address=${taken}`]),
        ]);
        const says = `vhi-exporter: --web.listen-address: ${taken} is in use already: choose another`;
        for (const { code, stdout } of [serve, demo, simulate]) {
          expect(code).to.equal(1);
          expect(stdout).to.equal('');
        }
        expect(serve.stderr.trimEnd().split('\n').at(-1)).to.equal(says);
        expect(demo.stderr.trimEnd().split('\n').at(-1)).to.equal(says);
        expect(simulate.stderr).to.match(/^vhi-exporter: .*127\.0\.0\.1:\d+.*\n$/);
      });
    },

    ['prefers a flag to its variable, VHI_ to OS_, and takes an empty variable for none']: async () => {
      const world = healthy();
      await withCloud({ world }, async ({ simulator, args }) => {
        const nonsense = 'http://127.0.0.1:1/v3';
        const rows: { flags: string[]; env: Record<string, string> }[] = [
          { flags: [`--cloud.auth-url=${simulator.authUrl}`], env: { VHI_AUTH_URL: nonsense, OS_AUTH_URL: nonsense } },
          { flags: [], env: { VHI_AUTH_URL: simulator.authUrl.replace('/v3', ''), OS_AUTH_URL: nonsense } },
          {
            flags: [],
            env: { VHI_AUTH_URL: '', OS_AUTH_URL: simulator.authUrl, VHI_PASSWORD: '', OS_PROJECT_NAME: 'x' },
          },
        ];
        const login = { OS_USERNAME: 'exporter', OS_PASSWORD: 'right-Horse-7' };
        await Promise.all(
          rows.map(async ({ flags, env }) => {
            const { code, stdout } = await run(['snapshot', ...args, ...flags], { env: { ...login, ...env } });
            expect(code, stdout).to.equal(0);
          }),
        );
      });
    },

    ['takes a password from the variable that a line names, and be it one of the settings']: async () => {
      const world = healthy();
      for (const variable of ['OS_PASSWORD', 'VHI_PASSWORD']) {
        const lines = linesOf(world).replaceAll(/(?<=.)$/gm, ` password_env=${variable}`);
        const env = { VHI_PASSWORD: '', [variable]: 'right-Horse-7' };
        await withCloud({ world, lines, env }, async ({ args, env: cloud }) => {
          const { code, stdout } = await run(['snapshot', ...args], { env: cloud });
          expect(code, stdout).to.equal(0);
        });
      }
    },
  });
});

describe('check', () => {
  together(3, {
    ['shows what each domain may see, and ends with exit code 0 when all is well']: async () => {
      await withCloud({ world: healthy() }, async ({ env, args }) => {
        const { code, stdout } = await run(['check', '--collect.incremental=off', ...args], { env });
        expect(code).to.equal(0);
        expect(stdout.replace(/^\S+domains\.txt/, 'domains.txt')).to.equal(
          [
            'domains.txt: 2 domains, 0 problems',
            'DOMAIN  RESULT  LOGIN  PROJECTS  THESE ARE          STRATEGY      SERVERS',
            'acme    ok      ok            2  all of the domain  domain-list         5',
            "globex  ok      ok            2  the user's only    project-list        1",
            '',
            'Projects that were read:',
            'acme: acme, acme-2',
            'globex: globex, globex-2',
            '',
            'Where only the projects of the user can be seen, a project without a role for the user is not in the figures. ' +
              'A role on the domain, inherited by its projects, leaves none out.',
            '',
          ].join('\n'),
        );
      });
    },

    ['ends with exit code 1 when a domain or a line fails, and names each']: async () => {
      await withCloud(troubled(), async ({ env, args }) => {
        const { code, stdout, stderr } = await run(['check', ...args], { env });
        expect(code).to.equal(1);
        expect(stdout).to.match(/domains\.txt: 3 domains, 1 problems\n/);
        expect(stdout).to.match(/^globex {3}failed {3}failed +- +- +- +-$/m);
        expect(stdout).to.match(/^globex: login, auth: .*password/m);
        expect(stdout).to.match(/^initech: projects, incomplete: 1 project is disabled/m);
        expect(stdout).to.match(/^line 4: config, config: unknown key nam, did you mean name\?$/m);
        expect(stderr).to.match(/domains\.txt:4: unknown key nam, did you mean name\?/);
      });
    },
  });
});

describe('snapshot', () => {
  together(3, {
    ['prints a table, with exit code 0 for a complete one']: async () => {
      await withCloud({ world: healthy() }, async ({ env, args }) => {
        const { code, stdout } = await run(['snapshot', ...args], { env });
        expect(code).to.equal(0);
        expect(stdout.replace(/ +\d+\.\d\d$/gm, '     0.00')).to.equal(
          [
            'DOMAIN  RESULT    STRATEGY      VCPUS  RAM MB  SERVERS  PROJECTS  SECONDS',
            'acme    ok        domain-list       5    2560        5         2     0.00',
            'globex  ok        project-list      1     512        1         2     0.00',
            'TOTAL   complete  -                 6    3072        6         -     0.00',
            '',
            'In use in 2 domains: 6 vCPUs and 3072 MB (3.0 GiB) of RAM by 6 servers, counting allocated.',
            '',
          ].join('\n'),
        );
      });
    },

    ["prints JSON of the contract's shape, with exit code 1 for a partial one"]: async () => {
      const { world, lines } = troubled();
      await withCloud({ world, lines }, async ({ env, args }) => {
        const before = Date.now();
        const { code, stdout } = await run(['snapshot', '--output=json', ...args], { env });
        expect(code).to.equal(1);
        const json = JSON.parse(stdout) as SnapshotJson;
        expect(json.collectedAt).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(Date.parse(json.collectedAt)).to.be.within(before, Date.now());
        const [, refused, disabled] = json.domains;
        const auth = {
          stage: 'login',
          reason: 'auth',
          status: 401,
          count: 1,
          message: refused!.errors[0]!.message,
        };
        const incomplete = {
          stage: 'projects',
          reason: 'incomplete',
          status: null,
          count: 1,
          message: disabled!.errors[0]!.message,
        };
        const id = (name: string): string => world.findDomain({ name })!.id;
        const figures = (vcpus: number | null, projects: number | null) => ({
          vcpus,
          ramMb: vcpus === null ? null : vcpus * 512,
          servers: vcpus,
          projects,
        });
        const untimed = { ...json, collectedAt: '', durationSeconds: 0 };
        untimed.domains = json.domains.map((domain) => ({ ...domain, durationSeconds: 0 }));
        const expected = {
          collectedAt: '',
          durationSeconds: 0,
          complete: false,
          counting: 'allocated',
          totals: { vcpus: 6, ramMb: 3072, servers: 6 },
          domains: [
            { domain: 'acme', id: id('acme'), result: 'ok', strategy: 'domain-list', ...figures(5, 2) },
            { domain: 'globex', id: id('globex'), result: 'failed', strategy: null, ...figures(null, null) },
            { domain: 'initech', id: id('initech'), result: 'partial', strategy: 'project-list', ...figures(1, 2) },
          ].map((domain, i) => ({ ...domain, durationSeconds: 0, errors: [[], [auth], [incomplete]][i] })),
          errors: [
            { domain: 'globex', ...auth },
            { domain: 'initech', ...incomplete },
            {
              domain: null,
              line: 4,
              stage: 'config',
              reason: 'config',
              status: null,
              count: 1,
              message: 'unknown key nam, did you mean name?',
            },
          ],
        };
        expect(untimed).to.deep.equal(expected);
        // The order of the keys too, as the contract writes them.
        expect(JSON.stringify(untimed)).to.equal(JSON.stringify(expected));
      });
    },

    ['has no totals, and exit code 1, when not one domain could be collected']: async () => {
      const world = worldOf({ name: 'acme', password: 'another' });
      await withRig({ world }, async (rig) => {
        const { code, stdout } = await run(['snapshot', '--output=json', `--domains.file=${rig.file}`], {
          env: { VHI_AUTH_URL: 'http://127.0.0.1:1/', VHI_USERNAME: 'me', VHI_PASSWORD: 'mine' },
        });
        expect(code).to.equal(1);
        const json = JSON.parse(stdout) as SnapshotJson;
        expect(json.totals).to.be.null;
        expect(json.errors.map(({ reason }) => reason)).to.deep.equal(['network']);
        // The daemon says the same with 503, and leaves the totals out of the page.
        const response = await fetch(`${rig.url}/api/v1/snapshot`);
        expect(response.status).to.equal(503);
        expect(((await response.json()) as SnapshotJson).totals).to.be.null;
        const page = await rig.metrics();
        expect(page.series('vhi_total')).to.deep.equal([]);
        expect(page.complete).to.equal(0);
      });
    },
  });
});

/** A shell's command on a terminal of its own, which script(1) makes: every Debian has it. */
class OnTerminal {
  readonly exited: Promise<number | null>;
  /** All that was written to the terminal. */
  written = '';
  readonly #child: ChildProcess;
  #ended = false;

  /** @param columns of the terminal; the command finds the program's path in $CLI */
  constructor(command: string, { columns, env }: { columns: number; env: Record<string, string> }) {
    const child = spawn('script', ['-qec', `stty cols ${columns}; ${command}`, '/dev/null'], {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', CLI, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.written += text));
    this.exited = new Promise((resolve, reject) => {
      child.once('error', (cause) => {
        this.#ended = true;
        reject(new Error('this test needs script(1), of util-linux', { cause }));
      });
      child.once('close', (code) => {
        this.#ended = true;
        resolve(code);
      });
    });
    this.exited.catch(() => undefined); // Told to whoever waits for it.
  }

  press(key: string): void {
    this.#child.stdin!.write(key);
  }

  async saw(pattern: RegExp): Promise<void> {
    await until(`${pattern} on the terminal`, 8000, () => {
      const isThere = pattern.test(this.written);
      if (!isThere && this.#ended) throw new Error(`ended without ${pattern}: ${JSON.stringify(this.written)}`);
      return isThere;
    });
  }

  /** To be awaited at a test's end, whatever became of it. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

const ESCAPE = '\u001b';
const ERASE = `${ESCAPE}[K`;

/** A cloud of which one domain takes its time. */
async function withSlowCloud(
  body: (cloud: { node: string; env: Record<string, string>; folder: string }) => Promise<void>,
  fault: { kind: 'slow'; ms: number } | { kind: 'hang' } = { kind: 'slow', ms: 400 },
): Promise<void> {
  const { world, lines } = troubled();
  await withCloud({ world, lines }, async ({ simulator, env, args, folder }) => {
    simulator.faults.add({ ...fault, domainId: world.findDomain({ name: 'acme' })!.id, route: 'servers' });
    const [file] = args;
    await body({ node: `'${process.execPath}' "$CLI" '${file}'`, env, folder });
  });
}

describe('a terminal', () => {
  together(3, {
    ['sees the progress while it lasts, then coloured results, and all of the log']: async () => {
      await withSlowCloud(async ({ node, env }) => {
        const terminal = new OnTerminal(`${node} snapshot`, { columns: 60, env });
        expect(await terminal.exited).to.equal(1);
        expect(terminal.written).to.match(/\rcollecting [0-2]\/3 domains, \d+\.\d s; open: acme/);
        const lines = showOn(terminal.written);
        expect(lines.join('\n')).not.to.contain('collecting');
        const own = lines.filter((line) => !line.startsWith('ts='));
        expect(lines.filter((line) => line.startsWith('ts='))).to.have.length(2);
        expect(own.slice(0, 7).map((line) => line.replace(/ \d\.\d\d$/, ' 0.00'))).to.deep.equal([
          'DOMAIN   RESULT        VCPUS  RAM MB  SERVERS  PROJECTS',
          'acme     ok                5    2560        5         2',
          'globex   failed            -       -        -         -',
          'initech  partial           1     512        1         2',
          'TOTAL    not complete      6    3072        6         -',
          '(no room for STRATEGY, SECONDS)',
          '',
        ]);
        expect(own.at(-2)).to.match(/^Not complete: in use are at least 6 vCPUs and 3072 MB \(3\.0 GiB\) of RAM/);
        expect(own.at(-1)).to.equal('');
        for (const shown of ['[32mok', '[33mpartial', '[31mfailed', '[33mnot complete']) {
          expect(terminal.written).to.contain(`${ESCAPE}${shown}${ESCAPE}[39m`);
        }
      });
    },

    ['sees no colours with NO_COLOR, and no escape code at all where it is dumb']: async () => {
      await withSlowCloud(async ({ node, env }) => {
        const plain = new OnTerminal(`${node} check`, { columns: 120, env: { ...env, NO_COLOR: '1' } });
        const dumb = new OnTerminal(`${node} check`, { columns: 120, env: { ...env, TERM: 'dumb' } });
        expect(await Promise.all([plain.exited, dumb.exited])).to.deep.equal([1, 1]);
        expect(plain.written).to.contain('\rcollecting ');
        expect(plain.written.replaceAll(ERASE, '')).not.to.contain(ESCAPE);
        expect(dumb.written).not.to.contain(ESCAPE).and.not.to.contain('collecting');
        for (const { written } of [plain, dumb]) {
          expect(showOn(written).join('\n')).to.match(/^globex {3}failed {3}failed +- +- +- +-$/m);
        }
      });
    },

    ['sees the progress of results that go elsewhere, which have none of it']: async () => {
      await withSlowCloud(async ({ node, env, folder }) => {
        const [json, text] = [join(folder, 'json'), join(folder, 'text')];
        const terminals = [
          new OnTerminal(`${node} snapshot --output=json > '${json}'`, { columns: 30, env }),
          new OnTerminal(`${node} snapshot > '${text}'`, { columns: 30, env }),
        ];
        for (const terminal of terminals) {
          expect(await terminal.exited).to.equal(1);
          expect(terminal.written).to.contain('\rcollecting ');
        }
        const { totals } = JSON.parse(await readFile(json, 'utf8')) as SnapshotJson;
        expect(totals).to.deep.equal({ vcpus: 6, ramMb: 3072, servers: 6 });
        const table = await readFile(text, 'utf8');
        expect(table).not.to.contain(ESCAPE);
        expect(table).to.match(/^DOMAIN +RESULT +STRATEGY +VCPUS +RAM MB +SERVERS +PROJECTS +SECONDS\n/);
        expect(table).to.match(/^TOTAL +not complete +- +6 +3072 +6 +- +\d+\.\d\d$/m);
      });
    },

    ['is left clean at once by Ctrl-C']: async () => {
      await withSlowCloud(
        async ({ node, env }) => {
          const terminal = new OnTerminal(`${node} snapshot`, { columns: 80, env });
          try {
            await terminal.saw(/open: acme(?!,)./);
            const pressed = performance.now();
            terminal.press('\u0003');
            expect(await terminal.exited).to.equal(130);
            expect(performance.now() - pressed).to.be.below(2000);
            const lines = showOn(terminal.written);
            expect(lines.filter((line) => !line.startsWith('ts='))).to.deep.equal(['']);
          } finally {
            await terminal.kill();
          }
        },
        { kind: 'hang' },
      );
    },
  });
});

describe('a pipe', () => {
  it('may be closed before it has got all, as by head, without a complaint', async () => {
    await withCloud({ world: healthy() }, async ({ env, args }) => {
      const shell = `'${process.execPath}' "$CLI" check --log.level=error '${args[0]}' | true`;
      const child = spawn('sh', ['-c', shell], { env: { PATH: process.env['PATH'] ?? '', CLI, ...env } });
      let written = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (written += String(text)));
      await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
      expect(written).to.equal('');
    });
  });
});

describe('simulate', () => {
  it('prints its auth URL alone on stdout, and takes the login that it logs for the shipped domains.txt', async () => {
    const program = new Program(['simulate']);
    try {
      const [, authUrl] = await program.saw('stdout', /^(http:\/\/127\.0\.0\.1:\d+\/v3)\n/);
      const [, user, password] = await program.saw('stderr', / user=(\S+) password=(\S+)/);
      const { code, stdout } = await run(['snapshot', `--domains.file=${SHIPPED}`], {
        env: { OS_AUTH_URL: authUrl!, OS_USERNAME: user!, OS_PASSWORD: password! },
      });
      expect(code, stdout).to.equal(0);
      for (const name of ['acme', 'Globex Corp', 'initech', 'umbrella', 'Default', 'TOTAL']) {
        expect(stdout).to.match(new RegExp(`^${name} +(ok|complete) `, 'm'));
      }
      const exit = await program.stop('SIGINT');
      expect(exit.code).to.equal(0);
      expect(exit.stdout).to.equal(`${authUrl}\n`);
    } finally {
      await program.kill();
    }
  });
});

describe('demo', () => {
  it('serves complete metrics soon, and figures that change, whatever cloud the environment names', async function () {
    this.timeout(30_000);
    const nowhere = 'http://127.0.0.1:1/v3';
    const program = new Program(['demo', '--web.listen-address=127.0.0.1:0', '--log.level=debug'], {
      env: {
        OS_AUTH_URL: nowhere,
        OS_USERNAME: 'nobody',
        OS_PASSWORD: 'nothing',
        OS_REGION_NAME: 'Nowhere',
        OS_CACERT: '/no/such/file',
        VHI_AUTH_URL: 'not a URL',
        VHI_COMPUTE_URL: nowhere,
        VHI_PASSWORD: 'nothing',
        VHI_PASSWORD_FILE: '/no/such/file',
        VHI_PROJECT: 'none',
        VHI_DOMAINS_FILE: '/no/such/file',
      },
    });
    try {
      const url = await listeningUrl(program);
      await program.saw('stderr', new RegExp(`demo: open ${url}/ in a browser`));
      const scrape = async (): Promise<Page> => new Page(await (await fetch(`${url}/metrics`)).text());
      const first = await until('a complete page', 5000, async () => {
        const page = await scrape();
        return page.complete === 1 && page;
      });
      expect(first.get('vhi_total_vcpus_in_use')).to.be.above(0);
      expect(first.get('vhi_domains_configured')).to.equal(5);
      const figures = (page: Page): string => page.text.match(/^vhi_(total|domain_servers).*$/gm)!.join('\n');
      await until('other figures', 20_000, async () => figures(await scrape()) !== figures(first));
      await program.saw('stderr', / level=debug msg="[A-Z].*(server|domain|happened) ?.*\."/);
      const { code, stdout } = await program.stop();
      expect(code).to.equal(0);
      expect(stdout).to.equal('');
    } finally {
      await program.kill();
    }
  });
});
