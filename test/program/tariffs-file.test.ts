import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import type { UsageJson } from '../../src/usage-report/json.js';
import { run, until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { cloudEnv, withCloud, withFolder, withRig, worldOf, type Rig } from './rig.js';
import { OF_ALL, usageCloud } from './usage-cloud.js';

const METRIC = 'vhi_tariffs_file_last_reload_successful';
const PERIOD = { start: '2026-10-01', end: '2026-10-31' };
const FLAGS = Object.entries(PERIOD).map(([name, value]) => `--${name}=${value}`);

/** A file with one tariff; dates are this zone's, if it names one. */
const tariffs = (zone: string | null, price = '"1.50"'): string =>
  `${zone === null ? '' : `timezone: ${zone}\n`}currency: EUR\ntariffs:\n  - {name: vCPU, resource: vcpu, price: ${price}, per: hour}\n`;

/** The same for one domain. */
const of = (domain: string): string => tariffs(null).replace('per:', `domain: ${domain}, per:`);

/** The zone of the API's dates. */
async function zoneOf({ url }: Rig, more = ''): Promise<string> {
  const response = await fetch(`${url}/api/v1/usage?${new URLSearchParams(PERIOD).toString()}${more}`);
  return ((await response.json()) as UsageJson).timezone;
}

const comes = (what: string, isSo: () => Promise<boolean>): Promise<boolean> => until(what, 15_000, isSo);

/** A daemon with this tariffs file. */
async function serve(content: string, args: string[], body: (rig: Rig, path: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, 'tariffs.yml');
    await writeFile(path, content);
    await withRig({ world: worldOf({ name: 'acme' }), args: [`--tariffs.file=${path}`, ...args] }, (rig) =>
      body(rig, path),
    );
  });
}

