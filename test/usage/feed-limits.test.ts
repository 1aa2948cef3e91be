import { expect } from 'chai';

import { addProject, closeRigs, errorsOf, inUse, of } from '../helpers/rig.js';
import { ALONE, SHARED, warmScene, type Scene } from './feed-scene.js';

const PAGE = 500;
const MINUTE = 60_000;

/** What happened in all domains since the last scrape. */
function change({ world, boss, a, b }: Scene): void {
  for (const { projects } of [boss, a, b]) world.addServer({ projectId: projects['side']!, vcpus: 3, ramMb: 5 });
}

describe('what changed in a whole cloud, where asking once costs too much', () => {
  afterEach(closeRigs);

  it('is asked by each on its own in the same scrape, and for an hour, where Nova does not answer', async () => {
    const scene = await warmScene();
    scene.timeLeftMs = 2500;
    // The proof, and the question.
    scene.rig.sim.faults.add({ kind: 'hang', route: 'servers', domainId: scene.boss.id, times: 2 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...ALONE, proof: 1, 'question BUILD': 1 });
    for (let scrape = 1; scrape <= 5; scrape += 1) {
      scene.pass(10);
      expect(await scene.expectRight(), `after ${scrape}0 minutes`).to.deep.equal(ALONE);
    }
    scene.pass(11);
    for (let scrape = 1; scrape <= 3; scrape += 1) await scene.expectRight();
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('is asked by each on its own in a scrape in which Nova does not answer a proof, and at once in the next', async () => {
    const scene = await warmScene();
    scene.timeLeftMs = 2500;
    scene.rig.sim.faults.add({ kind: 'hang', route: 'servers', domainId: scene.boss.id, times: 1 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'a changes': 3, 'b changes': 2 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('takes no figure but its own domain’s with it where Nova answers nothing that its login asks', async () => {
    const scene = await warmScene();
    const { boss, rig } = scene;
    scene.timeLeftMs = 1500;
    const mend = rig.sim.faults.add({ kind: 'hang', route: 'servers', domainId: boss.id });
    change(scene);
    expect(await scene.expectRight(boss)).to.include({ 'a changes': 3, 'b changes': 2 });
    expect(errorsOf(rig.collector.last!, 'boss')).to.deep.equal(['servers timeout']);
    expect(of(rig.collector.last!, 'boss').usage).to.equal(null);
    mend();
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(ALONE);
  });

  for (const kind of ['proof', 'question BUILD', 'question changes']) {
    it(`is asked once for all in the scrape after one that was aborted, as ${kind} was answered`, async () => {
      const scene = await warmScene();
      const { rig } = scene;
      const left = new AbortController();
      await new Promise<void>((resolve) => {
        const mend = scene.edit(kind, (answer) => {
          mend();
          left.abort();
          setImmediate(resolve);
          return answer;
        });
        change(scene);
        void rig.collector.snapshot(rig.list, 15_000, left.signal);
      });
      change(scene);
      expect(await scene.expectRight()).to.deep.equal(SHARED);
      change(scene);
      expect(await scene.expectRight()).to.deep.equal(SHARED);
    });
  }

  it('is asked by each on its own, and for an hour, where more has changed than a page holds', async () => {
    const scene = await warmScene();
    const { world, stranger } = scene;
    scene.pass(10);
    await scene.expectRight();
    scene.pass(10);
    world.addServers(PAGE - 1, { projectId: stranger.projects['main']! });
    expect(await scene.expectRight()).to.deep.equal(SHARED);
    scene.pass(10);
    world.addServers(PAGE - 3, { projectId: stranger.projects['main']! });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, ...ALONE });
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      change(scene);
      expect(await scene.expectRight()).to.deep.equal(ALONE);
      scene.pass(10);
    }
  });

  it('is asked by each on its own where more is being built than a page holds', async () => {
    const scene = await warmScene();
    for (let server = 1; server <= PAGE; server += 1) scene.on.boot({ projectId: scene.stranger.projects['main']! });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...ALONE, proof: 1, 'question BUILD': 1 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(ALONE);
  });

  it('is asked by each on its own where that is for no more than four projects', async () => {
    const scene = await warmScene();
    const { boss, b, world } = scene;
    scene.watch(boss, b);
    const { 'a projects': none, 'a changes': neither, ...few } = ALONE;
    expect([none, neither]).to.deep.equal([1, 3]);
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      change(scene);
      expect(await scene.expectRight()).to.deep.equal(few);
    }
    world.addServer({ projectId: addProject(world, b, 'fifth'), vcpus: 7 });
    expect(await scene.expectRight()).to.deep.equal({ ...few, 'b rescope': 1, 'b full': 1 });
    change(scene);
    const { 'a projects': no, ...shared } = SHARED;
    expect(no).to.equal(1);
    expect(await scene.expectRight()).to.deep.equal(shared);
  });

  it('hides no change for longer than a listing lasts from a domain that its login silently sees no more', async () => {
    const scene = await warmScene({ resyncIntervalMs: 20 * MINUTE });
    const { a, b, boss, world, rig } = scene;
    const [shown] = scene.proven();
    const hidden = shown === 'a' ? b : a;
    scene.hide(boss, hidden);
    const stale = of(rig.collector.last!, hidden.name).usage;
    world.addServer({ projectId: hidden.projects['main']!, vcpus: 100 });
    for (let minute = 1; minute < 15; minute += 1) {
      scene.pass(1);
      expect(await scene.expectRight(hidden), `minute ${minute}`).to.deep.equal(SHARED);
      expect(of(rig.collector.last!, hidden.name).usage).to.deep.equal(stale);
    }
    // A listing lasts three quarters of the interval here.
    for (let minute = 15; minute <= 90; minute += 5) {
      scene.pass(minute === 15 ? 1 : 5);
      change(scene);
      await scene.expectRight();
      expect(of(rig.collector.last!, hidden.name).usage, `minute ${minute}`).to.deep.equal(
        inUse(world, hidden.id, 'allocated'),
      );
    }
  });
});
