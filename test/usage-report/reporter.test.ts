import { expect } from 'chai';

import { CollectionOver } from '../../src/errors.js';
import { Operations } from '../../src/simulator/operations.js';
import type { SimulatorSettings } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { UsageTooLarge } from '../../src/usage-report/reporter.js';
import { addTenant, closeRigs, startRig, type Rig, type Tenant } from '../helpers/rig.js';
import { areClose, domainOf, EPOCH, projectOf, saidOf, usageCalls, usageOf, usedBy } from './scene.js';

const MINUTE_MS = 60_000;

interface Scene {
  rig: Rig;
  world: World;
  operations: Operations;
  acme: Tenant;
  globex: Tenant;
}

/** acme with servers in two projects and none in a third, and globex with some. */
async function scene(role: string, cloud: Partial<SimulatorSettings> = {}): Promise<Scene> {
  const world = new World({ seed: 'usage' });
  const operations = new Operations(world);
  const acme = addTenant(world, 'acme', role, ['main', 'side', 'idle']);
  const globex = addTenant(world, 'globex', role);
  const size = { vcpus: 2, ramMb: 4096, diskGb: 20 };
  world.addServers(3, { projectId: acme.projects['main']!, ...size });
  world.addServers(2, { projectId: acme.projects['side']!, vcpus: 4, ramMb: 512 });
  world.addServers(2, { projectId: globex.projects['side']!, ...size });
  world.advance(90 * MINUTE_MS);
  operations.destroy(world.servers.ofProject(acme.projects['main']!)[0]!.id);
  world.advance(30 * MINUTE_MS);
  const rig = await startRig({ world, cloud });
  rig.watch(acme, globex);
  return { rig, world, operations, acme, globex };
}

/** Every project of both domains as the cloud's books have it, and nothing wrong. */
async function expectTruth({ rig, world, acme, globex }: Scene): Promise<void> {
  const report = await usageOf(rig);
  for (const tenant of [acme, globex]) {
    expect(saidOf(report, tenant.name)).to.deep.equal([]);
    const ids = domainOf(report, tenant.name).projects.map(({ id }) => id);
    expect(ids).to.deep.equal(Object.values(tenant.projects).sort());
    for (const name of Object.keys(tenant.projects)) {
      const truth = usedBy(world, tenant.projects[name]!);
      expect(areClose(projectOf(report, tenant, name).totals, truth), `${tenant.name} ${name}`).to.equal(true);
    }
  }
  expect(report.complete).to.equal(true);
}

const DIRECT = ['main', 'main more', 'side', 'side more'];

