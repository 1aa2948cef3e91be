import { expect } from 'chai';
import fc from 'fast-check';
import { CollectError, type Reason } from '../../src/errors.js';
import type { HttpAnswer } from '../../src/http/request.js';
import { computeEndpoint } from '../../src/openstack/catalog.js';
import { parseLimits, parseServers, type Server } from '../../src/openstack/compute.js';
import { parseProjects, parseToken } from '../../src/openstack/identity.js';
import { listServers } from '../../src/openstack/listing.js';
import { listProjects } from '../../src/openstack/projects.js';
import { takeSnapshot } from '../../src/snapshot/snapshot.js';
import { COUNTINGS } from '../../src/usage/counting.js';
import { Progress } from '../../src/usage/progress.js';
import { askFor, clientFor, closeClients, get } from '../http/client-bench.js';
import { makeDomain } from '../helpers/domains.js';
import { startLoopback, stopLoopbacks } from '../helpers/loopback.js';
import { Bench } from '../openstack-client/bench.js';
import { answer as fakeAnswer } from '../openstack-client/fake.js';
import { anyJson, RIGHT, spoilt, type Json } from './mutate.js';

const RUNS = { numRuns: 1500 };
const MAX = 2 ** 31 - 1;

const answer = (body: unknown): HttpAnswer => fakeAnswer(body, { 'x-subject-token': 't' });

/** The parser's value; null where it threw what it may throw. */
function parsed<T>(parse: () => T, reasons: readonly Reason[] = ['bad_response']): T | null {
  try {
    return parse();
  } catch (error) {
    expect(error).to.be.instanceOf(CollectError);
    const { reason, message } = error as CollectError;
    expect(reasons).to.include(reason);
    expect(message).to.match(/^[^\p{Cc}\p{Cf}\p{Cs}]{1,300}$/u);
    return null;
  }
}

/** Reads a field without any of the program's help. */
function dig(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], value);
}

function isAmount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX;
}

/** Runs a property, and makes sure that it met both good and bad answers. */
function forAll(right: Json, check: (body: Json) => boolean): void {
  const met = { good: 0, bad: 0 };
  fc.assert(
    fc.property(spoilt(right), (body) => {
      met[check(body) ? 'good' : 'bad'] += 1;
    }),
    RUNS,
  );
  expect(met.good).to.be.greaterThan(RUNS.numRuns / 20);
  expect(met.bad).to.be.greaterThan(RUNS.numRuns / 20);
}

function checkServers(body: Json): Server[] | null {
  const page = parsed(() => parseServers(answer(body)));
  if (!page) return null;
  const rows = dig(body, 'servers') as unknown[];
  expect(page.servers).to.have.length(rows.length);
  page.servers.forEach((server, i) => {
    const flavor = dig(rows, i, 'flavor');
    expect(server.id)
      .to.equal(dig(rows, i, 'id'))
      .and.not.to.equal('');
    expect(server.projectId)
      .to.equal(dig(rows, i, 'tenant_id'))
      .and.not.to.equal('');
    expect(server.launched).to.equal(dig(rows, i, 'OS-SRV-USG:launched_at') !== null);
    if (flavor === undefined || flavor === null) {
      expect(server).to.include({ status: 'UNKNOWN', vcpus: 0, ramMb: 0 });
    } else {
      expect(server.status).to.equal(dig(rows, i, 'status'));
      expect(server.vcpus).to.satisfy(isAmount).and.to.equal(dig(flavor, 'vcpus'));
      expect(server.ramMb).to.satisfy(isAmount).and.to.equal(dig(flavor, 'ram'));
    }
  });
  const links = (dig(body, 'servers_links') ?? []) as { rel: string; href: string }[];
  const next = links.find(({ rel }) => rel === 'next');
  expect(page.next === null).to.equal(next === undefined);
  if (next) expect(page.next?.get('marker')).to.be.a('string').and.not.to.equal('');
  return page.servers;
}

