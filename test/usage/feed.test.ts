import { expect } from 'chai';

import { addProject, addTenant, closeRigs, of, setRole } from '../helpers/rig.js';
import { ALONE, refusal, Scene, SHARED, warmScene } from './feed-scene.js';

const LARGE = { flavorName: 'large', vcpus: 16, ramMb: 32_768, diskGb: 1 };

describe('what changed in a whole cloud, asked once by a login that sees it', () => {
  afterEach(closeRigs);

  it('is asked with one proof for each domain at first, and with one proof for all from then on', async () => {
    const scene = await new Scene().open();
    expect(await scene.expectRight()).to.include({ 'a full': 3, 'b full': 2, 'boss full': 2, 'boss probe': 2 });
    // Whether its projects are picked is decided for an hour now that all projects are known.
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, proof: 2, 'boss probe': 2 });
    expect(scene.proven()).to.deep.equal(['a', 'b']);
    for (let scrape = 3; scrape <= 6; scrape += 1) {
      scene.pass(1);
      expect(await scene.expectRight(), `scrape ${scrape}`).to.deep.equal(SHARED);
    }
    expect(scene.proven()).to.have.lengthOf(1);
    // The decision is taken anew after an hour, and no question is asked twice for it.
    for (let minute = 5; minute <= 70; minute += 1) {
      scene.pass(1);
      expect(await scene.expectRight(), `minute ${minute}`).not.to.have.any.keys('a changes', 'b changes');
    }
    const { domains } = await scene.rig.scrape();
    expect(domains.map(({ strategy }) => strategy)).to.deep.equal(['cloud-list', 'project-list', 'project-list']);
  });

  it('serves those who read project by project where the login that sees it lists all of a small cloud', async () => {
    const scene = new Scene();
    await scene.open();
    for (const { id } of scene.world.servers.ofProject(scene.stranger.projects['main']!).slice(5)) scene.on.destroy(id);
    await scene.expectRight();
    expect(await scene.expectRight()).to.include({ proof: 2 });
    scene.on.destroy(scene.world.servers.ofProject(scene.a.projects['side']!)[0]!.id);
    const { 'boss projects': none, ...rest } = SHARED;
    expect(none).to.equal(1);
    // Its own listing is brought up to date by changes, too.
    expect(await scene.expectRight()).to.deep.equal({ ...rest, 'question changes': 2 });
  });

  it('has what befalls servers between two scrapes in the figures of the next one', async () => {
    const scene = await warmScene();
    const { world, on, a, b, boss } = scene;
    const [one, two] = world.servers.ofProject(a.projects['side']!).map(({ id }) => id);
    const deeds: (() => void)[] = [
      () => void world.addServer({ projectId: a.projects['empty']!, vcpus: 5, ramMb: 7 }),
      () => void on.resize(one!, LARGE),
      () => on.destroy(two!),
      () => void on.shelve(world.servers.ofProject(b.projects['main']!)[0]!.id),
      () => void on.softDelete(world.servers.ofProject(b.projects['main']!)[1]!.id),
      () => void on.revert(one!),
      () => void world.addServer({ projectId: boss.projects['side']!, vcpus: 3, ramMb: 9 }),
    ];
    for (const deed of deeds) {
      const before = scene.rig.collector.last?.totals;
      deed();
      expect(await scene.expectRight()).to.deep.equal(SHARED);
      expect(scene.rig.collector.last?.totals).not.to.deep.equal(before);
      scene.pass(1);
    }
  });

  it('has a server in the figures from its asking on, be it deleted before it was built', async () => {
    const scene = await warmScene();
    const { on, a, b } = scene;
    const asked = on.boot({ projectId: a.projects['side']!, vcpus: 8, ramMb: 11 });
    const doomed = on.boot({ projectId: b.projects['side']!, vcpus: 4, ramMb: 13 });
    expect(await scene.expectRight()).to.deep.equal(SHARED);
    expect(of(scene.rig.collector.last!, 'b').usage).to.deep.equal({ vcpus: 12, ramMb: 4109 });
    on.assign(asked.id);
    expect(await scene.expectRight()).to.deep.equal(SHARED);
    on.schedule(asked.id);
    on.activate(asked.id);
    // It leaves no trace, so that its project is read in full.
    on.destroy(doomed.id);
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'b full': 1 });
    const buried = on.schedule(on.boot({ projectId: b.projects['main']!, vcpus: 4, ramMb: 17 }).id);
    await scene.expectRight();
    on.destroy(buried.id);
    expect(await scene.expectRight()).to.deep.equal(SHARED);
    expect(of(scene.rig.collector.last!, 'b').usage).to.deep.equal({ vcpus: 8, ramMb: 4096 });
  });

  it('shows a server that nothing has touched since it was asked for, and is no change', async () => {
    const scene = await warmScene();
    const { on, a } = scene;
    on.assign(on.boot({ projectId: a.projects['empty']!, vcpus: 8, ramMb: 11 }).id);
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'question BUILD in detail': 1 });
    expect(of(scene.rig.collector.last!, 'a').usage).to.deep.equal({ vcpus: 16, ramMb: 4107 });
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('does not look up a server again and again that is being built for a stranger', async () => {
    const scene = await warmScene();
    const { on, stranger } = scene;
    const { id } = on.assign(on.boot({ projectId: stranger.projects['main']! }).id);
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'question BUILD in detail': 1 });
    for (const next of [() => undefined, () => on.schedule(id), () => on.activate(id), () => on.destroy(id)]) {
      next();
      expect(await scene.expectRight()).to.deep.equal(SHARED);
    }
  });

  it('is asked for names in detail by a login that may not have them alone', async () => {
    const scene = await warmScene();
    scene.on.boot({ projectId: scene.a.projects['side']!, vcpus: 8 });
    scene.edit('question BUILD', () => refusal(403));
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'question BUILD in detail': 1 });
  });

  it('is not believed of a domain that has no server: it asks on its own until it has one', async () => {
    const scene = await warmScene();
    const empty = addTenant(scene.world, 'c');
    scene.watch(...scene.watched, empty);
    await scene.expectRight();
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'c projects': 1, 'c changes': 2 });
      expect(scene.proven()).not.to.include('c');
    }
    scene.world.addServer({ projectId: empty.projects['side']!, vcpus: 9 });
    expect(await scene.expectRight()).to.include({ 'c changes': 2 });
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'c projects': 1, proof: 2 });
    expect(scene.proven()).to.include('c');
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'c projects': 1 });
  });

  it('is not asked about a project that was made since: that one is read in full once', async () => {
    const scene = await warmScene();
    const { world, a, on } = scene;
    on.boot({ projectId: addProject(world, a, 'new'), vcpus: 7, ramMb: 5 });
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'a rescope': 1, 'a full': 1 });
    on.boot({ projectId: a.projects['new']!, vcpus: 7, ramMb: 5 });
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('is asked anew, with all proofs, after its login was made anew in the midst of a scrape', async () => {
    const scene = await warmScene();
    const { world, boss, a, rig } = scene;
    world.addServer({ projectId: a.projects['main']!, vcpus: 7 });
    rig.sim.revokeTokens(world.findUser(boss.id, 'boss')!.id);
    expect(await scene.expectRight()).to.include({ 'boss login': 1, 'boss full': 2, 'a changes': 3, 'b changes': 2 });
    world.addServer({ projectId: a.projects['main']!, vcpus: 7 });
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, proof: 2 });
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('tells nothing to one whose servers were read too long before: it asks on its own', async () => {
    const scene = await warmScene();
    const { world, a, b, rig } = scene;
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'authProjects', domainId: b.id, times: 1 });
    world.addServer({ projectId: b.projects['main']!, vcpus: 7 });
    scene.pass(6);
    await scene.expectRight(b);
    world.addServer({ projectId: a.projects['main']!, vcpus: 7 });
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'b changes': 2 });
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('is not asked where listings are always read in full', async () => {
    const scene = await new Scene().open({ incremental: 'off' });
    await scene.expectRight();
    const projects = { 'a projects': 1, 'b projects': 1 };
    expect(await scene.expectRight()).to.deep.equal({ ...projects, 'question full': 1, 'a full': 3, 'b full': 2 });
  });

  it('is not asked where all are to be read project by project', async () => {
    const scene = await new Scene().open({ strategy: 'project-list' });
    await scene.expectRight();
    expect(await scene.expectRight()).to.deep.equal(ALONE);
  });

  it('is asked by a login that came to see the cloud, for those who asked on their own before', async () => {
    const scene = new Scene();
    setRole(scene.world, scene.boss, 'member');
    await scene.open();
    await scene.expectRight();
    expect(await scene.expectRight()).to.deep.equal(ALONE);
    setRole(scene.world, scene.boss, 'admin');
    scene.rig.sim.revokeTokens(scene.world.findUser(scene.boss.id, 'boss')!.id);
    await scene.expectRight();
    await scene.expectRight();
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, proof: 2 });
  });
});
