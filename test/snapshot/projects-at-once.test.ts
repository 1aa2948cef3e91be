import { expect } from 'chai';
import sinon from 'sinon';
import { Visit } from '../../src/openstack/visit.js';
import { World } from '../../src/simulator/world.js';
import { until } from '../helpers/program.js';
import { addTenant, closeRigs, errorsOf, of, startRig, type Rig } from '../helpers/rig.js';

const SOON_MS = 20_000;
const REQUESTS = 3;
const AT_ONCE = 2 * REQUESTS;
const PROJECTS = 40;

/** What is read of projects: how many have been begun, and how many were being read at once. */
interface Reading {
  begun: number;
  now: number;
  most: number;
}

function watchReading(): Reading {
  const reading: Reading = { begun: 0, now: 0, most: 0 };
  const stub = sinon.stub(Visit.prototype, 'project');
  stub.callsFake(function (this: Visit, task) {
    return stub.wrappedMethod.call(this, async () => {
      reading.begun += 1;
      reading.now += 1;
      reading.most = Math.max(reading.most, reading.now);
      try {
        return await task();
      } finally {
        reading.now -= 1;
      }
    });
  });
  return reading;
}

/** Domains whose servers are listed project by project; each project has one server. */
async function stage(domains: number): Promise<{ rig: Rig; names: string[] }> {
  const world = new World({ seed: 'at once' });
  const projects = ['main', ...Array.from({ length: PROJECTS - 1 }, (_, i) => `p${i}`)];
  const tenants = Array.from({ length: domains }, (_, i) => addTenant(world, `d${i}`, 'member', projects));
  for (const tenant of tenants) {
    for (const projectId of Object.values(tenant.projects)) world.addServer({ projectId, vcpus: 2, ramMb: 10 });
  }
  const rig = await startRig({ world, settings: { strategy: 'project-list', requestConcurrency: REQUESTS } });
  rig.watch(...tenants);
  return { rig, names: tenants.map(({ name }) => name) };
}

describe('projects that are read at once', () => {
  afterEach(async () => {
    sinon.restore();
    await closeRigs();
  });

  for (const [domains, most] of [
    [1, REQUESTS],
    [5, AT_ONCE],
  ] as const) {
    it(`are ${most} at most, where ${REQUESTS} requests may be, and in the end all are read: ${domains} domains`, async () => {
      const reading = watchReading();
      const { rig } = await stage(domains);
      const snapshot = await rig.scrape();
      expect(snapshot.complete).to.equal(true);
      const count = domains * PROJECTS;
      expect(snapshot.totals).to.deep.equal({ vcpus: 2 * count, ramMb: 10 * count, servers: count });
      expect(reading).to.deep.equal({ begun: count, now: 0, most });
    });
  }

  it('take those that wait with them when the collection ends', async () => {
    const reading = watchReading();
    const { rig, names } = await stage(5);
    rig.sim.faults.add({ kind: 'hang', route: 'servers' });
    const scrape = rig.scrape();
    await until('requests that hang', SOON_MS, () => rig.sim.inFlight === REQUESTS && reading.now > REQUESTS);
    const { begun } = reading;
    rig.collector.answerNow();
    const snapshot = await scrape;
    await until('nothing under way', SOON_MS, () => rig.sim.inFlight === 0 && reading.now === 0);
    expect(reading.begun).to.equal(begun);
    for (const name of names) expect(errorsOf(snapshot, name)).to.deep.equal(['servers timeout']);
    // Their places are free again.
    rig.sim.faults.clear();
    expect(of(await rig.scrape(), 'd0')).to.include({ result: 'ok', servers: PROJECTS });
    expect(reading).to.include({ begun: begun + names.length * PROJECTS, now: 0, most: AT_ONCE });
  });
});