describe('Any answer of the cloud', () => {
  afterEach(async () => {
    await closeClients();
    await stopLoopbacks();
  });

  it('is a token with its project, its life and where Nova is, or a typed error', () => {
    forAll(RIGHT.token, (body) => {
      const token = parsed(() => parseToken(answer(body)));
      if (!token) return false;
      expect(token.secret.reveal()).to.equal('t');
      expect(token.projectId)
        .to.equal(dig(body, 'token', 'project', 'id'))
        .and.not.to.equal('');
      expect(Number.isFinite(token.lifeMs)).to.equal(true);
      for (const region of [null, 'R1']) {
        const { cloud } = makeDomain('acme', { cloud: { region } });
        const url = parsed(() => computeEndpoint(token.catalog, cloud), ['not_found', 'config', 'bad_response']);
        if (url !== null) expect(url).to.match(/^https?:\/\/[^\s?#]+[^/]$/);
      }
      return true;
    });
  });

  it('is no token without the header, whatever else it holds', () => {
    fc.assert(
      fc.property(spoilt(RIGHT.token), (body) => {
        expect(parsed(() => parseToken(fakeAnswer(body)))).to.equal(null);
      }),
    );
  });

  it('is a page of projects, each with its id, its domain and whether it is enabled, or a typed error', () => {
    forAll(RIGHT.projects, (body) => {
      const page = parsed(() => parseProjects(answer(body)));
      if (!page) return false;
      const rows = dig(body, 'projects') as unknown[];
      expect(page.projects).to.have.length(rows.length);
      page.projects.forEach((project, i) => {
        const enabled = dig(rows, i, 'enabled') ?? true;
        const [id, name, domainId] = ['id', 'name', 'domain_id'].map((key) => dig(rows, i, key));
        expect(project).to.deep.equal({ id, name, enabled, domainId });
        expect(id).to.be.a('string').and.not.to.equal('');
      });
      expect(page.truncated).to.equal(dig(body, 'truncated') ?? false);
      expect(page.next !== null).to.equal(Boolean(dig(body, 'links', 'next')));
      return true;
    });
  });

  it('is a page of servers, each with the figures of its own flavor or UNKNOWN, or a typed error', () => {
    forAll(RIGHT.servers, (body) => checkServers(body) !== null);
  });

  it('is a project’s counters as they stand there, or a typed error', () => {
    forAll(RIGHT.limits, (body) => {
      const limits = parsed(() => parseLimits(answer(body)));
      if (!limits) return false;
      const absolute = dig(body, 'limits', 'absolute');
      expect(limits).to.deep.equal({ vcpus: dig(absolute, 'totalCoresUsed'), ramMb: dig(absolute, 'totalRAMUsed') });
      expect(Object.values(limits).every(isAmount)).to.equal(true);
      return true;
    });
  });

  it('makes whole figures, and none without saying so where a server’s can’t be told', () => {
    fc.assert(
      fc.property(spoilt(RIGHT.servers), fc.constantFrom(...COUNTINGS), (body, counting) => {
        const servers = parsed(() => parseServers(answer(body)))?.servers;
        if (!servers) return;
        const progress = new Progress();
        Object.assign(progress, { strategy: 'project-list', finishedAt: 1 });
        progress.addServers(servers);
        const { domains, totals, complete } = takeSnapshot({
          collectedAt: 0,
          startedAt: 0,
          now: 1,
          counting,
          domains: [{ domain: makeDomain('acme'), progress }],
          problems: [],
        });
        expect([totals?.vcpus, totals?.ramMb, totals?.servers].every((n) => Number.isSafeInteger(n))).to.equal(true);
        const last = new Map(servers.map((server) => [server.id, server]));
        const dark = [...last.values()].some(({ status }) => status === 'UNKNOWN');
        expect(complete).to.equal(!dark);
        expect(domains[0]?.errors.map(({ reason }) => reason)).to.deep.equal(dark ? ['incomplete'] : []);
      }),
      RUNS,
    );
  });

  it('that fails is told by its status, in a message that is safe to show', async () => {
    let next: { status: number; body: string; type: string } = { status: 500, body: '', type: '' };
    const server = await startLoopback((_request, response) => {
      response.writeHead(next.status, { 'Content-Type': next.type }).end(next.body);
    });
    const { client } = clientFor();
    const errorBody = fc.oneof(
      fc.string({ unit: 'binary' }),
      anyJson.map((json) => JSON.stringify(json)),
      fc.tuple(anyJson, anyJson).map(([code, message]) => JSON.stringify({ forbidden: { code, message } })),
      fc.string({ unit: 'grapheme' }).map((message) => JSON.stringify({ error: { message, title: 'x' } })),
    );
    const statuses = fc.oneof(fc.integer({ min: 300, max: 599 }), fc.constantFrom(300, 401, 403, 404, 413, 500, 502));
    const types = fc.constantFrom('application/json', 'text/html', 'application/json; charset=latin1');
    await fc.assert(
      fc.asyncProperty(statuses, errorBody, types, async (status, body, type) => {
        next = { status, body, type };
        const error: unknown = await client
          .send(get(`${server.url}/a`), askFor({ timeLeft: 0 }), 'get')
          .catch((caught: unknown) => caught);
        expect(error).to.be.instanceOf(CollectError).and.to.include({ status });
        expect((error as CollectError).message).to.match(/^GET \/a: HTTP \d{3}[^\p{Cc}\p{Cf}\p{Cs}]{0,250}$/u);
      }),
      { numRuns: 150 },
    );
  });

  it('with status 200 is its JSON, or bad_response', async () => {
    let next = '';
    const server = await startLoopback((_request, response) => void response.end(next));
    const { client } = clientFor();
    const bodies = fc.oneof(
      fc.string({ unit: 'binary' }),
      anyJson.map((json) => JSON.stringify(json)),
      fc.tuple(anyJson, fc.nat({ max: 40 })).map(([json, at]) => JSON.stringify(json).slice(0, at)),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        next = body;
        const result: unknown = await client
          .send(get(`${server.url}/a`), askFor(), 'get')
          .then((value) => ({ json: value.json() }))
          .catch((caught: unknown) => caught);
        let right: unknown;
        try {
          right = { json: JSON.parse(Buffer.from(body).toString()) as unknown };
        } catch {
          expect(result).to.include({ reason: 'bad_response', status: null });
          return;
        }
        expect(result).to.deep.equal(right);
      }),
      { numRuns: 150 },
    );
  });
});

