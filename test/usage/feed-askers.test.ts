import { expect } from 'chai';

import { makeDomain } from '../helpers/domains.js';
import { addProject, addTenant, closeRigs, errorsOf, of } from '../helpers/rig.js';
import { ALONE, refusal, Scene, SHARED, warmScene } from './feed-scene.js';

const MINUTE = 60_000;

/** What happened in all domains since the last scrape. */
function change({ world, watched }: Scene): void {
  for (const { projects } of watched) world.addServer({ projectId: projects['side']!, vcpus: 3, ramMb: 5 });
}

/** Another login of the file that sees the whole cloud. */
async function warmTwo(): Promise<{ scene: Scene; first: string; second: string }> {
  const scene = await warmScene();
  const other = addTenant(scene.world, 'chief', 'admin');
  for (const projectId of Object.values(other.projects)) scene.world.addServers(2, { projectId });
  scene.watch(...scene.watched, other);
  for (let scrape = 1; scrape <= 3; scrape += 1) await scene.expectRight();
  await scene.expectRight();
  const [first = ''] = scene.askers();
  return { scene, first, second: first === 'boss' ? 'chief' : 'boss' };
}

const TWO = { ...SHARED, 'chief projects': 1 };
const TWO_ALONE = { ...ALONE, 'chief projects': 1, 'chief changes': 2 };

describe('who is asked what changed in a whole cloud', () => {
  afterEach(closeRigs);

  it('is one of two whose logins see it', async () => {
    const { scene, first } = await warmTwo();
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(TWO);
    expect(scene.askers()).to.deep.equal([first]);
  });

  it('is another one, after a scrape in which each asked on its own, while the first can not tell', async () => {
    const { scene, first, second } = await warmTwo();
    const mend = scene.edit(/^question/, (answer, { domainId }) =>
      scene.world.domains.get(domainId ?? '')?.name === first ? refusal(500) : answer,
    );
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...TWO_ALONE, proof: 1, 'question BUILD': 1 });
    change(scene);
    expect(await scene.expectRight()).to.deep.equal({ ...TWO, proof: 3 });
    expect(scene.proven()).to.deep.equal(['a', 'b', first]);
    expect(scene.askers()).to.deep.equal([second]);
    mend();
    change(scene);
    expect(await scene.expectRight()).to.deep.equal(TWO);
    expect(scene.askers()).to.deep.equal([second]);
  });

  it('is a login that sees it whatever another line’s login sees of the same domain', async () => {
    const scene = await warmScene();
    const { boss, world, on, rig } = scene;
    const side = boss.projects['side']!;
    world.addUser({ domainId: boss.id, name: 'clerk', password: 'right', roles: { [side]: 'member' } });
    const { credential } = rig.line(boss);
    if (credential.kind !== 'password') throw new Error('a line of user and password was expected');
    const clerk = rig.line(boss, { label: 'clerk', credential: { ...credential, user: 'clerk', project: 'side' } });
    rig.watch(...scene.watched, clerk);
    await scene.expectRight();
    // So that none of them is shown as a proof.
    for (const { id } of world.servers.ofProject(side)) on.destroy(id);
    expect(await scene.expectRight()).to.include({ 'question changes': 1, 'boss changes': 1, 'boss projects': 2 });
    expect(scene.proven()).to.include('boss');
    for (let servers = 1; servers <= 3; servers += 1) {
      world.addServer({ projectId: side, vcpus: 1, ramMb: 1 });
      expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'boss projects': 2, 'boss changes': 1 });
      // What the other line sees counts once, for the first one.
      const [error] = of(rig.collector.last!, 'clerk').errors;
      expect(error).to.include({ stage: 'servers', reason: 'incomplete', count: servers });
    }
  });

  it('proves that it sees a domain by the project that has the most servers', async () => {
    const scene = await warmScene();
    const { a, b, boss, world, rig } = scene;
    for (const { projects } of [a, b]) world.addServers(3, { projectId: projects['side']! });
    await scene.expectRight();
    rig.sim.revokeTokens(world.findUser(boss.id, 'boss')!.id);
    await scene.expectRight();
    expect(await scene.expectRight()).to.deep.equal({ ...SHARED, proof: 2 });
    expect(scene.proofs()).to.have.members([a.projects['side'], b.projects['side']]);
  });

  it('is nobody for a line that trusts other certificates', async () => {
    const scene = await warmScene();
    const { boss, a, b, rig } = scene;
    const other = makeDomain('a', { id: a.id, cloud: { authUrl: rig.sim.authUrl, insecure: true } });
    rig.watch(boss, other, b);
    await scene.expectRight();
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      change(scene);
      expect(await scene.expectRight()).to.deep.equal({ ...SHARED, 'a changes': 3 });
      expect(scene.proven()).to.deep.equal(['b']);
    }
  });

  it('tells nothing of a role that is lost: that is an error, however long its project’s token was not used', async () => {
    const scene = new Scene();
    const { a, world, clock } = scene;
    const { rig } = await scene.open({ resyncIntervalMs: 15 * MINUTE }, { tokenSeconds: 3600, now: clock.wall });
    const scrapeTo = async (minute: number): Promise<void> => {
      while (clock.now < minute * MINUTE) {
        await scene.expectRight();
        scene.pass(2);
      }
    };
    await scrapeTo(40);
    // Its token ends with the login, soon after that is renewed.
    world.addServers(2, { projectId: addProject(world, a, 'new'), vcpus: 5 });
    await scrapeTo(62);
    world.findUser(a.id, 'boss')!.roles.delete(a.projects['new']!);
    await scene.expectRight(a);
    expect(errorsOf(rig.collector.last!, 'a')).to.deep.equal(['projects forbidden']);
  });
});
