import { expect } from 'chai';
import type { CollectSettings } from '../../src/settings/settings.js';
import { Operations } from '../../src/simulator/operations.js';
import type { Call, SimulatorSettings } from '../../src/simulator/server.js';
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

const MINUTE_MS = 60_000;

interface Plan {
  settings?: Partial<CollectSettings>;
  cloud?: Partial<SimulatorSettings>;
  projects?: string[];
}

/** `servers` with all that they are, `names` alone, `usage p1`; `acme/main`, who asks as a rule, is left out. */
function describeCall({ domains, projects }: World, call: Call): string {
  const { route, path, query, status } = call;
  const name = (id: string): string => domains.get(id)?.name ?? projects.get(id)?.name ?? id;
  const last = name(path.split('/').at(-1) ?? '');
  const what =
    route === 'servers' ? (last === 'detail' ? 'servers' : 'names') : route === 'usage' ? `usage ${last}` : route;
  const asked = query.replace(/[0-9a-f]{32}/g, name).replace(/(changes-since|marker)=[^&]+/, '$1');
  const who = `${name(call.domainId ?? '')}/${name(call.projectId ?? '')}`;
  const refused = status !== null && status < 300 ? '' : ` ${status}`;
  return `${who === 'acme/main' ? '' : `${who} `}${what}${asked ? `?${asked}` : ''}${refused}`;
}

/** acme, whose administrator sees the whole cloud: its 6 servers, and 50 newer ones of a domain that nobody watches. */
class Stage {
  readonly world = new World({ seed: 'tenants' });
  readonly clock = new TestClock();
  readonly operations = new Operations(this.world);
  readonly acme: Tenant;
  readonly stranger: Tenant;
  rig!: Rig;

  constructor(projects: string[]) {
    this.acme = addTenant(this.world, 'acme', 'admin', projects);
    for (const projectId of Object.values(this.acme.projects))
      this.world.addServers(2, { projectId, vcpus: 2, ramMb: 3 });
    this.stranger = addTenant(this.world, 'stranger', 'member', ['x1']);
    this.world.addServers(50, { projectId: this.stranger.projects['x1']!, vcpus: 7, ramMb: 7 });
  }

  /** Nothing that happened before is among the changes of later. */
  pass(minutes: number): void {
    this.clock.advance(minutes * MINUTE_MS);
    this.world.advance(minutes * MINUTE_MS);
  }

  id(project: string): string {
    return this.acme.projects[project]!;
  }

  /** A scrape of figures that are right. @returns the calls that it made */
  async scrape(): Promise<string[]> {
    const { rig, world, acme } = this;
    rig.sim.clear();
    const snapshot = await rig.scrape();
    expect(errorsOf(snapshot, 'acme')).to.deep.equal([]);
    expect(of(snapshot, 'acme').usage).to.deep.equal(inUse(world, acme.id, 'allocated'));
    return this.calls();
  }

  calls(): string[] {
    return this.rig.sim.calls.map((call) => describeCall(this.world, call));
  }
}

async function stage({ settings = {}, cloud = {}, projects = ['main', 'p1', 'p2'] }: Plan = {}): Promise<Stage> {
  const scene = new Stage(projects);
  const { world, clock, acme } = scene;
  scene.rig = await startRig({
    world,
    clock,
    settings: { incremental: 'auto', ...settings },
    cloud: { tokenSeconds: 86_400, ...cloud },
  });
  scene.rig.watch(acme);
  scene.pass(10);
  return scene;
}

const PROJECTS = 'projects?domain_id=acme';
const PROBE = ['servers?all_tenants=1&limit=20', 'servers?all_tenants=1&project_id=x1&limit=1'];
const CHANGES = ['names?all_tenants=1&status=BUILD', 'servers?all_tenants=1&changes-since'];
const listing = (project: string): string => `servers?all_tenants=1&project_id=${project}`;
const report = (project: string): string[] => [
  `usage ${project}`,
  `names?all_tenants=1&project_id=${project}&status=BUILD&status=ERROR`,
  `servers?all_tenants=1&project_id=${project}&changes-since`,
];
const picked = (...projects: string[]): string[] => projects.flatMap((id) => [listing(id), ...report(id)]);
const ALL = ['main', 'p1', 'p2'];

