import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { listeningUrl, Program, run, until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { linesOf, Page, withCloud, withFolder, withRig, worldOf, type Rig } from './rig.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SOON_MS = 10_000;
/** Grace, and what a busy machine takes. */
const GRACE_MS = 5000;

const world = () => worldOf({ name: 'acme', projects: [3] }, { name: 'globex', projects: [2] });
const LOOPBACK = '--web.listen-address=127.0.0.1:0';

/** Makes the servers of globex, or of all, wait for ever. */
function hang(rig: Rig, all = false): void {
  const domainId = rig.world.findDomain({ name: 'globex' })!.id;
  rig.simulator.faults.add({ kind: 'hang', route: 'servers', ...(all ? {} : { domainId }) });
}

const callsInFlight = (rig: Rig): Promise<unknown> =>
  until('requests at the cloud', SOON_MS, () => rig.simulator.inFlight > 0);

const reload = (url: string): Promise<Response> => fetch(`${url}/-/reload`, { method: 'POST' });

/** Runs code inside the program, which is there in no other way than Node's own `--import`. */
async function withPreload<T>(code: string, body: (env: Record<string, string>) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const file = join(folder, 'preload.mjs');
    await writeFile(file, code);
    return body({ NODE_OPTIONS: `--import=${pathToFileURL(file).href}` });
  });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('The end', () => {
  together(4, {
    ['answers a scrape that hangs with what is there, in time, and exits with code 0']: async () => {
      await withRig({ world: world() }, async (rig) => {
        await rig.metrics();
        hang(rig);
        const scrape = rig.metrics({ timeout: 60 });
        await callsInFlight(rig);
        await until('acme', SOON_MS, () => rig.simulator.inFlight === 1);
        const began = performance.now();
        const stopped = rig.program.stop();
        const page = await scrape;
        // Before the cut, at which the answer would not have come.
        expect(performance.now() - began).to.be.above(GRACE_MS - 1000);
        expect(page.complete).to.equal(0);
        expect(page.of('vhi_domain_vcpus_in_use', 'acme')).to.equal(3);
        expect(page.of('vhi_domain_collect_errors', 'acme')).to.equal(0);
        expect(page.of('vhi_domain_collect_errors', 'globex')).to.equal(1);
        expect(page.text).to.match(/_error_info\{domain="globex",stage="\w+",reason="timeout"\} 1/);
        expect(page.get('vhi_total_vcpus_in_use')).to.equal(3);
        const { code, stderr } = await stopped;
        expect(code).to.equal(0);
        expect(performance.now() - began).to.be.below(2 * GRACE_MS);
        expect(stderr).to.contain('level=info msg=stopping signal=SIGTERM').and.not.contain('level=error');
      });
    },

    ['lets a scrape that is only slow be complete']: async () => {
      await withRig({ world: world(), cloud: { latencyMs: 300 } }, async (rig) => {
        const scrape = rig.metrics();
        await callsInFlight(rig);
        const stopped = rig.program.stop();
        expect((await scrape).complete).to.equal(1);
        expect((await stopped).code).to.equal(0);
      });
    },

    ['is at once, with code 1, on a second signal']: async () => {
      await withRig({ world: world() }, async (rig) => {
        hang(rig, true);
        const scrape = rig.metrics().catch((error: unknown) => error);
        await callsInFlight(rig);
        const began = performance.now();
        rig.program.send('SIGINT');
        await rig.program.saw('stderr', /msg=stopping signal=SIGINT/);
        expect((await rig.program.stop('SIGTERM')).code).to.equal(1);
        expect(performance.now() - began).to.be.below(GRACE_MS);
        expect(await scrape).to.be.instanceOf(TypeError);
      });
    },

    ['waits for no connection that is kept alive, nor for one that never asked']: async () => {
      await withRig({ world: world() }, async (rig) => {
        await rig.metrics();
        const silent = connect(Number(new URL(rig.url).port), '127.0.0.1');
        await new Promise<void>((resolve) => silent.once('connect', resolve));
        const began = performance.now();
        expect((await rig.program.stop()).code).to.equal(0);
        expect(performance.now() - began).to.be.below(GRACE_MS);
        silent.destroy();
      });
    },

    ['comes before it listens too, with code 0']: async () => {
      // As soon as the program would notice it, which is long before it listens.
      const code = `process.on('newListener', (name) => {
        if (name === 'SIGHUP') setImmediate(() => process.kill(process.pid, 'SIGTERM'));
      });`;
      await withPreload(code, (preload) =>
        withCloud({ world: world() }, async ({ env, args }) => {
          const exit = await run([...args, LOOPBACK], { env: { ...env, ...preload } });
          expect([exit.code, exit.stderr.includes('listening')]).to.deep.equal([0, false]);
        }),
      );
    },

    ['is in order while reloads run']: async () => {
      await withRig({ world: world(), args: ['--web.enable-lifecycle'] }, async (rig) => {
        const asked = Array.from({ length: 20 }, () =>
          reload(rig.url).then(
            ({ status }) => status,
            () => 'refused',
          ),
        );
        for (let i = 0; i < 20; i += 1) rig.program.send('SIGHUP');
        const { code, stderr } = await rig.program.stop();
        expect(code).to.equal(0);
        for (const answer of await Promise.all(asked)) expect(answer).to.be.oneOf([200, 'refused']);
        expect(stderr).not.to.contain('level=error');
      });
    },
  });
});

