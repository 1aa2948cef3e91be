import { mkdir, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Program, run, until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { linesOf, type Page, type Rig, withCloud, withFolder, withRig, worldOf } from './rig.js';

const cloud = () => worldOf({ name: 'acme' }, { name: 'globex' }, { name: 'initech' });

/** The first scrape that shows an edit; how soon that has to be is the settler's tests' to say. */
async function scrapeWith(rig: Rig, isSo: (page: Page) => boolean): Promise<Page> {
  return until(`a scrape that shows the edit (${String(isSo)})`, 15_000, async () => {
    const page = await rig.metrics();
    return isSo(page) ? page : null;
  });
}

const reloaded =
  (successful: 0 | 1) =>
  (page: Page): boolean =>
    page.get('vhi_domains_file_last_reload_successful') === successful;

const configured =
  (domains: number) =>
  (page: Page): boolean =>
    page.get('vhi_domains_configured') === domains;

const problems =
  (lines: number) =>
  (page: Page): boolean =>
    page.get('vhi_domains_file_problems') === lines;

function labels(page: Page): string {
  return page
    .series('vhi_domain_vcpus_in_use')
    .map((series) => /"(.*)"/.exec(series)![1])
    .join();
}

/** As editors that save in place do. */
async function saveInPlace(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.truncate(0);
  await file.writeFile(text);
  await file.close();
}

/** As a kubelet does: a new folder, and the symlink `..data` swapped for one to it. */
async function swapConfigMap(folder: string, version: number, text: string): Promise<void> {
  await mkdir(join(folder, `..v${version}`));
  await writeFile(join(folder, `..v${version}`, 'domains.txt'), text);
  await symlink(`..v${version}`, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  if (version > 1) await rm(join(folder, `..v${version - 1}`), { recursive: true });
}

describe('domains.txt under a running daemon', () => {
  together(3, {
    ['is in force for the scrapes after an edit in place, a rename over it, and a symlink swap']: async () => {
      const world = cloud();
      const before = linesOf(world, 'acme', 'globex');
      const after = linesOf(world);
      const edits: ((rig: Rig) => Promise<void>)[] = [
        (rig) => saveInPlace(rig.file, after),
        async (rig) => {
          await writeFile(`${rig.file}~`, after);
          await rename(`${rig.file}~`, rig.file);
        },
      ];
      const configMap = withFolder(async (folder) => {
        await swapConfigMap(folder, 1, before);
        await symlink('..data/domains.txt', join(folder, 'domains.txt'));
        // The last of a flag given twice counts.
        await withRig({ world, args: [`--domains.file=${join(folder, 'domains.txt')}`] }, async (rig) => {
          expect(labels(await rig.metrics())).to.equal('acme,globex');
          await swapConfigMap(folder, 2, after);
          expect(labels(await scrapeWith(rig, configured(3))), 'symlink swap').to.equal('acme,globex,initech');
        });
      });
      const plain = edits.map((edit) =>
        withRig({ world, lines: before }, async (rig) => {
          expect(labels(await rig.metrics())).to.equal('acme,globex');
          await edit(rig);
          const page = await scrapeWith(rig, configured(3));
          expect(labels(page), String(edit)).to.equal('acme,globex,initech');
          expect(page.get('vhi_total_vcpus_in_use')).to.equal(6);
          expect(rig.program.stderr).to.match(/domains\.txt reloaded" domains=3 problems=0/);
        }),
      );
      await Promise.all([configMap, ...plain]);
    },

    ['takes every series of a domain along that leaves it, counters too']: async () => {
      const world = cloud();
      const lines = `${linesOf(world, 'acme', 'initech')}${world.findDomain({ name: 'globex' })!.id} name=globex password=wrong\n`;
      await withRig({ world, lines, args: ['--collect.projects'] }, async (rig) => {
        const before = await rig.metrics();
        expect(before.get('vhi_domain_collect_failures_total{domain="globex",reason="auth"}')).to.equal(1);
        await writeFile(rig.file, linesOf(world, 'acme', 'initech'));
        const after = await scrapeWith(rig, configured(2));
        expect(after.text).not.to.include('globex');
        expect(after.complete).to.equal(1);
        // An empty list, believed after 2 s: totals are 0, and nothing of a domain is left.
        await writeFile(rig.file, '# nobody any more\n');
        const none = await scrapeWith(rig, configured(0));
        expect(none.get('vhi_total_vcpus_in_use')).to.equal(0);
        expect(none.complete).to.equal(1);
        expect(none.series('vhi_domain_').filter((series) => series.includes('{'))).to.deep.equal([]);
        expect(none.series('vhi_project_')).to.deep.equal([]);
      });
    },

    ['counts the good lines of a file with problems, and tells the problems with their line numbers']: async () => {
      const world = cloud();
      await withRig({ world, lines: linesOf(world, 'acme', 'globex') }, async (rig) => {
        const good = linesOf(world, 'acme', 'globex');
        await writeFile(rig.file, `${good}\nbad nam=x\n# comment\n${good.split('\n')[0]!}\n`);
        const page = await scrapeWith(rig, problems(2));
        expect(labels(page)).to.equal('acme,globex');
        expect(page.get('vhi_total_vcpus_in_use')).to.equal(4);
        expect(page.complete).to.equal(0);
        expect(page.get('vhi_domains_file_last_reload_successful')).to.equal(1);
        expect(page.of('vhi_domain_collect_errors', 'acme')).to.equal(0);
        const { errors, domains, complete } = await rig.snapshot();
        expect(complete).to.be.false;
        expect(domains.map(({ result }) => result)).to.deep.equal(['ok', 'ok']);
        const config = { stage: 'config', reason: 'config', status: null, count: 1 };
        const { id } = world.findDomain({ name: 'acme' })!;
        expect(errors).to.deep.equal([
          { domain: null, line: 4, ...config, message: 'unknown key nam, did you mean name?' },
          { domain: null, line: 6, ...config, message: `the id ${id} is on line 1 already, keep one of them` },
        ]);
      });
    },

    ['keeps the last good list while the file is gone, or holds nothing but problems']: async () => {
      const world = cloud();
      await withRig({ world }, async (rig) => {
        const first = await rig.metrics();
        const stamp = first.get('vhi_domains_file_last_reload_success_timestamp_seconds');
        expect(stamp).to.be.within(Date.now() / 1000 - 10, Date.now() / 1000);
        const text = linesOf(world);
        await unlink(rig.file);
        const gone = await scrapeWith(rig, reloaded(0));
        expect(labels(gone)).to.equal('acme,globex,initech');
        expect(gone.get('vhi_domains_file_last_reload_success_timestamp_seconds')).to.equal(stamp);
        expect(gone.complete).to.equal(1);
        expect(rig.program.stderr).to.match(/level=warn msg="\S+domains\.txt .+; the last good list stays in force"/);
        await writeFile(rig.file, text.replaceAll('name', 'nam'));
        const bad = await scrapeWith(rig, problems(3));
        expect(labels(bad)).to.equal('acme,globex,initech');
        expect(bad.get('vhi_domains_file_last_reload_successful')).to.equal(0);
        expect(bad.complete).to.equal(0);
        await writeFile(rig.file, text);
        // Its problems are the snapshot's, which may have begun before the reload.
        const back = await scrapeWith(rig, (page) => reloaded(1)(page) && problems(0)(page));
        expect(back.complete).to.equal(1);
      });
    },
  });
});

const NO_SUCH_ID = 'x'.repeat(65);

/** A bad line, and what the log says of it behind `domains.txt:N: `. */
const TYPOS: readonly [line: string, says: RegExp][] = [
  ['t1 nam=x', /^unknown key nam, did you mean name\?$/],
  ['t2 projct=x', /^unknown key projct, did you mean project\?$/],
  ['t3 name=x usr=y', /^unknown key usr, did you mean user\?$/],
  ['t4 name=x pasword_env=Y', /^unknown key pasword_env, did you mean password_env\?$/],
  ['t5 name=x password-file=/y', /^unknown key password-file, did you mean password_file\?$/],
  ['t6 name=x colour=red', /^unknown key colour, the keys are name, project, user, /],
  ['t7 name=a name=b', /^name is given twice, keep one of them$/],
  ['t8 name', /^name has no value, write name=value without blanks around the =$/],
  ['t9 name = x', /^name has no value, write name=value without blanks around the =$/],
  ['t10 name=', /^name is empty, give it a value or remove it$/],
  ['t11 name=Globex Corp', /^the word after name is not key=value; if it belongs to name, put that value in double /],
  ['t12 name="Globex', /^name has no closing quote$/],
  ['t13 name="a"b', /^name goes on after its closing quote, quote the whole value or put a blank between$/],
  ['t14 name=a"b', /^name holds a quote: quote the whole value and write \\" for a quote inside$/],
  ['t15 name="a\\b"', /^name holds a backslash: within quotes write \\\\ for one, and \\" for a quote$/],
  ['name=acme', /^the id is missing: the line begins with name=, put the domain's id first$/],
  ['a/b name=x', /^the id must not hold '\/', it is made of A-Z a-z 0-9 _ \. -$/],
  [`${NO_SUCH_ID} name=x`, /^the id is longer than 64 characters$/],
  ['t19', /^project is missing: give the line a project or a name, or set --cloud\.project or VHI_PROJECT$/],
  ['good name=other', /^the id good is on line 1 already, keep one of them$/],
  ['t21 name=good', /^name must be unique, 'good' is that of line 1: give this line another name$/],
  ['t22 name=x password=a password_env=B', /^password_env and password are given, keep one of them$/],
  ['t23 name=x password_env=a-b', /^password_env must be the name of an environment variable, such as ACME_PASSWORD$/],
  ['t24 name=x auth_url=cloud:5000', /^auth_url must begin with https:\/\/ or http:\/\/$/],
  ['t25 name=x auth_url=https://c', /^user is missing: add user=, the settings' user and password do not serve /],
  ['t26 name=x auth_url=https://c user=u', /^password is missing: add password_env=, password_file= or password=, /],
  ['t27 name=x interface=outer', /^interface must be public or internal or admin$/],
  ['t28 name=x insecure=yes', /^insecure must be true or false$/],
  ['t29 name=x disabled_projects=skip', /^disabled_projects must be error or ignore$/],
  ['t30 name=x compute_url=nova', /^compute_url is not a URL, write it like https:\/\//],
  ['t31 name=x\u0007', /^the line holds the control character \\u0007, remove it$/],
  [`t32 name=${'x'.repeat(4100)}`, /^the line is longer than 4,096 characters$/],
];

describe('A typo in domains.txt', () => {
  it('is told in the log with its line number and what to do, whichever it is', async () => {
    await withCloud({ world: worldOf({ name: 'good' }), lines: 'good name=good\n' }, async ({ folder, env, args }) => {
      const path = join(folder, 'domains.txt');
      const flags = ['--web.listen-address=127.0.0.1:0', '--log.format=json', ...args];
      const program = new Program(flags, { env });
      const messages = (): string[] =>
        program.stderr
          .split('\n')
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as { msg: string }).msg);
      try {
        await program.saw('stderr', /"listening"/);
        // Each batch fits the log, which names 20 problems of a file at most.
        for (let start = 0; start < TYPOS.length; start += 16) {
          const batch = TYPOS.slice(start, start + 16);
          const known = messages().length;
          await writeFile(path, ['good name=good', ...batch.map(([line]) => line), ''].join('\n'));
          await until('all problems in the log', 15_000, () => messages().length >= known + 1 + batch.length);
          batch.forEach(([line, says], i) => {
            const place = `${path}:${i + 2}: `;
            const told = messages()
              .slice(known)
              .find((message) => message.startsWith(place));
            expect(told?.slice(place.length), line.slice(0, 60)).to.match(says);
          });
        }
      } finally {
        await program.kill();
      }
    });
  });

  it('without an auth URL or a user anywhere, says which setting or key would mend it', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'domains.txt');
      await writeFile(file, 'acme name=acme\n');
      const cloudOnly = { OS_AUTH_URL: 'http://127.0.0.1:1' };
      const [url, user, password] = await Promise.all([
        run([`--domains.file=${file}`]),
        run([`--domains.file=${file}`], { env: cloudOnly }),
        run([`--domains.file=${file}`], { env: { ...cloudOnly, OS_USERNAME: 'me' } }),
      ]);
      expect(url.stderr).to.match(
        /domains\.txt:1: auth_url is missing: set --cloud\.auth-url or VHI_AUTH_URL, or give /,
      );
      expect(user.stderr).to.match(/domains\.txt:1: user is missing: set --cloud\.username or VHI_USERNAME, or give /);
      expect(password.stderr).to.match(
        /domains\.txt:1: password is missing: set VHI_PASSWORD or VHI_PASSWORD_FILE, or /,
      );
      expect([url.code, user.code, password.code]).to.deep.equal([2, 2, 2]);
    });
  });
});
