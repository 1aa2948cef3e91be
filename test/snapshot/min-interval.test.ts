import { expect } from 'chai';
import sinon from 'sinon';
import { World } from '../../src/simulator/world.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import { Progress } from '../../src/usage/progress.js';
import { TestClock } from '../helpers/clock.js';
import { addTenant, closeRigs, errorsOf, startRig, type Rig, type Tenant } from '../helpers/rig.js';

const MINUTE_MS = 60_000;

/** Two domains of one server each, on a clock that stands still, and a least interval of a minute. */
async function stage(
  minIntervalMs = MINUTE_MS,
): Promise<{ rig: Rig; world: World; clock: TestClock; tenants: Tenant[] }> {
  const world = new World({ seed: 'again' });
  const tenants = ['a', 'b'].map((name) => addTenant(world, name, 'member', ['main']));
  for (const { projects } of tenants) world.addServer({ projectId: projects['main']!, vcpus: 2, ramMb: 100 });
  const clock = new TestClock();
  const rig = await startRig({ world, clock, settings: { minIntervalMs } });
  rig.watch(...tenants);
  return { rig, world, clock, tenants };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a least interval between collections', () => {
  afterEach(async () => {
    sinon.restore();
    await closeRigs();
  });

  it('gives the last snapshot again, without a request, until its collection began as long ago', async () => {
    const { rig, world, clock, tenants } = await stage();
    const first = await rig.scrape();
    world.addServer({ projectId: tenants[0]!.projects['main']!, vcpus: 5 });
    clock.advance(MINUTE_MS - 1);
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(snapshot).to.equal(first);
    expect(calls).to.deep.equal([]);
    clock.advance(1);
    const fresh = await rig.scrape();
    expect(fresh.collectedAt).to.equal(first.collectedAt + MINUTE_MS);
    expect(fresh.totals).to.include({ vcpus: 9 });
  });

  it('gives the same figures again, though the rows that they were counted from are gone', async () => {
    const dropped = sinon.spy(Progress.prototype, 'dropRows');
    const { rig, clock } = await stage();
    const first = await rig.scrape();
    expect((dropped.thisValues as Progress[]).map(({ servers }) => servers.size)).to.deep.equal([0, 0]);
    const shown = ({ totals, domains }: Snapshot) =>
      domains.map(({ usage, servers, byStatus, byProject }) => ({ totals, usage, servers, byStatus, byProject }));
    const figures = structuredClone(shown(first));
    expect(first.totals).to.deep.equal({ vcpus: 4, ramMb: 200, servers: 2 });
    expect(first.domains.map(({ byProject }) => byProject.map(({ vcpus }) => vcpus))).to.deep.equal([[2], [2]]);
    clock.advance(MINUTE_MS - 1);
    const [second, third] = await Promise.all([rig.scrape(), rig.scrape(100)]);
    for (const again of [second, third]) expect(shown(again)).to.deep.equal(figures);
  });

  it('of 0 gives none again', async () => {
    const { rig } = await stage(0);
    expect(await rig.scrape()).not.to.equal(await rig.scrape());
  });

  it('counts from the beginning of a collection, so that no answer is older than it', async () => {
    const { rig, clock } = await stage();
    rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const slow = rig.scrape();
    await until(() => rig.sim.inFlight === 2);
    clock.advance(MINUTE_MS);
    rig.collector.answerNow();
    const first = await slow;
    rig.sim.faults.clear();
    expect(await rig.scrape()).not.to.equal(first);
  });

  it('gives nobody a snapshot from before an edit of the file', async () => {
    const { rig, tenants } = await stage();
    const before = await rig.scrape();
    rig.watch(...tenants.slice(0, 1));
    const after = await rig.scrape();
    expect(after.domains).to.have.length(1);
    expect(await rig.scrape()).to.equal(after);
    rig.watch(...tenants);
    expect(await rig.scrape()).not.to.equal(before);
  });

  it('gives nobody a snapshot that a scrape’s own timeout cut off', async () => {
    const { rig } = await stage();
    const heal = rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const cut = await rig.scrape(100);
    expect(errorsOf(cut, 'a')).to.deep.equal(['servers timeout']);
    heal();
    const whole = await rig.scrape(100_000);
    expect(whole.complete).to.equal(true);
    expect(await rig.scrape(100)).to.equal(whole);
  });

  it('gives one with errors again, which are counted once, but not to those who have more time', async () => {
    const { rig, world } = await stage();
    const user = world.findUser(world.findDomain({ name: 'a' })!.id, 'boss')!;
    user.password = 'changed';
    const failing = await rig.scrape(10_000);
    expect(errorsOf(failing, 'a')).to.deep.equal(['login auth']);
    expect(await rig.scrape(10_000)).to.equal(failing);
    expect(await rig.scrape(5000)).to.equal(failing);
    expect(rig.failures).to.deep.equal(['a auth']);
    const patient = await rig.scrape(20_000);
    expect(patient).not.to.equal(failing);
    expect(await rig.scrape(20_000)).to.equal(patient);
    expect(rig.failures).to.deep.equal(['a auth', 'a auth']);
  });

  it('does not count the time of one who joined later, or left, as time that the domains had', async () => {
    const { rig, world } = await stage();
    world.findUser(world.findDomain({ name: 'a' })!.id, 'boss')!.password = 'changed';
    rig.sim.faults.add({ kind: 'slow', ms: 50, route: 'login' });
    const [short] = await Promise.all([rig.scrape(10_000), rig.scrape(20_000)]);
    expect(await rig.scrape(20_000)).not.to.equal(short);

    rig.watch(...[...rig.list.domains].reverse());
    const leaver = new AbortController();
    void rig.collector.snapshot(rig.list, 20_000, leaver.signal);
    const stays = rig.scrape(10_000);
    leaver.abort();
    expect(await rig.scrape(10_000)).to.equal(await stays);
    expect(await rig.scrape(20_000)).not.to.equal(await stays);
  });

  it('gives a complete one to all, however much time they have', async () => {
    const { rig } = await stage();
    const snapshot = await rig.scrape(10_000);
    expect(snapshot.complete).to.equal(true);
    expect(await rig.scrape(100_000)).to.equal(snapshot);
  });

  it('has nothing to give again when the only client left before the end', async () => {
    const { rig } = await stage();
    const heal = rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const client = new AbortController();
    void rig.collector.snapshot(rig.list, 10_000, client.signal);
    await until(() => rig.sim.inFlight === 2);
    client.abort();
    await until(() => rig.sim.inFlight === 0);
    heal();
    expect((await rig.scrape()).complete).to.equal(true);
  });
});
