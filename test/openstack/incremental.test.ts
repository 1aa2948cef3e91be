import { expect } from 'chai';

import { adminBody } from './helpers/api.js';
import { Driver } from './helpers/driver.js';
import type { Expected, ExpectedDomain } from './helpers/expected.js';
import { freeze, forgetSeenTokens, seed, thaw } from './helpers/rig.js';
import { Users } from './helpers/users.js';
import { eventually } from './helpers/wait.js';
import { isFullListing, pictureOf, seenBy, unwatch, watch, type Watch } from './helpers/watch.js';
import { randomOf, Walk } from './helpers/walk.js';

/** Without servers that are being built for ever: each listing is to be one question. */
const MIX = 'ACTIVE=60,SHUTOFF=12,PAUSED=4,SUSPENDED=3,ERROR=3,SHELVED_OFFLOADED=4,SOFT_DELETED=4,DELETED=6';
const STEPS = 40;
const withStrategy = (name: string): string[] => [`--collect.strategy=${name}`];
const MINUTE = 60_000;

describe('Listings brought up to date by what changed', () => {
  let expected: Expected;
  let member: ExpectedDomain;
  let cloudAdmin: ExpectedDomain;
  let driver: Driver;
  const watches: Watch[] = [];

  before(async function () {
    this.timeout(5 * MINUTE);
    // So many projects that one question for all is worth while.
    const fill = ['--start', '931', '--domains', '2', '--projects', '4', '--servers', '18', '--state-mix', MIX];
    expected = await seed(...fill, '--cloudadmin', 'dom-932');
    [member, cloudAdmin] = expected.domains as [ExpectedDomain, ExpectedDomain];
    driver = await Driver.of(expected);
    for (const domain of expected.domains) {
      for (const { id } of domain.projects) await driver.open(domain, id);
    }
    const add = async (strategy: string, domains: ExpectedDomain[], aheadMs: number): Promise<void> => {
      watches.push(await watch({ title: strategy, expected, domains, args: withStrategy(strategy), aheadMs }));
    };
    await add('project-list', [member], 0);
    // Clocks of a cloud may differ by minutes.
    await add('domain-list', [cloudAdmin], 4 * MINUTE);
    await add('cloud-list', [cloudAdmin], -4 * MINUTE);
    await add('auto', [member, cloudAdmin], 0);
    // Each scrape is due to list in full: a cloud of so many servers is confirmed by Nova's usage report instead.
    const all = { expected, domains: [cloudAdmin], resync: '1ms' };
    watches.push(await watch({ ...all, title: 'confirmed', args: withStrategy('cloud-list') }));
  });
  after(async function () {
    this.timeout(5 * MINUTE);
    await Promise.all(watches.map(unwatch));
    await driver.clear();
  });

  const projectOf = ({ projects, name }: ExpectedDomain): string =>
    projects.find((project) => project.name === `${name}-prj-01`)!.id;
  /** In both domains alike. */
  const inBoth = <T>(each: (domain: ExpectedDomain) => Promise<T>): Promise<T[]> =>
    Promise.all([member, cloudAdmin].map(each));

  /** What all show is what Nova lists now. */
  async function expectExact(when: string): Promise<void> {
    const listed = await driver.list();
    const seen = await Promise.all(watches.map(seenBy));
    const shown = Object.fromEntries(watches.map(({ title }, i) => [title, seen[i]]));
    const wanted = Object.fromEntries(watches.map(({ title, domains }) => [title, pictureOf(listed, domains)]));
    expect(shown, when).to.deep.equal(wanted);
  }

  /** Exact by what changed, and not by listings in full. */
  async function expectExactByChanges(when: string): Promise<void> {
    const marks = watches.map(({ door }) => door.asked.length);
    await expectExact(when);
    const asked = watches.map(({ door, title }, i) => `${title}: ${door.asked.slice(marks[i]).join(' ')}`);
    // A server that was deleted in the midst of something may be in the report for ever: the listing is read in full once.
    const inFull = watches.filter(
      ({ door, title }, i) => title !== 'confirmed' && door.asked.slice(marks[i]).some(isFullListing),
    );
    if (inFull.length > 0) expect.fail(`${when}: listings in full:\n${asked.join('\n')}`);
  }

  describe('with nothing changed', () => {
    it('are exact, in full and by what changed', async () => {
      await expectExact('the first scrape');
      await expectExactByChanges('the second scrape');
    });

    it('are one request to Nova for each project, or for the cloud, or for all who may share it; and three where a report confirms it', async () => {
      const requests: Record<string, number> = {};
      const marks = watches.map(({ door }) => door.asked.length);
      for (const { exporter, title } of watches) {
        const count = async (): Promise<number> =>
          (await exporter.scrape())
            .all('vhi_cloud_requests_total')
            .filter(({ labels }) => labels['service'] === 'compute')
            .reduce((sum, { value }) => sum + value, 0);
        const before = await count();
        requests[title] = (await count()) - before;
      }
      const once = { 'domain-list': 1, 'cloud-list': 1 };
      const { auto, ...others } = requests;
      expect(others).to.deep.equal({ ...once, 'project-list': member.projects.length, confirmed: 3 });
      // Servers being built, changes, and a proof; and changes once more where the administrator lists the cloud as a whole.
      expect(auto).to.be.within(3, 4);
      watches.forEach(({ title, door }, i) => {
        const alone = door.asked.slice(marks[i]).filter((path) => !path.includes('all_tenants=1'));
        if (title === 'auto') expect(alone).to.deep.equal([]);
      });
      for (const { door } of watches)
        expect(door.asked.at(-1)).to.match(/[?&]changes-since=\d{4}-[^&]+Z(&limit=500)?$/);
    });
  });

  describe('after each step of a server', () => {
    let ids: string[];
    before(async () => {
      ids = await inBoth((domain) => driver.boot(projectOf(domain)));
    });

    const each = (step: (id: string) => Promise<unknown>): Promise<unknown> => Promise.all(ids.map(step));
    const act = (wanted: string, action: Record<string, unknown>) => () => each((id) => driver.act(id, wanted, action));
    const remove = async (): Promise<void> => {
      await each((id) => driver.remove(id));
      await each((id) => driver.rest(id, 'SOFT_DELETED', 'gone'));
    };
    const anew = (flavor: string, wanted: string) => async (): Promise<void> => {
      ids = await inBoth((domain) => driver.boot(projectOf(domain), flavor, wanted));
    };
    const shelve = act('SHELVED_OFFLOADED', { shelve: null });

    const steps: [string, () => Promise<unknown>][] = [
      ['booted', () => Promise.resolve()],
      ['stopped', act('SHUTOFF', { 'os-stop': null })],
      ['started', act('ACTIVE', { 'os-start': null })],
      ['rebooted hard', act('ACTIVE', { reboot: { type: 'HARD' } })],
      ['paused', act('PAUSED', { pause: null })],
      ['unpaused', act('ACTIVE', { unpause: null })],
      ['resized', act('VERIFY_RESIZE', { resize: { flavorRef: '3' } })],
      ['confirmed', act('ACTIVE', { confirmResize: null })],
      ['resized again', act('VERIFY_RESIZE', { resize: { flavorRef: '4' } })],
      ['reverted', act('ACTIVE', { revertResize: null })],
      ['shelved', shelve],
      ['unshelved', act('ACTIVE', { unshelve: null })],
      ['rebuilt', () => each((id) => driver.rebuild(id))],
      ['deleted softly', remove],
      ['restored', act('ACTIVE', { restore: null })],
      ['deleted by force', act('gone', { forceDelete: null })],
      ['booted again', anew('3', 'ACTIVE')],
      ['shelved again', shelve],
      ['deleted while shelved', remove],
      ['booted a third time', anew('2', 'ACTIVE')],
      ['deleted while active', remove],
      ['booted where there is no host', anew('huge', 'ERROR')],
      ['deleted in error', remove],
    ];
    for (const [title, step] of steps) {
      it(`is exact: ${title}`, async () => {
        await step();
        await expectExactByChanges(title);
      });
    }
  });

  describe('of servers that are being built', () => {
    afterEach(async () => {
      await Promise.all(['nova-conductor', 'nova-compute'].map(thaw));
    });

    it('are exact while no cell has them, and when they are deleted without a trace', async () => {
      await freeze('nova-conductor');
      const early = await inBoth((domain) => driver.post(projectOf(domain)));
      const late = await inBoth((domain) => driver.post(projectOf(domain), '3'));
      const { statuses } = pictureOf(await driver.list(), [member]);
      expect(statuses[`${member.name} BUILD`]).to.equal(2);
      await expectExactByChanges('requests to build');
      for (const id of early) await driver.remove(id);
      // Nothing tells of these: a listing in full does.
      await expectExact('requests to build, two of four deleted');
      await thaw('nova-conductor');
      for (const id of late) await driver.rest(id, 'ACTIVE');
      for (const id of early) await driver.rest(id, 'gone');
      await expectExactByChanges('the others built');
    });

    it('are exact while a cell has them, and no host', async () => {
      await Promise.all(['nova-conductor', 'nova-compute'].map(freeze));
      const early = await inBoth((domain) => driver.post(projectOf(domain)));
      const late = await inBoth((domain) => driver.post(projectOf(domain), '3'));
      await expectExactByChanges('requests to build');
      await thaw('nova-conductor');
      for (const id of [...early, ...late]) await driver.inCell(id);
      await expectExactByChanges('in a cell');
      for (const id of early) await driver.remove(id);
      for (const id of early) await driver.rest(id, 'gone', 'SOFT_DELETED');
      await expectExact('in a cell, two of four deleted');
      await thaw('nova-compute');
      for (const id of late) await driver.rest(id, 'ACTIVE');
      await expectExactByChanges('the others built');
    });

    it('are exact when they are deleted at once, whichever is first', async () => {
      for (let round = 1; round <= 3; round += 1) {
        const ids = await inBoth((domain) => driver.post(projectOf(domain)));
        // Scrapes see them, or don't: it goes either way.
        const scrapes = watches.map(({ exporter }) => exporter.scrape());
        for (const id of ids) await driver.remove(id);
        for (const id of ids) await driver.rest(id, 'gone', 'SOFT_DELETED');
        await Promise.all(scrapes);
        await expectExact(`round ${round}`);
      }
    });
  });

  describe('of a cloud in motion', () => {
    it('are exact with twenty servers booted and deleted at once', async () => {
      const ids = (
        await Promise.all(Array.from({ length: 10 }, () => inBoth((one) => driver.post(projectOf(one)))))
      ).flat();
      for (const { exporter } of watches) await exporter.scrape();
      for (const id of ids) await driver.rest(id, 'ACTIVE');
      await expectExactByChanges('booted');
      await Promise.all(ids.map((id) => driver.remove(id)));
      for (const { exporter } of watches) await exporter.scrape();
      for (const id of ids) await driver.rest(id, 'SOFT_DELETED');
      await expectExactByChanges('deleted');
    }).timeout(5 * MINUTE);

    it('are exact with a project that is made in the midst, and deleted after its servers are', async () => {
      const made = await inBoth(async (domain) => {
        const users = await Users.of(expected, domain, adminBody(expected));
        const id = await users.addProject(`w-midst-${process.pid}`);
        await users.grant(domain, [domain === member ? 'member' : 'admin', { projectId: id }]);
        domain.projects.push({ ...domain.projects[0]!, id, name: 'midst' });
        await driver.open(domain, id);
        return { users, id };
      });
      const servers = await Promise.all(made.map(({ id }) => driver.boot(id)));
      await expectExact('a new project');
      await expectExact('a new project, once more');
      await expectExactByChanges('a new project, a third time');
      for (const id of servers) await driver.act(id, 'gone', { forceDelete: null });
      await expectExactByChanges('a new project, its server deleted');
      for (const { users, id } of made) await users.removeProject(id);
      for (const { projects } of [member, cloudAdmin]) projects.pop();
      await eventually(MINUTE, async () => {
        await forgetSeenTokens();
        await expectExact('a project deleted');
      });
      await expectExactByChanges('a project deleted, once more');
    }).timeout(5 * MINUTE);

    it(`are exact after each of ${STEPS} steps by chance`, async () => {
      const chance = Number(process.env['WALK_SEED'] ?? 905909835);
      const projects = [member, cloudAdmin].flatMap(({ projects: all }) => all.map(({ id }) => id));
      const walk = new Walk(driver, projects, randomOf(chance));
      const done: string[] = [];
      try {
        // A project that shows its first server is looked up, and projects that are gone by then make a listing in full.
        await Promise.all(projects.map((id) => driver.boot(id)));
        await expectExact('before the first step');
        await expectExact('before the first step, once more');
        for (let step = 1; step <= STEPS; step += 1) {
          done.push(await walk.step());
          await expectExactByChanges(`step ${step}`);
        }
        expect(walk.refused, 'what Nova itself failed at').to.be.lessThan(STEPS / 4);
      } catch (error) {
        throw new Error(`with WALK_SEED=${chance}, after: ${done.slice(-3).join('; ')}`, { cause: error });
      }
    }).timeout(20 * MINUTE);
  });

  describe('that were due at each scrape', () => {
    it('were confirmed by the report nearly always', () => {
      const { asked } = watches.at(-1)!.door;
      const reports = asked.filter((path) => path.includes('/os-simple-tenant-usage')).length;
      expect(reports).to.be.greaterThan(40);
      expect(asked.filter(isFullListing).length).to.be.lessThan(reports / 5);
    });
  });

  describe('of a cloud that tells no time', () => {
    it('are read by the time of the login', async () => {
      const untimed = await watch({ title: 'untimed', expected, domains: [member], args: [], aheadMs: null });
      try {
        for (let scrape = 1; scrape <= 2; scrape += 1) {
          expect(await seenBy(untimed)).to.deep.equal(pictureOf(await driver.list(), [member]));
          expect(untimed.door.asked.filter(isFullListing), `scrape ${scrape}`).to.have.lengthOf(member.projects.length);
        }
      } finally {
        await unwatch(untimed);
      }
    });
  });
});