describe('A reload', () => {
  together(4, {
    ['by SIGHUP takes over a file that lost most of its lines at once']: async () => {
      const three = worldOf({ name: 'acme', projects: [3] }, { name: 'globex' }, { name: 'initech' });
      await withRig({ world: three }, async (rig) => {
        expect((await rig.metrics()).get('vhi_domains_configured')).to.equal(3);
        await writeFile(rig.file, linesOf(three, 'acme'));
        rig.program.send('SIGHUP');
        await rig.program.saw('stderr', /msg=reloaded\n/);
        const page = await rig.metrics();
        expect(page.get('vhi_domains_configured')).to.equal(1);
        expect(page.get('vhi_total_vcpus_in_use')).to.equal(3);
      });
    },

    ['by SIGHUP says what could not be taken over, and the last good list stays in force']: async () => {
      await withRig({ world: world() }, async (rig) => {
        await writeFile(rig.file, 'oops\n');
        rig.program.send('SIGHUP');
        await rig.program.saw(
          'stderr',
          /level=error msg="not all could be reloaded" problems="the domains file holds 1 bad line, the first is line 1: /,
        );
        const page = await rig.metrics();
        expect(page.get('vhi_total_vcpus_in_use')).to.equal(5);
        expect(page.complete).to.equal(0);
        expect(page.get('vhi_domains_file_last_reload_successful')).to.equal(0);
      });
    },

    ['by SIGHUP that comes before it listens is done then']: async () => {
      const code = `process.on('newListener', (name) => {
        if (name === 'SIGUSR1') setImmediate(() => process.kill(process.pid, 'SIGHUP'));
      });`;
      await withPreload(code, (preload) =>
        withRig({ world: world(), env: preload }, async (rig) => {
          await rig.program.saw('stderr', /msg=listening [^\n]*\n(.*\n)*.*msg=reloaded\n/);
          expect((await rig.metrics()).complete).to.equal(1);
        }),
      );
    },

    ['by any number of SIGHUPs harms no scrape']: async () => {
      await withRig({ world: world() }, async (rig) => {
        for (let i = 0; i < 10; i += 1) {
          for (let n = 0; n < 20; n += 1) rig.program.send('SIGHUP');
          const page = await rig.metrics();
          expect([page.complete, page.get('vhi_total_vcpus_in_use')]).to.deep.equal([1, 5]);
        }
        expect((await rig.program.stop()).code).to.equal(0);
      });
    },

    ['over HTTP answers 200 when all was taken over, and 500 with one line when it was not']: async () => {
      await withRig({ world: world(), args: ['--web.enable-lifecycle'] }, async (rig) => {
        const ask = async (): Promise<[number, string]> => {
          const response = await reload(rig.url);
          const text = await response.text();
          rig.answers.push(text);
          return [response.status, text];
        };
        expect(await ask()).to.deep.equal([200, 'reloaded\n']);
        await writeFile(rig.file, linesOf(rig.world, 'acme'));
        expect(await ask()).to.deep.equal([200, 'reloaded\n']);
        expect((await rig.metrics()).get('vhi_total_vcpus_in_use')).to.equal(3);
        await writeFile(rig.file, `${linesOf(rig.world)}stray nam=stray\n`);
        expect(await ask()).to.deep.equal([
          500,
          'the domains file holds 1 bad line, the first is line 3: unknown key nam, did you mean name?; ' +
            'its good lines are in force\n',
        ]);
        expect((await rig.metrics()).get('vhi_total_vcpus_in_use')).to.equal(5);
        await writeFile(rig.file, linesOf(rig.world));
        const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await ask())[0]));
        expect(statuses).to.deep.equal(statuses.map(() => 200));
        const page = await rig.metrics();
        expect(page.complete).to.equal(1);
        const at = page.get('vhi_domains_file_last_reload_success_timestamp_seconds')!;
        expect(await ask()).to.deep.equal([200, 'reloaded\n']);
        expect((await rig.metrics()).get('vhi_domains_file_last_reload_success_timestamp_seconds')).to.be.greaterThan(
          at,
        );
      });
    },

    ['over HTTP is off by default']: async () => {
      await withRig({ world: world() }, async (rig) => {
        expect((await reload(rig.url)).status).to.equal(403);
        expect(rig.program.stderr).not.to.contain('reloaded');
      });
    },

    ['goes for the demo as well']: async () => {
      const program = new Program(['demo', LOOPBACK, '--web.enable-lifecycle']);
      try {
        const url = await listeningUrl(program);
        expect((await reload(url)).status).to.equal(200);
        program.send('SIGHUP');
        await program.saw('stderr', /msg=reloaded\n(.*\n)*.*msg=reloaded\n/);
        expect((await program.stop()).code).to.equal(0);
      } finally {
        await program.kill();
      }
    },
  });
});

