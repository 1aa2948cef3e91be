import { expect } from 'chai';
import type { Domain } from '../../src/domains/domain.js';
import { Secret } from '../../src/secret.js';
import { World } from '../../src/simulator/world.js';
import { TestClock } from '../helpers/clock.js';
import {
  addProject,
  addTenant,
  closeRigs,
  errorsOf,
  of,
  setRole,
  startRig,
  type Rig,
  type Tenant,
} from '../helpers/rig.js';

const SERIAL = { requestConcurrency: 1, domainConcurrency: 1 };

interface Plan {
  role: string;
  projects?: string[];
  settings?: object;
  /** Servers of 2 vCPUs in each project, by its name; one each by default. */
  servers?: Record<string, number>;
  /** Whether there is another domain with a server. */
  alone?: boolean;
}

interface Stage {
  rig: Rig;
  world: World;
  acme: Tenant;
  line: Domain;
}

/** A line of domains.txt that logs in by the credential of the tenant's user for its project `main`. */
function lineOf(rig: Rig, tenant: Tenant, secret = 's3cret'): Domain {
  const { world } = rig;
  const user = world.findUser(tenant.id, 'boss')!;
  const { id } = world.addApplicationCredential({
    userId: user.id,
    projectId: tenant.projects['main']!,
    secret: 's3cret',
  });
  const inline = { kind: 'inline', secret: new Secret(secret) } as const;
  return rig.line(tenant, { credential: { kind: 'application', id, secret: inline } });
}

async function stage({ role, projects = ['main', 'side'], settings = {}, servers = {}, alone }: Plan): Promise<Stage> {
  const world = new World({ seed: 'app' });
  const acme = addTenant(world, 'acme', role, projects);
  for (const [name, projectId] of Object.entries(acme.projects)) {
    world.addServers(servers[name] ?? 1, { projectId, vcpus: 2, ramMb: 4096 });
  }
  if (!alone) world.addServer({ projectId: addTenant(world, 'other').projects['main']!, vcpus: 64, ramMb: 1 });
  const rig = await startRig({ world, settings: { ...SERIAL, ...settings } });
  const line = lineOf(rig, acme);
  rig.watch(line);
  return { rig, world, acme, line };
}

/** Only the credential's own project could be read, and the snapshot says so. */
async function expectForbidden({ rig }: Stage, count = 1, vcpus = 2): Promise<void> {
  for (let scrape = 1; scrape <= 2; scrape++) {
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(calls.filter((call) => call.includes('rescope'))).to.deep.equal([]);
    expect(calls.filter((call) => call.includes('login'))).to.have.length(scrape === 1 ? 1 : 0);
    const acme = of(snapshot, 'acme');
    expect(acme).to.deep.include({ result: 'partial', projects: count + 1 });
    expect(acme.usage?.vcpus).to.equal(vcpus);
    expect(acme.errors).to.have.length(1);
    expect(acme.errors[0]).to.include({ stage: 'servers', reason: 'forbidden', status: null, count });
    expect(acme.errors[0]!.message).to.contain('user and password').and.contain('project "side"');
    expect(snapshot.complete).to.equal(false);
  }
}

