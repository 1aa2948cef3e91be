import { expect } from 'chai';
import type { Answer } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { addProject, addTenant, closeRigs, errorsOf, of, startRig, type Rig, type Tenant } from '../helpers/rig.js';

/* What is of another domain is told by lists and rows of different moments, and by credentials that see different things. */

/** A server of 1 vCPU in each project of each tenant. */
function fill(world: World, ...tenants: Tenant[]): void {
  for (const { projects } of tenants) for (const projectId of Object.values(projects)) world.addServer({ projectId });
}

describe('a project that is made between the reading of the projects and the listing', () => {
  afterEach(closeRigs);

  /** With a server of 9 vCPUs, as soon as the tenant's project list was answered once. */
  function makeAfterList(rig: Rig, tenant: Tenant): void {
    const edit = (answer: Answer): Answer => {
      rig.world.addServer({ projectId: addProject(rig.world, tenant, 'new'), vcpus: 9 });
      return answer;
    };
    rig.sim.faults.add({ kind: 'edit', route: 'projects', domainId: tenant.id, times: 1, edit });
  }

  for (const [role, strategy] of [
    ['admin', 'auto'],
    ['admin', 'cloud-list'],
    ['admin', 'domain-list'],
    ['domain_admin', 'auto'],
    ['domain_admin', 'domain-list'],
  ] as const) {
    it(`counts at once: ${strategy} with a ${role}`, async () => {
      const world = new World({ seed: 'race' });
      const [a, b] = [addTenant(world, 'a', role), addTenant(world, 'b', role)];
      fill(world, a, b, addTenant(world, 'stranger', 'member', ['main']));
      const rig = await startRig({ world, settings: { strategy } });
      rig.watch(a, b);
      makeAfterList(rig, b);
      for (let scrape = 1; scrape <= 3; scrape += 1) {
        const snapshot = await rig.scrape();
        expect(of(snapshot, 'b').usage?.vcpus, `scrape ${scrape}`).to.equal(11);
        expect(snapshot.complete).to.equal(true);
      }
    });
  }

  for (const [role, strategy] of [
    ['admin', 'domain-list'],
    ['domain_admin', 'auto'],
  ] as const) {
    it(`counts soon after a new login: ${strategy} with a ${role}`, async () => {
      const world = new World({ seed: 'race' });
      const [a, b] = [addTenant(world, 'a', role), addTenant(world, 'b', role)];
      fill(world, a, b, addTenant(world, 'stranger', 'member', ['main']));
      const rig = await startRig({ world, settings: { strategy } });
      rig.watch(a, b);
      await rig.scrape();
      rig.sim.revokeTokens(world.findUser(b.id, 'boss')!.id);
      makeAfterList(rig, b);
      // It may be made after the listing, too.
      await rig.scrape();
      expect(of(await rig.scrape(), 'b').usage?.vcpus).to.equal(11);
    });
  }

  it('takes no figures from others by making its user the one who lists for all', async () => {
    const world = new World({ seed: 'race' });
    const b = addTenant(world, 'b', 'domain_admin');
    const admins = ['a', 'c'].map((name) => addTenant(world, name, 'admin'));
    fill(world, b, ...admins);
    const rig = await startRig({ world });
    rig.watch(b, ...admins);
    makeAfterList(rig, b);
    for (const { id } of admins)
      rig.sim.faults.add({ kind: 'slow', ms: 300, route: 'projects', domainId: id, times: 1 });
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      const { domains, complete } = await rig.scrape();
      expect(domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([11, 2, 2]);
      expect(complete).to.equal(true);
    }
  });

  it('counts for a domain that was away when the others called it foreign', async () => {
    const world = new World({ seed: 'away' });
    const [a, b] = [addTenant(world, 'a', 'admin'), addTenant(world, 'b', 'admin')];
    fill(world, a, b);
    const rig = await startRig({ world });
    rig.watch(a, b);
    await rig.scrape();
    world.addServer({ projectId: addProject(world, b, 'new'), vcpus: 9 });
    const onlyA = [rig.line(a)];
    const both = rig.list;
    rig.watch(...onlyA);
    await rig.scrape();
    rig.watch(...both.domains);
    expect(of(await rig.scrape(), 'b').usage?.vcpus).to.equal(11);
  });
});

