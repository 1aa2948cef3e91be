import { expect } from 'chai';

import type { HttpAnswer } from '../../src/http/request.js';
import { readExistence } from '../../src/openstack/relaunched.js';
import type { ServerUsage } from '../../src/openstack/usage-report.js';
import { Bench } from './bench.js';
import { answer, fail, failure, refusal } from './fake.js';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-10-01T00:00:00Z');
const END = Date.parse('2026-10-02T00:00:00Z');
const P1 = { project: 'p1', asker: 'p1' };

/** As Nova's report has it: launched at noon of the only day. */
const reported = (id: string, change: object = {}) => ({
  ...{ instance_id: id, tenant_id: 'p1', name: id, flavor: 'm1.small', vcpus: 2, memory_mb: 4096, local_gb: 20 },
  ...{ state: 'active', started_at: '2026-10-01T12:00:00.000000', ended_at: null, hours: 12 },
  ...change,
});

/** As Nova lists it: made a month before, and launched anew at that noon. */
const listed = (id: string, change: object = {}) => ({
  ...{ id, tenant_id: 'p1', name: id, status: 'ACTIVE', created: '2026-09-01T00:00:00Z' },
  ...{ 'OS-SRV-USG:launched_at': '2026-10-01T12:00:00.000000', 'OS-SRV-USG:terminated_at': null },
  'OS-EXT-STS:vm_state': 'active',
  flavor: { original_name: 'm1.large', vcpus: 4, ram: 8192, disk: 40, ephemeral: 2 },
  ...change,
});

