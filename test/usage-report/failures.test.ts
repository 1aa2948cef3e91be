import { expect } from 'chai';

import { CollectionOver } from '../../src/errors.js';
import { Secret } from '../../src/secret.js';
import { World } from '../../src/simulator/world.js';
import type { UsageReport } from '../../src/usage-report/report.js';
import { addTenant, closeRigs, startRig, type Rig, type Tenant } from '../helpers/rig.js';
import { areClose, domainOf, projectOf, saidOf, usageCalls, usageOf, usedBy } from './scene.js';

describe('a usage report of which some fails', () => {
  let world: World;
  let rig: Rig;
  let tenants: Tenant[];

  /** Three domains with servers in two projects each. */
  async function begin(role: string): Promise<void> {
    world = new World({ seed: 'failures' });
    tenants = ['acme', 'globex', 'initech'].map((name) => addTenant(world, name, role));
    for (const { projects } of tenants)
      for (const projectId of Object.values(projects)) world.addServers(2, { projectId, vcpus: 2 });
    world.advance(3_600_000);
    rig = await startRig({ world });
    rig.watch(...tenants);
  }
  afterEach(closeRigs);

  /** Those that are named are as the cloud's books have them, and complete. */
  function expectRight(report: UsageReport, ...names: string[]): void {
    for (const tenant of tenants.filter(({ name }) => names.includes(name))) {
      expect(saidOf(report, tenant.name)).to.deep.equal([]);
      for (const [name, id] of Object.entries(tenant.projects)) {
        const { totals } = projectOf(report, tenant, name);
        expect(areClose(totals, usedBy(world, id)), `${tenant.name} ${name}`).to.equal(true);
      }
    }
  }

  for (const role of ['member', 'admin']) {
    it(`has a domain failed whose login is refused, and no other, for ${role}`, async () => {
      await begin(role);
      world.findUser(tenants[0]!.id, 'boss')!.password = 'changed';
      const report = await usageOf(rig);
      const { result, totals, projects, errors } = domainOf(report, 'acme');
      expect({ result, totals, projects }).to.deep.equal({ result: 'failed', totals: null, projects: [] });
      expect(errors.map(({ stage, reason, status }) => [stage, reason, status])).to.deep.equal([
        ['login', 'auth', 401],
      ]);
      expectRight(report, 'globex', 'initech');
      expect(report.complete).to.equal(false);
      expect(report.totals!.serverHours).to.be.greaterThan(7);
    });

    it(`has a domain failed whose projects can’t be listed, and no other, for ${role}`, async () => {
      await begin(role);
      rig.sim.faults.add({
        kind: 'status',
        status: 500,
        route: ['projects', 'authProjects'],
        domainId: tenants[1]!.id,
      });
      const report = await usageOf(rig);
      expect(domainOf(report, 'globex').result).to.equal('failed');
      expect(saidOf(report, 'globex').join()).to.match(/^projects unavailable: GET \/v3\/\S+: HTTP 500/);
      expectRight(report, 'acme', 'initech');
    });

    it(`believes in no project list of an earlier report, for ${role}`, async () => {
      await begin(role);
      expectRight(await usageOf(rig), 'acme', 'globex', 'initech');
      rig.sim.faults.add({ kind: 'status', status: 500, route: ['projects', 'authProjects'] });
      const report = await usageOf(rig);
      expect(report.totals).to.equal(null);
      for (const { name } of tenants) expect(saidOf(report, name).join()).to.match(/^projects unavailable: /);
    });
  }

  it('has a domain partial of which one project can’t be read, without a figure for that one', async () => {
    await begin('member');
    const { main, side } = tenants[0]!.projects;
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'usage', projectId: side! });
    const report = await usageOf(rig);
    const { result, projects, totals } = domainOf(report, 'acme');
    expect([result, projects.map(({ id }) => id)]).to.deep.equal(['partial', [main]]);
    expect(totals).to.deep.equal(projects[0]!.totals);
    expect(saidOf(report, 'acme').join()).to.match(/^usage unavailable: project "side": GET .*: HTTP 500/);
    expectRight(report, 'globex', 'initech');
  });

  it('has a project that is cut off in its later pages without a figure', async () => {
    await begin('member');
    const { side } = tenants[0]!.projects;
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'usage', projectId: side!, page: 'later' });
    const report = await usageOf(rig);
    expect(domainOf(report, 'acme').projects.map(({ name }) => name)).to.deep.equal(['main']);
  });

  it('has the report of all tenants read by the next login where the first one’s fails in the midst of it', async () => {
    await begin('admin');
    rig.sim.faults.add({ kind: 'reset', route: 'usage', page: 'later', times: 2 });
    const report = await usageOf(rig);
    expectRight(report, 'acme', 'globex', 'initech');
    const walks = usageCalls(rig).filter((call) => call.endsWith(' all'));
    expect(new Set(walks).size).to.equal(2);
  });

  it('has each domain asked by itself where two logins can’t read the report of all tenants', async () => {
    await begin('admin');
    rig.sim.faults.add({
      kind: 'edit',
      route: 'usage',
      page: 'first',
      edit: (reply) => (reply.body.includes('"tenant_usages"') ? { ...reply, body: '{"tenant_usages": 1}' } : reply),
    });
    expectRight(await usageOf(rig), 'acme', 'globex', 'initech');
    expect(usageCalls(rig)).to.include.members(['acme/main side', 'globex/main side', 'initech/main side']);
  });

  it('leaves a cloud alone that asks for that', async () => {
    await begin('admin');
    await usageOf(rig);
    rig.sim.clear();
    rig.sim.faults.add({ kind: 'status', status: 429, retryAfter: 3600, route: 'usage' });
    const report = await usageOf(rig);
    expect(report.totals).to.equal(null);
    for (const { name } of tenants) expect(saidOf(report, name).join()).to.match(/^usage rate_limited: /);
    expect(usageCalls(rig)).to.have.length(1);
  });

  for (const role of ['member', 'admin']) {
    it(`has no figures where a cell is down, for ${role}`, async () => {
      await begin(role);
      world.downCells.add('cell1');
      const report = await usageOf(rig);
      expect({ totals: report.totals, complete: report.complete }).to.deep.equal({ totals: null, complete: false });
      for (const { name } of tenants) expect(saidOf(report, name).join()).to.match(/^usage unavailable: .*HTTP 500/);
    });
  }

  it('has by its deadline what was read, and the rest as not finished', async () => {
    await begin('member');
    rig.sim.faults.add({ kind: 'hang', route: 'usage', projectId: tenants[2]!.projects['side']! });
    const report = await usageOf(rig, { timeLeftMs: 1000 });
    expectRight(report, 'acme', 'globex');
    expect(domainOf(report, 'initech').projects.map(({ name }) => name)).to.deep.equal(['main']);
    expect(saidOf(report, 'initech')).to.deep.equal([
      'usage timeout: not finished when the time of the report was over',
    ]);
  });

  it('says where Nova tells no size, and has the hours all the same', async () => {
    await begin('member');
    rig.sim.faults.add({
      kind: 'edit',
      route: 'usage',
      projectId: tenants[0]!.projects['main']!,
      edit: (reply) => ({ ...reply, body: reply.body.replace(/"vcpus": ?2,/, '') }),
    });
    const report = await usageOf(rig);
    const { totals, servers } = projectOf(report, tenants[0]!, 'main');
    expect(servers.map(({ vcpus }) => vcpus)).to.have.members([null, 2]);
    expect(totals.serverHours).to.be.closeTo(2, 0.01);
    expect(totals.vcpuHours).to.be.closeTo(2, 0.01);
    expect(saidOf(report, 'acme')).to.deep.equal([
      'usage incomplete: project "main": Nova tells no size of servers, which are in the hours alone',
    ]);
    expectRight(report, 'globex', 'initech');
  });

  for (const role of ['member', 'admin']) {
    it(`has of an application credential's domain what that may see, for ${role}`, async () => {
      await begin(role);
      const [acme, ...others] = tenants as [Tenant, Tenant, Tenant];
      const projectId = acme.projects['main']!;
      const userId = world.findUser(acme.id, 'boss')!.id;
      const { id } = world.addApplicationCredential({ userId, projectId, secret: 's3cret' });
      const secret = { kind: 'inline', secret: new Secret('s3cret') } as const;
      rig.watch(rig.line(acme, { credential: { kind: 'application', id, secret } }), ...others);
      const report = await usageOf(rig);
      if (role === 'admin') {
        expectRight(report, 'acme', 'globex', 'initech');
        return;
      }
      expect(domainOf(report, 'acme').projects.map(({ name }) => name)).to.deep.equal(['main']);
      expect(saidOf(report, 'acme').join()).to.match(/^usage forbidden: project "side": an application credential/);
      expectRight(report, 'globex', 'initech');
    });
  }

  it('is not complete while the file has problems, nor has it totals where nothing could be read', async () => {
    await begin('member');
    const { domains } = rig.list;
    const list = { domains, problems: [{ line: 7, message: 'no id' }] };
    expect(await usageOf(rig, { list })).to.include({ complete: false });
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'usage' });
    expect(await usageOf(rig)).to.include({ complete: false, totals: null });
    expect(await usageOf(rig, { list: { domains: [], problems: [] } })).to.deep.include({
      complete: true,
      domains: [],
      totals: { serverHours: 0, vcpuHours: 0, ramMbHours: 0, localGbHours: 0 },
    });
  });

  it('holds up no scrape, though no request of it is answered', async () => {
    await begin('member');
    rig.sim.faults.add({ kind: 'hang', route: 'usage' });
    const leaving = new AbortController();
    const report = usageOf(rig, { left: leaving.signal }).catch((caught: unknown) => caught);
    while (rig.sim.counts.usage < 3) await new Promise((resolve) => setImmediate(resolve));
    const snapshot = await rig.scrape();
    expect([snapshot.complete, snapshot.totals?.vcpus]).to.deep.equal([true, 24]);
    leaving.abort();
    expect(await report).to.be.instanceOf(CollectionOver);
  });

  it('slows no scrape down: it takes no more than a quarter of the requests that projects may have at once', async () => {
    world = new World({ seed: 'many' });
    const names = Array.from({ length: 40 }, (_, i) => (i === 0 ? 'main' : `p${i}`));
    tenants = [addTenant(world, 'acme', 'member', names), addTenant(world, 'globex', 'member')];
    world.advance(3_600_000);
    rig = await startRig({ world, cloud: { latencyMs: 20 } });
    rig.watch(...tenants);
    let most = 0;
    let now = 0;
    rig.sim.faults.add({
      kind: 'edit',
      route: 'usage',
      edit: (reply) => {
        now += 1;
        most = Math.max(most, now);
        setTimeout(() => (now -= 1), 20);
        return reply;
      },
    });
    expect((await usageOf(rig)).complete).to.equal(true);
    expect(most).to.be.within(2, 16);
  });
});
