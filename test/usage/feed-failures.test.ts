import { expect } from 'chai';

import type { Answer } from '../../src/simulator/server.js';
import { closeRigs, errorsOf, of, setRole } from '../helpers/rig.js';
import { ALONE, refusal, SHARED, warmScene, type Scene } from './feed-scene.js';

const QUESTION = /^question (BUILD|changes)/;
const NONE = '{"servers": []}';

/** What happened in all domains since the last scrape. */
function change({ world, on, boss, a, b }: Scene): void {
  for (const { projects } of [boss, a, b]) world.addServer({ projectId: projects['side']!, vcpus: 3, ramMb: 5 });
  on.destroy(world.servers.ofProject(a.projects['side']!).find(({ status }) => status !== 'DELETED')!.id);
}

/** An hour of scrapes, each of which asks for that; what is remembered for an hour is forgotten then. */
async function passAnHour(scene: Scene, asked: Record<string, number>): Promise<void> {
  for (let ten = 1; ten <= 5; ten += 1) {
    scene.pass(10);
    expect(await scene.expectRight(), `after ${ten}0 minutes`).to.deep.equal(asked);
  }
  scene.pass(11);
  // What the login sees, and whether projects are picked, is found out anew.
  await scene.expectRight();
  await scene.expectRight();
}

