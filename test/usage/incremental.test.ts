import { expect } from 'chai';
import fc from 'fast-check';

import type { CollectSettings } from '../../src/settings/settings.js';
import { Operations } from '../../src/simulator/operations.js';
import { World } from '../../src/simulator/world.js';
import { TestClock } from '../helpers/clock.js';
import {
  addProject,
  addTenant,
  closeRigs,
  errorsOf,
  inUse,
  of,
  setRole,
  startRig,
  type Rig,
  type Tenant,
} from '../helpers/rig.js';

const AUTO = { incremental: 'auto', resyncIntervalMs: 900_000 } as const;
const ROLES = [
  ['member', 'project-list', 2],
  ['domain_admin', 'domain-list', 1],
  ['admin', 'cloud-list', 1],
] as const;

interface Stage {
  rig: Rig;
  world: World;
  clock: TestClock;
  operations: Operations;
  acme: Tenant;
}

/** acme with two servers in each of its two projects, and a domain that nobody watches. */
async function stage(
  role: string,
  settings: Partial<CollectSettings> = {},
  maxLimit = 1000,
  countFlavors = () => false,
): Promise<Stage> {
  const world = new World({ seed: 'changes' });
  const acme = addTenant(world, 'acme', role);
  const other = addTenant(world, 'other');
  for (const { projects } of [acme, other])
    for (const projectId of Object.values(projects)) world.addServers(2, { projectId, vcpus: 2, ramMb: 1024 });
  const clock = new TestClock();
  const rig = await startRig({ world, clock, settings: { ...AUTO, ...settings }, cloud: { maxLimit }, countFlavors });
  rig.watch(acme);
  return { rig, world, clock, operations: new Operations(world), acme };
}

/** `changes`, `BUILD` or `full` for each listing; other calls as they are. */
const kinds = (calls: readonly string[]): string[] =>
  calls.map((call) => {
    const [, route = '', query = ''] = /^\S+ (\w+)\??(.*)$/.exec(call) ?? [];
    if (route !== 'servers') return route;
    return query.includes('changes-since') ? 'changes' : query.includes('status=BUILD') ? 'BUILD' : 'full';
  });

