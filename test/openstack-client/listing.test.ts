import { expect } from 'chai';
import fc from 'fast-check';
import { listServers, type Listing } from '../../src/openstack/listing.js';
import type { HttpAnswer } from '../../src/http/request.js';
import { Bench } from './bench.js';
import { answer, fail, failure, refusal, type Sent } from './fake.js';

const row = (id: string) => ({ id, tenant_id: 'home', status: 'ACTIVE', flavor: { vcpus: 1, ram: 1 } });
const page = (ids: string[], next?: string): HttpAnswer =>
  answer({
    servers: ids.map(row),
    ...(next === undefined
      ? {}
      : { servers_links: [{ rel: 'next', href: `http://inside/v2.1/servers/detail?${next}` }] }),
  });
const query = ({ request }: Sent): URLSearchParams => new URL(request.url).searchParams;
const version = ({ request }: Sent): string | undefined => request.headers['OpenStack-API-Version'];

/** Nova: pages of `size` rows at most, a next link behind each that is full. */
function nova(count: number, size: number): (sent: Sent) => HttpAnswer {
  return (sent) => {
    const limit = Math.min(size, Number(query(sent).get('limit') ?? size));
    const marker = query(sent).get('marker');
    const first = marker === null ? 0 : Number(marker) + 1;
    const ids = Array.from({ length: Math.min(limit, count - first) }, (_, i) => String(first + i));
    return page(ids, ids.length === limit ? `limit=${limit}&marker=${ids.at(-1)!}` : undefined);
  };
}

