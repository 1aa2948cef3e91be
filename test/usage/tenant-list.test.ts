import { expect } from 'chai';
import type { CollectSettings } from '../../src/settings/settings.js';
import type { SimulatorSettings } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { TestClock } from '../helpers/clock.js';
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

interface Stage {
  rig: Rig;
  world: World;
  acme: Tenant;
  other: Tenant;
}

interface Plan {
  settings?: Partial<CollectSettings>;
  cloud?: Partial<SimulatorSettings>;
  /** Servers of a domain that nobody watches. */
  others?: number;
  clock?: TestClock;
}

/** The domain acme, whose administrator sees the whole cloud, in which 50 of 56 servers are those of another domain. */
async function stage({ settings = {}, cloud = {}, others = 50, clock }: Plan = {}): Promise<Stage> {
  const world = new World({ seed: 'tenants' });
  const acme = addTenant(world, 'acme', 'admin', ['main', 'p1', 'p2']);
  for (const id of Object.values(acme.projects)) world.addServers(2, { projectId: id, vcpus: 2, ramMb: 3 });
  const other = addTenant(world, 'other');
  world.addServers(others, { projectId: other.projects['main']!, vcpus: 7, ramMb: 7 });
  const rig = await startRig({ world, settings, cloud, ...(clock ? { clock } : {}) });
  rig.watch(acme);
  return { rig, world, acme, other };
}

const PROJECTS = 'acme/main projects?domain_id=acme';
const PROBE = 'acme/main servers?all_tenants=1&limit=20';
const WHOLE = 'acme/main servers?all_tenants=1';
const REPORT = 'acme/main usage';
const parts = (more = ''): string[] =>
  ['main', 'p1', 'p2'].map((id) => `acme/main servers?all_tenants=1&project_id=${id}${more}`);

async function expectRight({ rig, world, acme }: Stage): Promise<string[]> {
  const { snapshot, calls } = await rig.scrapeWithCalls();
  expect(errorsOf(snapshot, 'acme')).to.deep.equal([]);
  expect(of(snapshot, 'acme').usage).to.deep.equal(inUse(world, acme.id, 'allocated'));
  return calls.map((call) => call.replace(/changes-since=[^& ]+/, 'changes-since'));
}