describe('the tariffs file', () => {
  together(3, {
    ['is in force after an edit in place, and after another is renamed over it']: () =>
      serve(tariffs('Asia/Jakarta'), [], async (rig, path) => {
        expect(await zoneOf(rig)).to.equal('Asia/Jakarta');
        await writeFile(path, tariffs('Europe/Paris'));
        await comes('the zone of the edit', async () => (await zoneOf(rig)) === 'Europe/Paris');
        await writeFile(`${path}~`, tariffs('Asia/Tokyo'));
        await rename(`${path}~`, path);
        await comes('the zone of the new file', async () => (await zoneOf(rig)) === 'Asia/Tokyo');
        expect(await zoneOf(rig, '&tz=UTC')).to.equal('UTC');
        expect((await rig.metrics()).get(METRIC)).to.equal(1);
        expect(rig.program.stderr).to.match(/msg="\S+tariffs\.yml loaded" tariffs=1 currency=EUR\n/);
        expect(rig.program.stderr).to.match(/msg="\S+tariffs\.yml reloaded" tariffs=1 currency=EUR\n/);
      }),

    ['keeps the last good tariffs while it is bad or gone, and says so']: () =>
      serve(tariffs('Asia/Jakarta'), ['--web.enable-lifecycle'], async (rig, path) => {
        const shows = (value: number): Promise<boolean> =>
          comes(`${METRIC} ${value}`, async () => (await rig.metrics()).get(METRIC) === value);
        await shows(1);
        await writeFile(path, tariffs('Asia/Tokyo', 'free'));
        await shows(0);
        expect(await zoneOf(rig)).to.equal('Asia/Jakarta');
        expect(rig.program.stderr)
          .to.match(/level=warn msg="\S+tariffs\.yml holds 1 problem; the last good tariffs stay in force" tariffs=1 /)
          .and.to.match(/level=warn msg="\S+tariffs\.yml:4: price: \\"free\\" is not a decimal: write /);
        const reload = await fetch(`${rig.url}/-/reload`, { method: 'POST' });
        expect([reload.status, await reload.text()].join(' '))
          .to.match(/^500 .*the tariffs file holds 1 problem, the first is line 4: price: .*the last good tariffs stay/)
          .and.not.to.include(path);
        await writeFile(path, tariffs('Asia/Tokyo'));
        await shows(1);
        expect(await zoneOf(rig)).to.equal('Asia/Tokyo');
        await unlink(path);
        await shows(0);
        await writeFile(path, tariffs('Europe/Paris'));
        expect((await fetch(`${rig.url}/-/reload`, { method: 'POST' })).status).to.equal(200);
        expect([await zoneOf(rig), (await rig.metrics()).get(METRIC)]).to.deep.equal(['Europe/Paris', 1]);
        await writeFile(path, tariffs('Asia/Tokyo'));
        rig.program.send('SIGHUP');
        await comes('the zone after SIGHUP', async () => (await zoneOf(rig)) === 'Asia/Tokyo');
      }),

    ['leaves no trace where there is none, and its zone to the settings where it names none']: async () => {
      await withRig({ world: worldOf({ name: 'acme' }), args: ['--timezone=Asia/Tokyo'] }, async (rig) => {
        expect((await rig.metrics()).text).not.to.include('tariff');
        expect(await zoneOf(rig)).to.equal('Asia/Tokyo');
      });
      await serve(tariffs(null), ['--timezone=Europe/Paris'], async (rig) => {
        expect(await zoneOf(rig)).to.equal('Europe/Paris');
      });
    },

    ['ends serve, check and usage with exit code 2 and its problems by line, where it is bad']: () =>
      withFolder(async (folder) => {
        const path = join(folder, 'tariffs.yml');
        await writeFile(path, `colour: red\n${tariffs('Mars', '-1')}`);
        await withCloud({ world: worldOf({ name: 'acme' }) }, async ({ env, args }) => {
          const commands = [['serve'], ['check'], ['usage', ...FLAGS]];
          const exits = await Promise.all(
            commands.map((command) => run([...command, ...args], { env: { ...env, VHI_TARIFFS_FILE: path } })),
          );
          for (const { code, stdout, stderr } of exits) {
            expect([code, stdout]).to.deep.equal([2, '']);
            const [first, ...lines] = stderr.trimEnd().split('\n');
            expect(first).to.equal(`vhi-exporter: --tariffs.file: ${path} holds 3 problems`);
            expect(lines.map((line) => line.replace(path, ''))).to.deep.equal([
              ':1: unknown key colour: the keys here are currency, timezone, tariffs',
              ':2: timezone: "Mars" is not a time zone: give an IANA time zone such as Asia/Jakarta or UTC',
              ':5: price: "-1" is negative: write a decimal such as "150.50"',
            ]);
          }
        });
      }),

    ['has a tariff of a domain that there is not told by the daemon, when either file makes it one, by check and by statement']:
      () =>
        serve(of('acne'), [], async ({ program, file, simulator }, path) => {
          const told = (level: string, text: string): boolean =>
            program.stderr.includes(`level=${level} msg="${path}${text}`);
          const stranger = (name: string): string => `:3: domain: "${name}" is no name or id in the domains file`;
          const logged = (name: string): boolean => told('warn', stranger(name).replaceAll('"', '\\"'));
          expect(logged('acne')).to.equal(true);
          const once = async (command: string): Promise<{ code: number | null; stdout: string; stderr: string }> =>
            run([...command.split(' '), `--tariffs.file=${path}`, `--domains.file=${file}`], {
              env: cloudEnv(simulator),
            });
          const [check, statement] = await Promise.all([once('check'), once(['statement', ...FLAGS].join(' '))]);
          expect(check.code).to.equal(0);
          expect(check.stdout).to.include(`${path}${stranger('acne')}`);
          expect(statement.stderr).to.include(stranger('acne').replaceAll('"', '\\"'));
          const lines = await readFile(file, 'utf8');
          await writeFile(file, lines.replace('name=acme', 'name=acne project=acme'));
          await comes('the new name', () => Promise.resolve(told('info', ': the domains of all tariffs are')));
          await writeFile(path, of('acme'));
          await comes('the tariff of the old name', () => Promise.resolve(logged('acme')));
        }),

    ['is told of by check, gives usage its zone, and is nothing to snapshot']: () =>
      withFolder(async (folder) => {
        const path = join(folder, 'tariffs.yml');
        await writeFile(path, tariffs('Asia/Jakarta'));
        await withCloud({ world: usageCloud().world, args: [`--tariffs.file=${path}`] }, async ({ env, args }) => {
          const json = ['--output=json', '--timezone=Europe/Paris'];
          const [check, usage, inUtc, snapshot] = await Promise.all([
            run(['check', ...args], { env }),
            run(['usage', ...args, ...FLAGS, ...json], { env }),
            run(['usage', ...args, ...FLAGS, ...json, '--tz=UTC'], { env }),
            run(['snapshot', ...args, '--tariffs.file=/nowhere'], { env }),
          ]);
          expect(check.code).to.equal(0);
          expect(check.stdout).to.include(`\n${path}: 1 tariff in EUR, timezone Asia/Jakarta\n`);
          const report = JSON.parse(usage.stdout) as UsageJson;
          expect([report.timezone, report.totals]).to.deep.equal(['Asia/Jakarta', OF_ALL]);
          expect((JSON.parse(inUtc.stdout) as UsageJson).timezone).to.equal('UTC');
          expect(snapshot.code).to.equal(0);
        });
      }),
  });
});
