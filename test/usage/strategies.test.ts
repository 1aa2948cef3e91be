import { expect } from 'chai';
import { World } from '../../src/simulator/world.js';
import type { Counting } from '../../src/usage/counting.js';
import type { StrategyName } from '../../src/usage/strategy.js';
import {
  addProject,
  addTenant,
  closeRigs,
  errorsOf,
  inUse,
  of,
  startRig,
  type Rig,
  type RigOptions,
  type Tenant,
} from '../helpers/rig.js';

interface Stage {
  rig: Rig;
  world: World;
  acme: Tenant;
}

/** acme: 2 vCPUs in `main`, 5 in `side`; a neighbour that nobody watches has 100. */
async function stage(role: string, options: Omit<RigOptions, 'world'> = {}): Promise<Stage> {
  const world = new World({ seed: 'strategies' });
  const acme = addTenant(world, 'acme', role);
  const neighbour = addTenant(world, 'neighbour', 'member', ['main']);
  world.addServer({ projectId: main(neighbour), vcpus: 100, ramMb: 100 });
  world.addServer({ projectId: side(acme), vcpus: 5, ramMb: 500 });
  world.addServer({ projectId: main(acme), vcpus: 2, ramMb: 200 });
  const rig = await startRig({ world, ...options });
  rig.watch(acme);
  return { rig, world, acme };
}

const main = ({ projects }: Tenant): string => projects['main'] ?? '';
const side = ({ projects }: Tenant): string => projects['side'] ?? '';

/** Every way that is right for a role, with the counting that it can do. */
const WAYS: { role: string; strategy: StrategyName; counting: Counting }[] = [
  { role: 'member', strategy: 'project-list', counting: 'allocated' },
  { role: 'domain_lister', strategy: 'project-list', counting: 'allocated' },
  { role: 'project_admin', strategy: 'project-list', counting: 'allocated' },
  { role: 'member', strategy: 'project-limits', counting: 'quota' },
  { role: 'admin', strategy: 'project-limits', counting: 'quota' },
  { role: 'domain_admin', strategy: 'domain-list', counting: 'allocated' },
  { role: 'admin', strategy: 'domain-list', counting: 'allocated' },
  { role: 'admin', strategy: 'cloud-list', counting: 'allocated' },
  { role: 'admin', strategy: 'project-list', counting: 'allocated' },
];

