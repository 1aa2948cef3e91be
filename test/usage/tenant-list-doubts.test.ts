import { expect } from 'chai';
import type { Fault } from '../../src/simulator/server.js';
import { closeRigs } from '../helpers/rig.js';
import {
  ALL,
  ASKED,
  CHANGES,
  editRows,
  listing,
  picked,
  PROJECTS,
  PROOF,
  ROWS,
  START,
  startScene,
  WHOLE,
  type Row,
} from './tenant-scene.js';

const COLD = [...START, PROOF];

describe('a cloud of which a domain’s projects are picked', () => {
  afterEach(closeRigs);

  describe('is listed as a whole in the same scrape, and for an hour, where', () => {
    const refusals: Record<string, Fault> = {
      ...Object.fromEntries(
        [403, 404, 500, 501].map((status) => [
          `the usage report is answered by ${status}`,
          { kind: 'status', status, route: 'usage' },
        ]),
      ),
      'the usage report is none': { kind: 'body', body: '{}', route: 'usage' },
    };
    for (const [title, fault] of Object.entries(refusals)) {
      it(title, async () => {
        const scene = await startScene();
        scene.rig.sim.faults.add(fault);
        const refused = fault.kind === 'status' ? ` ${fault.status}` : '';
        const asked = ALL.flatMap((id) => [listing(id), `usage ${id}${refused}`]);
        expect(await scene.scrape()).to.have.members([...COLD, ...asked, WHOLE, PROJECTS]);
        scene.mend();
        await scene.expectWholeForAnHour();
      });
    }

    const edits: Record<string, [of: 'servers' | 'server_usages', edit: (rows: Row[]) => unknown, asked?: string[]]> = {
      'a project’s listing lacks a server, and Nova has it': ['servers', (rows) => rows.slice(1), ['vm-3', 'vm-4']],
      'a project’s listing shows nothing': ['servers', () => []],
      'a project’s listing has a server of another size': [
        'servers',
        (rows) => rows.map((row) => ({ ...row, flavor: { ...row.flavor, vcpus: 9 } })),
      ],
      'the report lacks a server': ['server_usages', (rows) => rows.slice(1)],
      'the report has nothing': ['server_usages', () => []],
    };
    for (const [title, [key, edit, asked = []]] of Object.entries(edits)) {
      it(title, async () => {
        const scene = await startScene();
        scene.rig.sim.faults.add({ kind: 'body', body: '{"server": {}}', route: 'unknown' });
        scene.edit(key === 'servers' ? /project_id=p1$/ : /^usage p1$/, editRows(key, edit));
        const shown = asked.map((name) => `server ${name}`);
        expect(await scene.scrape()).to.have.members([...COLD, ...picked(...ALL), ...shown, WHOLE, PROJECTS]);
        scene.mend();
        await scene.expectWholeForAnHour();
      });
    }

    it('a project’s listing lacks a server, and Nova shows none by its id', async () => {
      const scene = await startScene();
      scene.edit(
        /project_id=p1$/,
        editRows('servers', (rows) => rows.slice(1)),
      );
      const shown = ['server vm-3 404', WHOLE, PROJECTS];
      expect(await scene.scrape()).to.have.members([...COLD, ...picked(...ALL), ...shown]);
      scene.mend();
      await scene.expectWholeForAnHour();
    });

    it('Nova shows servers of others among those of a project', async () => {
      const scene = await startScene();
      scene.edit(
        /project_id=p1$/,
        editRows('servers', (rows) => [...rows, { ...rows[0], id: 'other', tenant_id: scene.stranger.projects['x1'] }]),
      );
      const asked = [...picked(...ALL.filter((id) => id !== 'p1')), listing('p1')];
      expect(await scene.scrape()).to.have.members([...COLD, ...asked, WHOLE, PROJECTS]);
      scene.mend();
      await scene.expectWholeForAnHour();
    });

    it('a server was never launched, and is neither being built nor failed', async () => {
      const scene = await startScene();
      const { id } = scene.world.addServer({ projectId: scene.id('p1'), launchedAt: null });
      scene.pass(10);
      const asked = [...picked(...ALL.filter((name) => name !== 'p1')), listing('p1')];
      expect(await scene.scrape()).to.have.members([...COLD, ...asked, WHOLE, PROJECTS]);
      scene.world.changeServer(id, { launchedAt: '2026-01-01T00:00:00Z' });
      await scene.expectWholeForAnHour();
    });

    for (const status of [400, 403, 429]) {
      it(`one project’s listing is answered by ${status}`, async () => {
        const scene = await startScene();
        scene.refuse(/project_id=p1$/, status);
        const refused = `${listing('p1')} ${status}`;
        const asked = picked(...ALL.filter((id) => id !== 'p1'));
        const repeated = status === 429 ? [refused] : [];
        expect(await scene.scrape()).to.have.members([...COLD, refused, ...repeated, ...asked, WHOLE, PROJECTS]);
        scene.mend();
        await scene.expectWholeForAnHour();
      });
    }

    it('Nova wants to be left alone with reports', async () => {
      const scene = await startScene();
      scene.refuse(/^usage/, 429);
      const refused = ALL.map((id) => `usage ${id} 429`);
      // Each is repeated once.
      const asked = [...ALL.map(listing), ...refused, ...refused];
      expect(await scene.scrape()).to.have.members([...COLD, ...asked, WHOLE, PROJECTS]);
      scene.mend();
      await scene.expectWholeForAnHour();
    });

    it('the report does not come in half of the time that is left', async () => {
      const scene = await startScene();
      const { rig } = scene;
      rig.sim.faults.add({ kind: 'hang', route: 'usage' });
      const snapshot = await rig.scrape(1000);
      scene.expectRight(snapshot, scene.acme);
      const asked = ALL.flatMap((id) => [listing(id), `usage ${id} null`]);
      expect(scene.calls()).to.have.members([...COLD, ...asked, WHOLE, PROJECTS]);
      scene.mend();
      await scene.expectWholeForAnHour();
    });

    it('what failed before of one project is not told, since the whole listing has it', async () => {
      const scene = await startScene({ settings: { requestConcurrency: 1, domainConcurrency: 1 } });
      scene.refuse(/project_id=main$/, 500);
      scene.refuse(/^usage/, 403);
      const calls = await scene.scrape();
      expect(calls).to.include.members([`${listing('main')} 500`, listing('p1'), 'usage p1 403', WHOLE]);
      scene.mend();
      await scene.expectWholeForAnHour();
    });
  });

  it('is listed as a whole for an hour where Nova tells of no changes', async () => {
    const scene = await startScene();
    const { sim } = scene.rig;
    scene.refuse(/changes-since/, 400);
    const asked = picked(...ALL).map((call) => (call.includes('changes-since') ? `${call} 400` : call));
    expect(await scene.scrape()).to.have.members([...COLD, ...asked, WHOLE, PROJECTS]);
    expect(await scene.scrape()).to.deep.equal([`${CHANGES} 400`, WHOLE]);
    scene.mend();
    // A new login changes nothing of that.
    sim.revokeTokens();
    expect(await scene.scrape()).to.have.members([`/ ${WHOLE} 401`, 'login', WHOLE]);
    scene.pass(59);
    expect(await scene.scrape()).to.deep.equal([PROJECTS, WHOLE]);
    scene.pass(1);
    expect(await scene.scrape()).to.have.members([PROJECTS, ROWS, PROOF, ...picked(...ALL)]);
  });

  it('is not picked as long as Nova is not asked for changes, since it told of none', async () => {
    const scene = await startScene();
    scene.refuse(/^usage/, 403);
    await scene.scrape();
    scene.pass(5);
    scene.refuse(/changes-since/, 400);
    expect(await scene.scrape()).to.deep.equal([`${CHANGES} 400`, WHOLE]);
    scene.mend();
    scene.pass(59);
    expect(await scene.scrape()).to.deep.equal([WHOLE]);
    scene.pass(1);
    expect(await scene.scrape()).to.have.members([PROJECTS, ROWS, PROOF, ...picked(...ALL)]);
  });

  it('is not complete while a cell is down, and picked again in an hour when it is up', async () => {
    const scene = await startScene();
    const { world } = scene;
    world.addServers(2, { projectId: scene.id('p1'), cell: 'cell2', vcpus: 50, ramMb: 1 });
    world.downCells.add('cell2');
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      const { acme, errors, calls } = await scene.look();
      expect(errors).to.deep.equal(['servers incomplete']);
      expect(acme.usage).to.deep.equal({ vcpus: 20, ramMb: 30 });
      if (scrape === 2) expect(calls).to.deep.equal([WHOLE]);
    }
    world.downCells.clear();
    expect(await scene.scrape()).to.deep.equal([WHOLE]);
    await scene.expectWholeForAnHour();
  });

  it('has servers of a cell that goes down counted, until the report is due and they are found to be missing', async () => {
    const scene = await startScene();
    const { world } = scene;
    world.addServers(2, { projectId: scene.id('p1'), cell: 'cell2', vcpus: 50, ramMb: 1 });
    await scene.scrape();
    world.downCells.add('cell2');
    expect(await scene.scrape()).to.deep.equal(ASKED);
    scene.pass(12);
    const { acme, errors, calls } = await scene.look();
    expect(errors).to.deep.equal(['servers incomplete']);
    expect(acme.usage).to.deep.equal({ vcpus: 20, ramMb: 30 });
    const refused = ALL.map((id) => `usage ${id} 500`);
    expect(calls).to.have.members([PROJECTS, ...refused, ...ALL.map(listing), ...refused, WHOLE, PROJECTS]);
  });

  it('has what is confirmed counted with what changed while it was listed', async () => {
    const scene = await startScene();
    const { world, rig } = scene;
    const projectId = scene.id('p1');
    scene.edit(/(project_id=p1|^usage p1)$/, (answer) => {
      world.addServer({ projectId, vcpus: 5 });
      const old = world.servers.ofProject(projectId).find(({ status }) => status === 'ACTIVE');
      world.changeServer(old!.id, { status: 'DELETED' });
      return answer;
    });
    expect(await scene.scrape()).to.have.members([...COLD, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await rig.scrape()).totals).to.deep.equal({ vcpus: 26, ramMb: 1048, servers: 10 });
  });

  it('has servers counted that its listing lacks, their cell being down at the time, and that just changed', async () => {
    const scene = await startScene();
    const { world, rig } = scene;
    for (const { id } of world.servers.ofProject(scene.id('p1'))) world.changeServer(id, { cell: 'cell2' });
    scene.edit(
      /project_id=p1$/,
      editRows('servers', () => []),
    );
    expect(await scene.scrape()).to.have.members([...COLD, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await rig.scrape()).totals).to.deep.equal({ vcpus: 20, ramMb: 30, servers: 10 });
  });
});
