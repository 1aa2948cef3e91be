import { expect } from 'chai';
import fc from 'fast-check';
import type { CollectSettings } from '../../src/settings/settings.js';
import type { SimulatorSettings } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import {
  addProject,
  addTenant,
  closeRigs,
  errorsOf,
  inUse,
  of,
  startRig,
  type Rig,
  type Tenant,
} from '../helpers/rig.js';

/** Rows of a page. */
const ROWS = 4;

/** A domain whose administrator sees it all, with so many servers in each of its projects. */
async function stage(
  sizes: readonly number[],
  settings: Partial<CollectSettings> = {},
  cloud: Partial<SimulatorSettings> = {},
): Promise<{ rig: Rig; world: World; acme: Tenant; ids: string[] }> {
  const world = new World({ seed: 'big' });
  const names = sizes.map((_, i) => (i === 0 ? 'main' : `p${i}`));
  const acme = addTenant(world, 'acme', 'domain_admin', names);
  const ids = names.map((name) => acme.projects[name]!);
  ids.forEach((projectId, i) => {
    if (sizes[i]! > 0) world.addServers(sizes[i]!, { projectId, vcpus: 2, ramMb: 3 });
  });
  const rig = await startRig({ world, settings, cloud: { maxLimit: ROWS, ...cloud } });
  rig.watch(acme);
  return { rig, world, acme, ids };
}