describe('A domain that logs in by application credential', () => {
  afterEach(closeRigs);

  const ALLOWED = [
    ['admin', 'cloud-list'],
    ['domain_admin', 'domain-list'],
  ] as const;
  for (const [role, strategy] of ALLOWED) {
    it(`is collected by ${strategy} by its user’s role ${role}, with one login and no other token`, async () => {
      const { rig } = await stage({ role });
      for (const logins of [1, 0, 0]) {
        const { snapshot, calls } = await rig.scrapeWithCalls();
        expect(errorsOf(snapshot, 'acme')).to.deep.equal([]);
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy, projects: 2, projectScope: 'domain' });
        expect(snapshot).to.deep.include({ complete: true, totals: { vcpus: 4, ramMb: 8192, servers: 2 } });
        expect(calls.filter((call) => call === 'acme/main login')).to.have.length(logins);
        expect(calls.join()).not.to.include('rescope');
      }
      expect(rig.sim.unknownPaths).to.deep.equal([]);
    });
  }

  it('shares the listing of the cloud with a domain that logs in by password', async () => {
    const { rig, world, line } = await stage({ role: 'admin' });
    const globex = addTenant(world, 'globex', 'admin', ['main']);
    world.addServer({ projectId: globex.projects['main']!, vcpus: 9, ramMb: 64 });
    rig.watch(line, rig.line(globex));
    await rig.scrape();
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(calls).to.deep.equal(['acme/main servers?all_tenants=1']);
    expect(snapshot).to.deep.include({ complete: true, totals: { vcpus: 13, ramMb: 8256, servers: 3 } });
  });

  const ONLY = [
    ['member', 'user'],
    ['project_admin', 'user'],
    ['domain_lister', 'domain'],
  ] as const;
  for (const [role, projectScope] of ONLY) {
    it(`is read whole where its project is the only one that a ${role} sees`, async () => {
      const { rig } = await stage({ role, projects: ['main'] });
      const snapshot = await rig.scrape();
      expect(of(snapshot, 'acme')).to.deep.include({
        result: 'ok',
        strategy: 'project-list',
        projectScope,
        projects: 1,
      });
      expect(snapshot).to.deep.include({ complete: true, totals: { vcpus: 2, ramMb: 4096, servers: 1 } });
    });

    it(`is partial and forbidden where a ${role} sees other projects too`, async () => {
      await expectForbidden(await stage({ role }));
    });
  }

  it('is forbidden once for all projects that it can’t read', async () => {
    await expectForbidden(await stage({ role: 'member', projects: ['main', 'side', 'third', 'fourth', 'fifth'] }), 4);
  });

  it('is forbidden from the scrape on that sees a second project, be it empty', async () => {
    const parts = await stage({ role: 'member', projects: ['main'] });
    expect((await parts.rig.scrape()).complete).to.equal(true);
    addProject(parts.world, parts.acme, 'side');
    const snapshot = await parts.rig.scrape();
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers forbidden']);
    expect(snapshot.complete).to.equal(false);
  });

  it('is forbidden where all_tenants is allowed, but no row proves that it shows other projects', async () => {
    await expectForbidden(await stage({ role: 'admin', servers: { main: 3, side: 0 }, alone: true }), 1, 6);
  });

  it('is forbidden by the quota counters of other projects as well', async () => {
    await expectForbidden(await stage({ role: 'member', settings: { counting: 'quota' } }));
  });

  it('leaves its fixed strategy to what the cloud says of all_tenants', async () => {
    const { rig } = await stage({ role: 'member', settings: { strategy: 'domain-list' } });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'failed', usage: null });
    expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'servers', reason: 'forbidden', status: 403 });
  });

  for (const role of ['member', 'admin']) {
    it(`gets no figures from the credential of another domain’s ${role}`, async () => {
      const { rig, world, acme } = await stage({ role });
      const globex = addTenant(world, 'globex', role);
      world.addServer({ projectId: globex.projects['main']!, vcpus: 9, ramMb: 64 });
      const own = lineOf(rig, globex);
      const wrong = rig.line(acme, { credential: own.credential });
      rig.watch(wrong, rig.line(globex));
      for (let scrape = 1; scrape <= 2; scrape++) {
        const { snapshot, calls } = await rig.scrapeWithCalls();
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'failed', usage: null });
        expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'login', reason: 'config', status: null });
        expect(of(snapshot, 'globex')).to.deep.include({ result: 'ok', usage: { vcpus: 9, ramMb: 64 } });
        expect(calls.filter((call) => call.endsWith('login'))).to.have.length(scrape === 1 ? 2 : 0);
      }
    });
  }

  it('is auth with 401 for a wrong secret, which Keystone sees once', async () => {
    const { rig, acme, world } = await stage({ role: 'admin' });
    world.applicationCredentials.clear();
    rig.watch(lineOf(rig, acme, 'wrong'));
    for (const logins of [1, 0, 0]) {
      const { snapshot, calls } = await rig.scrapeWithCalls();
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'failed', usage: null });
      expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'login', reason: 'auth', status: 401 });
      expect(calls).to.have.length(logins);
    }
  });

  it('is auth as soon as the credential is deleted, and the others stay exact', async () => {
    const { rig, world, line } = await stage({ role: 'admin' });
    const globex = addTenant(world, 'globex', 'admin', ['main']);
    world.addServer({ projectId: globex.projects['main']!, vcpus: 9, ramMb: 64 });
    rig.watch(line, rig.line(globex));
    expect((await rig.scrape()).complete).to.equal(true);
    world.applicationCredentials.clear();
    for (let scrape = 1; scrape <= 2; scrape++) {
      const snapshot = await rig.scrape();
      expect(of(snapshot, 'globex')).to.deep.include({ result: 'ok', usage: { vcpus: 9, ramMb: 64 } });
      expect(errorsOf(snapshot, 'acme')).to.deep.equal(['login auth']);
    }
  });

  it('is partial and forbidden from the scrape on in which its user’s role no longer allows all_tenants', async () => {
    const { rig, world, acme } = await stage({ role: 'admin' });
    expect((await rig.scrape()).complete).to.equal(true);
    setRole(world, acme, 'member');
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 2, ramMb: 4096 } });
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers forbidden']);
  });

  it('is auth once its user has no role in the project any more', async () => {
    const { rig, world, acme } = await stage({ role: 'member', projects: ['main'] });
    await rig.scrape();
    world.findUser(acme.id, 'boss')!.roles.clear();
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'failed', usage: null });
    expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'login', reason: 'auth', status: 401 });
  });

  it('is auth once its project is disabled, and not a domain without servers', async () => {
    const { rig, world, acme } = await stage({ role: 'member', projects: ['main'] });
    await rig.scrape();
    world.projects.get(acme.projects['main']!)!.enabled = false;
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'failed', usage: null });
    expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'login', reason: 'auth', status: 404 });
  });

  it('renews its token before the credential’s end, and is auth after it', async () => {
    const clock = new TestClock();
    const world = new World({ seed: 'app' });
    const acme = addTenant(world, 'acme', 'admin');
    world.addServer({ projectId: acme.projects['side']!, vcpus: 2 });
    world.addServer({ projectId: addTenant(world, 'other').projects['main']! });
    const rig = await startRig({ world, clock, cloud: { now: () => clock.wall() } });
    rig.watch(lineOf(rig, acme));
    for (const credential of world.applicationCredentials.values()) credential.expiresAt = clock.wall() + 100_000;
    for (let second = 0; second < 100; second += 20) {
      const snapshot = await rig.scrape();
      expect(errorsOf(snapshot, 'acme'), `${second} s`).to.deep.equal([]);
      clock.advance(20_000);
    }
    expect(errorsOf(await rig.scrape(), 'acme')).to.deep.equal(['login auth']);
  });
});