describe('listServers', () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));

  async function list(listing: Partial<Listing> = {}, visit = bench.visit()): Promise<string[]> {
    const ids: string[] = [];
    for await (const { servers } of listServers(visit, { projectId: null, allTenants: false, ...listing })) {
      ids.push(...servers.map(({ id }) => id));
    }
    return ids;
  }
  const gets = (): string[] => bench.http.lines.filter((line) => line.startsWith('GET'));

  it('begins bare and at 2.69, so that Nova tells of a cell that is down', async () => {
    bench.onGet = nova(1, 1000);
    await list();
    await list({ allTenants: true });
    expect(gets()).to.deep.equal(['GET /servers/detail', 'GET /servers/detail?all_tenants=1']);
    expect(bench.http.sent.slice(1).map(version)).to.deep.equal(['compute 2.69', 'compute 2.69']);
  });

  it('follows markers on our own address, with nothing but what it asked for', async () => {
    bench.onGet = nova(5, 2);
    expect(await list({ allTenants: true })).to.deep.equal(['0', '1', '2', '3', '4']);
    expect(gets()).to.deep.equal([
      'GET /servers/detail?all_tenants=1',
      'GET /servers/detail?all_tenants=1&marker=1',
      'GET /servers/detail?all_tenants=1&marker=3',
    ]);
  });

  it('asks for a project with its own token on every page', async () => {
    bench.onGet = nova(3, 2);
    await list({ projectId: 'p1' });
    expect(bench.http.sent.flatMap(({ token }) => token ?? [])).to.deep.equal(['p1-2', 'p1-2']);
  });

  it('finds each server once, whatever their number and the size of a page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 }), async (count, size) => {
        bench = new Bench();
        bench.onGet = nova(count, size);
        expect(await list()).to.deep.equal(Array.from({ length: count }, (_, i) => String(i)));
        expect(gets()).to.have.length(Math.floor(count / size) + 1);
      }),
      { numRuns: 40 },
    );
  });

  it('ends without a next link only: an empty page with one goes on', async () => {
    const pages = [page([], 'marker=a'), page(['b'], 'marker=b'), page(['c'])];
    bench.onGet = () => pages.shift()!;
    expect(await list()).to.deep.equal(['b', 'c']);
    expect(pages).to.deep.equal([]);
  });

  it('stops where the next link leads in a circle', async () => {
    const pages = [page(['a'], 'marker=a'), page(['b'], 'marker=b'), page(['c'], 'marker=a'), page(['d'])];
    bench.onGet = () => pages.shift()!;
    const error = await failure(list());
    expect(error).to.include({ reason: 'bad_response' });
    expect(pages).to.have.length(1);
  });

  for (const [what, ids] of [
    ['the same servers', ['a']],
    ['none', []],
  ] as [string, string[]][]) {
    it(`stops where the next links lead on for ever, to ${what}`, async () => {
      let count = 0;
      bench.onGet = () => page(count++ === 0 ? ['a'] : ids, `marker=${count}`);
      const error = await failure(list());
      expect(error).to.include({ reason: 'bad_response' });
      expect(count).to.equal(4);
    });
  }

  it('gives the pages before one that fails', async () => {
    bench.onGet = (sent) => (query(sent).has('marker') ? fail(refusal(500)) : page(['a'], 'marker=a'));
    const seen: number[] = [];
    const error = await failure(
      (async () => {
        for await (const { servers } of listServers(bench.visit(), { projectId: null, allTenants: false })) {
          seen.push(servers.length);
        }
      })(),
    );
    expect(error.status).to.equal(500);
    expect(seen).to.deep.equal([1]);
  });

  it('probes with one page of so many rows', async () => {
    bench.onGet = nova(50, 1000);
    expect(await list({ allTenants: true, probe: 10 })).to.have.length(10);
    expect(gets()).to.deep.equal(['GET /servers/detail?all_tenants=1&limit=10']);
  });

  describe('at a cloud that is older than 2.69', () => {
    beforeEach(() => {
      bench.onGet = (sent) => (version(sent) === 'compute 2.69' ? fail(refusal(406)) : nova(3, 2)(sent));
    });

    it('tries 2.69 again after an hour, since it may have been in the middle of an upgrade', async () => {
      await list();
      bench.onGet = nova(3, 2);
      bench.clock.advance(3_600_000 - 1);
      await list();
      expect(version(bench.http.sent.at(-1)!)).to.equal('compute 2.47');
      bench.clock.advance(1);
      await list();
      expect(version(bench.http.sent.at(-1)!)).to.equal('compute 2.69');
    });

    it('asks at 2.47 instead, and remembers that for the cloud', async () => {
      expect(await list()).to.deep.equal(['0', '1', '2']);
      expect(bench.http.sent.slice(1).map(version)).to.deep.equal(['compute 2.69', 'compute 2.47', 'compute 2.47']);
      expect(gets().slice(0, 2)).to.deep.equal(['GET /servers/detail', 'GET /servers/detail']);
      await list();
      expect(bench.http.sent.slice(4).map(version)).to.deep.equal(['compute 2.47', 'compute 2.47']);
    });

    it('fails where 2.47 is refused too, without asking on', async () => {
      bench.onGet = () => fail(refusal(406));
      expect(await failure(list())).to.include({ reason: 'bad_response', status: 406 });
      expect(gets()).to.have.length(2);
      expect(await failure(list())).to.include({ status: 406 });
      expect(gets()).to.have.length(3);
    });
  });

  for (const status of [502, 504]) {
    it(`asks for half a page after ${status}, once a page, and goes on with halves`, async () => {
      const real = nova(1200, 1000);
      bench.onGet = (sent) => (query(sent).has('limit') ? real(sent) : fail(refusal(status)));
      expect(await list({ allTenants: true })).to.have.length(1200);
      expect(gets()).to.deep.equal([
        'GET /servers/detail?all_tenants=1',
        'GET /servers/detail?all_tenants=1&limit=500',
        'GET /servers/detail?all_tenants=1&limit=500&marker=499',
        'GET /servers/detail?all_tenants=1&limit=500&marker=999',
      ]);
    });

    it(`asks for half of what a page held when a later page meets ${status}`, async () => {
      const real = nova(25, 10);
      bench.onGet = (sent) =>
        query(sent).get('marker') === '9' && !query(sent).has('limit') ? fail(refusal(status)) : real(sent);
      expect(await list()).to.have.length(25);
      expect(gets()[2]).to.equal('GET /servers/detail?limit=5&marker=9');
    });

    it(`gives up after ${status} for the half page as well`, async () => {
      bench.onGet = () => fail(refusal(status));
      expect(await failure(list())).to.include({ reason: 'unavailable', status });
      expect(gets()).to.deep.equal(['GET /servers/detail', 'GET /servers/detail?limit=500']);
    });

    it(`asks for one row at least after ${status}, again and again`, async () => {
      bench.onGet = () => fail(refusal(status));
      for (let listing = 0; listing < 6; listing += 1) await failure(list());
      const limits = gets().map((line) => Number(line.split('=')[1] ?? 1000));
      expect(limits).to.deep.equal([1000, 500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
    });

    it(`does not make pages smaller since a probe met ${status}`, async () => {
      bench.onGet = () => fail(refusal(status));
      expect(await failure(list({ probe: 20 }))).to.include({ status });
      await failure(list());
      expect(gets()).to.deep.equal([
        'GET /servers/detail?limit=20',
        'GET /servers/detail',
        'GET /servers/detail?limit=500',
      ]);
    });
  }

  describe('where whole pages took too long', () => {
    const HOUR_MS = 3_600_000;

    /** A cloud of so many servers, and of these the ones in a cell that is down. */
    const slow =
      (count: number, down: string[] = []) =>
      (sent: Sent): HttpAnswer | Promise<HttpAnswer> => {
        if (sent.request.url.includes('/detail')) {
          return query(sent).has('limit') ? nova(count, 1000)(sent) : fail(refusal(504));
        }
        const names = Array.from({ length: count }, (_, i) => ({ id: String(i), name: 'UNKNOWN' }));
        return answer({ servers: [...names, ...down.map((id) => ({ id, status: 'UNKNOWN' }))] });
      };

    it('asks for half a page at once for an hour, and then for a whole one', async () => {
      bench.onGet = slow(1200);
      await list();
      const first = gets().length;
      bench.clock.advance(HOUR_MS - 1);
      await list();
      expect(gets().slice(first)).to.deep.equal([
        'GET /servers/detail?limit=500',
        'GET /servers/detail?limit=500&marker=499',
        'GET /servers/detail?limit=500&marker=999',
      ]);
      const second = gets().length;
      bench.clock.advance(1);
      await list();
      expect(gets().slice(second, second + 2)).to.deep.equal(['GET /servers/detail', 'GET /servers/detail?limit=500']);
    });

    it('halves once for requests that fail together', async () => {
      bench.onGet = slow(10);
      await Promise.all([list(), list()]);
      expect(gets().filter((line) => line.includes('limit'))).to.deep.equal([
        'GET /servers/detail?limit=500',
        'GET /servers/detail?limit=500',
      ]);
    });

    it('asks bare for names, so that Nova tells of a cell that is down', async () => {
      bench.onGet = slow(600);
      expect(await list({ allTenants: true })).to.have.length(600);
      expect(gets().at(-1)).to.equal('GET /servers?all_tenants=1');
    });

    it('is incomplete where a cell is down, and gives the servers of the others', async () => {
      bench.onGet = slow(600, ['x', 'y']);
      const ids: string[] = [];
      const error = await failure(
        (async () => {
          for await (const { servers } of listServers(bench.visit(), { projectId: 'p1', allTenants: false })) {
            ids.push(...servers.map(({ id }) => id));
          }
        })(),
      );
      expect(error).to.include({ reason: 'incomplete', message: '2 servers are in a cell that is down' });
      expect(ids).to.have.length(600);
      expect(bench.http.sent.at(-1)!.token).to.equal('p1-2');
    });

    it('asks for no names where Nova has no room to tell of a cell, or is too old to', async () => {
      bench.onGet = slow(1000);
      await list();
      expect(gets().at(-1)).to.contain('detail');
      const old = slow(600);
      bench.onGet = (sent) => (version(sent) === 'compute 2.69' ? fail(refusal(406)) : old(sent));
      await list();
      expect(gets().at(-1)).to.contain('detail');
    });
  });

  for (const status of [500, 503, 403, 429]) {
    it(`does not ask for smaller pages after ${status}`, async () => {
      bench.onGet = () => fail(refusal(status));
      expect(await failure(list())).to.include({ status });
      expect(gets()).to.have.length(1);
    });
  }
});