describe('a login that sees several domains, and not the cloud', () => {
  afterEach(closeRigs);

  /** b's login sees its own domain and its sister's, from `narrow` on. */
  async function stage(): Promise<{ rig: Rig; world: World; tenants: Tenant[]; narrow: () => void }> {
    const world = new World({ seed: 'vendor' });
    const b = addTenant(world, 'b', 'admin');
    const others = ['a', 'c'].map((name) => addTenant(world, name, 'admin'));
    const sister = addTenant(world, 'sister', 'member', ['main']);
    fill(world, b, ...others, sister);
    const seen = new Set([...Object.values(b.projects), ...Object.values(sister.projects)]);
    const rig = await startRig({ world });
    const edit = (answer: Answer): Answer => {
      const body = JSON.parse(answer.body) as { servers?: { tenant_id: string }[] };
      if (body.servers) body.servers = body.servers.filter(({ tenant_id }) => seen.has(tenant_id));
      return { ...answer, body: JSON.stringify(body) };
    };
    rig.watch(b, ...others);
    const narrow = (): void => void rig.sim.faults.add({ kind: 'edit', route: 'servers', domainId: b.id, edit });
    return { rig, world, tenants: [b, ...others], narrow };
  }

  it('makes no other domain 0 that shares its listing', async () => {
    const { rig, narrow } = await stage();
    narrow();
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      const { domains, complete } = await rig.scrape();
      expect(domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([2, 2, 2]);
      expect(complete).to.equal(true);
    }
  });

  it('makes no other domain 0 either where it has shown that domain’s servers before', async () => {
    const { rig, narrow } = await stage();
    await rig.scrape();
    narrow();
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      const { domains, complete } = await rig.scrape();
      expect(domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([2, 2, 2]);
      expect(complete).to.equal(true);
    }
  });

  it('leaves a domain 0 that is empty, and well', async () => {
    const { rig, world, tenants, narrow } = await stage();
    narrow();
    const [, a] = tenants as [Tenant, Tenant];
    for (const { id } of world.servers.listed({ kind: 'domain', id: a.id })) world.servers.remove(id);
    const { domains, complete } = await rig.scrape();
    expect(domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([2, 0, 2]);
    expect(complete).to.equal(true);
  });
});

describe('a domain whose user sees servers of projects that are not in its list', () => {
  afterEach(closeRigs);

  it('is incomplete, with their number: whose they are cannot be told', async () => {
    const world = new World({ seed: 'blind' });
    const blind = addTenant(world, 'blind', 'domain_admin');
    const unseen = world.addProject({ domainId: blind.id, name: 'unseen' });
    fill(world, blind);
    world.addServers(3, { projectId: unseen.id });
    const rig = await startRig({ world });
    rig.sim.faults.add({ kind: 'status', status: 403, route: 'projects', domainId: blind.id });
    rig.watch(blind);
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'blind')).to.deep.include({ result: 'partial', usage: { vcpus: 2, ramMb: 1024 } });
    expect(errorsOf(snapshot, 'blind')).to.deep.equal(['servers incomplete']);
    expect(of(snapshot, 'blind').errors[0]).to.include({ count: 3 });
  });
});

describe('a project that leaves the list of the user’s own projects', () => {
  afterEach(closeRigs);

  for (const counting of ['allocated', 'quota'] as const) {
    it(`is an error where its role was taken away, and none where it was deleted: ${counting}`, async () => {
      const world = new World({ seed: 'leaving' });
      const tenant = addTenant(world, 'acme', 'member', ['main', 'side', 'third']);
      fill(world, tenant);
      const rig = await startRig({ world, settings: { counting } });
      rig.watch(tenant);
      expect((await rig.scrape()).totals?.vcpus).to.equal(3);
      const user = world.findUser(tenant.id, 'boss')!;
      user.roles.delete(tenant.projects['side']!);
      world.removeProject(tenant.projects['third']!);
      for (let scrape = 1; scrape <= 2; scrape += 1) {
        const snapshot = await rig.scrape();
        expect(snapshot.complete).to.equal(false);
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 1, ramMb: 512 } });
        expect(errorsOf(snapshot, 'acme')).to.deep.equal(['projects forbidden']);
        expect(of(snapshot, 'acme').errors[0]!.message).to.contain('project "side": the user has lost its role in it');
      }
      user.roles.set(tenant.projects['side']!, 'member');
      const snapshot = await rig.scrape();
      expect(snapshot.complete).to.equal(true);
      expect(snapshot.totals?.vcpus).to.equal(2);
    });
  }
});

describe('a project that leaves it in the middle of a scrape', () => {
  afterEach(closeRigs);

  for (const [what, leave, told] of [
    [
      'loses its role',
      (world: World, id: string) => world.findUser(world.projects.get(id)!.domainId, 'boss')!.roles.delete(id),
      ['projects forbidden'],
    ],
    ['is deleted', (world: World, id: string) => world.removeProject(id), []],
  ] as const) {
    it(`and ${what} is told of in the scrapes that follow: ${told.join() || 'well'}`, async () => {
      const world = new World({ seed: 'in the middle' });
      const tenant = addTenant(world, 'acme', 'member');
      fill(world, tenant);
      const rig = await startRig({ world });
      rig.watch(tenant);
      await rig.scrape();
      const edit = (answer: Answer): Answer => {
        leave(world, tenant.projects['side']!);
        return answer;
      };
      rig.sim.faults.add({ kind: 'edit', route: 'authProjects', times: 1, edit });
      expect(errorsOf(await rig.scrape(), 'acme')).to.deep.equal(['servers forbidden']);
      for (let scrape = 1; scrape <= 2; scrape += 1) {
        expect(errorsOf(await rig.scrape(), 'acme')).to.deep.equal(told);
      }
    });
  }
});

describe('a domain of which no project is left to be read', () => {
  afterEach(closeRigs);

  async function stage(): Promise<{ rig: Rig; world: World; tenant: Tenant }> {
    const world = new World({ seed: 'none left' });
    const tenant = addTenant(world, 'acme', 'member', ['main']);
    fill(world, tenant);
    const rig = await startRig({ world });
    rig.watch(tenant);
    expect((await rig.scrape()).totals?.vcpus).to.equal(1);
    return { rig, world, tenant };
  }

  it('has failed, and is not 0, where its only project is disabled', async () => {
    const { rig, world, tenant } = await stage();
    world.projects.get(tenant.projects['main']!)!.enabled = false;
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.include({ result: 'failed', usage: null });
    expect(snapshot.totals).to.equal(null);
  });

  it('has failed, and is not 0, where its user has lost the role in its only project', async () => {
    const { rig, world, tenant } = await stage();
    world.findUser(tenant.id, 'boss')!.roles.clear();
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.include({ result: 'failed', usage: null });
    expect(snapshot.totals).to.equal(null);
  });
});