describe('collecting by what changed', () => {
  afterEach(closeRigs);

  for (const [role, strategy, listings] of ROLES) {
    describe(`by ${strategy}`, () => {
      it('asks once for each listing what changed, and counts that in', async () => {
        const { rig, world, operations, acme } = await stage(role);
        await rig.scrape();
        const { id } = operations.boot({ projectId: acme.projects['side']!, vcpus: 8, ramMb: 1 });
        const built = await rig.scrapeWithCalls();
        expect(of(built.snapshot, 'acme')).to.deep.include({ strategy, usage: { vcpus: 16, ramMb: 4097 }, servers: 5 });
        operations.schedule(id);
        operations.activate(id);
        operations.destroy(world.servers.ofProject(acme.projects['main']!)[0]!.id);
        const next = await rig.scrapeWithCalls();
        expect(of(next.snapshot, 'acme').usage).to.deep.equal({ vcpus: 14, ramMb: 3073 });
        expect(kinds(next.calls).filter((kind) => kind === 'BUILD')).to.have.length(1);
        const idle = await rig.scrapeWithCalls();
        expect(kinds(idle.calls).filter((kind) => kind === 'changes')).to.have.length(listings);
        expect(kinds(idle.calls)).not.to.include('full').and.not.to.include('BUILD');
        expect(idle.snapshot.totals).to.deep.equal(next.snapshot.totals);
        expect(idle.snapshot.complete).to.equal(true);
      });

      it('counts servers by the flavors that they have by now', async () => {
        const { rig, world, operations, acme } = await stage(role, {}, 1000, () => true);
        const flavors = async (): Promise<unknown> => {
          const { calls, snapshot } = await rig.scrapeWithCalls();
          const main = of(snapshot, 'acme').byProject.find(({ id }) => id === acme.projects['main']);
          return [kinds(calls).includes('full'), Object.fromEntries(main?.serversByFlavor ?? [])];
        };
        const { id } = world.servers.ofProject(acme.projects['main']!)[0]!;
        expect(await flavors()).to.deep.equal([true, { 's1.tiny': 2 }]);
        // Of the same size, so that nothing else tells the one from the other.
        operations.resize(id, { flavorName: 's1.fast', vcpus: 2, ramMb: 1024, diskGb: 1 });
        expect(await flavors()).to.deep.equal([false, { 's1.tiny': 1, 's1.fast': 1 }]);
        operations.revert(id);
        expect(await flavors()).to.deep.equal([false, { 's1.tiny': 2 }]);
      });

      it('lists in full again in time, and says when it did so last', async () => {
        const { rig, clock, world } = await stage(role);
        const first = of(await rig.scrape(), 'acme').listedAt;
        for (let minute = 1; minute <= 16; minute += 1) {
          clock.advance(60_000);
          world.advance(60_000);
          const { snapshot, calls } = await rig.scrapeWithCalls();
          // Three quarters of the interval, as the middle of chance has it.
          const isFull = minute === 12;
          expect(kinds(calls).includes('full'), `minute ${minute}`).to.equal(isFull);
          expect(of(snapshot, 'acme').listedAt).to.equal(minute < 12 ? first : clock.epoch + 12 * 60_000);
          expect(snapshot.totals).to.deep.equal({ vcpus: 8, ramMb: 4096, servers: 4 });
        }
      });

      it('lists in full after a scrape in which Nova failed', async () => {
        const { rig } = await stage(role);
        await rig.scrape();
        rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers' });
        expect(errorsOf(await rig.scrape(), 'acme')).to.deep.equal(['servers unavailable']);
        rig.sim.faults.clear();
        const { snapshot, calls } = await rig.scrapeWithCalls();
        expect(snapshot.complete).to.equal(true);
        expect(kinds(calls)).to.include('full').and.not.to.include('changes');
      });

      it('has a project that was made since, and not one that was deleted', async () => {
        const { rig, world, operations, acme } = await stage(role);
        await rig.scrape();
        const { id } = operations.boot({ projectId: addProject(world, acme, 'new'), vcpus: 16, ramMb: 1 });
        operations.schedule(id);
        expect(of(await rig.scrape(), 'acme')).to.deep.include({ usage: { vcpus: 24, ramMb: 4097 }, projects: 3 });
        for (const server of world.servers.ofProject(acme.projects['side']!)) operations.destroy(server.id);
        world.projects.delete(acme.projects['side']!);
        expect(of(await rig.scrape(), 'acme').usage).to.deep.equal({ vcpus: 20, ramMb: 2049 });
        expect(of(await rig.scrape(), 'acme').usage).to.deep.equal({ vcpus: 20, ramMb: 2049 });
      });
    });
  }

  it('finds out anew what a login sees whose role was changed', async () => {
    const { rig, world, operations, acme } = await stage('domain_admin');
    await rig.scrape();
    setRole(world, acme, 'member');
    operations.stop(world.servers.ofProject(acme.projects['side']!)[0]!.id);
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      const snapshot = await rig.scrape();
      expect(of(snapshot, 'acme')).to.deep.include({ strategy: 'project-list', usage: { vcpus: 8, ramMb: 4096 } });
      expect(snapshot.complete).to.equal(true);
    }
  });

  it('lists for all others in full whose role comes to see them', async () => {
    const { rig, world, operations, acme } = await stage('domain_admin');
    const globex = addTenant(world, 'globex', 'admin');
    for (const projectId of Object.values(globex.projects)) world.addServers(5, { projectId, vcpus: 1, ramMb: 1 });
    rig.watch(acme, globex);
    await rig.scrape();
    setRole(world, acme, 'admin');
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      operations.stop(world.servers.ofProject(globex.projects['side']!)[scrape]!.id);
      const snapshot = await rig.scrape();
      expect(of(snapshot, 'globex').usage).to.deep.equal({ vcpus: 10, ramMb: 10 });
      expect(of(snapshot, 'acme').usage).to.deep.equal({ vcpus: 8, ramMb: 4096 });
    }
  });

  it('goes on by changes where a big domain was listed by its projects', async () => {
    const { rig, world, clock, operations, acme } = await stage('domain_admin', {}, 4);
    for (const projectId of Object.values(acme.projects)) world.addServers(14, { projectId, vcpus: 1, ramMb: 1 });
    await rig.scrape();
    clock.advance(15 * 60_000);
    const full = await rig.scrapeWithCalls();
    expect(full.calls.some((call) => call.includes('project_id'))).to.equal(true);
    operations.destroy(world.servers.ofProject(acme.projects['side']!).at(-1)!.id);
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(new Set(kinds(calls))).to.deep.equal(new Set(['changes']));
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: inUse(world, acme.id, 'allocated') });
  });

  it('gives the figures of full listings after whatever happens, for several domains and any strategy', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...ROLES.map(([role]) => role)),
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.record({ deed: fc.constantFrom('boot', 'run', 'destroy', 'resize', 'shelve'), n: fc.nat(20) }), {
        maxLength: 12,
      }),
      async (role, maxLimit, deeds) => {
        const { rig, world, operations, acme } = await stage(role, {}, maxLimit);
        const globex = addTenant(world, 'globex', role);
        rig.watch(acme, globex);
        const projects = [acme, globex].flatMap(({ projects: ids }) => Object.values(ids));
        await rig.scrape();
        for (const { deed, n } of deeds) {
          const ids = projects.flatMap((project) => world.servers.ofProject(project)).map(({ id }) => id);
          act(operations, deed, { id: ids[n % ids.length]!, projectId: projects[n % projects.length]! });
          const snapshot = await rig.scrape();
          expect(snapshot.complete, JSON.stringify(snapshot.domains.map(({ errors }) => errors))).to.equal(true);
          for (const { name, id } of [acme, globex])
            expect(of(snapshot, name).usage).to.deep.equal(inUse(world, id, 'allocated'));
        }
        await closeRigs();
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });
});

/** What the server's status does not allow does not happen. */
function act(on: Operations, deed: string, { id, projectId }: { id: string; projectId: string }): void {
  try {
    if (deed === 'boot') on.boot({ projectId, vcpus: 3, ramMb: 5 });
    else if (deed === 'destroy') on.destroy(id);
    else if (deed === 'resize') on.resize(id, { flavorName: 'large', vcpus: 8, ramMb: 9, diskGb: 1 });
    else if (deed === 'shelve') on.shelve(id);
    else {
      on.schedule(id);
      on.activate(id);
    }
  } catch {
    // As it was.
  }
}