describe('strategies', () => {
  afterEach(closeRigs);

  for (const { role, strategy, counting } of WAYS) {
    describe(`${strategy} with a ${role}`, () => {
      const settings = { strategy, counting };

      it('counts all of the domain and nothing of another', async () => {
        const { rig } = await stage(role, { settings });
        const snapshot = await rig.scrape();
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy, usage: { vcpus: 7, ramMb: 700 } });
        expect(snapshot.totals).to.include({ vcpus: 7, ramMb: 700 });
      });

      it('sees a project that was made since the last scrape', async () => {
        const { rig, world, acme } = await stage(role, { settings });
        await rig.scrape();
        world.addServer({ projectId: addProject(world, acme, 'new'), vcpus: 9, ramMb: 900 });
        const snapshot = await rig.scrape();
        expect(snapshot.complete).to.equal(true);
        expect(of(snapshot, 'acme').usage).to.deep.equal({ vcpus: 16, ramMb: 1600 });
        expect(of(snapshot, 'acme').projects).to.equal(3);
      });

      it('does not miss a project that was deleted since the last scrape', async () => {
        const { rig, world, acme } = await stage(role, { settings });
        await rig.scrape();
        world.removeProject(side(acme));
        const snapshot = await rig.scrape();
        expect(errorsOf(snapshot, 'acme')).to.deep.equal([]);
        expect(of(snapshot, 'acme').usage).to.deep.equal({ vcpus: 2, ramMb: 200 });
      });

      it('reads every page', async () => {
        const cloud = { maxLimit: 3, ...(role === 'member' ? { projectPageSize: 2 } : {}) };
        const { rig, world, acme } = await stage(role, { settings, cloud });
        for (const name of ['p3', 'p4', 'p5'])
          world.addServers(7, { projectId: addProject(world, acme, name), ramMb: 1 });
        expect(of(await rig.scrape(), 'acme').usage).to.deep.equal({ vcpus: 28, ramMb: 721 });
      });

      it('finds Nova where the catalog ends its address in the project id', async () => {
        const { rig } = await stage(role, { settings, cloud: { computeEndpoint: 'project-id' } });
        await rig.scrape();
        expect((await rig.scrape()).totals).to.include({ vcpus: 7, ramMb: 700 });
      });

      it('finds an empty domain to be 0, and well', async () => {
        const { rig, world } = await stage(role, { settings });
        const empty = addTenant(world, 'empty', role, ['main']);
        rig.watch(empty);
        const snapshot = await rig.scrape();
        expect(of(snapshot, 'empty').usage).to.deep.equal({ vcpus: 0, ramMb: 0 });
        expect(of(snapshot, 'empty').result).to.equal('ok');
        expect(snapshot.complete).to.equal(true);
      });

      it('fails the domain when Nova does, without a figure', async () => {
        const { rig } = await stage(role, { settings });
        rig.sim.faults.add({ kind: 'status', status: 500, route: ['servers', 'limits'] });
        const snapshot = await rig.scrape();
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'failed', usage: null, servers: null });
        expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers unavailable']);
        expect(snapshot.totals).to.equal(null);
      });
    });
  }

  describe('fixed, but refused or unproven', () => {
    for (const strategy of ['domain-list', 'cloud-list'] as const) {
      it(`is reason forbidden: ${strategy} with a member`, async () => {
        const { rig } = await stage('member', { settings: { strategy } });
        for (let scrape = 0; scrape < 2; scrape += 1) {
          const snapshot = await rig.scrape();
          expect(of(snapshot, 'acme').result).to.equal('failed');
          expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'servers', reason: 'forbidden', status: 403 });
        }
      });

      it(`is reason incomplete: ${strategy} where all tenants shows but the own project`, async () => {
        const { rig } = await stage('project_admin', { settings: { strategy } });
        const snapshot = await rig.scrape();
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 2, ramMb: 200 } });
        expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers incomplete']);
        expect(of(snapshot, 'acme').errors[0]?.message).to.contain('--collect.strategy=auto');
      });
    }

    it('lists for itself alone: cloud-list with a domain_admin', async () => {
      const { rig } = await stage('domain_admin', { settings: { strategy: 'cloud-list' } });
      const snapshot = await rig.scrape();
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 7, ramMb: 700 } });
    });
  });

  describe('disabled projects', () => {
    async function disabled(role: string, disabledProjects: 'error' | 'ignore') {
      const { rig, world, acme } = await stage(role);
      for (const name of ['off1', 'off2']) {
        const id = addProject(world, acme, name);
        world.addServer({ projectId: id, vcpus: 10, ramMb: 10 });
        const project = world.projects.get(id);
        if (project) project.enabled = false;
      }
      rig.watch(rig.line(acme, { disabledProjects }));
      return rig.scrape();
    }

    it('are an incomplete error with their number where servers are read project by project', async () => {
      const snapshot = await disabled('member', 'error');
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 7, ramMb: 700 }, projects: 4 });
      expect(of(snapshot, 'acme').errors).to.have.length(1);
      const [error] = of(snapshot, 'acme').errors;
      expect(error).to.include({ stage: 'projects', reason: 'incomplete', status: null, count: 2 });
      expect(error?.message).to.contain('2 projects are disabled').and.to.contain('disabled_projects=ignore');
    });

    it('are no error where the line says so', async () => {
      const snapshot = await disabled('member', 'ignore');
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 7, ramMb: 700 } });
    });

    for (const role of ['domain_admin', 'admin']) {
      it(`hide nothing from the listing of a ${role}`, async () => {
        const snapshot = await disabled(role, 'error');
        expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', usage: { vcpus: 27, ramMb: 720 } });
      });
    }
  });

  for (const role of ['member', 'domain_admin', 'admin']) {
    it(`tells of servers whose cell is down, and counts the others, for a ${role}`, async () => {
      const { rig, world, acme } = await stage(role);
      world.addServers(2, { projectId: main(acme), cell: 'cell2', vcpus: 50 });
      expect((await rig.scrape()).totals).to.include({ vcpus: 107 });
      world.downCells.add('cell2');
      const snapshot = await rig.scrape();
      const found = of(snapshot, 'acme');
      expect(found).to.deep.include({ result: 'partial', usage: { vcpus: 7, ramMb: 700 }, servers: 2 });
      expect(Object.fromEntries(found.byStatus ?? [])).to.deep.equal({ ACTIVE: 2, UNKNOWN: 2 });
      expect(found.errors).to.have.length(1);
      expect(found.errors[0]).to.include({ stage: 'servers', reason: 'incomplete', count: 2, status: null });
      world.downCells.clear();
      expect((await rig.scrape()).complete).to.equal(true);
    });
  }

  it('speaks 2.47 to a Nova that is too old for 2.69, and finds that out once', async () => {
    const { rig } = await stage('domain_admin', { cloud: { maxMicroversion: '2.60' } });
    expect((await rig.scrape()).totals).to.include({ vcpus: 7 });
    rig.sim.clear();
    expect((await rig.scrape()).totals).to.include({ vcpus: 7 });
    expect(rig.sim.calls.map(({ microversion, status }) => [microversion, status])).to.deep.equal([['2.47', 200]]);
  });

  describe('a project that Keystone gives no token for', () => {
    it('is a forbidden error of its own, and the others count', async () => {
      const { rig, world, acme } = await stage('domain_lister');
      world.findUser(acme.id, 'boss')?.roles.delete(side(acme));
      const snapshot = await rig.scrape();
      expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 2, ramMb: 200 } });
      expect(of(snapshot, 'acme').errors).to.have.length(1);
      expect(of(snapshot, 'acme').errors[0]).to.include({ stage: 'servers', reason: 'forbidden', status: 401 });
      expect(of(snapshot, 'acme').errors[0]?.message).to.contain('"side"');
    });

    it('costs one new login at first, none later, and is well once it may be seen', async () => {
      const { rig, world, acme } = await stage('domain_lister');
      world.findUser(acme.id, 'boss')?.roles.delete(side(acme));
      const logins = [];
      for (let scrape = 0; scrape < 3; scrape += 1) {
        await rig.scrape();
        logins.push(rig.sim.counts.login);
      }
      expect(logins).to.deep.equal([2, 2, 2]);
      world.findUser(acme.id, 'boss')?.roles.set(side(acme), 'domain_lister');
      const snapshot = await rig.scrape();
      expect(snapshot.complete).to.equal(true);
      expect(snapshot.totals).to.include({ vcpus: 7 });
    });
  });

  it('keeps what one project brought when another one fails', async () => {
    const { rig, acme } = await stage('member');
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', projectId: side(acme) });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 2, ramMb: 200 } });
    expect(of(snapshot, 'acme').errors).to.have.length(1);
    expect(of(snapshot, 'acme').errors[0]).to.include({ reason: 'unavailable', status: 500, count: 1 });
  });

  it('keeps the pages before the one that failed, and says so', async () => {
    const { rig, world, acme } = await stage('domain_admin', { cloud: { maxLimit: 1 } });
    world.addServer({ projectId: side(acme), vcpus: 3, ramMb: 300 });
    await rig.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', page: 'later' });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 3, ramMb: 300 } });
    expect(inUse(world, acme.id, 'allocated').vcpus).to.equal(10);
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers unavailable']);
  });

  it('logs a project that is gone', async () => {
    const { rig, world, acme } = await stage('member');
    await rig.scrape();
    world.removeProject(side(acme));
    await rig.scrape();
    await rig.scrape();
    const gone = rig.log.lines.filter(({ message }) => message === 'a project is gone');
    expect(gone.map(({ fields }) => fields['project'])).to.deep.equal(['side']);
  });

  it('counts a list that Keystone cut short, and says that it is not whole', async () => {
    const { rig, world, acme } = await stage('domain_lister', { cloud: { projectListLimit: 2 } });
    world.addServer({ projectId: addProject(world, acme, 'third'), vcpus: 30 });
    const snapshot = await rig.scrape();
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 7, ramMb: 700 } });
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['projects incomplete']);
  });
});