describe('a domain whose login sees a cloud most of which is nobody’s in the list', () => {
  afterEach(closeRigs);

  it('has its own projects picked out of all tenants, without a token of each, and is told of cells by the report', async () => {
    const scene = await stage();
    expect(await expectRight(scene)).to.have.members(['acme/main login', PROJECTS, PROBE, ...parts(), REPORT]);
    expect(await expectRight(scene)).to.have.members([PROJECTS, ...parts(), REPORT]);
    expect(of(await scene.rig.scrape(), 'acme').strategy).to.equal('cloud-list');
  });

  it('is asked for changes of each project from then on, and for no report', async () => {
    const scene = await stage({ settings: { incremental: 'auto' } });
    await expectRight(scene);
    scene.world.addServer({ projectId: scene.acme.projects['p1']!, vcpus: 5 });
    expect(await expectRight(scene)).to.have.members([PROJECTS, ...parts('&changes-since')]);
  });

  it('has disabled projects counted, those that its user has no role in, and new ones', async () => {
    const scene = await stage();
    const { world, acme } = scene;
    world.projects.get(acme.projects['p2']!)!.enabled = false;
    const alone = world.addProject({ domainId: acme.id, name: 'alone' }).id;
    world.addServers(3, { projectId: alone, vcpus: 11 });
    await expectRight(scene);
    world.addServer({ projectId: addProject(world, acme, 'new'), vcpus: 13 });
    await expectRight(scene);
  });

  it('shares a listing of the whole cloud where another domain’s login sees it too, from the next scrape on', async () => {
    const scene = await stage();
    const { rig, world, acme } = scene;
    const globex = addTenant(world, 'globex', 'admin');
    world.addServers(4, { projectId: globex.projects['side']!, vcpus: 1, ramMb: 1 });
    rig.watch(acme, globex);
    await rig.scrape();
    await rig.scrape();
    const calls = await expectRight(scene);
    expect(calls).to.have.lengthOf(1);
    expect(calls[0]).to.match(/\/main servers\?all_tenants=1$/);
  });

  it('is picked out where other domains’ logins see less, or fail', async () => {
    const scene = await stage();
    const { rig, world, acme } = scene;
    const [member, stranger] = [addTenant(world, 'member'), addTenant(world, 'stranger')];
    world.findUser(stranger.id, 'boss')!.password = 'other';
    rig.watch(member, stranger, acme);
    await rig.scrape();
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy: 'cloud-list' });
    expect(calls).to.include.members(parts());
    expect(calls).not.to.include(WHOLE);
  });

  it('shares no listing of the whole cloud that showed next to nothing that is anybody’s', async () => {
    const scene = await stage({ others: 1100 });
    const { rig, world, acme } = scene;
    const globex = addTenant(world, 'globex', 'admin');
    rig.watch(acme, globex);
    await rig.scrape();
    const calls = await expectRight(scene);
    expect(calls.filter((call) => call.startsWith('acme'))).to.have.members([PROJECTS, ...parts(), REPORT]);
    expect(calls).not.to.include(WHOLE);
    expect(calls).not.to.include('globex/main servers?all_tenants=1');
  });

  for (const [what, others] of [
    ['in a cloud of a few servers', 10],
    ['in a cloud most of which it is', 20],
  ] as const) {
    it(`is one listing ${what}`, async () => {
      const scene = await stage({ others });
      // The newest are shown first.
      scene.world.addServers(others === 20 ? 30 : 0, { projectId: scene.acme.projects['main']! });
      await expectRight(scene);
      expect(await expectRight(scene)).to.deep.equal([WHOLE]);
    });
  }

  describe('is one listing again, and right,', () => {
    it('where Nova shows all servers, whichever project it is asked for', async () => {
      const scene = await stage({ cloud: { projectFilter: false } });
      expect(await expectRight(scene)).to.include(WHOLE);
      expect(await expectRight(scene)).to.deep.equal([WHOLE]);
    });

    for (const status of [403, 404]) {
      it(`where Nova’s usage report is answered by ${status}`, async () => {
        const scene = await stage();
        scene.rig.sim.faults.add({ kind: 'status', status, route: 'usage' });
        expect(await expectRight(scene)).to.include(WHOLE);
        expect(await expectRight(scene)).to.deep.equal([WHOLE]);
      });
    }

    it('where Nova refuses to pick a project', async () => {
      const scene = await stage();
      const bad = { status: 400, headers: {}, body: '{"badRequest": {"message": "no", "code": 400}}' };
      let isRefusing = true;
      scene.rig.sim.faults.add({
        kind: 'edit',
        route: 'servers',
        edit: (answer) => (isRefusing && scene.rig.sim.calls.at(-1)?.query.includes('project_id') ? bad : answer),
      });
      expect(await expectRight(scene)).to.include(WHOLE);
      expect(await expectRight(scene)).to.deep.equal([WHOLE]);
      isRefusing = false;
    });
  });

  it('is asked about others where no project shows a server but that of the login: a proof is needed', async () => {
    const scene = await stage();
    const { world, acme, other } = scene;
    const empty = (ids: string[]): void => {
      for (const project of ids)
        for (const { id } of world.servers.ofProject(project)) world.changeServer(id, { status: 'DELETED' });
    };
    empty([acme.projects['p1']!, acme.projects['p2']!]);
    await expectRight(scene);
    expect(await expectRight(scene)).to.have.members([PROJECTS, ...parts(), PROBE, REPORT]);
    empty(Object.values(other.projects));
    expect(await expectRight(scene)).to.include('acme/p1 servers');
    world.addServer({ projectId: acme.projects['p1']! });
    await expectRight(scene);
  });

  it('is collected in another way where its user is no administrator any more', async () => {
    const scene = await stage();
    await expectRight(scene);
    setRole(scene.world, scene.acme, 'member');
    await expectRight(scene);
    expect(of(await scene.rig.scrape(), 'acme').strategy).to.equal('project-list');
  });

  for (const incremental of ['auto', 'off'] as const) {
    it(`is not complete while a cell is down, and complete when it is up again (incremental ${incremental})`, async () => {
      const scene = await stage({ settings: { incremental } });
      const { rig, world, acme } = scene;
      world.addServers(2, { projectId: acme.projects['p1']!, cell: 'cell2', vcpus: 50 });
      world.downCells.add('cell2');
      for (let scrape = 1; scrape <= 2; scrape += 1) {
        const snapshot = await rig.scrape();
        expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers incomplete']);
        expect(of(snapshot, 'acme').usage?.vcpus).to.equal(12);
        expect(snapshot.complete).to.equal(false);
      }
      world.downCells.clear();
      await expectRight(scene);
      await expectRight(scene);
    });
  }

  it('has one project fail alone, and the others counted', async () => {
    const scene = await stage();
    await expectRight(scene);
    scene.rig.sim.faults.add({
      kind: 'edit',
      route: 'servers',
      edit: (answer) =>
        answer.body.includes(scene.acme.projects['p1']!) && answer.status === 200
          ? { ...answer, status: 500, body: '{}' }
          : answer,
    });
    const snapshot = await scene.rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 8, ramMb: 12 } });
  });
});
