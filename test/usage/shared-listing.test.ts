import { expect } from 'chai';
import { World } from '../../src/simulator/world.js';
import type { CollectSettings } from '../../src/settings/settings.js';
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

interface Stage {
  rig: Rig;
  world: World;
  tenants: Tenant[];
}

/** Administrators a, b and c with one server in each of two projects; `stranger` is in no file. */
async function stage(settings: Partial<CollectSettings> = {}): Promise<Stage> {
  const world = new World({ seed: 'shared' });
  const tenants = ['a', 'b', 'c'].map((name) => addTenant(world, name, 'admin'));
  const stranger = addTenant(world, 'stranger', 'member', ['main']);
  for (const { projects } of [...tenants, stranger]) {
    for (const projectId of Object.values(projects)) world.addServer({ projectId });
  }
  const rig = await startRig({ world, settings });
  rig.watch(...tenants);
  return { rig, world, tenants };
}

const lists = (calls: string[]): string[] => calls.filter((call) => / servers\?all_tenants=1( |$)/.test(call));

describe('cloud-list over a simulated cloud', () => {
  afterEach(closeRigs);

  it('repeats the listing once, by another credential, if the first one fails', async () => {
    const { rig } = await stage();
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', times: 1 });
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(lists(calls).map((call) => call.slice(2))).to.deep.equal([
      'main servers?all_tenants=1 500',
      'main servers?all_tenants=1',
    ]);
    expect(lists(calls)[0]?.[0]).not.to.equal(lists(calls)[1]?.[0]);
    expect(snapshot.complete).to.equal(true);
    expect(snapshot.totals).to.deep.equal({ vcpus: 6, ramMb: 3072, servers: 6 });
  });

  it('is never made by one who may take a project of its own domain, in which it has no role, for a foreign one', async () => {
    const { rig, world, tenants } = await stage();
    const blind = addTenant(world, 'blind', 'domain_admin');
    const unseen = world.addProject({ domainId: blind.id, name: 'unseen' });
    for (const id of [blind.projects['side'] ?? '', unseen.id]) world.addServer({ projectId: id });
    // Its own rows are all that it sees, and half of them are of a project that its list does not show.
    rig.sim.faults.add({ kind: 'status', status: 403, route: 'projects', domainId: blind.id });
    rig.watch(blind, ...tenants);
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      const { snapshot, calls } = await rig.scrapeWithCalls();
      expect(snapshot.domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([1, 2, 2, 2]);
      expect(of(snapshot, 'blind')).to.include({ strategy: 'domain-list', projectScope: 'user' });
      expect(lists(calls)).to.have.length(2);
    }
  });

  it('does not hang on one who sees no more than its own domain, be there a project in it that is new', async () => {
    const { rig, world, tenants } = await stage();
    await rig.scrape();
    const [a] = tenants as [Tenant];
    // Nobody but a is left to be seen, and what a's list does not hold is its own.
    setRole(world, a, 'domain_admin');
    for (const tenant of tenants) world.addServer({ projectId: addProject(world, tenant, 'new') });
    const { snapshot } = await rig.scrapeWithCalls();
    expect(snapshot.domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([3, 3, 3]);
    expect(snapshot.complete).to.equal(true);
  });

  it('is an error of every domain that shares it if it fails twice', async () => {
    const { rig } = await stage();
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers' });
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(lists(calls)).to.have.length(2);
    expect(snapshot.domains.map(({ result }) => result)).to.deep.equal(['failed', 'failed', 'failed']);
    expect(errorsOf(snapshot, 'c')).to.deep.equal(['servers unavailable']);
    expect(snapshot.totals).to.equal(null);
  });

  it('does not mix the pages of two listings, however far the first one came', async () => {
    const { rig, world, tenants } = await stage();
    rig.sim.options.maxLimit = 2;
    await rig.scrape();
    rig.sim.faults.add({ kind: 'body', body: '{}', route: 'servers', page: 'later', times: 1 });
    for (const { projects } of tenants) world.addServer({ projectId: projects['main'] ?? '', vcpus: 4 });
    const snapshot = await rig.scrape();
    expect(snapshot.complete).to.equal(true);
    expect(snapshot.totals).to.deep.equal({ vcpus: 18, ramMb: 4608, servers: 9 });
  });

  it('counts what the last one read, as a part, if it fails on the way', async () => {
    const { rig } = await stage();
    rig.sim.options.maxLimit = 3;
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', page: 'later' });
    const snapshot = await rig.scrape();
    expect(snapshot.complete).to.equal(false);
    const read = snapshot.domains.filter(({ result }) => result === 'partial');
    expect(read).not.to.be.empty;
    expect(read.every(({ usage }) => usage && usage.vcpus > 0)).to.equal(true);
    expect(snapshot.domains.every(({ errors }) => errors[0]?.reason === 'unavailable')).to.equal(true);
    expect(snapshot.totals?.vcpus).to.be.within(1, 3);
  });

  it('does not count a domain twice that left the listing for its quota counters', async () => {
    const { rig, world, tenants } = await stage({ counting: 'quota', requestConcurrency: 1 });
    await rig.scrape();
    if (tenants[0]) setRole(world, tenants[0], 'member');
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'a')).to.deep.include({ strategy: 'project-limits', usage: { vcpus: 2, ramMb: 1024 } });
    expect(snapshot.totals).to.deep.include({ vcpus: 6, ramMb: 3072 });
    expect(snapshot.complete).to.equal(true);
  });

  it('leaves a domain failed whose login is lost on the way, though others list its rows', async () => {
    const { rig, world, tenants } = await stage();
    await rig.scrape();
    const user = world.findUser(tenants[0]?.id ?? '', 'boss');
    if (user) user.password = 'changed';
    rig.sim.revokeTokens(user?.id);
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'a')).to.deep.include({ result: 'failed', usage: null });
    expect(errorsOf(snapshot, 'a')).to.deep.equal(['login auth']);
    expect(snapshot.totals).to.deep.equal({ vcpus: 4, ramMb: 2048, servers: 4 });
  });

  it('looks a project of nobody up once, and then knows that it is foreign', async () => {
    const { rig, world } = await stage();
    await rig.scrape();
    const newcomer = addTenant(world, 'newcomer', 'member', ['main']);
    world.addServer({ projectId: newcomer.projects['main'] ?? '' });
    const first = await rig.scrapeWithCalls();
    expect(first.calls.sort()).to.deep.equal([
      'a/main projects?domain_id=a',
      'a/main servers?all_tenants=1',
      'b/main projects?domain_id=b',
      'c/main projects?domain_id=c',
    ]);
    const second = await rig.scrapeWithCalls();
    expect(second.calls).to.deep.equal(['a/main servers?all_tenants=1']);
    expect(second.snapshot.totals).to.deep.equal({ vcpus: 6, ramMb: 3072, servers: 6 });
  });

  it('asks again in the next scrape while a domain could not look its projects up', async () => {
    const { rig, world, tenants } = await stage();
    await rig.scrape();
    const [a, b] = tenants;
    world.addServer({ projectId: addProject(world, b ?? raise(), 'new'), vcpus: 9 });
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'projects', domainId: b?.id ?? '', times: 1 });
    const first = await rig.scrape();
    expect(errorsOf(first, 'b')).to.deep.equal(['projects unavailable']);
    expect([first.complete, of(first, a?.name ?? '').result]).to.deep.equal([false, 'ok']);
    const second = await rig.scrape();
    expect(second.complete).to.equal(true);
    expect(second.totals).to.deep.equal({ vcpus: 15, ramMb: 3584, servers: 7 });
  });

  it('gives each domain its part where the region or the endpoint is not the same', async () => {
    const { rig, tenants } = await stage();
    const [a, b] = tenants;
    const lines = [a, b].map((tenant) => rig.line(tenant ?? raise()));
    lines[1] = { ...(lines[1] ?? raise()), cloud: { ...(lines[1] ?? raise()).cloud, region: 'RegionOne' } };
    rig.watch(...lines);
    await rig.scrape();
    const { snapshot, calls } = await rig.scrapeWithCalls();
    expect(lists(calls)).to.have.length(2);
    expect(snapshot.totals).to.deep.equal({ vcpus: 4, ramMb: 2048, servers: 4 });
  });

  it('as a fixed strategy gets over administrators that are none any more, and fails only those', async () => {
    const { rig, world, tenants } = await stage({ strategy: 'cloud-list' });
    await rig.scrape();
    for (const tenant of tenants.slice(0, 2)) setRole(world, tenant, 'member');
    await rig.scrape();
    const snapshot = await rig.scrape();
    expect(errorsOf(snapshot, 'a')).to.deep.equal(['servers forbidden']);
    expect(errorsOf(snapshot, 'b')).to.deep.equal(['servers forbidden']);
    expect(of(snapshot, 'c')).to.deep.include({ result: 'ok', usage: { vcpus: 2, ramMb: 1024 } });
  });
});

function raise(): never {
  throw new Error('the stage has no such tenant');
}
