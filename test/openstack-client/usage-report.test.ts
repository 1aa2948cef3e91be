import { expect } from 'chai';

import type { HttpAnswer } from '../../src/http/request.js';
import { readUsage, type NovaReport } from '../../src/openstack/usage-report.js';
import { Bench } from './bench.js';
import { answer, fail, failure, refusal, type Sent } from './fake.js';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-10-01T00:00:00Z');
const END = Date.parse('2026-10-02T00:00:00Z');
const ALL = { project: null, asker: null };
const P1 = { project: 'p1', asker: 'p1' };
const DATES = 'start=2026-10-01T00%3A00%3A00&end=2026-10-02T00%3A00%3A00';

const row = (id: string, change: object = {}) => ({
  instance_id: id,
  tenant_id: 'p1',
  name: `vm-${id}`,
  flavor: 'm1.small',
  vcpus: 2,
  memory_mb: 4096,
  local_gb: 20,
  state: 'active',
  started_at: '2026-10-01T12:00:00.000000',
  ended_at: null,
  hours: 12,
  uptime: 1,
  ...change,
});

interface TenantChange {
  start?: string;
  stop?: string;
  server_usages?: unknown;
}

const tenant = (rows: object[], change: TenantChange = {}) => ({
  tenant_id: 'p1',
  total_hours: 12,
  start: '2026-10-01T00:00:00.000000',
  stop: '2026-10-02T00:00:00.000000',
  server_usages: rows,
  ...change,
});

const page = (tenants: object[], marker?: string): HttpAnswer => {
  const href = `http://behind.a.proxy/x?detailed=1&marker=${marker}`;
  return answer({ tenant_usages: tenants, ...(marker ? { tenant_usages_links: [{ rel: 'next', href }] } : {}) });
};

