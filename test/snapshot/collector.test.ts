import { expect } from 'chai';
import { systemClock } from '../../src/clock.js';
import { World } from '../../src/simulator/world.js';
import { STRATEGY_NAMES } from '../../src/usage/strategy.js';
import {
  addTenant,
  closeRigs,
  errorsOf,
  of,
  startRig,
  type Rig,
  type RigOptions,
  type Tenant,
} from '../helpers/rig.js';

/** Domains `d0`, `d1`, …, each with one server of 2 vCPUs in each of its two projects. */
async function stage(
  count: number,
  options: Omit<RigOptions, 'world'> = {},
  role = 'member',
): Promise<{ rig: Rig; world: World; tenants: Tenant[] }> {
  const world = new World({ seed: 'collector' });
  const tenants = Array.from({ length: count }, (_, i) => addTenant(world, `d${i}`, role));
  for (const { projects } of tenants) {
    for (const projectId of Object.values(projects)) world.addServer({ projectId, vcpus: 2, ramMb: 100 });
  }
  const rig = await startRig({ world, ...options });
  rig.watch(...tenants);
  return { rig, world, tenants };
}

/** Waits for what other events of this process bring about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('collector', () => {
  afterEach(closeRigs);

  it('gives scrapes that overlap one collection', async () => {
    const { rig } = await stage(3);
    const [a, b] = await Promise.all([rig.scrape(), rig.scrape()]);
    expect(a).to.equal(b);
    expect(rig.sim.counts.login).to.equal(3);
    expect(rig.collector.last).to.equal(a);
    expect(await rig.scrape()).not.to.equal(a);
  });

  it('has the newest snapshot as its last, though the clock was set back or an older collection ends later', async () => {
    let setBackMs = 0;
    const clock = { mono: () => systemClock.mono(), wall: () => systemClock.wall() - setBackMs };
    const { rig, tenants } = await stage(2, { clock, cloud: { latencyMs: 20 } });
    const before = await rig.scrape();
    setBackMs = 3_600_000;
    const after = await rig.scrape();
    expect(after.collectedAt).to.be.below(before.collectedAt);
    expect(rig.collector.last).to.equal(after);

    const heal = rig.sim.faults.add({ kind: 'slow', ms: 500, route: 'servers' });
    const older = rig.scrape();
    await until(() => rig.sim.inFlight > 0);
    heal();
    rig.watch(...tenants.slice(0, 1));
    setBackMs += 1000;
    const newer = await rig.scrape();
    await older;
    expect(rig.collector.last).to.equal(newer);
  });

  it('lets nobody join across an edited list', async () => {
    const { rig, tenants } = await stage(2, { cloud: { latencyMs: 20 } });
    const before = rig.scrape();
    rig.watch(...tenants.slice(0, 1));
    const after = rig.scrape();
    expect((await before).domains).to.have.length(2);
    expect((await after).domains).to.have.length(1);
    expect((await after).totals).to.include({ vcpus: 4 });
  });

  it('leaves nothing in flight after the last deadline, and serves the next scrape well', async () => {
    const { rig } = await stage(2);
    await rig.scrape();
    const heal = rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const snapshot = await rig.scrape(150);
    expect(snapshot.domains.map(({ result }) => result)).to.deep.equal(['failed', 'failed']);
    expect(errorsOf(snapshot, 'd0')).to.deep.equal(['servers timeout']);
    await until(() => rig.sim.inFlight === 0);
    heal();
    expect((await rig.scrape()).totals).to.include({ vcpus: 8 });
  });

  it('answers all who wait at once when the program ends, whatever list they asked', async () => {
    const { rig, tenants } = await stage(2);
    await rig.scrape();
    rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const before = rig.scrape(60_000);
    await until(() => rig.sim.inFlight >= 2);
    rig.watch(...tenants.slice(0, 1));
    const after = rig.scrape(60_000);
    rig.collector.answerNow();
    expect((await before).domains).to.have.length(2);
    expect(errorsOf(await before, 'd1').join()).to.match(/ timeout$/);
    expect((await after).domains).to.have.length(1);
    expect(errorsOf(await after, 'd0').join()).to.match(/ timeout$/);
    await until(() => rig.sim.inFlight === 0);
  });

  it('ends everything when the only client leaves, and the next one gets a whole collection', async () => {
    const { rig } = await stage(2);
    await rig.scrape();
    const heal = rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const client = new AbortController();
    void rig.collector.snapshot(rig.list, 10_000, client.signal);
    await until(() => rig.sim.inFlight >= 2);
    client.abort();
    await until(() => rig.sim.inFlight === 0);
    heal();
    expect((await rig.scrape()).complete).to.equal(true);
  });

  it('does not spoil a collection for others when a client leaves', async () => {
    const { rig } = await stage(2, { cloud: { latencyMs: 10 } });
    const client = new AbortController();
    void rig.collector.snapshot(rig.list, 10_000, client.signal);
    const other = rig.scrape();
    await until(() => rig.sim.calls.length > 0);
    client.abort();
    expect((await other).totals).to.include({ vcpus: 8 });
  });

  it('keeps the token of a login that a deadline was too early for', async () => {
    const { rig } = await stage(1);
    rig.sim.faults.add({ kind: 'slow', ms: 200, route: 'login', times: 1 });
    expect(errorsOf(await rig.scrape(50), 'd0')).to.deep.equal(['login timeout']);
    expect((await rig.scrape()).complete).to.equal(true);
    expect(rig.sim.counts.login).to.equal(1);
  });

  it('counts failures once for each collection', async () => {
    const { rig, world, tenants } = await stage(2);
    const user = world.findUser(tenants[0]?.id ?? '', 'boss');
    if (user) user.password = 'changed';
    await Promise.all([rig.scrape(), rig.scrape()]);
    expect(rig.failures).to.deep.equal(['d0 auth']);
    await rig.scrape();
    expect(rig.failures).to.deep.equal(['d0 auth', 'd0 auth']);
    expect(user?.attempts, 'a refused password is not tried again').to.equal(1);
    const warned = rig.log.lines.filter(({ level }) => level === 'warn');
    expect(warned.map(({ message }) => message)).to.deep.equal(['domain is failing']);
  });

  it('logs in again for a line that left the file and came back', async () => {
    const { rig, tenants } = await stage(2);
    await rig.scrape();
    rig.watch(...tenants.slice(0, 1));
    await rig.scrape();
    rig.watch(...tenants);
    expect((await rig.scrape()).complete).to.equal(true);
    expect(rig.sim.counts.login).to.equal(3);
  });

  it('warns once of a catalog by which tokens would travel unencrypted', async () => {
    const world = new World({ seed: 'plain' });
    const tenants = ['a', 'b'].map((name) => addTenant(world, name));
    const rig = await startRig({
      world,
      settings: { requestTimeoutMs: 300 },
      cloud: { catalogBase: 'http://nova.invalid' },
    });
    rig.watch(...tenants);
    for (let scrape = 1; scrape <= 2; scrape += 1) await rig.scrape();
    const warnings = rig.log.lines.filter(({ message }) => message.includes('unencrypted'));
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      'tokens travel unencrypted to http://nova.invalid/v2.1, which is what the catalog has: use https:// there, or --cloud.compute-url',
    ]);
  });

  it('logs nobody in again for a comment, or for another line', async () => {
    const { rig, tenants } = await stage(2);
    await rig.scrape();
    rig.watch(...tenants.map((tenant, i) => rig.line(tenant, { line: 40 + i })));
    expect((await rig.scrape()).complete).to.equal(true);
    expect(rig.sim.counts.login).to.equal(2);
  });

  for (const [role, strategy] of [
    ['admin', 'domain-list'],
    ['admin', 'cloud-list'],
    ['admin', 'project-list'],
    ['admin', 'project-limits'],
    ['member', 'auto'],
    ['admin', 'auto'],
  ] as const) {
    it(`gets along with one slot, without a deadlock: ${strategy} with a ${role}`, async () => {
      const counting = strategy === 'project-limits' ? 'quota' : 'allocated';
      const settings = { requestConcurrency: 1, domainConcurrency: 1, strategy, counting } as const;
      const { rig } = await stage(6, { settings }, role);
      for (let scrape = 0; scrape < 2; scrape += 1) {
        const snapshot = await rig.scrape();
        expect(snapshot.complete).to.equal(true);
        expect(snapshot.totals).to.include({ vcpus: 24, ramMb: 1200 });
      }
      expect(rig.sim.peakInFlight).to.equal(1);
      expect(STRATEGY_NAMES).to.include(of(await rig.scrape(), 'd0').strategy);
    });
  }
});