describe('a usage report', () => {
  afterEach(closeRigs);

  for (const role of ['member', 'admin', 'domain_admin', 'project_admin', 'reader']) {
    it(`has each project's usage as the cloud's books have it, for ${role}`, async () => {
      await expectTruth(await scene(role));
    });
  }

  it('adds up projects to domains, and domains to the whole', async () => {
    const { rig } = await scene('admin');
    const { totals, domains } = await usageOf(rig);
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    for (const key of ['serverHours', 'vcpuHours', 'ramMbHours', 'localGbHours'] as const) {
      expect(totals![key]).to.equal(sum(domains.map((domain) => domain.totals![key])));
      for (const domain of domains)
        expect(domain.totals![key]).to.equal(sum(domain.projects.map((project) => project.totals[key])));
    }
    expect(totals!.serverHours).to.be.greaterThan(10);
  });

  it('reads the report of all tenants once, for all domains whose login may have it', async () => {
    const { rig } = await scene('admin');
    const report = await usageOf(rig);
    expect(report.complete).to.equal(true);
    const calls = usageCalls(rig);
    expect(calls.filter((call) => call.endsWith('probe'))).to.have.members([
      'acme/main all probe',
      'globex/main all probe',
    ]);
    const walk = calls.filter((call) => !call.endsWith('probe'));
    expect(walk.map((call) => call.split(' ').slice(1).join(' '))).to.deep.equal(['all', 'all more']);
    rig.sim.clear();
    await usageOf(rig);
    expect(usageCalls(rig), 'what a login may is known').to.have.length(2);
    expect(rig.sim.counts.login, 'and its token').to.equal(0);
  });

  it('asks project by project, each with its own token, where the login may not have all tenants', async () => {
    const { rig } = await scene('member');
    expect((await usageOf(rig)).complete).to.equal(true);
    const calls = usageCalls(rig);
    expect(calls.filter((call) => call.endsWith('403'))).to.have.members([
      'acme/main all probe 403',
      'globex/main all probe 403',
    ]);
    expect(calls.filter((call) => call.startsWith('acme/') && !call.endsWith('403'))).to.have.members([
      'acme/main main',
      'acme/main main more',
      'acme/side side',
      'acme/side side more',
      'acme/idle idle',
    ]);
    rig.sim.clear();
    await usageOf(rig);
    expect(usageCalls(rig).some((call) => call.includes('all'))).to.equal(false);
  });

  it('does not ask for all tenants where a snapshot has shown that it would be refused', async () => {
    const { rig } = await scene('member');
    await rig.scrape();
    expect((await usageOf(rig)).complete).to.equal(true);
    expect(usageCalls(rig).some((call) => call.includes('all'))).to.equal(false);
  });

  it('takes the projects of the only domain whose login sees a cloud one by one, by that login', async () => {
    const { rig, acme } = await scene('admin');
    rig.watch(acme);
    expect((await usageOf(rig)).complete).to.equal(true);
    const others = [...DIRECT, 'idle'].map((call) => `acme/main ${call}`);
    expect(usageCalls(rig)).to.have.members(['acme/main all probe', ...others]);
    expect(rig.sim.counts.rescope).to.equal(0);
  });

  it('takes a domain with no server in the report of another’s login for one that is not shown, and asks itself', async () => {
    const { rig, world, globex, acme } = await scene('admin');
    const empty = addTenant(world, 'empty', 'admin');
    rig.watch(acme, globex, empty);
    const report = await usageOf(rig);
    expect(report.complete).to.equal(true);
    expect(domainOf(report, 'empty').totals!.serverHours).to.equal(0);
    expect(domainOf(report, 'empty').projects).to.have.length(2);
    expect(usageCalls(rig)).to.include.members(['empty/main main', 'empty/main side']);
  });

  it('does not believe a report of all tenants that shows the reader’s own project alone', async () => {
    const { rig, acme, globex } = await scene('admin');
    const onlyOwn = [acme.projects['main'], globex.projects['main']];
    rig.sim.faults.add({
      kind: 'edit',
      route: 'usage',
      edit: (reply) => {
        const body = JSON.parse(reply.body) as { tenant_usages?: { tenant_id: string }[] };
        if (!body.tenant_usages) return reply;
        const tenants = body.tenant_usages.filter(({ tenant_id: id }) => onlyOwn.includes(id));
        return { ...reply, body: JSON.stringify({ tenant_usages: tenants }) };
      },
    });
    await expectTruth({ rig, world: rig.world, operations: new Operations(rig.world), acme, globex });
    expect(usageCalls(rig)).to.include.members(['acme/main side', 'globex/main side']);
  });

  it('believes a report of all tenants that shows another domain: the reader’s other projects are idle then', async () => {
    const { rig, world, acme } = await scene('admin');
    for (const { id } of world.servers.ofProject(acme.projects['side']!)) world.removeServer(id);
    await usageOf(rig);
    rig.sim.clear();
    const report = await usageOf(rig);
    expect(projectOf(report, acme, 'side').totals.serverHours).to.equal(0);
    expect(report.complete).to.equal(true);
    expect(usageCalls(rig).map((call) => call.split(' ').slice(1).join(' '))).to.deep.equal(['all', 'all more']);
  });

  it('has disabled projects where the login sees all tenants, and tells of them where it does not', async () => {
    const seen = await scene('admin');
    seen.world.projects.get(seen.acme.projects['side']!)!.enabled = false;
    await expectTruth(seen);
    const other = await scene('member');
    other.world.projects.get(other.acme.projects['side']!)!.enabled = false;
    const report = await usageOf(other.rig);
    expect(domainOf(report, 'acme').result).to.equal('partial');
    expect(domainOf(report, 'acme').projects).to.have.length(2);
    expect(saidOf(report, 'acme').join()).to.match(/^projects incomplete: 1 project is disabled/);
  });

  it('has what was deleted in the period, and nothing of what was deleted before it', async () => {
    const { rig, world, acme } = await scene('member');
    const deleted = (report: Awaited<ReturnType<typeof usageOf>>) =>
      projectOf(report, acme, 'main').servers.filter(({ state }) => state === 'terminated');
    const [server] = deleted(await usageOf(rig));
    expect(server!.endedAt).to.be.within(EPOCH + 90 * MINUTE_MS, EPOCH + 91 * MINUTE_MS);
    expect(server!.hours).to.be.closeTo(1.5, 0.01);
    expect(deleted(await usageOf(rig, { start: EPOCH + 100 * MINUTE_MS }))).to.deep.equal([]);
    expect(world.now).to.be.greaterThan(EPOCH + 120 * MINUTE_MS);
  });

  it('has one project alone, where one is asked for', async () => {
    const { rig, acme } = await scene('admin');
    const { domains, complete } = await usageOf(rig, { only: ({ id }) => id === acme.projects['side'] });
    expect(complete).to.equal(true);
    expect(domains.map(({ domain, projects }) => [domain.label, projects.map(({ name }) => name)])).to.deep.equal([
      ['acme', ['side']],
    ]);
    expect(usageCalls(rig).filter((call) => !call.endsWith('probe'))).to.deep.equal([
      'acme/main side',
      'acme/main side more',
    ]);
  });

  it('has no domain where nobody has the project that is asked for', async () => {
    const { rig } = await scene('admin');
    const { domains, complete } = await usageOf(rig, { only: () => false });
    expect({ domains, complete }).to.deep.equal({ domains: [], complete: true });
  });

  it('has no figure where nobody has the project that is asked for, but a bad line might', async () => {
    const { rig } = await scene('admin');
    const { totals, complete } = await usageOf(rig, {
      only: () => false,
      list: { ...rig.list, problems: [{ line: 9, message: 'x' }] },
    });
    expect({ totals, complete }).to.deep.equal({ totals: null, complete: false });
  });

  it('counts a server once, for the first line that has it', async () => {
    const { rig, acme } = await scene('member');
    rig.watch(rig.line(acme), rig.line(acme, { label: 'again' }));
    const report = await usageOf(rig);
    expect(saidOf(report, 'acme')).to.deep.equal([]);
    expect(saidOf(report, 'again')).to.deep.equal([
      'usage incomplete: 5 of its servers count for domain "acme" already',
    ]);
    expect(domainOf(report, 'again').totals!.serverHours).to.equal(0);
    expect(report.totals).to.deep.equal(domainOf(report, 'acme').totals);
  });

  it('cuts an end in the future to now, and both bounds to whole seconds', async () => {
    const { rig, world } = await scene('member');
    const clock = { wall: () => world.now + 999, mono: () => performance.now() };
    const report = await usageOf(rig, { start: EPOCH + 1, end: Date.UTC(2027, 0), clock });
    expect([report.start, report.end]).to.deep.equal([EPOCH, world.now]);
    expect(report.complete).to.equal(true);
  });

  it('tells where Nova’s clock is more than a minute behind, and shows the end that it goes by', async () => {
    const { rig, world } = await scene('member');
    const report = await usageOf(rig, { end: world.now + 61_000 });
    expect(report.end).to.equal(world.now);
    const message = "usage incomplete: Nova's clock is 61 seconds behind: its report ends so much earlier";
    expect(saidOf(report, 'acme')).to.deep.equal([message]);
    const near = await usageOf(rig, { end: world.now + 60_000 });
    expect([near.complete, near.end]).to.deep.equal([true, world.now]);
  });

  it('refuses a start that is not before the end', async () => {
    const { rig } = await scene('member');
    const error = await usageOf(rig, { end: EPOCH + 999 }).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(RangeError);
    expect(rig.sim.calls).to.deep.equal([]);
  });

  it('ends with the number where it takes more requests than it may', async () => {
    const { rig } = await scene('member');
    const error = await usageOf(rig, { maxRequests: 5 }).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(UsageTooLarge);
    expect((error as Error).message).to.equal(
      'more than 5 requests to the cloud: ask for one domain or project, or raise --usage.max-requests',
    );
    expect(rig.sim.calls.filter(({ route }) => route !== 'login').length).to.be.at.most(5);
    const all = rig.sim.calls.length;
    rig.sim.clear();
    expect((await usageOf(rig, { maxRequests: 100 })).complete, `after ${all} calls`).to.equal(true);
  });

  it('is nobody’s where the one who asked has left', async () => {
    const { rig } = await scene('member');
    const leaving = new AbortController();
    rig.sim.faults.add({ kind: 'hang', route: 'usage' });
    const report = usageOf(rig, { left: leaving.signal }).catch((caught: unknown) => caught);
    while (rig.sim.counts.usage === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await report).to.be.instanceOf(CollectionOver);
  });
});