describe('the usage report of a period', () => {
  let bench: Bench;
  let reply: (marker: string | null, sent: Sent) => HttpAnswer;

  beforeEach(() => {
    bench = new Bench();
    bench.onGet = (sent) => reply(new URL(sent.request.url).searchParams.get('marker'), sent);
  });

  const read = (of = ALL as Parameters<typeof readUsage>[2]): Promise<NovaReport> =>
    readUsage(bench.visit(), { start: START, end: END }, of);
  const lines = (): string[] => bench.http.lines.filter((line) => line.startsWith('GET'));
  const ids = ({ servers }: NovaReport): Record<string, string[]> =>
    Object.fromEntries([...servers].map(([id, rows]) => [id, rows.map((server) => server.id)]));

  it('is asked for in detail, with dates that have no zone, at a microversion with pages, until a page is empty', async () => {
    reply = (marker) => page(marker === null ? [tenant([row('a')])] : []);
    const { end, servers } = await read();
    expect(end).to.equal(END);
    expect([...servers]).to.deep.equal([
      [
        'p1',
        [
          {
            ...{ id: 'a', projectId: 'p1', name: 'vm-a', flavor: 'm1.small', vcpus: 2, ramMb: 4096, localGb: 20 },
            ...{ state: 'active', startedAt: START + 12 * HOUR_MS, endedAt: null, hours: 12 },
          },
        ],
      ],
    ]);
    expect(lines()).to.deep.equal([
      `GET /os-simple-tenant-usage?detailed=1&${DATES}`,
      `GET /os-simple-tenant-usage?detailed=1&${DATES}&marker=a`,
    ]);
    expect(bench.http.sent.at(-1)!.request.headers['OpenStack-API-Version']).to.equal('compute 2.69');
  });

  it('of one project is asked for with a token of it, and without `detailed`, which Nova refuses there', async () => {
    reply = (marker) => answer({ tenant_usage: marker === null ? tenant([row('a')]) : {} });
    expect(ids(await read(P1))).to.deep.equal({ p1: ['a'] });
    expect(lines()).to.deep.equal([
      `GET /os-simple-tenant-usage/p1?${DATES}`,
      `GET /os-simple-tenant-usage/p1?${DATES}&marker=a`,
    ]);
    expect(bench.http.sent.at(-1)!.token).to.match(/^p1-/);
  });

  it('of a project that had nothing is `{}`, and empty', async () => {
    reply = () => answer({ tenant_usage: {} });
    expect(ids(await read(P1))).to.deep.equal({});
    expect(lines()).to.have.length(1);
  });

  it('has a project stitched whose servers are on several pages, with others between', async () => {
    const pages: Record<string, HttpAnswer> = {
      null: page([tenant([row('a')]), tenant([row('b', { tenant_id: 'p2' })])], 'b'),
      b: page([tenant([row('c'), row('d')])], 'd'),
      d: page([tenant([row('e', { tenant_id: 'p2' })])]),
      e: page([]),
    };
    reply = (marker) => pages[String(marker)]!;
    expect(ids(await read())).to.deep.equal({ p1: ['a', 'c', 'd'], p2: ['b', 'e'] });
    expect(lines().every((line) => line.includes(DATES))).to.equal(true);
  });

  it('goes on behind a full page that lost its link, since a server vanished while Nova read it', async () => {
    const pages: Record<string, HttpAnswer> = {
      null: page([tenant([row('a'), row('b')])], 'b'),
      b: page([tenant([row('c')])]),
      c: page([tenant([row('e')])]),
      e: page([]),
    };
    reply = (marker) => pages[String(marker)]!;
    expect(ids(await read())).to.deep.equal({ p1: ['a', 'b', 'c', 'e'] });
  });

  it('ends where the last server of a page was not the last of the last cell', async () => {
    const cells: [string, string, string][] = [
      ['1', 'p1', 'a'],
      ['1', 'p2', 'b'],
      ['2', 'p1', 'c'],
      ['2', 'p2', 'd'],
      ['3', 'p1', 'e'],
    ];
    reply = (marker) => {
      const rest = cells.slice(cells.findIndex(([, , id]) => id === marker) + 1);
      const projects = [...new Set(rest.map(([, project]) => project))];
      const rows = (project: string) =>
        rest.flatMap(([, of, id]) => (of === project ? [row(id, { tenant_id: project })] : []));
      return page(projects.map((project) => tenant(rows(project))));
    };
    expect(ids(await read())).to.deep.equal({ p1: ['a', 'c', 'e'], p2: ['b', 'd'] });
    expect(lines()).to.have.length(3);
  });

  it('has a server once that two cells have', async () => {
    reply = (marker) => page(marker === null ? [tenant([row('a'), row('b'), row('a')])] : []);
    expect(ids(await read())).to.deep.equal({ p1: ['a', 'b'] });
  });

  it('takes sizes, a name, a flavor and a state that are missing for unknown', async () => {
    const bare = { vcpus: undefined, memory_mb: null, local_gb: undefined, name: null, flavor: '', state: null };
    reply = (marker) => page(marker === null ? [tenant([row('a', bare)])] : []);
    const [server] = (await read()).servers.get('p1')!;
    expect(server).to.include({ vcpus: null, ramMb: null, localGb: null, name: '', flavor: '', state: '', hours: 12 });
  });

  describe('whose end is in the future by Nova’s clock', () => {
    it('is begun anew, to the second that the first page was cut at, which all pages then have', async () => {
      let now = Date.parse('2026-10-01T20:00:00.5Z');
      reply = (marker, { request }) => {
        now += 1000;
        const end = Math.min(now, Date.parse(`${new URL(request.url).searchParams.get('end')}Z`));
        const stop = new Date(end).toISOString().replace('Z', '000');
        if (marker === null) return page([tenant([row('a')], { stop })], 'a');
        return page(marker === 'a' ? [tenant([row('b')], { stop })] : []);
      };
      const { end, servers } = await read();
      expect(new Date(end).toISOString()).to.equal('2026-10-01T20:00:01.000Z');
      expect(servers.get('p1')).to.have.length(2);
      expect(lines().map((line) => /end=([^&]+)/.exec(line)![1]!.slice(-4))).to.deep.equal([
        '3A00',
        '3A01',
        '3A01',
        '3A01',
      ]);
    });

    it('is an error where it has not begun', async () => {
      reply = () => page([tenant([row('a', { hours: -1 })], { stop: '2026-09-30T23:59:59.000000' })]);
      const error = await failure(read());
      expect([error.reason, error.message]).to.deep.equal([
        'incomplete',
        "usage: by Nova's clock the time asked for is in the future",
      ]);
    });

    it('is an error where each page is cut earlier than the one before', async () => {
      let stop = END;
      reply = () => page([tenant([row('a')], { stop: new Date((stop -= 1000)).toISOString() })], 'a');
      expect((await failure(read())).message).to.equal(
        "usage: Nova's clocks differ: it cuts each page at another time",
      );
      expect(lines()).to.have.length(4);
    });
  });

  it('is begun anew where the last server of a page is gone when the next one is asked for', async () => {
    let isGone = false;
    reply = (marker) => {
      if (marker === 'b' && !isGone) {
        isGone = true;
        return fail(refusal(400));
      }
      const rows = isGone ? [row('a')] : [row('a'), row('b')];
      return page(marker === null ? [tenant(rows)] : []);
    };
    expect(ids(await read())).to.deep.equal({ p1: ['a'] });
    expect(lines()).to.have.length(4);
  });

  it('is no more than begun four times where Nova refuses each next page', async () => {
    reply = (marker) => (marker === null ? page([tenant([row('a')])]) : fail(refusal(400)));
    expect((await failure(read())).status).to.equal(400);
    expect(lines()).to.have.length(8);
  });

  it('has pages of half the size where a proxy would not wait for one', async () => {
    reply = (marker, { request }) => {
      const limit = Number(new URL(request.url).searchParams.get('limit') ?? 1000);
      if (limit > 500) return fail(refusal(504));
      return page(marker === null ? [tenant([row('a')])] : []);
    };
    expect(ids(await read())).to.deep.equal({ p1: ['a'] });
    expect(lines().map((line) => /limit=\d+/.exec(line)?.[0])).to.deep.equal([undefined, 'limit=500', 'limit=500']);
  });

  const wrong: Record<string, [HttpAnswer, string]> = {
    'has no list of projects': [answer({ tenant_usage: {} }), 'usage: tenant_usages: '],
    'has totals and no servers': [
      page([tenant([], { server_usages: undefined })]),
      'usage: tenant_usages[0].server_usages: is missing',
    ],
    'has a server without hours': [
      page([tenant([row('a', { hours: undefined })])]),
      'usage: tenant_usages[0].server_usages[0].hours: ',
    ],
    'has hours below zero': [page([tenant([row('a', { hours: -0.5 })])]), 'usage: Nova reports hours below zero'],
    'has a time that is none': [
      page([tenant([row('a', { started_at: 'soon' })])]),
      'usage: tenant_usages[0].server_usages[0].started_at: not a time',
    ],
    'is of another start': [
      page([tenant([row('a')], { start: '2026-10-01T00:00:01.000000' })]),
      'usage: Nova reports of other dates than those that it is asked for',
    ],
    'is of a later end': [
      page([tenant([row('a')], { stop: '2026-10-02T00:00:01.000000' })]),
      'usage: Nova reports of other dates than those that it is asked for',
    ],
    'leads round in a circle': [page([tenant([row('a')])], 'a'), 'usage: the next link does not advance'],
    'has a next link that leads nowhere': [
      answer({ tenant_usages: [], tenant_usages_links: [{ rel: 'next', href: 'http://x/y' }] }),
      'usage: the next link has no marker',
    ],
  };
  for (const [title, [body, message]] of Object.entries(wrong)) {
    it(`is no answer where it ${title}`, async () => {
      reply = () => body;
      const error = await failure(read());
      expect(error.reason).to.equal('bad_response');
      expect(error.message.slice(0, message.length)).to.equal(message);
    });
  }

  it('is no answer where it has another project than the one that is asked for', async () => {
    reply = () => answer({ tenant_usage: tenant([row('a', { tenant_id: 'p2' })]) });
    expect((await failure(read(P1))).message).to.equal(
      'usage: Nova reports of other projects than the one that it is asked for',
    );
  });
});
