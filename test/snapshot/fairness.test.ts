import { expect } from 'chai';
import type { Domain } from '../../src/domains/domain.js';
import { startSimulator, type Simulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import { makeDomain } from '../helpers/domains.js';
import { addTenant, closeRigs, of, startRig, type Tenant } from '../helpers/rig.js';

const DEADLINE_MS = 2000;

/** Domains with one server of 3 vCPUs in each of two projects. */
function healthy(world: World, count: number): Tenant[] {
  return Array.from({ length: count }, (_, i) => {
    const tenant = addTenant(world, `healthy${i}`);
    for (const projectId of Object.values(tenant.projects)) world.addServer({ projectId, vcpus: 3, ramMb: 30 });
    return tenant;
  });
}

/** When the last healthy domain was done, in seconds; each has its exact figure. */
function slowest(snapshot: Snapshot, tenants: readonly Tenant[]): number {
  const found = tenants.map(({ name }) => of(snapshot, name));
  for (const domain of found) expect(domain).to.deep.include({ result: 'ok', usage: { vcpus: 6, ramMb: 60 } });
  return Math.max(...found.map(({ durationSeconds }) => durationSeconds));
}

describe('fairness', () => {
  let hanging: Simulator | null = null;

  afterEach(async () => {
    await hanging?.close();
    hanging = null;
    await closeRigs();
  });

  /** 40 lines for a cloud that answers the routes given to nobody. */
  async function hangingDomains(route: 'login' | 'servers'): Promise<Domain[]> {
    const world = new World({ seed: 'hanging' });
    const tenants = Array.from({ length: 40 }, (_, i) => addTenant(world, `hanging${i}`));
    hanging = await startSimulator({ world });
    hanging.faults.add({ kind: 'hang', route });
    const { authUrl } = hanging;
    return tenants.map(({ id, name }) => makeDomain(name, { id, cloud: { authUrl } }));
  }

  for (const [domainConcurrency, requestConcurrency] of [
    [32, 64],
    [2, 2],
  ] as const) {
    for (const route of ['login', 'servers'] as const) {
      it(`lets 10 domains be as fast as alone beside 40 whose ${route} hang, limits ${domainConcurrency}/${requestConcurrency}`, async () => {
        const options = { settings: { domainConcurrency, requestConcurrency }, cloud: { latencyMs: 5 } };
        const world = new World({ seed: 'fair' });
        const tenants = healthy(world, 10);
        const alone = await startRig({ world, ...options });
        alone.watch(...tenants);
        const before = slowest(await alone.scrape(), tenants);

        const rig = await startRig({ world, ...options });
        rig.watch(...(await hangingDomains(route)), ...tenants);
        const snapshot = await rig.scrape(DEADLINE_MS);
        // Long before the deadline, on a busy machine too.
        expect(slowest(snapshot, tenants)).to.be.below(before + DEADLINE_MS / 2000);
        expect(snapshot.totals).to.include({ vcpus: 60, ramMb: 600 });
        expect(snapshot.domains.filter(({ result }) => result === 'failed')).to.have.length(40);
      });
    }
  }

  it('keeps a domain with 200 projects that hang from holding up 10 others of the same cloud', async () => {
    const world = new World({ seed: 'greedy' });
    const tenants = healthy(world, 10);
    const names = Array.from({ length: 200 }, (_, i) => `p${i}`);
    const greedy = addTenant(world, 'greedy', 'member', ['main', ...names]);
    const rig = await startRig({ world, settings: { domainConcurrency: 8, requestConcurrency: 16 } });
    rig.sim.faults.add({ kind: 'hang', domainId: greedy.id, route: ['servers', 'rescope'] });
    rig.watch(greedy, ...tenants);
    const snapshot = await rig.scrape(DEADLINE_MS);
    expect(slowest(snapshot, tenants)).to.be.below(DEADLINE_MS / 2000);
    expect(of(snapshot, 'greedy').errors.map(({ reason }) => reason)).to.deep.equal(['timeout']);
    expect(snapshot.totals).to.include({ vcpus: 60, ramMb: 600 });
  });

  it('gives a domain with 40 projects all slots where nobody else waits', async () => {
    const world = new World({ seed: 'alone' });
    const names = Array.from({ length: 40 }, (_, i) => `p${i}`);
    const big = addTenant(world, 'big', 'member', ['main', ...names]);
    for (const projectId of Object.values(big.projects)) world.addServer({ projectId });
    const rig = await startRig({ world, settings: { requestConcurrency: 8 }, cloud: { latencyMs: 50 } });
    rig.watch(big);
    const snapshot = await rig.scrape();
    expect(snapshot.totals).to.deep.include({ vcpus: 41, servers: 41 });
    expect(rig.sim.peakInFlight).to.equal(8);
  });
});