describe('An unexpected failure', () => {
  const SECRET = 'hunter2-in-the-url';
  const failures: [what: string, code: string, told: RegExp][] = [
    [
      'an exception',
      `throw Object.assign(new Error('planned'), { input: '${SECRET}' })`,
      /stack="Error: planned\\\\u000a/,
    ],
    ['a rejection', `void Promise.reject(new TypeError('planned'))`, /stack="TypeError: planned\\\\u000a/],
    ['a thrown thing that is no error', `throw { password: '${SECRET}' }`, /stack="thrown: object"/],
    [
      'an exception behind much that is still to be read of the log',
      `process.stderr.write('x'.repeat(1_000_000) + '\\n'); throw new Error('planned')`,
      /^x{1000000}$(.*\n)*.*stack="Error: planned/m,
    ],
  ];
  together(
    4,
    Object.fromEntries(
      failures.map(([what, code, told]) => [
        `such as ${what} is logged in one line and ends the daemon with code 1`,
        async () => {
          await withPreload(`process.on('SIGUSR2', () => { ${code} });`, (preload) =>
            withRig({ world: world(), env: preload }, async (rig) => {
              await rig.metrics();
              const before = rig.program.stderr.length;
              rig.program.send('SIGUSR2');
              const exit = await rig.program.exited;
              expect(exit.code).to.equal(1);
              const said = exit.stderr.slice(before);
              expect(said).to.match(told).and.not.contain(SECRET);
              expect(
                said.match(/level=error msg="unexpected error, please report it; the program ends"/g),
              ).to.have.length(1);
              expect(said.trimEnd().split('\n').at(-1)).to.match(/^ts=\S+ level=error /);
            }),
          );
        },
      ]),
    ),
  );

  it('ends the daemon also where nobody reads the log', async () => {
    const code = `process.on('SIGUSR2', () => { process.stderr.write('x'.repeat(1_000_000)); throw new Error('planned'); });`;
    await withPreload(code, (preload) =>
      withRig({ world: world(), env: preload }, async (rig) => {
        rig.program.pauseLog();
        rig.program.send('SIGUSR2');
        await until('its end', SOON_MS, () =>
          fetch(`${rig.url}/-/healthy`).then(
            () => false,
            () => true,
          ),
        );
        await rig.program.kill();
      }),
    );
  });

  it('before there is a log is told on stderr', async () => {
    const code = `process.on('newListener', (name) => {
      if (name === 'uncaughtException') process.nextTick(() => { throw new Error('planned'); });
    });`;
    await withPreload(code, async (preload) => {
      const { code: exit, stderr } = await run(['--version'], { env: preload });
      expect(exit).to.equal(1);
      expect(stderr).to.match(/^vhi-exporter: unexpected error, .*: Error: planned\\u000a.*\n$/);
    });
  });
});

describe('A log that nobody takes', () => {
  /** Seconds of CPU that the program has used. */
  const cpu = (page: Page): number => page.get('process_cpu_seconds_total')!;

  async function goesOn(rig: Pick<Rig, 'metrics'>, hangUp: () => void): Promise<void> {
    for (let i = 0; i < 20; i += 1) {
      hangUp();
      expect((await rig.metrics()).complete).to.equal(1);
    }
    const before = cpu(await rig.metrics());
    await sleep(1000);
    expect(cpu(await rig.metrics()) - before, 'seconds of CPU in one idle second').to.be.below(0.5);
  }

  together(3, {
    ['since its pipe is closed ends nothing and keeps nothing busy']: async () => {
      await withRig({ world: world() }, async (rig) => {
        rig.program.dropLog();
        await goesOn(rig, () => {
          rig.program.send('SIGHUP');
        });
        expect((await rig.program.stop()).code).to.equal(0);
      });
    },

    ...Object.fromEntries(
      ['2>/dev/full', '2>&-', '>&- 2>&- <&-'].map((redirection) => [
        `with ${redirection} ends nothing and keeps nothing busy`,
        async () => {
          await withCloud({ world: world() }, async ({ env, args }) => {
            const port = await freePort();
            const command = [CLI, ...args, `--web.listen-address=127.0.0.1:${port}`, '--log.level=debug'];
            const child = spawn('sh', ['-c', `exec "$0" "$@" ${redirection}`, process.execPath, ...command], {
              env: { PATH: process.env['PATH'] ?? '', ...env },
              stdio: 'ignore',
            });
            const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
            try {
              const url = `http://127.0.0.1:${port}`;
              await until('readiness', SOON_MS, () =>
                fetch(`${url}/-/ready`).then(
                  ({ ok }) => ok,
                  () => false,
                ),
              );
              const metrics = async (): Promise<Page> => new Page(await (await fetch(`${url}/metrics`)).text());
              await goesOn({ metrics }, () => void child.kill('SIGHUP'));
            } finally {
              child.kill('SIGTERM');
            }
            expect(await exited).to.equal(0);
          });
        },
      ]),
    ),

    ['is no reason to lose the result of a command']: async () => {
      await withCloud({ world: world() }, async ({ env, args }) => {
        const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>/dev/full', process.execPath, CLI, 'check', ...args], {
          env: { PATH: process.env['PATH'] ?? '', ...env },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        let stdout = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
        expect(await new Promise((resolve) => child.once('close', resolve))).to.equal(0);
        expect(stdout).to.contain('acme').and.contain('globex');
      });
    },
  });

  it('is told from a result that nobody takes, which is a failure', async () => {
    await withCloud({ world: world() }, async ({ env, args }) => {
      const child = spawn('sh', ['-c', 'exec "$0" "$@" >/dev/full', process.execPath, CLI, 'check', ...args], {
        env: { PATH: process.env['PATH'] ?? '', ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      expect(await new Promise((resolve) => child.once('close', resolve))).to.equal(1);
      expect(stderr).to.contain("vhi-exporter: the result can't be written to stdout (ENOSPC)\n");
    });
  });
});

describe('A log whose reader is stuck', () => {
  it('is not kept beyond a bound, and says how much it lacks when the reader is back', async () => {
    const code = `process.on('SIGUSR2', () => process.stderr.write('x'.repeat(3_000_000) + '\\n'));`;
    await withPreload(code, (preload) =>
      withRig({ world: world(), env: preload, args: ['--web.enable-lifecycle'] }, async (rig) => {
        rig.program.pauseLog();
        rig.program.send('SIGUSR2');
        await sleep(100);
        // Two lines each, which nobody will ever read.
        for (let i = 0; i < 3; i += 1) expect((await reload(rig.url)).status).to.equal(200);
        expect((await rig.metrics()).complete).to.equal(1);
        rig.program.resumeLog();
        await rig.program.saw('stderr', /x\n/);
        expect((await reload(rig.url)).status).to.equal(200);
        await rig.program.saw('stderr', /level=warn msg="nobody read the log: lines are missing here" lines=6\n/);
        const { code: exit, stderr } = await rig.program.stop();
        expect(exit).to.equal(0);
        expect(stderr.match(/msg=reloaded/g)).to.have.length(1);
      }),
    );
  });
});

describe('SIGUSR1', () => {
  it('opens no debugger', async () => {
    await withRig({ world: world() }, async (rig) => {
      rig.program.send('SIGUSR1');
      await rig.program.saw('stderr', /level=warn msg="SIGUSR1 has no effect"/);
      const { code, stderr } = await rig.program.stop();
      expect(code).to.equal(0);
      expect(stderr).not.to.contain('Debugger');
    });
  });
});
