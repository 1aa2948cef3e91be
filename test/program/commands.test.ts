import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { SnapshotJson } from '../../src/web/json.js';
import { listeningUrl, Program, run, until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { linesOf, Page, withCloud, withRig, worldOf } from './rig.js';

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
  });
});

describe('check', () => {
  together(3, {
    ['shows what each domain may see, and ends with exit code 0 when all is well']: async () => {
      await withCloud({ world: healthy() }, async ({ env, args }) => {
        const { code, stdout } = await run(['check', ...args], { env });
        expect(code).to.equal(0);
        expect(stdout.replace(/^\S+domains\.txt/, 'domains.txt')).to.equal(
          [
            'domains.txt: 2 domains, 0 problems',
            'DOMAIN  RESULT  LOGIN  PROJECTS  THESE ARE          STRATEGY      SERVERS',
            'acme    ok      ok            2  all of the domain  domain-list         5',
            "globex  ok      ok            2  the user's only    project-list        1",
            '',
            'Where only the projects of the user can be seen, a project without a role for the user is not in the figures.',
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
