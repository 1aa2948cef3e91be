import { expect } from 'chai';
import { World } from '../../src/simulator/world.js';
import { addProject, addTenant, closeRigs, errorsOf, inUse, of, setRole, startRig, type Rig } from '../helpers/rig.js';

/** Slots for one request at a time, so that the order of calls is known. */
const SERIAL = { requestConcurrency: 1, domainConcurrency: 1 };

/** The domain acme, a project `main` and one `side`, its user with `role`, and another domain that nobody watches. */
async function stage(
  role: string,
  settings = {},
): Promise<{ rig: Rig; world: World; acme: ReturnType<typeof addTenant> }> {
  const world = new World({ seed: 'auto' });
  const acme = addTenant(world, 'acme', role);
  const other = addTenant(world, 'other');
  for (const { projects } of [acme, other]) {
    for (const projectId of Object.values(projects)) world.addServer({ projectId, vcpus: 2, ramMb: 4096 });
  }
  world.addServer({ projectId: acme.projects['side'] ?? '', vcpus: 3, ramMb: 1024, status: 'SHUTOFF' });
  const rig = await startRig({ world, settings: { ...SERIAL, ...settings } });
  rig.watch(acme);
  return { rig, world, acme };
}

const LOGIN = 'acme/main login';
const OWN_PROJECTS = ['acme/main projects?domain_id=acme 403', 'acme/main authProjects'];
const PROBE = 'acme/main servers?all_tenants=1&limit=20';
const EACH = ['acme/main servers', 'acme/side servers'];
const EACH_COLD = ['acme/main servers', 'acme/side rescope?nocatalog', 'acme/side servers'];

/** What `auto` asks for, the first time and from then on. */
const ROLES = [
  {
    role: 'member',
    strategy: 'project-list',
    scope: 'user',
    cold: [LOGIN, ...OWN_PROJECTS, `${PROBE} 403`, ...EACH_COLD],
    warm: ['acme/main authProjects', ...EACH],
  },
  {
    role: 'project_admin',
    strategy: 'project-list',
    scope: 'user',
    cold: [LOGIN, ...OWN_PROJECTS, PROBE, ...EACH_COLD],
    warm: ['acme/main authProjects', ...EACH],
  },
  {
    role: 'domain_lister',
    strategy: 'project-list',
    scope: 'domain',
    cold: [LOGIN, 'acme/main projects?domain_id=acme', `${PROBE} 403`, ...EACH_COLD],
    warm: ['acme/main projects?domain_id=acme', ...EACH],
  },
  {
    role: 'domain_admin',
    strategy: 'domain-list',
    scope: 'domain',
    cold: [LOGIN, 'acme/main projects?domain_id=acme', PROBE, 'acme/main servers?all_tenants=1'],
    warm: ['acme/main servers?all_tenants=1'],
  },
  {
    role: 'admin',
    strategy: 'cloud-list',
    scope: 'domain',
    // The projects again, after rows that may be of one that was made after the first time.
    cold: [
      LOGIN,
      'acme/main projects?domain_id=acme',
      PROBE,
      'acme/main servers?all_tenants=1',
      'acme/main projects?domain_id=acme',
    ],
    warm: ['acme/main servers?all_tenants=1'],
  },
] as const;