describe('a domain whose login sees a cloud most of which is nobody’s in the list', () => {
  afterEach(closeRigs);

  it('has its projects picked out of all tenants by one token, and each listing held against the usage report', async () => {
    const scene = await stage();
    const calls = await scene.scrape();
    expect(calls.slice(0, 4)).to.deep.equal(['login', PROJECTS, ...PROBE]);
    expect(calls.slice(4)).to.have.members(picked(...ALL));
    for (const project of ALL) {
      const own = calls.filter((call) => new RegExp(`(=| )${project}(&|$)`).test(call));
      expect(own).to.deep.equal(picked(project));
    }
    const snapshot = await scene.rig.scrape();
    expect(snapshot.totals).to.deep.equal({ vcpus: 12, ramMb: 18, servers: 6 });
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy: 'cloud-list', projects: 3 });
  });

  it('asks once for all its projects what changed from then on, with what is being built', async () => {
    const scene = await stage();
    await scene.scrape();
    const { operations, world } = scene;
    operations.stop(world.servers.ofProject(scene.id('main'))[0]!.id);
    operations.destroy(world.servers.ofProject(scene.id('p1'))[0]!.id);
    world.addServer({ projectId: scene.id('p2'), vcpus: 5, ramMb: 1 });
    world.addServer({ projectId: scene.stranger.projects['x1']!, vcpus: 9 });
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 15, ramMb: 16, servers: 6 });
  });

  it('has a server counted as soon as it is asked for, and not one that is gone without a trace', async () => {
    const scene = await stage();
    await scene.scrape();
    const { operations } = scene;
    const { id } = operations.boot({ projectId: scene.id('p1'), vcpus: 8, ramMb: 1 });
    await scene.scrape();
    // A build request is among all changes.
    operations.assign(id);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...CHANGES]);
    const other = operations.boot({ projectId: scene.id('p2'), vcpus: 16, ramMb: 1 });
    expect(await scene.scrape()).to.have.members([PROJECTS, ...CHANGES]);
    operations.destroy(other.id);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...CHANGES, ...picked('p2')]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 20, ramMb: 19, servers: 7 });
  });

  it('has a server seen that is in a cell, and that nothing has touched yet', async () => {
    const scene = await stage();
    await scene.scrape();
    const { operations } = scene;
    operations.assign(operations.boot({ projectId: scene.id('p1'), vcpus: 8, ramMb: 1 }).id);
    const expected = [PROJECTS, ...CHANGES, 'servers?all_tenants=1&status=BUILD'];
    expect(await scene.scrape()).to.deep.equal(expected);
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
  });

  it('has disabled projects counted, and those that its user has no role in', async () => {
    const scene = await stage();
    const { world, acme } = scene;
    world.projects.get(scene.id('p2'))!.enabled = false;
    world.addServers(3, { projectId: world.addProject({ domainId: acme.id, name: 'alone' }).id, vcpus: 11, ramMb: 1 });
    expect(await scene.scrape()).to.include.members(picked(...ALL, 'alone'));
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 45, ramMb: 21, servers: 9 });
  });

  it('has a project that is new listed alone, and one that is deleted left out', async () => {
    const scene = await stage();
    const { world, acme } = scene;
    await scene.scrape();
    world.addServer({ projectId: addProject(world, acme, 'new'), vcpus: 13, ramMb: 1 });
    expect(await scene.scrape()).to.have.members([PROJECTS, ...CHANGES, ...picked('new')]);
    world.removeProject(scene.id('p1'));
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 21, ramMb: 13, servers: 5 });
  });

  it('has an empty project held against the report too, and its first server counted', async () => {
    const scene = await stage();
    const { world, acme } = scene;
    const projectId = addProject(world, acme, 'empty');
    expect(await scene.scrape()).to.include.members(picked(...ALL, 'empty'));
    world.addServer({ projectId, vcpus: 3, ramMb: 4 });
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 15, ramMb: 22, servers: 7 });
  });

  it('is 0, and complete, where all its projects are empty', async () => {
    const scene = await stage();
    const { world, operations } = scene;
    for (const project of ALL) for (const { id } of world.servers.ofProject(scene.id(project))) operations.destroy(id);
    expect(await scene.scrape()).to.include.members(picked(...ALL));
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
    const snapshot = await scene.rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 0, ramMb: 0 }, servers: 0 });
    expect(snapshot.complete).to.equal(true);
  });

  it('has a project of many pages read to its end, and its report too', async () => {
    const scene = await stage({ cloud: { maxLimit: 20 } });
    const { world, stranger } = scene;
    world.addServers(45, { projectId: scene.id('p1'), vcpus: 1, ramMb: 1 });
    world.addServers(50, { projectId: stranger.projects['x1']! });
    scene.pass(10);
    const calls = await scene.scrape();
    expect(calls.filter((call) => call.startsWith('usage p1'))).to.deep.equal([
      'usage p1',
      'usage p1?marker',
      'usage p1?marker',
    ]);
    const more = `${listing('p1')}&marker`;
    const rest = ['usage p1?marker', 'usage p1?marker', more, more];
    expect(calls.slice(4)).to.have.members([...picked(...ALL), ...rest]);
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 57, ramMb: 63, servers: 51 });
  });

  it('is confirmed by the report in time, and listed anew once an hour', async () => {
    const scene = await stage();
    const { rig, clock } = scene;
    await scene.scrape();
    const confirmed = [PROJECTS, ...ALL.flatMap(report)];
    let listedAt = clock.wall();
    for (let minute = 4; minute <= 64; minute += 4) {
      scene.pass(4);
      const calls = await scene.scrape();
      // Three quarters of the interval of 15 minutes, as the middle of chance has it.
      const expected =
        minute === 60
          ? [PROJECTS, ...PROBE, ...picked(...ALL)]
          : minute % 12 === 0
            ? confirmed
            : [PROJECTS, ...CHANGES];
      expect(calls, `minute ${minute}`).to.have.members(expected);
      if (minute % 12 === 0) listedAt = clock.wall();
      expect(of(await rig.scrape(), 'acme').listedAt).to.equal(listedAt);
    }
  });

  it('is listed anew where it was not asked for longer than changes are known', async () => {
    const scene = await stage();
    await scene.scrape();
    scene.pass(31);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...picked(...ALL)]);
  });

  it('is probed and listed anew after a login that is due', async () => {
    const scene = await stage({ cloud: { tokenSeconds: 1200 } });
    await scene.scrape();
    scene.pass(15);
    expect(await scene.scrape()).to.have.members(['login', PROJECTS, ...PROBE, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
  });

  it('is listed anew by a login whose token was taken away', async () => {
    const scene = await stage();
    await scene.scrape();
    scene.rig.sim.revokeTokens();
    const calls = await scene.scrape();
    expect(calls).to.have.members([`/ ${PROJECTS} 401`, 'login', PROJECTS, ...picked(...ALL)]);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...PROBE, ...CHANGES]);
    expect(await scene.scrape()).to.deep.equal([PROJECTS, ...CHANGES]);
  });

  it('is collected in another way where its user is no administrator any more', async () => {
    const scene = await stage();
    await scene.scrape();
    setRole(scene.world, scene.acme, 'member');
    await scene.scrape();
    expect(of(await scene.rig.scrape(), 'acme').strategy).to.equal('project-list');
  });

  it('asks once what changed in a cloud that two such domains are picked out of', async () => {
    const scene = await stage();
    const { world, rig, acme } = scene;
    const globex = addTenant(world, 'globex', 'admin', ['main']);
    world.addServers(2, { projectId: globex.projects['main']!, vcpus: 1, ramMb: 1 });
    rig.watch(acme, globex);
    await rig.scrape();
    rig.sim.clear();
    const snapshot = await rig.scrape();
    expect(snapshot.totals).to.deep.equal({ vcpus: 14, ramMb: 20, servers: 8 });
    // Whichever of them comes first asks, and is seen to show some of the other.
    const calls = scene.calls().map((call) => call.replace(/^globex\/main /, ''));
    const [proof = '', ...none] = calls.filter((call) => call.endsWith('&limit=20'));
    expect(none).to.deep.equal([]);
    expect(proof).to.match(/^names\?all_tenants=1&project_id=\w+&limit=20$/);
    expect(calls).to.have.members([PROJECTS, 'projects?domain_id=globex', proof, ...CHANGES]);
  });

  for (const [strategy, listed] of [
    ['cloud-list', [PROJECTS, ...PROBE, 'servers?all_tenants=1']],
    // A stranger's row has the projects read anew.
    ['domain-list', [PROJECTS, 'servers?all_tenants=1']],
    ['project-list', ['servers', 'acme/p1 servers', 'acme/p2 servers']],
  ] as const) {
    it(`is not picked where the operator fixed a strategy: ${strategy}`, async () => {
      const scene = await stage({ settings: { strategy } });
      const calls = (await scene.scrape()).filter((call) => !/^(login|rescope|acme.* rescope)/.test(call));
      expect(calls).to.have.members([PROJECTS, ...listed]);
    });
  }
});
