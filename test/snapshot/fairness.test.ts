import { expect } from 'chai';
import type { Domain } from '../../src/domains/domain.js';
import { startSimulator, type Simulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import { makeDomain } from '../helpers/domains.js';
import { until } from '../helpers/program.js';
import { addTenant, closeRigs, of, startRig, type Rig, type Tenant } from '../helpers/rig.js';

/** Longer than a test may last: what waits for one that hangs is not done in time. */
const FOR_EVER_MS = 120_000;
const SOON_MS = 20_000;
const TIMES = { timeoutMs: FOR_EVER_MS, requestTimeoutMs: FOR_EVER_MS };

/** Domains with one server of 3 vCPUs in each of two projects. */
function healthy(world: World, count: number): Tenant[] {
  return Array.from({ length: count }, (_, i) => {
    const tenant = addTenant(world, `healthy${i}`);
    for (const projectId of Object.values(tenant.projects)) world.addServer({ projectId, vcpus: 3, ramMb: 30 });
    return tenant;
  });
}

/** The snapshot as soon as the healthy domains are done, each with its exact figure, while the others still hang. */
async function onceDone(rig: Rig, tenants: readonly Tenant[]): Promise<Snapshot> {
  const scrape = rig.scrape(FOR_EVER_MS);
  await until('the healthy domains', SOON_MS, () => {
    const { open } = rig.collector.progress!;
    return tenants.every(({ name }) => !open.includes(name));
  });
  rig.collector.answerNow();
  const snapshot = await scrape;
  for (const { name } of tenants) {
    expect(of(snapshot, name)).to.deep.include({ result: 'ok', usage: { vcpus: 6, ramMb: 60 } });
  }
  return snapshot;
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
      it(`lets 10 domains end before 40 whose ${route} hang, limits ${domainConcurrency}/${requestConcurrency}`, async () => {
        const world = new World({ seed: 'fair' });
        const tenants = healthy(world, 10);
        const rig = await startRig({ world, settings: { ...TIMES, domainConcurrency, requestConcurrency } });
        rig.watch(...(await hangingDomains(route)), ...tenants);
        const snapshot = await onceDone(rig, tenants);
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
    const rig = await startRig({ world, settings: { ...TIMES, domainConcurrency: 8, requestConcurrency: 16 } });
    rig.sim.faults.add({ kind: 'hang', domainId: greedy.id, route: ['servers', 'rescope'] });
    rig.watch(greedy, ...tenants);
    const snapshot = await onceDone(rig, tenants);
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
