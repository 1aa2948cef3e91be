import { expect } from 'chai';
import { addProject, addTenant, closeRigs, of, setRole } from '../helpers/rig.js';
import {
  ALL,
  ASKED,
  listing,
  NEWS,
  picked,
  PROJECTS,
  PROOF,
  report,
  ROWS,
  START,
  startScene,
  WHOLE,
} from './tenant-scene.js';

describe('a domain whose login sees a cloud most of which is nobody’s in the list', () => {
  afterEach(closeRigs);

  it('has its projects picked out of all tenants by one token, and each listing held against the usage report', async () => {
    const scene = await startScene();
    const calls = await scene.scrape();
    expect(calls.slice(0, 4)).to.deep.equal([...START, PROOF]);
    expect(calls.slice(4)).to.have.members(picked(...ALL));
    for (const project of ALL) {
      const own = calls.slice(4).filter((call) => new RegExp(`(=| )${project}(&|$)`).test(call));
      expect(own).to.deep.equal(picked(project));
    }
    const snapshot = await scene.rig.scrape();
    expect(snapshot.totals).to.deep.equal({ vcpus: 20, ramMb: 30, servers: 10 });
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy: 'cloud-list', projects: 5 });
  });

  it('asks once for all its projects what changed from then on, with what is being built', async () => {
    const scene = await startScene();
    await scene.scrape();
    const { operations, world } = scene;
    operations.stop(world.servers.ofProject(scene.id('main'))[0]!.id);
    operations.destroy(world.servers.ofProject(scene.id('p1'))[0]!.id);
    world.addServer({ projectId: scene.id('p2'), vcpus: 5, ramMb: 1 });
    world.addServer({ projectId: scene.stranger.projects['x1']!, vcpus: 9 });
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 23, ramMb: 28, servers: 10 });
  });

  it('has a server counted as soon as it is asked for, and not one that is gone without a trace', async () => {
    const scene = await startScene();
    await scene.scrape();
    const { operations } = scene;
    const { id } = operations.boot({ projectId: scene.id('p1'), vcpus: 8, ramMb: 1 });
    await scene.scrape();
    // A build request is among all changes.
    operations.assign(id);
    expect(await scene.scrape()).to.have.members(ASKED);
    const other = operations.boot({ projectId: scene.id('p2'), vcpus: 16, ramMb: 1 });
    expect(await scene.scrape()).to.have.members(ASKED);
    operations.destroy(other.id);
    expect(await scene.scrape()).to.have.members([...ASKED, ...picked('p2')]);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 28, ramMb: 31, servers: 11 });
  });

  it('has a server seen that is in a cell, and that nothing has touched yet', async () => {
    const scene = await startScene();
    await scene.scrape();
    const { operations } = scene;
    operations.assign(operations.boot({ projectId: scene.id('p1'), vcpus: 8, ramMb: 1 }).id);
    expect(await scene.scrape()).to.deep.equal([...ASKED, 'servers?all_tenants=1&status=BUILD&limit=500']);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('has disabled projects counted, and those that its user has no role in', async () => {
    const scene = await startScene();
    const { world, acme } = scene;
    world.projects.get(scene.id('p2'))!.enabled = false;
    world.addServers(3, { projectId: world.addProject({ domainId: acme.id, name: 'alone' }).id, vcpus: 11, ramMb: 1 });
    expect(await scene.scrape()).to.include.members(picked(...ALL, 'alone'));
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 53, ramMb: 33, servers: 13 });
  });

  it('has a project that is new listed alone, and one that is deleted left out', async () => {
    const scene = await startScene();
    const { world, acme } = scene;
    await scene.scrape();
    world.addServer({ projectId: addProject(world, acme, 'new'), vcpus: 13, ramMb: 1 });
    expect(await scene.scrape()).to.have.members([...ASKED, ...picked('new')]);
    world.removeProject(scene.id('p1'));
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 29, ramMb: 25, servers: 9 });
  });

  it('has an empty project held against the report too, and its first server counted', async () => {
    const scene = await startScene();
    const { world, acme } = scene;
    const projectId = addProject(world, acme, 'empty');
    expect(await scene.scrape()).to.include.members(picked(...ALL, 'empty'));
    world.addServer({ projectId, vcpus: 3, ramMb: 4 });
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 23, ramMb: 34, servers: 11 });
  });

  it('is 0, and complete, where all its projects are empty', async () => {
    const scene = await startScene();
    const { world, operations } = scene;
    for (const project of ALL) for (const { id } of world.servers.ofProject(scene.id(project))) operations.destroy(id);
    expect(await scene.scrape()).to.include.members(picked(...ALL));
    expect(await scene.scrape()).to.deep.equal(ASKED);
    const snapshot = await scene.rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 0, ramMb: 0 }, servers: 0 });
    expect(snapshot.complete).to.equal(true);
  });

  it('has a project of many pages read to its end, and its report too', async () => {
    const scene = await startScene({ cloud: { maxLimit: 20 } });
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
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await scene.rig.scrape()).totals).to.deep.equal({ vcpus: 65, ramMb: 75, servers: 55 });
  });

  it('is confirmed by the report in time, and listed anew once an hour', async () => {
    const scene = await startScene();
    const { rig, clock } = scene;
    await scene.scrape();
    const confirmed = [PROJECTS, ...ALL.flatMap(report)];
    let listedAt = clock.wall();
    for (let minute = 4; minute <= 64; minute += 4) {
      scene.pass(4);
      const calls = await scene.scrape();
      // Three quarters of the interval of 15 minutes, as the middle of chance has it.
      const expected =
        minute === 60 ? [PROJECTS, ROWS, PROOF, ...picked(...ALL)] : minute % 12 === 0 ? confirmed : ASKED;
      expect(calls, `minute ${minute}`).to.have.members(expected);
      if (minute % 12 === 0) listedAt = clock.wall();
      expect(of(await rig.scrape(), 'acme').listedAt).to.equal(listedAt);
    }
  });

  it('is listed anew where it was not asked for longer than changes are known', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.pass(31);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...picked(...ALL)]);
  });

  it('is listed anew after a login that is due', async () => {
    const scene = await startScene({ cloud: { tokenSeconds: 1200 } });
    await scene.scrape();
    scene.pass(15);
    expect(await scene.scrape()).to.have.members(['login', PROJECTS, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('is listed anew by a login whose token was taken away', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.rig.sim.revokeTokens();
    const calls = await scene.scrape();
    expect(calls).to.have.members([`/ ${PROJECTS} 401`, 'login', PROJECTS, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('is collected in another way where its user is no administrator any more', async () => {
    const scene = await startScene();
    await scene.scrape();
    setRole(scene.world, scene.acme, 'member');
    await scene.scrape();
    expect(of(await scene.rig.scrape(), 'acme').strategy).to.equal('project-list');
  });

  it('asks once what changed in a cloud that two such domains are picked out of', async () => {
    const scene = await startScene();
    const { world, rig, acme } = scene;
    const globex = addTenant(world, 'globex', 'admin', ['main']);
    world.addServers(2, { projectId: globex.projects['main']!, vcpus: 1, ramMb: 1 });
    rig.watch(acme, globex);
    await rig.scrape();
    await rig.scrape();
    rig.sim.clear();
    const snapshot = await rig.scrape();
    expect(snapshot.totals).to.deep.equal({ vcpus: 22, ramMb: 32, servers: 12 });
    // Whichever of them comes first asks, and is seen to show some of the other.
    const calls = scene.calls().map((call) => call.replace(/^globex\/main /, ''));
    const [proof = '', ...none] = calls.filter((call) => call.endsWith('&limit=20'));
    expect(none).to.deep.equal([]);
    expect(proof).to.match(/^names\?all_tenants=1&project_id=\w+&limit=20$/);
    expect(calls).to.have.members([PROJECTS, 'projects?domain_id=globex', proof, ...NEWS]);
  });

  for (const [strategy, listed] of [
    ['cloud-list', [PROJECTS, ROWS, WHOLE]],
    // A stranger's row has the projects read anew.
    ['domain-list', [PROJECTS, WHOLE]],
    ['project-list', ['servers', ...['p1', 'p2', 'p3', 'p4'].map((id) => `acme/${id} servers`)]],
  ] as const) {
    it(`is not picked where the operator fixed a strategy: ${strategy}`, async () => {
      const scene = await startScene({ settings: { strategy } });
      const calls = (await scene.scrape()).filter((call) => !/^(login|rescope|acme.* rescope)/.test(call));
      expect(calls).to.have.members([PROJECTS, ...listed]);
    });
  }
});