/** `p1 2`: the second page of a project; the whole domain is `all`. */
function pages(calls: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return calls.map((call) => {
    const [, project] = /project_id=acme\/?(\S+?)(?:&|$| )/.exec(call) ?? /project_id=(\S+?)(?:&|$| )/.exec(call) ?? [];
    const name = project ?? (call.includes('projects') ? 'projects' : 'all');
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${name} ${counts.get(name)}`;
  });
}

const parts = (calls: readonly string[]): string[] => calls.filter((call) => call.includes('project_id'));

describe('a domain of many pages', () => {
  afterEach(closeRigs);

  it('is listed page by page at first, and project by project from then on, the largest first', async () => {
    const { rig } = await stage([4, 9, 7]);
    const cold = await rig.scrapeWithCalls();
    expect(parts(cold.calls)).to.deep.equal([]);
    const warm = await rig.scrapeWithCalls();
    const asked = pages(warm.calls);
    expect(asked.slice(0, 3)).to.deep.equal(['all 1', 'projects 1', 'p1 1']);
    expect(asked.slice(3)).to.have.members(['p1 2', 'p1 3', 'p2 1', 'p2 2', 'main 1', 'main 2']);
    expect(asked.indexOf('p2 1')).to.be.lessThan(asked.indexOf('main 1'));
    for (const { snapshot } of [cold, warm]) {
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 40, ramMb: 60 }, projects: 3 });
      expect(snapshot.complete).to.equal(true);
    }
  });

  it('has its pages in flight side by side', async () => {
    const { rig } = await stage([8, 8, 8, 8], { requestConcurrency: 4 });
    rig.sim.options.latencyMs = 20;
    await rig.scrape();
    rig.sim.clear();
    await rig.scrape();
    expect(rig.sim.peakInFlight).to.equal(4);
  });

  it('stays one chain where parting it would take more than twice as many requests, be it for empty projects, or is no faster', async () => {
    for (const sizes of [Array<number>(16).fill(1), [16, 16, ...Array<number>(20).fill(0)], [1, 39], [3, 3, 3]]) {
      const { rig } = await stage(sizes);
      await rig.scrape();
      const { calls } = await rig.scrapeWithCalls();
      expect(parts(calls)).to.deep.equal([]);
      await closeRigs();
    }
  });

  it('has the servers of a project that was made since, and not those of one that was deleted', async () => {
    const { rig, world, acme, ids } = await stage([8, 8, 8]);
    await rig.scrape();
    world.addServers(5, { projectId: addProject(world, acme, 'new'), vcpus: 100, ramMb: 1 });
    world.removeProject(ids[2]!);
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(parts(calls)).not.to.be.empty;
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 532, ramMb: 53 }, projects: 3 });
  });

  it('has no server of a project that was deleted behind the first page', async () => {
    const { rig, world, ids } = await stage([8, 8, 8]);
    await rig.scrape();
    rig.sim.faults.add({
      kind: 'edit',
      route: 'servers',
      times: 1,
      edit: (answer) => {
        world.removeProject(ids[2]!);
        return answer;
      },
    });
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(parts(calls)).not.to.be.empty;
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 32, ramMb: 48 }, projects: 2 });
  });

  it('stays one chain where it has many projects all of a sudden', async () => {
    const { rig, world, acme } = await stage([8, 8, 8]);
    await rig.scrape();
    for (let i = 0; i < 20; i += 1) addProject(world, acme, `new${i}`);
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(pages(calls).slice(0, 3)).to.deep.equal(['all 1', 'projects 1', 'all 2']);
    expect(parts(calls)).to.deep.equal([]);
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', servers: 24, projects: 23 });
  });

  it('is partial where a project’s page fails, with what was read, and one chain from then on', async () => {
    const { rig } = await stage([8, 8, 8]);
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', page: 'later' });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme').result).to.equal('partial');
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers unavailable']);
    rig.sim.faults.clear();
    const next = await rig.scrapeWithCalls();
    expect(parts(next.calls)).to.deep.equal([]);
    expect(next.snapshot.complete).to.equal(true);
  });

  it('is whole while Keystone can’t give the list of projects, as a small one is', async () => {
    const { rig } = await stage([8, 8, 8]);
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'projects' });
    for (const asked of [true, false]) {
      const { snapshot, calls } = await rig.scrapeWithCalls();
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', servers: 24 });
      expect(pages(calls).includes('projects 1')).to.equal(asked);
    }
  });

  it('stays one chain while other domains take all requests that may be in flight', async () => {
    const { rig, world, acme } = await stage([8, 8, 8], { requestConcurrency: 2 });
    const others = ['x', 'y', 'z'].map((name) => addTenant(world, name, 'domain_admin'));
    rig.sim.options.latencyMs = 20;
    rig.watch(acme, ...others);
    await rig.scrape();
    for (const { id } of others.slice(0, 2)) rig.sim.faults.add({ kind: 'slow', ms: 100, domainId: id });
    rig.sim.clear();
    await rig.scrape();
    const asked = rig.sim.calls.filter(({ domainId }) => domainId === acme.id);
    expect(asked.slice(0, 2).map(({ route, query }) => `${route} ${query.includes('marker')}`)).to.deep.equal([
      'servers false',
      'servers true',
    ]);
  });

  describe('that cannot be told from its parts', () => {
    it('is listed in one chain, and whole, where Nova does not pick a project’s servers; tried again after a login', async () => {
      const { rig } = await stage([8, 8, 8], {}, { projectFilter: false });
      await rig.scrape();
      for (const tried of [1, 0]) {
        const { snapshot, calls } = await rig.scrapeWithCalls();
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 48, ramMb: 72 } });
        expect(parts(calls)).to.have.length(tried);
      }
      rig.sim.faults.add({ kind: 'status', status: 401, route: 'servers', times: 1 });
      const { snapshot, calls } = await rig.scrapeWithCalls();
      expect(snapshot.complete).to.equal(true);
      expect(parts(calls)).to.have.length(1);
    });

    for (const [what, tried, fault] of [
      ['refuses with 400 to', 1, { kind: 'status', status: 400 }],
      ['refuses with 403 to', 1, { kind: 'status', status: 403 }],
      ['shows nothing where it should', 3, { kind: 'body', body: '{"servers": []}' }],
    ] as const) {
      it(`is listed in one chain where Nova ${what} pick a project’s servers`, async () => {
        const { rig } = await stage([8, 8, 8]);
        await rig.scrape();
        for (const times of [tried, 0]) {
          rig.sim.faults.add({
            kind: 'edit',
            route: 'projects',
            edit: (answer) => {
              rig.sim.faults.add({ ...fault, route: 'servers', page: 'first' });
              return answer;
            },
          });
          const { snapshot, calls } = await rig.scrapeWithCalls();
          expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy: 'domain-list', servers: 24 });
          expect(parts(calls)).to.have.length(times);
          rig.sim.faults.clear();
        }
      });
    }

    it('says that servers are left whose project the user has no role in, wherever in the list they stand', async () => {
      const { rig, world, acme } = await stage([8, 8, 8]);
      const hidden = world.addProject({ domainId: acme.id, name: 'hidden' }).id;
      world.addServers(2, { projectId: hidden, created: '2001-01-01T00:00:00Z' });
      rig.sim.faults.add({ kind: 'status', status: 403, route: 'projects' });
      for (let scrape = 1; scrape <= 3; scrape += 1) {
        const snapshot = await rig.scrape();
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 48, ramMb: 72 } });
        expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers incomplete']);
      }
    });

    it('says that a cell is down where pages had to be made smaller', async () => {
      const { rig, world, ids } = await stage([8, 8, 8], {}, { maxLimit: 1000 });
      await rig.scrape();
      rig.sim.faults.add({ kind: 'status', status: 504, route: 'servers' });
      // 1000 rows, 500, 250, and so on, down to 3.
      for (let scrape = 1; scrape <= 4; scrape += 1) expect((await rig.scrape()).complete).to.equal(false);
      rig.sim.faults.clear();
      expect((await rig.scrape()).complete).to.equal(true);
      world.addServers(2, { projectId: ids[1]!, cell: 'cell2', vcpus: 50 });
      world.downCells.add('cell2');
      const { snapshot, calls } = await rig.scrapeWithCalls();
      expect(parts(calls)).not.to.be.empty;
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 48, ramMb: 72 } });
      expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers incomplete']);
    });
  });

  it('is never in part and in whole at once, and never lacks one: all of what is in the cloud, whatever its layout', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.record({ project: fc.nat({ max: 5 }), change: fc.constantFrom('add', 'delete') }), {
          maxLength: 6,
        }),
        async (sizes, changes) => {
          const { rig, world, acme, ids } = await stage(sizes);
          for (let scrape = 1; scrape <= 2; scrape += 1) {
            const snapshot = await rig.scrape();
            expect(snapshot.complete, JSON.stringify(of(snapshot, 'acme').errors)).to.equal(true);
            expect(of(snapshot, 'acme').usage).to.deep.equal(inUse(world, acme.id, 'allocated'));
          }
          for (const { project, change } of changes) {
            const projectId = ids[project % ids.length]!;
            if (change === 'add') world.addServer({ projectId, vcpus: 7 });
            else for (const { id } of world.servers.ofProject(projectId).slice(0, 2)) world.removeServer(id);
          }
          expect(of(await rig.scrape(), 'acme').usage).to.deep.equal(inUse(world, acme.id, 'allocated'));
          await closeRigs();
        },
      ),
      { numRuns: 60 },
    );
  });
});
