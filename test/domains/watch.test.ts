import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { FileState } from '../../src/domains/list.js';
import { type DomainsFile, openDomainsFile, readDomainsFile } from '../../src/domains/watch.js';
import { SettingError } from '../../src/errors.js';
import { DEFAULTS, RecordingLog } from './samples.js';

/** Never, within a test: shows that chokidar itself sees a change. */
const NO_POLL = 3_600_000;
/** More than a busy machine needs. */
const PATIENCE_MS = 10_000;

describe('openDomainsFile', () => {
  let root: string;
  let path: string;
  let log: RecordingLog;
  let file: DomainsFile | undefined;
  let reloads: FileState[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vhi-domains-'));
    path = join(root, 'conf', 'domains.txt');
    await mkdir(dirname(path));
    log = new RecordingLog();
    reloads = [];
  });

  afterEach(async () => {
    await file?.close();
    file = undefined;
    await rm(root, { recursive: true });
  });

  function content(...names: string[]): string {
    return names.map((name, index) => `${index} name=${name}\n`).join('');
  }

  async function start(pollMs = 500): Promise<void> {
    const onReload = (state: FileState) => reloads.push(state);
    file = await openDomainsFile(path, { defaults: DEFAULTS, log, onReload, pollMs });
  }

  function labels(): string {
    return file!
      .current()
      .list.domains.map(({ label }) => label)
      .join();
  }

  /** Waits for a condition that an edit made now must bring about; how soon is the settler's tests' to say. */
  async function comes(what: string, isSo: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!isSo() && performance.now() < end) await sleep(10);
    expect(isSo(), `${what}, in the end; the log:\n${log.lines.join('\n')}`).to.be.true;
  }

  async function expectLabels(names: string): Promise<void> {
    await comes(names, () => labels() === names && file!.current().lastReloadSuccessful);
  }

  async function renameOver(text: string): Promise<void> {
    await writeFile(`${path}.tmp`, text);
    await rename(`${path}.tmp`, path);
  }

  it('sees writes in place, one after the other', async () => {
    await writeFile(path, content('a'));
    await start(NO_POLL);
    expect(labels()).to.equal('a');
    await writeFile(path, content('b'));
    await expectLabels('b');
    await writeFile(path, content('c'));
    await expectLabels('c');
    expect(reloads.map(({ list }) => list.revision)).to.deep.equal([2, 3]);
  });

  it('sees a file being renamed over it, twice', async () => {
    await writeFile(path, content('a'));
    await start();
    await renameOver(content('b'));
    await expectLabels('b');
    await renameOver(content('c'));
    await expectLabels('c');
  });

  it('sees the way vim saves, by a backup that it removes', async () => {
    await writeFile(path, content('a'));
    await start();
    for (const name of ['b', 'c']) {
      await rename(path, `${path}~`);
      await writeFile(path, content(name));
      await unlink(`${path}~`);
      await expectLabels(name);
    }
    expect(reloads.every(({ lastReloadSuccessful }) => lastReloadSuccessful)).to.be.true;
  });

  it('sees the way sed -i saves', async () => {
    await writeFile(path, content('a'));
    await start();
    execFileSync('sed', ['-i', 's/name=a/name=b/', path]);
    await expectLabels('b');
  });

  it('is not taken in by an editor that empties the file before it writes', async () => {
    await writeFile(path, content('a', 'b', 'c'));
    await start();
    await truncate(path, 0);
    await sleep(500);
    expect(labels()).to.equal('a,b,c');
    await writeFile(path, content('a', 'b', 'd'));
    await expectLabels('a,b,d');
    expect(reloads).to.have.length(1);
  });

  it('believes an emptied file in the end', async () => {
    await writeFile(path, content('a'));
    await start();
    await truncate(path, 0);
    await comes('an empty list', () => labels() === '' && file!.current().lastReloadSuccessful);
  });

  it('keeps the list while the file is away, and takes over the one that comes', async () => {
    await writeFile(path, content('a'));
    await start();
    await unlink(path);
    await comes('failure', () => !file!.current().lastReloadSuccessful);
    expect(labels()).to.equal('a');
    await sleep(1000);
    await writeFile(path, content('b'));
    await expectLabels('b');
    await unlink(path);
    await writeFile(path, content('c'));
    await expectLabels('c');
    expect(log.lines.filter((line) => line.includes('does not exist'))).to.have.length(1);
  });

  it('sees the swaps of a Kubernetes ConfigMap', async () => {
    const folder = dirname(path);
    const publish = async (name: string) => {
      await mkdir(join(folder, `..${name}`));
      await writeFile(join(folder, `..${name}`, 'domains.txt'), content(name));
      await symlink(`..${name}`, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await publish('a');
    await symlink(join('..data', 'domains.txt'), path);
    await start();
    for (const [before, name] of ['a', 'b', 'c', 'd'].entries()) {
      if (before === 0) continue;
      await publish(name);
      await rm(join(folder, `..${'abc'[before - 1]}`), { recursive: true });
      await expectLabels(name);
    }
  });

  it('sees edits of a file that it only links to', async () => {
    const target = join(root, 'target');
    await writeFile(target, content('a'));
    await symlink(target, path);
    await start();
    await writeFile(target, content('b'));
    await expectLabels('b');
    await writeFile(`${target}.tmp`, content('c'));
    await rename(`${target}.tmp`, target);
    await expectLabels('c');
  });

  it('sees, by looking now and then, a folder that is removed and made anew', async () => {
    await writeFile(path, content('a'));
    await start();
    await rm(dirname(path), { recursive: true });
    await comes('failure', () => !file!.current().lastReloadSuccessful);
    await mkdir(dirname(path));
    await writeFile(path, content('b'));
    await expectLabels('b');
    await writeFile(path, content('c'));
    await expectLabels('c');
  });

  it('sees, by looking now and then, a folder that another takes the place of', async () => {
    await writeFile(path, content('a'));
    await start();
    await mkdir(join(root, 'new'));
    await writeFile(join(root, 'new', 'domains.txt'), content('b'));
    await rename(dirname(path), join(root, 'old'));
    await rename(join(root, 'new'), dirname(path));
    await expectLabels('b');
  });

  it('takes a touched file for what it is', async () => {
    await writeFile(path, content('a'));
    await start();
    await writeFile(path, content('a'));
    await sleep(400);
    expect(reloads).to.deep.equal([]);
    expect(log.lines).to.have.length(1);
  });

  it('keeps the list when a folder, or something huge, takes the place of the file', async () => {
    await writeFile(path, content('a'));
    await start();
    await unlink(path);
    await mkdir(path);
    await comes('failure', () => log.lines.some((line) => line.includes('is a directory, not a file')));
    await rm(path, { recursive: true });
    const huge = await open(path, 'w');
    await huge.truncate(2 ** 40);
    await huge.close();
    await comes('a problem', () => file!.current().list.problems.length === 1);
    expect(file!.current().list.problems[0]!.message).to.match(/^the file is larger than 1 MiB/);
    expect(labels()).to.equal('a');
  });

  it('does nothing more once closed', async () => {
    await writeFile(path, content('a'));
    await start(50);
    await writeFile(path, content('b'));
    await sleep(100);
    await file!.close();
    await sleep(400);
    expect(labels()).to.equal('a');
    expect(reloads).to.deep.equal([]);
  });

  it('is read at once when asked to, without the wait for an emptied file to settle', async () => {
    await writeFile(path, content('a', 'b', 'c'));
    await start(NO_POLL);
    await writeFile(path, content('a'));
    await file!.reload();
    expect(labels()).to.equal('a');
    expect(reloads).to.have.length(1);
  });

  it('says what could not be taken over when it is asked to be read, and keeps the last good list', async () => {
    await writeFile(path, content('a'));
    await start(NO_POLL);
    await unlink(path);
    const gone: unknown = await file!.reload().catch((error: unknown) => error);
    expect((gone as Error).message).to.equal('the domains file does not exist; the last good list stays in force');
    await writeFile(path, `${content('b')}oops\n`);
    const bad: unknown = await file!.reload().catch((error: unknown) => error);
    expect((bad as Error).message).to.match(/^the domains file holds 1 bad line, the first is line 2: .*; its good/);
    expect(labels()).to.equal('b');
    await writeFile(path, content('c'));
    await file!.reload();
    expect(labels()).to.equal('c');
  });

  const refused: [what: string, make: () => Promise<unknown> | undefined, message: string][] = [
    ['is not there', () => undefined, 'does not exist'],
    ['is a folder', () => mkdir(path), 'is a directory, not a file'],
    [
      'is behind a file',
      () => ((path = join(path, 'x')), writeFile(dirname(path), '')),
      'is not a directory (ENOTDIR)',
    ],
    ['is a link to itself', () => symlink(path, path), "can't be read (ELOOP)"],
    ['holds no good line', () => writeFile(path, 'bad\n'), 'domains.txt:1: project is missing'],
  ];
  for (const [what, make, message] of refused) {
    it(`does not start with a file that ${what}`, async () => {
      await make();
      const error: unknown = await openDomainsFile(path, { defaults: DEFAULTS, log }).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(SettingError);
      expect((error as Error).message)
        .to.contain(path)
        .and.to.contain(message);
      const same: unknown = await readDomainsFile(path, { defaults: DEFAULTS, log }).catch((e: unknown) => e);
      expect((same as Error).message).to.equal((error as Error).message);
    });
  }

  it('does not wait for the writer of a fifo', async () => {
    execFileSync('mkfifo', [path]);
    const error: unknown = await readDomainsFile(path, { defaults: DEFAULTS, log }).catch((e: unknown) => e);
    expect((error as Error).message).to.equal(`--domains.file: ${path} is not a regular file`);
  });
});
