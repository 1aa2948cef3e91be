import { setImmediate } from 'node:timers/promises';

import { expect } from 'chai';
import { closeRigs } from '../helpers/rig.js';
import {
  ALL,
  ASKED,
  CHANGES,
  changesOf,
  editRows,
  listing,
  many,
  NEWS,
  picked,
  PROJECTS,
  PROOF,
  report,
  START,
  startScene,
  WHOLE,
  type TenantScene,
} from './tenant-scene.js';

const COLD = [...START, PROOF];

/** A project in which the user has no role: 3 servers of 11 vCPUs. */
function addAlone({ world, acme }: TenantScene, name: string): void {
  const { id: projectId } = world.addProject({ domainId: acme.id, name });
  world.addServers(3, { projectId, vcpus: 11, ramMb: 1 });
}

/** A server that Nova has no more, but its report has. */
function addGhost(scene: TenantScene, project: string): void {
  const ghost = { instance_id: 'ghost', state: 'active', vcpus: 1, memory_mb: 1 };
  scene.edit(
    new RegExp(`^usage ${project}$`),
    editRows('server_usages', (rows) => [...rows, ghost]),
  );
  scene.edit(/^server vm/, (answer) => ({ ...answer, status: 200, body: '{"server": {}}' }));
}

describe('a domain whose projects are picked out of a cloud', () => {
  afterEach(closeRigs);

  it('has right figures, with an error, from the projects that are known where Keystone can’t list them', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.world.addServer({ projectId: scene.id('p1'), vcpus: 5, ramMb: 1 });
    scene.refuse(/^projects/, 500);
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      const { acme, errors, calls } = await scene.look();
      expect(errors).to.deep.equal(['projects unavailable']);
      expect(acme).to.deep.include({ result: 'partial', strategy: 'cloud-list', usage: { vcpus: 25, ramMb: 31 } });
      expect(calls).to.deep.equal([`${PROJECTS} 500`, ...NEWS]);
    }
    scene.mend();
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('has right figures, with an error, where Keystone can’t list its projects while they are read in full', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.pass(31);
    scene.refuse(/^projects/, 500);
    expect(await scene.scrape('projects unavailable')).to.have.members([`${PROJECTS} 500`, ...picked(...ALL)]);
    scene.mend();
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  for (const [what, more, lost] of [
    ['has no role in one of them', ['alone'], ['projects incomplete']],
    ['has a role in each of them', [], []],
  ] as const) {
    it(`is not complete where its user may not list all projects of the domain any more, and ${what}`, async () => {
      const scene = await startScene();
      for (const name of more) addAlone(scene, name);
      await scene.scrape();
      scene.refuse(/^projects/, 403);
      for (const asked of [WHOLE, CHANGES, CHANGES]) {
        const { acme, errors, calls } = await scene.look();
        expect(errors).to.deep.equal([...lost, 'servers incomplete']);
        expect(acme).to.deep.include({ result: 'partial', usage: { vcpus: 20, ramMb: 30 } });
        expect(calls).to.have.members([`${PROJECTS} 403`, 'authProjects', asked, 'authProjects']);
      }
      scene.mend();
      expect(await scene.scrape()).to.have.members([PROJECTS, WHOLE, PROJECTS]);
      await scene.expectWholeForAnHour([...ALL, ...more]);
    });
  }

  it('is picked still in the next scrape where a client left in the midst', async () => {
    const scene = await startScene();
    const { rig } = scene;
    await scene.scrape();
    const client = new AbortController();
    const left = new Promise<void>((resolve) => {
      scene.edit(/changes-since/, (answer) => {
        client.abort();
        resolve();
        return answer;
      });
    });
    void rig.collector.snapshot(rig.list, 15_000, client.signal);
    await left;
    // What it cut off ends in this turn.
    await setImmediate();
    scene.mend();
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  for (const [what, cut] of [
    ['a project was listed', /project_id=p2$/],
    ['the report of one was read', /^usage p2$/],
  ] as const) {
    it(`is picked still in the next scrape where time was up while ${what}`, async () => {
      const scene = await startScene({ settings: { requestConcurrency: 1, domainConcurrency: 1 } });
      scene.edit(cut, (answer) => {
        scene.rig.collector.answerNow();
        return answer;
      });
      const { acme, errors, calls } = await scene.look();
      expect(errors).to.deep.equal(['servers timeout']);
      expect(acme).to.deep.include({ result: 'partial', usage: { vcpus: 8, ramMb: 12 } });
      expect(calls.at(-1)).to.match(cut);
      await setImmediate();
      scene.mend();
      const known = ['main', 'p1'].map(changesOf);
      expect(await scene.scrape()).to.have.members([PROJECTS, ...known, ...picked('p2', 'p3', 'p4')]);
      expect(await scene.scrape()).to.deep.equal(ASKED);
    });
  }

  it('is picked still in the next scrape where time was up while Keystone listed its projects', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.edit(/^projects/, (answer) => {
      scene.rig.collector.answerNow();
      return answer;
    });
    const { acme, errors, calls } = await scene.look();
    expect(errors).to.deep.equal(['projects timeout']);
    expect(acme).to.deep.include({ result: 'failed', usage: null });
    expect(calls).to.deep.equal([PROJECTS]);
    await setImmediate();
    scene.mend();
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('has right figures where its token comes of age between a listing and the report', async () => {
    const scene = await startScene({ cloud: { tokenSeconds: 3600 } });
    await scene.scrape();
    scene.pass(41);
    scene.clock.advance(58_000);
    scene.edit(/project_id=\w+$/, (answer) => {
      scene.clock.advance(1000);
      return answer;
    });
    expect(await scene.scrape()).to.have.members([PROJECTS, 'login', ...picked(...ALL)]);
    scene.mend();
    // What came of two logins is not believed for longer.
    expect(await scene.scrape()).to.have.members([PROJECTS, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('has right figures where its token is taken away just after its projects were read', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.pass(31);
    scene.edit(/^projects/, (answer) => {
      scene.rig.sim.revokeTokens();
      return answer;
    });
    const refused = ALL.map((id) => `/ ${listing(id)} 401`);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...refused, 'login', ...picked(...ALL)]);
    scene.mend();
    expect(await scene.scrape()).to.have.members([PROJECTS, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('is listed as a whole for an hour where a page of a project is refused, since its marker is gone', async () => {
    const scene = await startScene({ cloud: { maxLimit: 20 } });
    scene.world.addServers(25, { projectId: scene.id('p1') });
    scene.world.addServers(50, { projectId: scene.stranger.projects['x1']! });
    scene.pass(10);
    scene.rig.sim.faults.add({ kind: 'status', status: 400, route: 'servers', page: 'later', times: 1 });
    const calls = await scene.scrape();
    const pages = Array.from({ length: 6 }, () => `${WHOLE}&marker`);
    const asked = picked(...ALL.filter((id) => id !== 'p1'));
    const refused = [listing('p1'), `${listing('p1')}&marker 400`];
    expect(calls).to.have.members([...COLD, ...asked, ...refused, WHOLE, ...pages, PROJECTS]);
    expect(await scene.scrape()).to.deep.equal([CHANGES]);
  });

  for (const [where, witness] of [
    ['main', 'vm-2'],
    ['p1', 'vm-4'],
  ] as const) {
    const whose = where === 'main' ? 'the login’s own project' : 'another project';
    it(`has a server of ${whose} that only the report has, for ever, looked up once for each full listing`, async () => {
      const scene = await startScene();
      addGhost(scene, where);
      const shown = [`server ${witness}`, 'server ghost 404'];
      expect(await scene.scrape()).to.have.members([...COLD, ...picked(...ALL), ...shown]);
      expect(await scene.scrape()).to.deep.equal(ASKED);
      scene.pass(12);
      expect(await scene.scrape()).to.have.members([PROJECTS, ...ALL.flatMap(report)]);
      scene.pass(31);
      expect(await scene.scrape()).to.have.members([PROJECTS, ...picked(...ALL), ...shown]);
    });
  }

  it('is listed as a whole where only the report has a server of a project that is empty', async () => {
    const scene = await startScene();
    for (const { id } of scene.world.servers.ofProject(scene.id('p4'))) scene.world.removeServer(id);
    addGhost(scene, 'p4');
    expect(await scene.scrape()).to.have.members([...COLD, ...picked(...ALL), WHOLE, PROJECTS]);
    scene.mend();
    await scene.expectWholeForAnHour();
  });

  it('has one project fail alone, and listed anew in the next scrape', async () => {
    const scene = await startScene({ projects: many(6) });
    scene.refuse(/project_id=p1$/, 500);
    const { acme, errors } = await scene.look();
    expect(errors).to.deep.equal(['servers unavailable']);
    expect(acme).to.deep.include({ result: 'partial', usage: { vcpus: 20, ramMb: 30 } });
    scene.mend();
    expect(await scene.scrape()).to.have.members([...ASKED, ...picked('p1')]);
  });

  it('is asked about each project alone for an hour where it did not tell what changed in all', async () => {
    const scene = await startScene();
    await scene.scrape();
    scene.rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', times: 1 });
    const alone = ALL.map(changesOf);
    expect(await scene.scrape()).to.have.members([PROJECTS, `${NEWS[0]} 500`, ...alone]);
    scene.pass(11);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...alone]);
    scene.pass(49);
    await scene.scrape();
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });
});
