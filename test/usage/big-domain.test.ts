import { expect } from 'chai';
import fc from 'fast-check';
import type { CollectSettings } from '../../src/settings/settings.js';
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
): Promise<{ rig: Rig; world: World; acme: Tenant; ids: string[] }> {
  const world = new World({ seed: 'big' });
  const names = sizes.map((_, i) => (i === 0 ? 'main' : `p${i}`));
  const acme = addTenant(world, 'acme', 'domain_admin', names);
  const ids = names.map((name) => acme.projects[name]!);
  ids.forEach((projectId, i) => {
    if (sizes[i]! > 0) world.addServers(sizes[i]!, { projectId, vcpus: 2, ramMb: 3 });
  });
  const rig = await startRig({ world, settings, cloud: { maxLimit: ROWS } });
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

describe('a domain of many pages', () => {
  afterEach(closeRigs);

  it('is listed page by page at first, and project by project from then on, the largest first', async () => {
    const { rig } = await stage([4, 9, 7], { requestConcurrency: 1 });
    const cold = await rig.scrapeWithCalls();
    expect(cold.calls.filter((call) => call.includes('project_id'))).to.deep.equal([]);
    const warm = await rig.scrapeWithCalls();
    expect(pages(warm.calls)).to.deep.equal([
      'all 1',
      'projects 1',
      'p1 1',
      'p1 2',
      'p1 3',
      'p2 1',
      'p2 2',
      'main 1',
      'main 2',
    ]);
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

  it('stays one chain where parting it would take more than twice as many requests, or it is short', async () => {
    for (const sizes of [Array<number>(16).fill(1), [3, 3, 3]]) {
      const { rig } = await stage(sizes);
      await rig.scrape();
      const { calls } = await rig.scrapeWithCalls();
      expect(calls.filter((call) => call.includes('project_id'))).to.deep.equal([]);
      await closeRigs();
    }
  });

  it('has the servers of a project that was made since, and not those of one that was deleted', async () => {
    const { rig, world, acme, ids } = await stage([8, 8, 8]);
    await rig.scrape();
    world.addServers(5, { projectId: addProject(world, acme, 'new'), vcpus: 100, ramMb: 1 });
    world.removeProject(ids[2]!);
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(calls.some((call) => call.includes('project_id'))).to.equal(true);
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 532, ramMb: 53 }, projects: 3 });
  });

  it('is partial where a project’s page fails, with what was read', async () => {
    const { rig } = await stage([8, 8, 8]);
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', page: 'later' });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme').result).to.equal('partial');
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers unavailable']);
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
