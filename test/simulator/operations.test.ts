import { expect } from 'chai';
import { Operations } from '../../src/simulator/operations.js';
import { get, login, stage, type Stage, stopAll } from './client.js';

const SMALL = { flavorName: 'small', vcpus: 1, ramMb: 512, diskGb: 1 };
const LARGE = { flavorName: 'large', vcpus: 8, ramMb: 8192, diskGb: 80 };

describe('simulator: operations', () => {
  let cloud: Stage;
  let token: string;
  let ops: Operations;

  /** `STATUS vcpus` of each row that an answer has. */
  async function rows(query: string): Promise<string[]> {
    const { json } = await get(`${cloud.sim.computeUrl}/servers/detail?${query}`, token, '2.69');
    return json.servers.map(({ status, flavor }) => `${status} ${String(flavor['vcpus'])}`);
  }

  /** What it leaves in the list, and among the changes since just before it. */
  async function traceOf(operation: () => unknown): Promise<{ listed: string[]; changed: string[] }> {
    cloud.world.advance(10_000);
    const since = new Date(cloud.world.now).toISOString();
    operation();
    return { listed: await rows(''), changed: await rows(`changes-since=${since}`) };
  }

  /** The operation shows as one row, in the list as among the changes. */
  async function expectRow(operation: () => unknown, row: string): Promise<void> {
    expect(await traceOf(operation)).to.deep.equal({ listed: [row], changed: [row] });
  }

  function boot(): string {
    return ops.boot({ projectId: cloud.acme.main, ...SMALL }).id;
  }

  function running(): string {
    const id = boot();
    ops.schedule(id);
    ops.activate(id);
    return id;
  }

  beforeEach(async () => {
    cloud = await stage('member');
    for (const { id } of cloud.world.servers.ofProject(cloud.acme.main)) cloud.world.removeServer(id);
    ops = new Operations(cloud.world);
    token = await login(cloud.sim, cloud.acme.id);
  });
  afterEach(stopAll);

  it('make a server: a build request, a BUILD in a cell, ACTIVE', async () => {
    let id = '';
    await expectRow(() => (id = boot()), 'BUILD 1');
    expect(cloud.world.usage(cloud.acme.main).servers, 'which the quota counter does not see').to.equal(0);
    await expectRow(() => ops.schedule(id, 'cell2'), 'BUILD 1');
    expect(cloud.world.usage(cloud.acme.main).servers).to.equal(1);
    await expectRow(() => ops.activate(id), 'ACTIVE 1');
    expect(cloud.world.servers.get(id)).to.include({ cell: 'cell2', launchedAt: '2026-01-01T00:00:36Z' });
  });

  it('show no change while a server is in a cell where no host has touched it', async () => {
    const id = boot();
    expect(await traceOf(() => ops.assign(id))).to.deep.equal({ listed: ['BUILD 1'], changed: [] });
    expect(await rows('changes-since=2000')).to.deep.equal([]);
    expect(await rows('status=BUILD')).to.deep.equal(['BUILD 1']);
    await expectRow(() => ops.schedule(id), 'BUILD 1');
  });

  it('bury a server that no host takes, never launched', async () => {
    const id = boot();
    await expectRow(() => ops.noHost(id), 'ERROR 1');
    expect(cloud.world.servers.get(id)).to.include({ launchedAt: null, cell: 'cell0' });
    expect(await traceOf(() => ops.destroy(id))).to.deep.equal({ listed: [], changed: ['DELETED 1'] });
  });

  it('stop, start, reboot, pause and rebuild', async () => {
    const id = running();
    await expectRow(() => ops.stop(id), 'SHUTOFF 1');
    await expectRow(() => ops.start(id), 'ACTIVE 1');
    await expectRow(() => ops.reboot(id), 'REBOOT 1');
    await expectRow(() => ops.rebooted(id), 'ACTIVE 1');
    await expectRow(() => ops.pause(id), 'PAUSED 1');
    await expectRow(() => ops.unpause(id), 'ACTIVE 1');
    await expectRow(() => ops.rebuild(id), 'REBUILD 1');
    await expectRow(() => ops.rebuilt(id), 'ACTIVE 1');
    ops.stop(id);
    await expectRow(() => ops.reboot(id, 'hard'), 'HARD_REBOOT 1');
    await expectRow(() => ops.rebooted(id), 'ACTIVE 1');
  });

  it('resize to the new flavor at once, and revert to the old one', async () => {
    const id = running();
    await expectRow(() => ops.resize(id, LARGE), 'VERIFY_RESIZE 8');
    await expectRow(() => ops.revert(id), 'ACTIVE 1');
    expect(cloud.world.servers.get(id)).to.include(SMALL);
    await expectRow(() => ops.resize(id, LARGE), 'VERIFY_RESIZE 8');
    await expectRow(() => ops.confirm(id), 'ACTIVE 8');
    ops.stop(id);
    ops.resize(id, SMALL);
    await expectRow(() => ops.confirm(id), 'SHUTOFF 1');
  });

  it('confirm a resize that was there from the first, but know of no way back', async () => {
    const { id } = cloud.world.addServer({ projectId: cloud.acme.main, status: 'VERIFY_RESIZE' });
    expect(() => ops.revert(id)).to.throw(`server ${id} can't be reverted: its old flavor is not known`);
    await expectRow(() => ops.confirm(id), 'ACTIVE 1');
  });

  it('shelve and unshelve, the flavor kept', async () => {
    const id = running();
    await expectRow(() => ops.shelve(id), 'SHELVED_OFFLOADED 1');
    await expectRow(() => ops.unshelve(id), 'ACTIVE 1');
  });

  it('delete softly, restore, and delete for good', async () => {
    const id = running();
    expect(await traceOf(() => ops.softDelete(id))).to.deep.equal({ listed: [], changed: ['SOFT_DELETED 1'] });
    await expectRow(() => ops.restore(id), 'ACTIVE 1');
    ops.softDelete(id);
    expect(await traceOf(() => ops.destroy(id))).to.deep.equal({ listed: [], changed: ['DELETED 1'] });
  });

  it('delete a build request without a trace, and a BUILD in a cell with one', async () => {
    const id = boot();
    expect(await traceOf(() => ops.destroy(id))).to.deep.equal({ listed: [], changed: [] });
    expect(await rows('changes-since=2000')).to.deep.equal([]);
    const later = boot();
    ops.schedule(later);
    expect(await traceOf(() => ops.destroy(later))).to.deep.equal({ listed: [], changed: ['DELETED 1'] });
  });

  it('archive deleted rows, so that they are not even markers any more', async () => {
    const old = running();
    ops.destroy(old);
    cloud.world.advance(60_000);
    const middle = cloud.world.now;
    const young = running();
    ops.destroy(young);
    const kept = running();
    const marker = `${cloud.sim.computeUrl}/servers?marker=${old}`;
    expect((await get(marker, token)).status).to.equal(200);
    expect(ops.archive(middle)).to.deep.equal([old]);
    expect((await get(marker, token)).status).to.equal(400);
    expect(await rows('changes-since=2000')).to.deep.equal(['ACTIVE 1', 'DELETED 1']);
    ops.softDelete(kept);
    expect(ops.archive()).to.deep.equal([young]);
    expect(await rows('changes-since=2000')).to.deep.equal(['SOFT_DELETED 1']);
  });

  it('tag a server without a trace', async () => {
    const id = running();
    const before = cloud.world.servers.get(id)!.updated;
    expect(await traceOf(() => ops.tag(id))).to.deep.equal({ listed: ['ACTIVE 1'], changed: [] });
    expect(cloud.world.servers.get(id)!.updated).to.equal(before);
  });

  it('are refused where they make no sense, and then take no time', () => {
    const id = running();
    const asked = boot();
    const never = ops.noHost(boot()).id;
    const gone = running();
    ops.destroy(gone);
    const { now } = cloud.world;
    expect(() => ops.start(id)).to.throw(`server ${id} can't be started: it is ACTIVE`);
    expect(() => ops.schedule(id)).to.throw(`server ${id} can't be scheduled: it is ACTIVE`);
    expect(() => ops.activate(asked)).to.throw(`server ${asked} can't be activated: it is BUILD, not scheduled`);
    expect(() => ops.stop(asked)).to.throw(`server ${asked} can't be stopped: it is BUILD, never launched`);
    expect(() => ops.rebuild(never)).to.throw(`server ${never} can't be rebuilt: it is ERROR, never launched`);
    expect(() => ops.softDelete(never)).to.throw('never launched');
    expect(() => {
      ops.destroy(gone);
    }).to.throw(`server ${gone} can't be deleted: it is DELETED`);
    expect(() => ops.tag(gone)).to.throw(`server ${gone} can't be tagged: it is DELETED`);
    expect(() => ops.restore(gone)).to.throw('it is DELETED');
    expect(() => ops.confirm('none')).to.throw('no server none');
    expect(cloud.world.now).to.equal(now);
  });
});