describe('the hours of servers that were launched anew', () => {
  let bench: Bench;
  let report: object[];
  let changed: (marker: string | null) => HttpAnswer;

  beforeEach(() => {
    bench = new Bench();
    report = [];
    changed = () => answer({ servers: [] });
    bench.onGet = ({ request }) => {
      const { pathname, searchParams } = new URL(request.url);
      const marker = searchParams.get('marker');
      if (pathname.endsWith('/servers/detail')) return changed(marker);
      const usage = {
        ...{ tenant_id: 'p1', total_hours: 1, start: '2026-10-01T00:00:00.000000', stop: '2026-10-02T00:00:00.000000' },
        server_usages: report,
      };
      const isEmpty = marker !== null || report.length === 0;
      const isAll = pathname.endsWith('/os-simple-tenant-usage');
      return answer(isAll ? { tenant_usages: isEmpty ? [] : [usage] } : { tenant_usage: isEmpty ? {} : usage });
    };
  });

  const read = async (of = P1 as Parameters<typeof readExistence>[2]): Promise<Record<string, ServerUsage[]>> =>
    Object.fromEntries((await readExistence(bench.visit(), { start: START, end: END }, of)).servers) as Record<
      string,
      ServerUsage[]
    >;
  const questions = (): string[] => bench.http.lines.filter((line) => line.includes('changes-since'));

  it('count from their making on, where the report has but those behind the last launch', async () => {
    report = [reported('a'), reported('b')];
    changed = () => answer({ servers: [listed('a')] });
    const { p1 = [] } = await read();
    expect(p1.map(({ id, hours, startedAt }) => [id, hours, new Date(startedAt).toISOString()])).to.deep.equal([
      ['a', 24, '2026-09-01T00:00:00.000Z'],
      ['b', 12, '2026-10-01T12:00:00.000Z'],
    ]);
    expect(p1[0], 'all else is the report’s').to.include({ vcpus: 2, flavor: 'm1.small', state: 'active' });
  });

  it('count where the report lacks them, since the launch was after its time', async () => {
    changed = () => answer({ servers: [listed('a', { 'OS-SRV-USG:launched_at': '2026-11-05T00:00:00.000000' })] });
    expect(await read()).to.deep.equal({
      p1: [
        {
          ...{ id: 'a', projectId: 'p1', name: 'a', flavor: 'm1.large', vcpus: 4, ramMb: 8192, localGb: 42 },
          ...{ state: 'active', startedAt: Date.parse('2026-09-01T00:00:00Z'), endedAt: null, hours: 24 },
        },
      ],
    });
  });

  it('end where the server was deleted', async () => {
    const late = '2026-11-05T00:00:00.000000';
    const gone = { 'OS-SRV-USG:launched_at': late, 'OS-EXT-STS:vm_state': 'deleted', flavor: null };
    const during = { ...gone, 'OS-SRV-USG:terminated_at': '2026-10-01T06:00:00.000000' };
    const before = { ...gone, 'OS-SRV-USG:terminated_at': '2026-09-30T23:00:00.000000' };
    changed = () => answer({ servers: [listed('a', during), listed('b', before)] });
    const { p1 = [] } = await read();
    expect(p1).to.have.lengthOf(1);
    expect(p1[0]).to.include({ id: 'a', state: 'terminated', hours: 6, vcpus: null, ramMb: null, localGb: null });
    expect(p1[0]?.endedAt).to.equal(START + 6 * HOUR_MS);
  });

  it('are Nova’s own for a first launch, be it a quarter of an hour late, and for what was never launched', async () => {
    report = [reported('a')];
    const first = { created: '2026-10-01T11:45:00Z' };
    const never = { 'OS-SRV-USG:launched_at': null };
    const later = { created: '2026-10-02T00:00:00Z', 'OS-SRV-USG:launched_at': '2026-10-03T00:00:00.000000' };
    changed = () => answer({ servers: [listed('a', first), listed('b', never), listed('c', later)] });
    const { p1 = [] } = await read();
    expect(p1.map(({ id, hours }) => [id, hours])).to.deep.equal([['a', 12]]);
    changed = () => answer({ servers: [listed('a', { created: '2026-10-01T11:44:59Z' })] });
    expect((await read())['p1']?.[0]?.hours).to.be.closeTo(12.25, 0.001);
  });

  it('are asked for behind the report, by what has changed since its start: by a project’s token, or of all tenants', async () => {
    const since = 'changes-since=2026-10-01T00%3A00%3A00Z';
    await read();
    expect(bench.http.lines.at(-1)).to.equal(`GET /servers/detail?${since}`);
    expect(bench.http.sent.at(-1)?.token).to.match(/^p1-/);
    await read({ project: 'p1', asker: null });
    await read({ project: null, asker: null });
    expect(questions()).to.deep.equal([
      `GET /servers/detail?${since}`,
      `GET /servers/detail?all_tenants=1&project_id=p1&${since}`,
      `GET /servers/detail?all_tenants=1&${since}`,
    ]);
  });

  it('come from all pages, of each project', async () => {
    const href = 'http://behind.a.proxy/servers/detail?marker=a';
    changed = (marker) =>
      marker === null
        ? answer({ servers: [listed('a')], servers_links: [{ rel: 'next', href }] })
        : answer({ servers: [listed('b', { tenant_id: 'p2' })] });
    const found = await read({ project: null, asker: null });
    expect(Object.entries(found).map(([project, list]) => [project, list.map(({ id }) => id)])).to.deep.equal([
      ['p1', ['a']],
      ['p2', ['b']],
    ]);
  });

  it('come in pages of half the size where a proxy would not wait for one', async () => {
    let tries = 0;
    changed = () => (++tries === 1 ? fail(refusal(504)) : answer({ servers: [listed('a')] }));
    expect(await read()).to.have.property('p1');
    expect(questions().map((line) => /limit=\d+/.exec(line)?.[0])).to.deep.equal([undefined, 'limit=500']);
  });

  it('are not those of another project, where a Nova heeds no project_id', async () => {
    changed = () => answer({ servers: [listed('a', { tenant_id: 'p2' })] });
    expect(await read({ project: 'p1', asker: null })).to.deep.equal({});
  });

  it('fail the report where they can’t be had, or make no sense', async () => {
    report = [reported('a')];
    changed = () => fail(refusal(503));
    expect((await failure(read())).reason).to.equal('unavailable');
    changed = () => answer({ servers: [listed('a', { created: 'yesterday' })] });
    expect((await failure(read())).message).to.equal('servers: servers[0].created: not a time');
  });
});