describe('auto', () => {
  afterEach(closeRigs);

  for (const { role, strategy, scope, cold, warm } of ROLES) {
    it(`collects for a ${role} by ${strategy}, with these calls and no other`, async () => {
      const { rig, world, acme } = await stage(role);
      for (const expected of [cold, warm, warm]) {
        const { snapshot, calls } = await rig.scrapeWithCalls();
        expect(calls).to.deep.equal(expected);
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy, projectScope: scope, projects: 2 });
        expect(of(snapshot, 'acme').usage).to.deep.equal({ vcpus: 7, ramMb: 9216 });
        expect(inUse(world, acme.id, 'allocated')).to.deep.equal({ vcpus: 7, ramMb: 9216 });
      }
      expect(rig.sim.unknownPaths).to.deep.equal([]);
    });
  }

  it('lists the cloud once for two administrators', async () => {
    const { rig, world, acme } = await stage('admin');
    const globex = addTenant(world, 'globex', 'admin', ['main']);
    world.addServer({ projectId: globex.projects['main'] ?? '', vcpus: 9, ramMb: 64 });
    rig.watch(acme, globex);
    const cold = await rig.scrapeWithCalls();
    expect(cold.calls.filter((call) => call.endsWith('servers?all_tenants=1'))).to.have.length(1);
    // Each looks its projects up a second time if it has its rows before the other is there.
    expect(cold.calls.length).to.be.within(7, 9);
    const warm = await rig.scrapeWithCalls();
    expect(warm.calls).to.deep.equal(['acme/main servers?all_tenants=1']);
    expect(warm.snapshot.totals).to.deep.equal({ vcpus: 16, ramMb: 9280, servers: 4 });
  });

  it('keeps a domain whose own login fails failed, though its rows are in the listing of others', async () => {
    const { rig, world, acme } = await stage('admin');
    const globex = addTenant(world, 'globex', 'admin', ['main']);
    world.addServer({ projectId: globex.projects['main'] ?? '', vcpus: 9, ramMb: 64 });
    rig.watch(acme, globex);
    await rig.scrape();
    const user = world.findUser(globex.id, 'boss');
    if (user) user.password = 'changed';
    rig.sim.revokeTokens(user?.id);
    const restarted = await startRig({ world });
    restarted.watch(acme, globex);
    const snapshot = await restarted.scrape();
    expect(of(snapshot, 'globex')).to.deep.include({ result: 'failed', usage: null });
    expect(errorsOf(snapshot, 'globex')).to.deep.equal(['login auth']);
    expect(snapshot.totals).to.deep.equal({ vcpus: 7, ramMb: 9216, servers: 3 });
  });

  describe('when the role changes between scrapes', () => {
    const CHANGES = [
      ['admin', 'member', 'project-list'],
      ['admin', 'domain_admin', 'domain-list'],
      ['admin', 'project_admin', 'project-list'],
      ['domain_admin', 'member', 'project-list'],
      ['domain_admin', 'project_admin', 'project-list'],
      ['domain_admin', 'admin', 'cloud-list'],
    ] as const;

    for (const [before, after, strategy] of CHANGES) {
      it(`goes from ${before} to ${after} in the same scrape, with the right figure and no error`, async () => {
        const { rig, world, acme } = await stage(before);
        await rig.scrape();
        setRole(world, acme, after);
        world.addServer({ projectId: acme.projects['side'] ?? '', vcpus: 1, ramMb: 1 });
        const snapshot = await rig.scrape();
        expect(errorsOf(snapshot, 'acme')).to.deep.equal([]);
        expect(of(snapshot, 'acme')).to.deep.include({ strategy, usage: { vcpus: 8, ramMb: 9217 } });
        expect((await rig.scrape()).totals).to.deep.equal({ vcpus: 8, ramMb: 9217, servers: 4 });
      });
    }

    it('asks no more than a probe for a 403', async () => {
      const { rig, world, acme } = await stage('domain_admin');
      await rig.scrape();
      setRole(world, acme, 'domain_lister');
      const { calls } = await rig.scrapeWithCalls();
      expect(calls).to.deep.equal([
        'acme/main servers?all_tenants=1 403',
        `${PROBE} 403`,
        'acme/main projects?domain_id=acme',
        ...EACH_COLD,
      ]);
    });

    it('does not spoil the figures of the other administrators', async () => {
      const { rig, world, acme } = await stage('admin');
      const others = ['b', 'c', 'd'].map((name) => addTenant(world, name, 'admin', ['main']));
      for (const { projects } of others) world.addServer({ projectId: projects['main'] ?? '', vcpus: 5, ramMb: 5 });
      rig.watch(acme, ...others);
      await rig.scrape();
      setRole(world, acme, 'member');
      for (const other of others.slice(0, 2)) setRole(world, other, 'member');
      for (let scrape = 0; scrape < 2; scrape += 1) {
        const snapshot = await rig.scrape();
        expect(snapshot.complete).to.equal(true);
        expect(snapshot.totals).to.deep.equal({ vcpus: 22, ramMb: 9231, servers: 6 });
      }
    });
  });

  it('is not misled by a single project whose listing is long, when a second one is made', async () => {
    const world = new World({ seed: 'single' });
    const acme = addTenant(world, 'acme', 'project_admin', ['main']);
    world.addServers(25, { projectId: acme.projects['main'] ?? '' });
    const rig = await startRig({ world, settings: SERIAL });
    rig.watch(acme);
    expect((await rig.scrape()).totals).to.deep.equal({ vcpus: 25, ramMb: 12800, servers: 25 });
    world.addServer({ projectId: addProject(world, acme, 'new'), vcpus: 8, ramMb: 1024 });
    const snapshot = await rig.scrape();
    expect(snapshot.totals).to.deep.equal({ vcpus: 33, ramMb: 13824, servers: 26 });
  });

  it('reads quota counters of each project where all tenants can’t be seen and quota is what counts', async () => {
    const { rig } = await stage('member', { counting: 'quota' });
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(calls.slice(-3)).to.deep.equal(['acme/main limits', 'acme/side rescope?nocatalog', 'acme/side limits']);
    expect(snapshot.totals).to.deep.equal({ vcpus: 7, ramMb: 9216, servers: null });
    expect(of(snapshot, 'acme')).to.deep.include({ strategy: 'project-limits', servers: null, byStatus: null });
  });

  it('does not add what a useless listing brought to the quota counters', async () => {
    const { rig, world, acme } = await stage('domain_admin', { counting: 'quota' });
    await rig.scrape();
    setRole(world, acme, 'project_admin');
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy: 'project-limits' });
    expect(snapshot.totals).to.deep.equal({ vcpus: 7, ramMb: 9216, servers: null });
  });

  it('lists servers all the same where it can see them and quota is what counts', async () => {
    const { rig } = await stage('domain_admin', { counting: 'quota' });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ strategy: 'domain-list', servers: 3 });
    expect(snapshot.totals).to.deep.equal({ vcpus: 7, ramMb: 9216, servers: 3 });
  });
});