describe('Any pages of the cloud', () => {
  const marker = fc.constantFrom('a', 'b', 'c', '', 'd');
  /** Few markers, so that many links lead in circles. */
  const serverPage = fc
    .tuple(spoilt(RIGHT.servers), marker, fc.boolean())
    .map(([body, to, linked]) =>
      linked && typeof body === 'object' && !Array.isArray(body)
        ? { ...body, servers_links: [{ rel: 'next', href: `/x?marker=${to}` }] }
        : body,
    );
  const projectPage = fc
    .tuple(spoilt(RIGHT.projects), marker, fc.boolean())
    .map(([body, to, linked]) =>
      linked && typeof body === 'object' && !Array.isArray(body)
        ? { ...body, links: { next: `/x?marker=${to}` } }
        : body,
    );

  it('make a listing of servers end, with all that they held or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(serverPage, { minLength: 1, maxLength: 6 }), async (pages) => {
        const bench = new Bench();
        let asked = 0;
        bench.onGet = () => answer(pages[asked++ % pages.length]);
        const seen: string[] = [];
        const expected: string[] = [];
        try {
          for await (const { servers } of listServers(bench.visit(), { projectId: null, allTenants: false })) {
            seen.push(...servers.map(({ id }) => id));
          }
        } catch (error) {
          expect(error).to.be.instanceOf(CollectError).and.to.include({ reason: 'bad_response' });
        }
        for (let i = 0; i < asked; i++) {
          const servers = parsed(() => parseServers(answer(pages[i % pages.length])))?.servers ?? [];
          expected.push(...servers.map(({ id }) => id));
        }
        expect(seen).to.deep.equal(expected);
        expect(asked).to.be.at.most(10);
      }),
      { numRuns: 400 },
    );
  });

  it('make a list of projects end, with a problem where it may not be whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(projectPage, { minLength: 1, maxLength: 6 }), async (pages) => {
        let asked = 0;
        const list = { domainId: 'd1', loginProjectId: 'p1', scope: 'domain' as const };
        const get = (): Promise<HttpAnswer> => Promise.resolve(answer(pages[asked++ % pages.length]));
        const result = await listProjects({ ...list, get }).catch((error: unknown) => {
          expect(error).to.be.instanceOf(CollectError).and.to.include({ reason: 'bad_response' });
          return null;
        });
        expect(asked).to.be.at.most(10);
        if (!result) return;
        expect([...result.projects.values()].every(({ domainId }) => domainId === 'd1')).to.equal(true);
        if (result.problem === null) expect([...result.projects.keys()]).to.include('p1');
      }),
      { numRuns: 400 },
    );
  });
});
