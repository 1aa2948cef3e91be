import { expect } from 'chai';
import { addTenant, closeRigs, type Tenant } from '../helpers/rig.js';
import {
  ALL,
  ASKED,
  CHANGES,
  changesOf,
  many,
  picked,
  PROJECTS,
  PROOF,
  ROWS,
  START,
  startScene,
  WHOLE,
  type Plan,
  type TenantScene,
} from './tenant-scene.js';

const THREE = many(3);

/** What a scrape asks that has nothing new to tell. */
const warm = (projects: string[]): string[] => (projects.length < 5 ? [PROJECTS, ...projects.map(changesOf)] : ASKED);

/** Domains whose logins see the cloud too, with some servers in each of their projects. */
function addNeighbours({ world }: TenantScene, count: number, own: { projects: number; servers: number }): Tenant[] {
  return Array.from({ length: count }, (_, i) => {
    const tenant = addTenant(world, `d${i}`, 'admin', many(own.projects));
    for (const projectId of Object.values(tenant.projects))
      world.addServers(own.servers, { projectId, vcpus: 1, ramMb: 1 });
    return tenant;
  });
}

describe('a cloud that a domain’s login sees', () => {
  afterEach(closeRigs);

  describe('is listed as a whole from the start, where', () => {
    const cases: Record<string, [plan: Plan, asked: string[], again?: string[]]> = {
      'it shows 19 servers': [{ projects: THREE, others: 13 }, []],
      'half of the newest 20 are the domain’s own': [{ newer: 10 }, []],
      'changes are not asked for': [{ settings: { incremental: 'off' } }, [], [WHOLE]],
      'Nova ignores which project it is asked for': [{ cloud: { projectFilter: false } }, [PROOF]],
      'the domain has 11 projects': [{ projects: many(11), others: 1099 }, []],
      'the domain has 100 projects and the cloud few servers': [{ projects: many(100) }, []],
    };
    for (const [title, [plan, asked, again = [CHANGES]]] of Object.entries(cases)) {
      it(title, async () => {
        const scene = await startScene({ ...plan, cloud: { maxLimit: 2000, ...plan.cloud } });
        expect(await scene.scrape()).to.have.members([...START, ...asked, WHOLE, PROJECTS]);
        expect(await scene.scrape()).to.deep.equal(again);
        expect(await scene.scrape()).to.deep.equal(again);
      });
    }

    for (const status of [400, 403, 429, 500]) {
      it(`Nova answers ${status} when it is asked for one project`, async () => {
        const scene = await startScene();
        scene.refuse(/project_id/, status);
        const refused = `${PROOF} ${status}`;
        const repeated = status === 429 ? [refused] : [];
        expect(await scene.scrape()).to.have.members([...START, refused, ...repeated, WHOLE, PROJECTS]);
        scene.mend();
        await scene.expectWholeForAnHour();
      });
    }

    it('the strangers are in the list themselves', async () => {
      const scene = await startScene();
      const { rig, acme, stranger } = scene;
      rig.watch(stranger);
      await rig.scrape();
      rig.watch(acme, stranger);
      const own = (await scene.scrape()).filter((call) => !call.startsWith('stranger'));
      expect(own).to.have.members([...START, WHOLE, PROJECTS]);
    });
  });

  describe('is not listed as a whole, where', () => {
    const cases: Record<string, [plan: Plan, projects?: string[]]> = {
      'it shows 20 servers': [{ projects: THREE, others: 14 }, THREE],
      '11 of the newest 20 are strangers’': [{ newer: 9 }],
      'the domain has 10 projects': [{ projects: many(10) }, many(10)],
    };
    for (const [title, [plan, projects = ALL]] of Object.entries(cases)) {
      it(title, async () => {
        const scene = await startScene(plan);
        expect((await scene.scrape()).map(unproven)).to.have.members([...START, 'proof', ...picked(...projects)]);
        expect(await scene.scrape()).to.have.members(warm(projects));
      });
    }
  });

  for (const [strangers, isPicked] of [
    [1099, false],
    [1100, true],
  ] as const) {
    const what = `11 projects have ${strangers} servers of strangers beside them`;
    it(`is ${isPicked ? 'listed as a whole once' : 'listed as a whole for good'} where ${what}`, async () => {
      const projects = many(11);
      const scene = await startScene({ projects, others: strangers, cloud: { maxLimit: 2000 } });
      expect(await scene.scrape()).to.have.members([...START, WHOLE, PROJECTS]);
      const again = (await scene.scrape()).map(unproven);
      expect(again).to.have.members(isPicked ? [PROJECTS, 'proof', ...picked(...projects)] : [CHANGES]);
      expect(await scene.scrape()).to.have.members(isPicked ? ASKED : [CHANGES]);
    });
  }

  it('is not listed at every scrape to find out again that the newest servers are the domain’s own', async () => {
    const scene = await startScene({ newer: 30 });
    const twice = [ROWS, WHOLE, PROJECTS];
    expect(await scene.scrape()).to.deep.equal(['login', PROJECTS, ...twice, ...twice]);
    for (let scrape = 2; scrape <= 4; scrape += 1) expect(await scene.scrape()).to.deep.equal([CHANGES]);
  });

  it('is listed as a whole for an hour where the rows that would tell can’t be had', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.pass(61);
    scene.rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', times: 1 });
    expect(await scene.scrape()).to.have.members([`${ROWS} 500`, WHOLE, PROJECTS]);
    await scene.expectWholeForAnHour();
  });

  for (const [role, projects, isWhole] of [
    ['admin', 6, true],
    ['admin', 5, false],
    ['member', 6, false],
  ] as const) {
    const what = `${projects} projects of ${role === 'admin' ? 'another who sees it' : 'one who does not see it'}`;
    it(`is ${isWhole ? '' : 'not '}listed as a whole beside ${what}`, async () => {
      const scene = await startScene();
      const { rig, world, acme } = scene;
      const globex = addTenant(world, 'd0', role, many(projects));
      rig.watch(acme, globex);
      await scene.scrapeAll([acme, globex]);
      scene.pass(61);
      const calls = await scene.scrapeAll([acme, globex]);
      if (isWhole) expect(calls.filter((call) => !call.startsWith('projects'))).to.deep.equal([WHOLE]);
      else
        expect(calls)
          .to.include.members(picked(...ALL))
          .and.not.to.include(WHOLE);
    });
  }

  for (const [domains, late] of [
    [3, 0],
    [3, 2],
    [10, 0],
  ] as const) {
    const who = `all ${domains} domains are in the list${late > 0 ? `, ${late} of them being late at first` : ''}`;
    it(`is listed once for all from the second scrape on, where ${who}`, async () => {
      const scene = await startScene({ projects: ['main'], others: 0 });
      const { rig } = scene;
      const tenants = addNeighbours(scene, domains, { projects: 3, servers: 3 });
      rig.watch(...tenants);
      for (const { id: domainId } of tenants.slice(0, late))
        rig.sim.faults.add({ kind: 'slow', ms: 100, route: 'login', domainId, times: 1 });
      await scene.scrapeAll(tenants);
      // Who was first may have to look at what it took for strangers'.
      expect((await scene.scrapeAll(tenants)).filter((call) => !call.startsWith('projects'))).to.deep.equal([CHANGES]);
      expect(await scene.scrapeAll(tenants)).to.deep.equal([CHANGES]);
    });
  }

  it('is listed once for all who see it, where one of them is not confirmed', async () => {
    const scene = await startScene();
    const { rig, acme } = scene;
    const tenants = [acme, ...addNeighbours(scene, 2, { projects: 2, servers: 1 })];
    rig.sim.faults.add({ kind: 'status', status: 403, route: 'usage', domainId: acme.id });
    rig.watch(...tenants);
    expect((await scene.scrapeAll(tenants)).filter((call) => call === WHOLE)).to.have.length(1);
    expect((await scene.scrapeAll(tenants)).filter((call) => !call.startsWith('projects'))).to.deep.equal([CHANGES]);
    expect(await scene.scrapeAll(tenants)).to.deep.equal([CHANGES]);
    scene.pass(59);
    expect((await scene.scrapeAll(tenants)).filter((call) => !call.startsWith('projects'))).to.deep.equal([WHOLE]);
    scene.mend();
    scene.pass(1);
    const calls = await scene.scrapeAll(tenants);
    expect(calls)
      .to.include.members(picked(...ALL))
      .and.not.to.include(WHOLE);
  });
});

/** Which of the domain's projects proves that Nova picks is no matter. */
const unproven = (call: string): string => (/&limit=1$/.test(call) ? 'proof' : call);