describe('what changed in a whole cloud, where that can not be told', () => {
  afterEach(closeRigs);

  const broken: Record<string, (answer: Answer) => Answer> = {
    'is refused with 403': () => refusal(403),
    'fails with 500': () => refusal(500),
    'is too much for Nova, as 429 says': () => refusal(429, { 'Retry-After': '86400' }),
    'has a body that is cut': (answer) => ({ ...answer, body: answer.body.slice(0, -9) }),
  };
  for (const [what, spoil] of Object.entries(broken)) {
    it(`is asked by each on its own in the same scrape, and for an hour, where it ${what}`, async () => {
      const scene = await warmScene();
      const { 'question BUILD': asked, proof, ...alone } = await failOnce(scene, QUESTION, spoil);
      expect([asked, proof]).to.deep.equal([1, 1]);
      expect(alone).to.include(ALONE);
      change(scene);
      expect(await scene.expectRight()).to.deep.equal(ALONE);
      await passAnHour(scene, ALONE);
      change(scene);
      expect(await scene.expectRight()).to.deep.equal(SHARED);
    });
  }

  it('is asked by each on its own where changes can not be had, though names of what is built can', async () => {
    const scene = await warmScene();
    const tally = await failOnce(scene, 'question changes', () => refusal(500));
    expect(tally).to.deep.equal({ ...SHARED, ...ALONE });
    expect(await scene.expectRight()).to.deep.equal(ALONE);
  });

  it('is asked by each on its own where Nova does not answer, and no figure is lost', async () => {
    const scene = await warmScene({ requestTimeoutMs: 250 });
    const { boss, rig } = scene;
    const mend = rig.sim.faults.add({ kind: 'hang', route: 'servers', domainId: boss.id });
    change(scene);
    expect(await scene.expectRight(boss)).to.include({ 'a changes': 3, 'b changes': 2 });
    expect(errorsOf(rig.collector.last!, 'boss')).to.include('servers timeout');
    mend();
    change(scene);
    expect(await scene.expectRight())
      .to.include({ 'a changes': 3, 'b changes': 2 })
      .and.not.to.have.property('proof');
  });

  it('is not believed in a scrape in which Nova fails to show a server of any domain, but is in the next one', async () => {
    const scene = await warmScene();
    const tally = await failOnce(scene, 'proof', () => refusal(500));
    expect(tally).to.deep.equal({ ...SHARED, 'a changes': 3, 'b changes': 2 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('is asked by each on its own where a domain’s servers are not shown, and once more after an hour', async () => {
    const scene = await warmScene();
    const { a, boss, world, rig } = scene;
    // A new login believes nothing of what the one before it was shown.
    rig.sim.revokeTokens(world.findUser(boss.id, 'boss')!.id);
    const ofA = Object.values(a.projects);
    const show = scene.edit('proof', (answer, { query }) =>
      ofA.some((id) => query.includes(id)) ? { ...answer, body: NONE } : answer,
    );
    await scene.expectRight();
    await scene.expectRight();
    change(scene);
    await scene.expectRight();
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'a changes': 3 });
    expect(scene.proven()).to.deep.equal(['b']);
    show();
    await passAnHour(scene, { ...SHARED, 'a changes': 3 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('is not believed where its login silently comes to see its own domain alone', async () => {
    const scene = await warmScene();
    setRole(scene.world, scene.boss, 'domain_admin');
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      change(scene);
      expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'a changes': 3, 'b changes': 2 });
    }
    change(scene);
    const { proof, ...rest } = SHARED;
    expect(proof).to.equal(1);
    expect(await scene.expectRight()).to.deep.equal({ ...rest, 'a changes': 3, 'b changes': 2 });
  });

  it('is asked by each on its own where its login silently comes to see no more than its project', async () => {
    const scene = await warmScene();
    setRole(scene.world, scene.boss, 'member');
    change(scene);
    expect(await scene.expectRight()).to.include({ 'a changes': 3, 'b changes': 2, 'boss full': 2 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(ALONE);
  });

  it('is asked by each on its own while the domain whose login sees it is not in the list', async () => {
    const scene = await warmScene();
    const { boss, a, b } = scene;
    const { 'boss projects': own, 'boss changes': none, ...guests } = ALONE;
    expect([own, none]).to.deep.equal([1, 2]);
    scene.watch(a, b);
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(guests);
    scene.watch(boss, a, b);
    change(scene);
    await scene.expectRight();
    change(scene);
    expect(await scene.expectRight())
      .to.include({ 'question changes': 1 })
      .and.not.to.have.property('a changes');
    expect(await scene.expectRight()).to.deep.equal(SHARED);
  });

  it('is asked by each on its own while the login that sees it fails', async () => {
    const scene = await warmScene();
    const { boss, world, rig } = scene;
    const user = world.findUser(boss.id, 'boss')!;
    user.password = 'changed';
    rig.sim.revokeTokens(user.id);
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      change(scene);
      expect(await scene.expectRight(boss)).to.include({ 'a changes': 3, 'b changes': 2 });
      expect(errorsOf(rig.collector.last!, 'boss')).to.deep.equal(['login auth']);
    }
    user.password = 'right';
    scene.pass(6);
    await scene.expectRight();
    await scene.expectRight();
    change(scene);
    expect(await scene.expectRight())
      .to.include({ 'question changes': 1 })
      .and.not.to.have.property('a changes');
  });

  const deaf: Record<string, (answer: Answer) => Answer> = {
    'refuses to tell of changes': () => refusal(400),
    'shows what did not change': (answer) => ({
      ...answer,
      body: answer.body.replace(/"updated": ?"[^"]+"/g, '"updated": "2020-01-01T00:00:00Z"'),
    }),
  };
  for (const [what, answer] of Object.entries(deaf)) {
    it(`is read in full where Nova ${what}`, async () => {
      const scene = await warmScene();
      scene.edit(/changes$/, answer);
      change(scene);
      expect(await scene.expectRight()).to.include({ 'b full': 2 });
      change(scene);
      const projects = { 'a projects': 1, 'b projects': 1 };
      expect(await scene.expectRight()).to.deep.equal({ ...projects, 'question full': 1, 'a full': 3, 'b full': 2 });
    });
  }

  it('is no figure of a domain whose own login is refused', async () => {
    const scene = await warmScene();
    const { a, world, rig } = scene;
    const user = world.findUser(a.id, 'boss')!;
    user.password = 'changed';
    rig.sim.revokeTokens(user.id);
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      change(scene);
      await scene.expectRight(a);
      expect(errorsOf(rig.collector.last!, 'a')).to.deep.equal(['login auth']);
      expect(of(rig.collector.last!, 'a')).to.include({ usage: null, result: 'failed' });
    }
  });

  it('is no figure of a project in which the user of its domain has no role any more', async () => {
    const scene = await warmScene();
    const { a, world, rig } = scene;
    world.findUser(a.id, 'boss')!.roles.delete(a.projects['side']!);
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      await scene.expectRight(a);
      expect(errorsOf(rig.collector.last!, 'a')).to.deep.equal(['projects forbidden']);
      expect(of(rig.collector.last!, 'a')).to.deep.include({ usage: { vcpus: 4, ramMb: 2048 }, result: 'partial' });
    }
  });

  it('serves the others while a domain’s login fails whose servers were the last proof', async () => {
    const scene = await warmScene();
    const { a, b, world, rig } = scene;
    const [last] = scene.proven();
    const [gone, left] = last === 'a' ? [a, b] : [b, a];
    const user = world.findUser(gone.id, 'boss')!;
    user.password = 'changed';
    rig.sim.revokeTokens(user.id);
    change(scene);
    expect(await scene.expectRight(gone)).to.include({ proof: 1, 'question changes': 1 });
    expect(scene.proven()).to.deep.equal([left.name]);
  });
});

/** A scrape in which requests of one kind fail, that is right all the same. */
async function failOnce(
  scene: Scene,
  kind: string | RegExp,
  spoil: (answer: Answer) => Answer,
): Promise<Record<string, number>> {
  const mend = scene.edit(kind, spoil);
  change(scene);
  const tally = await scene.expectRight();
  mend();
  return tally;
}
