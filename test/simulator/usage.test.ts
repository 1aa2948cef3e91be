import { expect } from 'chai';
import { Operations } from '../../src/simulator/operations.js';
import { get, login, loginBody, post, type Reply, stage, type Stage, stopAll } from './client.js';

const EVER = 'start=2000-01-01T00:00:00';

describe('simulator: usage', () => {
  let cloud: Stage;
  let token: string;
  let operations: Operations;

  const usage = (query: string, version = '2.69', project = cloud.acme.main): Promise<Reply> =>
    get(`${cloud.sim.computeUrl}/os-simple-tenant-usage/${project}?${query}`, token, version);
  const usages = (query: string, version = '2.69'): Promise<Reply> =>
    get(`${cloud.sim.computeUrl}/os-simple-tenant-usage?${query}`, token, version);
  const said = async (reply: Promise<Reply>): Promise<unknown> => {
    const { status, json } = await reply;
    return [status, (Object.values(json) as { message: string }[])[0]!.message];
  };
  async function states(query = EVER): Promise<Record<string, string>> {
    const { json } = await usage(query);
    const rows = json.tenant_usage.server_usages ?? [];
    return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
  }
  const add = (name: string, input: object = {}): string =>
    cloud.world.addServer({ projectId: cloud.acme.main, name, ...input }).id;

  async function begin(role: string): Promise<void> {
    cloud = await stage(role);
    token = await login(cloud.sim, cloud.acme.id);
    operations = new Operations(cloud.world);
  }
  beforeEach(() => begin('member'));
  afterEach(stopAll);

  it('of a project is always in detail: what it had in the period, and how long, with the totals', async () => {
    const created = '2025-12-31T22:00:00Z';
    const flavor = { flavorName: 's1.odd', vcpus: 4, ramMb: 1024, diskGb: 20 };
    const id = add('gone', { id: 'ffffffff-0000-4000-8000-000000000000', created, ...flavor });
    operations.destroy(id);
    cloud.world.advance(3_595_500);
    const { json, status } = await usage('start=2025-12-31T23:30:00&end=2026-01-01T00:00:20');
    const [own] = cloud.world.servers.ofProject(cloud.acme.main);
    const hours = [20 / 3600, 1805 / 3600] as const;
    const common = { tenant_id: cloud.acme.main };
    expect(status).to.equal(200);
    expect(json).to.deep.equal({
      tenant_usage: {
        ...common,
        server_usages: [
          {
            ...{ ...common, hours: hours[0], flavor: 's1.tiny', instance_id: own!.id, name: 'acme-main' },
            ...{ memory_mb: 4096, local_gb: 1, vcpus: 2, started_at: '2026-01-01T00:00:00.000000', ended_at: null },
            ...{ state: 'active', uptime: 3601 },
          },
          {
            ...{ ...common, hours: hours[1], flavor: 's1.odd', instance_id: id, name: 'gone' },
            ...{ memory_mb: 1024, local_gb: 20, vcpus: 4, started_at: '2025-12-31T22:00:00.000000' },
            ...{ ended_at: '2026-01-01T00:00:05.000000', state: 'terminated', uptime: 7205 },
          },
        ],
        total_local_gb_usage: hours[0] + 20 * hours[1],
        total_vcpus_usage: 2 * hours[0] + 4 * hours[1],
        total_memory_mb_usage: 4096 * hours[0] + 1024 * hours[1],
        total_hours: hours[0] + hours[1],
        start: '2025-12-31T23:30:00.000000',
        stop: '2026-01-01T00:00:20.000000',
      },
    });
  });

  it('has the states of the database, and nothing that was never launched or is archived', async () => {
    const kinds = ['SHUTOFF', 'PAUSED', 'SUSPENDED', 'RESCUE', 'VERIFY_RESIZE', 'ERROR', 'SHELVED_OFFLOADED'];
    for (const status of [...kinds, 'SHELVED', 'SOFT_DELETED', 'REBOOT', 'BUILD']) add(status, { status });
    add('rebuilt by evacuation', { status: 'BUILD', launchedAt: '2026-01-01T00:00:00Z' });
    add('no host', { status: 'ERROR', launchedAt: null });
    operations.boot({ projectId: cloud.acme.main, name: 'asked for' });
    operations.destroy(add('gone'));
    const known = {
      ...{ 'acme-main': 'active', SHUTOFF: 'stopped', PAUSED: 'paused', SUSPENDED: 'suspended', RESCUE: 'rescued' },
      ...{ VERIFY_RESIZE: 'resized', ERROR: 'error', SHELVED_OFFLOADED: 'shelved_offloaded', SHELVED: 'shelved' },
      ...{ SOFT_DELETED: 'soft-delete', REBOOT: 'active', 'rebuilt by evacuation': 'building' },
    };
    expect(await states()).to.deep.equal({ ...known, gone: 'terminated' });
    operations.archive();
    expect(await states()).to.deep.equal(known);
  });

  it('of a period has what was launched before its end and not terminated before its start, by whole seconds', async () => {
    cloud.world.advance(6000);
    const id = add('late');
    cloud.world.advance(9000);
    operations.destroy(id);
    const row = cloud.world.servers.get(id);
    expect([row!.launchedAt, row!.terminatedAt]).to.deep.equal(['2026-01-01T00:00:10Z', '2026-01-01T00:00:20Z']);
    const has = async (query: string): Promise<boolean> => 'late' in (await states(query));
    expect(await has(`${EVER}&end=2026-01-01T00:00:10.999999`)).to.equal(false);
    expect(await has(`${EVER}&end=2026-01-01T00:00:11`)).to.equal(true);
    expect(await has('start=2026-01-01T00:00:19.9')).to.equal(true);
    expect(await has('start=2026-01-01T00:00:20')).to.equal(false);
    cloud.world.changeServer(id, {});
    expect(cloud.world.servers.get(id)!.terminatedAt, 'its end stays').to.equal('2026-01-01T00:00:20Z');
  });

  it('ends now at the latest, and is of now alone without a time', async () => {
    const stop = '2026-01-01T00:00:04.000000';
    for (const query of [EVER, `${EVER}&end=2100-01-01T00:00:00`, `start=&${EVER}&end=`]) {
      expect((await usage(query)).json.tenant_usage, query).to.include({ start: '2000-01-01T00:00:00.000000', stop });
    }
    expect((await usage('')).json.tenant_usage).to.include({ start: stop, stop, total_hours: 0 });
    expect((await usage('end=2100-01-01T00:00:00')).json.tenant_usage).to.include({ start: stop, stop });
    const ahead = await usage('start=2026-01-01T01:00:04&end=2026-01-01T02:00:00');
    expect(ahead.json.tenant_usage, 'Nova counts back from the future').to.include({ stop, total_hours: -1 });
  });

  it('refuses times in Nova’s words', async () => {
    const bad = [400, 'Invalid datetime string: Datetime is in invalid format'];
    for (const time of ['2000-01-01T00:00:00Z', '2000-01-01', '2000-01-01 00:00:00', '2000-02-30T00:00:00', 'x']) {
      expect(await said(usage(`start=${time}`)), time).to.deep.equal(bad);
      expect(await said(usage(`${EVER}&end=${time}`)), time).to.deep.equal(bad);
    }
    const late = [400, 'Invalid start time. The start time cannot occur after the end time.'];
    expect(await said(usage(`${EVER}&end=2000-01-01T00:00:00.0`))).to.deep.equal(late);
    expect(await said(usage('start=2027-01-01T00:00:00'))).to.deep.equal(late);
    expect((await usage('start=0999-12-31T23:59:59')).status).to.equal(500);
  });

  it('is for a project’s own people, and all of it for administrators', async () => {
    const rule = "Policy doesn't allow os_compute_api:os-simple-tenant-usage";
    for (const role of ['member', 'domain_admin']) {
      await begin(role);
      expect(await said(usages('start=x'))).to.deep.equal([403, `${rule}:list to be performed.`]);
      const other = [403, `${rule}:show to be performed.`];
      expect(await said(usage('start=x', '2.69', cloud.acme.side))).to.deep.equal(other);
      expect((await usage('limit=x', '2.69', cloud.acme.side)).status, 'looked at before').to.equal(400);
    }
    const { auth } = loginBody(cloud.acme.id) as { auth: { identity: unknown } };
    const unscoped = await post(`${cloud.sim.authUrl}/auth/tokens`, { auth: { identity: auth.identity } });
    token = unscoped.headers.get('x-subject-token')!;
    expect(await said(usage(EVER))).to.deep.equal([403, `${rule}:show to be performed.`]);
    expect(await said(usages(EVER))).to.deep.equal([403, `${rule}:list to be performed.`]);
    await begin('admin');
    expect((await usage(EVER, '2.69', cloud.globex.side)).json.tenant_usage.server_usages).to.have.length(1);
    expect((await usage(EVER, '2.69', 'nowhere')).json).to.deep.equal({ tenant_usage: {} });
    expect((await usages(`${EVER}&end=2000-01-02T00:00:00`)).json).to.deep.equal({ tenant_usages: [] });
    const all = (await usages(EVER)).json.tenant_usages!;
    const projects = [cloud.acme.main, cloud.acme.side, cloud.globex.main, cloud.globex.side].sort();
    expect(all.map(({ tenant_id: id }) => id)).to.deep.equal(projects);
    expect(all[0]).not.to.have.property('server_usages');
    expect((await usages(`${EVER}&detailed=true`)).json.tenant_usages![0]).not.to.have.property('server_usages');
    expect((await usages(`${EVER}&detailed=1`)).json.tenant_usages![0]!.server_usages).to.have.length(1);
  });

  it('is recorded, dated and spoilt as other answers are', async () => {
    expect((await usage(EVER)).headers.get('date')).to.equal('Thu, 01 Jan 2026 00:00:04 GMT');
    cloud.sim.faults.add({ kind: 'status', status: 502, route: 'usage', page: 'later' });
    expect((await usage(EVER)).status).to.equal(200);
    expect((await usage(`${EVER}&marker=x`)).status).to.equal(502);
    expect(cloud.sim.counts.usage).to.equal(3);
    expect(cloud.sim.calls.at(-1)).to.include({ route: 'usage', marker: 'x', domainId: cloud.acme.id, status: 502 });
    expect(cloud.sim.unknownPaths).to.deep.equal([]);
    expect((await get(`${cloud.sim.computeUrl}/os-simple-tenant-usage/?${EVER}`, token)).status).to.equal(404);
  });
});
