import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startSimulator, type Fault } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { SnapshotJson } from '../../src/web/json.js';
import { addDomain, countOf, type DomainPlan, linesOf, PASSWORD, type Rig, USER, withRig, worldOf } from './rig.js';

type WithoutPlace<T> = T extends unknown ? Omit<T, 'domainId' | 'projectId'> : never;

/** One way to fail, and what the snapshot says of the domain that it hits. */
interface Case {
  title: string;
  plan?: Partial<DomainPlan>;
  faults?: WithoutPlace<Fault>[];
  /** The faults hit this project alone, counted from 0. */
  project?: number;
  arrange?: (rig: Rig, domainId: string) => void;
  result: 'ok' | 'partial' | 'failed';
  /** null where it failed. */
  vcpus: number | null;
  /** `stage reason status`. */
  errors: string[];
  /** It did not wait for the deadline. */
  atOnce?: boolean;
  /** How often the route of its first fault was asked. */
  asked?: number;
}

/** Of the scrape, in seconds: all but half a second is left of it. */
const TIMEOUT = 6;
const HOUR = 3600;

const CASES: Record<string, Case> = {
  well: { title: 'a healthy domain is exact', result: 'ok', vcpus: 2, errors: [], atOnce: true },
  big: {
    title: 'a healthy domain of several projects and pages is exact',
    plan: { role: 'domain_admin', projects: [4, 2, 5] },
    result: 'ok',
    vcpus: 11,
    errors: [],
    atOnce: true,
  },
  loginhang: {
    title: 'a login that hangs: failed, timeout at stage login',
    faults: [{ kind: 'hang', route: 'login' }],
    result: 'failed',
    vcpus: null,
    errors: ['login timeout null'],
    asked: 1,
  },
  projectshang: {
    title: 'a project list that hangs: failed, timeout at stage projects',
    faults: [{ kind: 'hang', route: 'projects' }],
    result: 'failed',
    vcpus: null,
    errors: ['projects timeout null'],
  },
  servershang: {
    title: 'server lists that hang: failed, timeout at stage servers',
    faults: [{ kind: 'hang', route: 'servers' }],
    result: 'failed',
    vcpus: null,
    errors: ['servers timeout null'],
  },
  halfhang: {
    title: 'one project that hangs: partial, with what the others hold',
    plan: { projects: [2, 1, 2] },
    faults: [{ kind: 'hang', route: 'servers' }],
    project: 1,
    result: 'partial',
    vcpus: 4,
    errors: ['servers timeout null'],
  },
  laterhang: {
    title: 'a later page that hangs: partial, with the first page',
    plan: { projects: [5] },
    faults: [{ kind: 'hang', route: 'servers', page: 'later' }],
    result: 'partial',
    vcpus: 3,
    errors: ['servers timeout null'],
  },
  laterfails: {
    title: 'a later page that fails: partial, with the first page',
    plan: { projects: [5] },
    faults: [{ kind: 'status', status: 500, route: 'servers', page: 'later' }],
    result: 'partial',
    vcpus: 3,
    errors: ['servers unavailable 500'],
    atOnce: true,
  },
  patience: {
    title: '429 with a Retry-After longer than the time left: rate_limited at once, not asked again',
    faults: [{ kind: 'status', status: 429, retryAfter: HOUR, route: 'servers', allTenants: false }],
    result: 'failed',
    vcpus: null,
    errors: ['servers rate_limited 429'],
    atOnce: true,
    asked: 2,
  },
  moment: {
    title: '429 once, with a Retry-After that fits: asked once more, and exact',
    faults: [{ kind: 'status', status: 429, retryAfter: 1, route: 'servers', allTenants: false, times: 1 }],
    result: 'ok',
    vcpus: 2,
    errors: [],
  },
  loginpatience: {
    title: 'a login that answers 429 with a long Retry-After: rate_limited at stage login',
    faults: [{ kind: 'status', status: 429, retryAfter: HOUR, route: 'login' }],
    result: 'failed',
    vcpus: null,
    errors: ['login rate_limited 429'],
    atOnce: true,
    asked: 1,
  },
  down: {
    title: '503 with a long Retry-After: unavailable at once',
    faults: [{ kind: 'status', status: 503, retryAfter: HOUR, route: 'servers' }],
    result: 'failed',
    vcpus: null,
    errors: ['servers unavailable 503'],
    atOnce: true,
    asked: 1,
  },
  broken: {
    title: '500: unavailable, not asked again',
    faults: [{ kind: 'status', status: 500, route: 'servers' }],
    result: 'failed',
    vcpus: null,
    errors: ['servers unavailable 500'],
    atOnce: true,
    asked: 1,
  },
  missing: {
    title: '404 of the project list: not_found',
    faults: [{ kind: 'status', status: 404, route: 'projects' }],
    result: 'failed',
    vcpus: null,
    errors: ['projects not_found 404'],
    atOnce: true,
  },
  gateway: {
    title: '502 once: asked again for half of the page, and for names, and exact',
    plan: { projects: [2] },
    faults: [{ kind: 'status', status: 502, route: 'servers', allTenants: false, times: 1 }],
    result: 'ok',
    vcpus: 2,
    errors: [],
    atOnce: true,
    // The probe, the first page in vain, and again; and for names, which tell of cells that are down.
    asked: 4,
  },
  cut: {
    title: 'an answer that is cut off, though its length was told: network after one retry',
    faults: [{ kind: 'truncate', framing: 'length', route: 'servers', allTenants: false }],
    result: 'failed',
    vcpus: null,
    errors: ['servers network null'],
    atOnce: true,
    asked: 3,
  },
  cutclose: {
    title: 'an answer that is cut off without a trace: bad_response',
    faults: [{ kind: 'truncate', framing: 'close', route: 'servers', allTenants: false }],
    result: 'failed',
    vcpus: null,
    errors: ['servers bad_response null'],
    atOnce: true,
    asked: 2,
  },
  html: {
    title: 'HTML in place of JSON: bad_response',
    faults: [{ kind: 'body', body: '<html>Welcome</html>', contentType: 'text/html', route: 'servers' }],
    result: 'failed',
    vcpus: null,
    errors: ['servers bad_response null'],
    atOnce: true,
    asked: 1,
  },
  strange: {
    title: 'JSON of another shape: bad_response',
    faults: [{ kind: 'body', body: '{"servers": [{"id": 7}]}', route: 'servers' }],
    result: 'failed',
    vcpus: null,
    errors: ['servers bad_response null'],
    atOnce: true,
  },
  resetonce: {
    title: 'a connection that is reset once: asked once more, and exact',
    faults: [{ kind: 'reset', route: 'servers', allTenants: false, times: 1 }],
    result: 'ok',
    vcpus: 2,
    errors: [],
    atOnce: true,
    asked: 3,
  },
  resets: {
    title: 'connections that are always reset: network, after one retry',
    faults: [{ kind: 'reset', route: 'servers', allTenants: false }],
    result: 'failed',
    vcpus: null,
    errors: ['servers network null'],
    atOnce: true,
    asked: 3,
  },
  loginreset: {
    title: 'a login whose connection is reset: network, and never sent twice',
    faults: [{ kind: 'reset', route: 'login' }],
    result: 'failed',
    vcpus: null,
    errors: ['login network null'],
    atOnce: true,
    asked: 1,
  },
  redirect: {
    title: 'a redirect: bad_response, and not followed',
    faults: [{ kind: 'status', status: 302, location: 'ELSEWHERE', route: 'login' }],
    result: 'failed',
    vcpus: null,
    errors: ['login bad_response 302'],
    atOnce: true,
    asked: 1,
  },
  redirectservers: {
    title: 'a redirect of Nova: bad_response, and the token is not sent elsewhere',
    faults: [{ kind: 'status', status: 302, location: 'ELSEWHERE', route: 'servers' }],
    result: 'failed',
    vcpus: null,
    errors: ['servers bad_response 302'],
    atOnce: true,
    asked: 1,
  },
  refused: {
    title: 'one project that Nova refuses: partial, forbidden',
    plan: { projects: [2, 1] },
    faults: [{ kind: 'status', status: 403, route: 'servers' }],
    project: 1,
    result: 'partial',
    vcpus: 2,
    errors: ['servers forbidden 403'],
    atOnce: true,
  },
  twoways: {
    title: 'projects that fail in two ways: one group for each',
    plan: { projects: [1, 1, 1] },
    faults: [
      { kind: 'status', status: 500, route: 'servers', allTenants: false, times: 1 },
      { kind: 'status', status: 404, route: 'servers', allTenants: false, times: 1 },
    ],
    result: 'partial',
    vcpus: 1,
    errors: ['servers not_found 404', 'servers unavailable 500'],
    atOnce: true,
  },
  celldown: {
    title: 'a cell that is down: its servers are UNKNOWN and incomplete, the others count',
    plan: { role: 'domain_admin', projects: [1, 1] },
    arrange: ({ world }, domainId) => {
      const [first] = world.projectsOf(domainId);
      world.addServer({ projectId: first!.id, cell: 'cell9' });
      world.downCells.add('cell9');
    },
    result: 'partial',
    vcpus: 2,
    errors: ['servers incomplete null'],
    atOnce: true,
  },
};

describe('A scrape of a cloud where every domain fails in its own way', () => {
  const elsewhere: string[] = [];
  const names = Object.keys(CASES);
  let json: SnapshotJson;
  let page: Awaited<ReturnType<Rig['metrics']>>;
  let second: SnapshotJson;
  let seconds: number;
  let asked: Map<string, number>;
  let repeatedLogins: Record<string, number>;
  let inFlight: number;
  let all: string;

  /** One scrape for all: they are collected at once, as they would be in earnest. */
  before(async function () {
    this.timeout(20_000);
    const other = createServer((request, response) => {
      elsewhere.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/v2.1/servers/detail`;
    const world = worldOf(...names.map((name) => ({ name, ...CASES[name]!.plan })));
    await withRig({ world, cloud: { maxLimit: 3 } }, async (rig) => {
      for (const name of names) {
        const { faults = [], project, arrange } = CASES[name]!;
        const { id } = world.findDomain({ name })!;
        const place = project === undefined ? {} : { projectId: world.projectsOf(id)[project]!.id };
        for (const fault of faults) {
          const whole = { ...fault, ...('location' in fault ? { location } : {}), ...place, domainId: id };
          rig.simulator.faults.add(whole);
        }
        arrange?.(rig, id);
      }
      const start = performance.now();
      json = await rig.snapshot({ timeout: TIMEOUT });
      seconds = (performance.now() - start) / 1000;
      const nameOf = new Map([...world.domains.values()].map(({ id, name }) => [id, name]));
      const calls = rig.takeCalls();
      asked = new Map();
      for (const { domainId, route } of calls) {
        const key = `${nameOf.get(domainId ?? '')} ${route}`;
        asked.set(key, (asked.get(key) ?? 0) + 1);
      }
      second = await rig.snapshot({ timeout: 1 });
      page = await rig.metrics({ timeout: 1 });
      const logins = rig.takeCalls().filter(({ route }) => route === 'login');
      repeatedLogins = {};
      for (const { domainId } of logins) {
        const name = nameOf.get(domainId ?? '')!;
        repeatedLogins[name] = (repeatedLogins[name] ?? 0) + 1;
      }
      inFlight = rig.simulator.inFlight;
      all = rig.program.stderr + rig.answers.join('\n');
    });
    other.close();
  });

  it('answers at its own deadline', () => {
    // At the latest a while after, where the machine is busy; the offset has its unit tests.
    expect(seconds).to.be.within(TIMEOUT - 0.6, TIMEOUT + 5);
    expect(json.complete).to.be.false;
  });

  for (const [name, { title, result, vcpus, errors, atOnce, faults, asked: times }] of Object.entries(CASES)) {
    it(`shows ${title}`, () => {
      const domain = json.domains.find((one) => one.domain === name)!;
      const found = domain.errors.map(({ stage, reason, status }) => `${stage} ${reason} ${status}`).sort();
      expect(found, JSON.stringify(domain.errors)).to.deep.equal(errors);
      expect(domain.result).to.equal(result);
      expect(domain.vcpus).to.equal(vcpus);
      expect(domain.ramMb).to.equal(vcpus === null ? null : vcpus * 512);
      if (atOnce) expect(domain.durationSeconds).to.be.below(4);
      const [route] = [faults?.[0]?.route ?? []].flat();
      if (times !== undefined) expect(asked.get(`${name} ${route}`)).to.equal(times);
    });
  }

  it('adds up the domains that are ok or partial, and lists all errors in the order of the file', () => {
    const sum = Object.values(CASES).reduce((total, { vcpus }) => total + (vcpus ?? 0), 0);
    expect(json.totals).to.deep.equal({ vcpus: sum, ramMb: sum * 512, servers: sum });
    expect(json.errors.map(({ domain, stage }) => `${domain} ${stage}`)).to.deep.equal(
      json.domains.flatMap(({ domain, errors }) => errors.map(({ stage }) => `${domain} ${stage}`)),
    );
  });

  it('sends no token and no password where a redirect points to', () => {
    expect(elsewhere).to.deep.equal([]);
  });

  it('shows the UNKNOWN servers by status, and the failed domains without figures', () => {
    expect(page.get('vhi_domain_servers{domain="celldown",status="UNKNOWN"}')).to.equal(1);
    expect(page.get('vhi_domain_servers{domain="celldown",status="ACTIVE"}')).to.equal(2);
    expect(page.of('vhi_domain_vcpus_in_use', 'broken')).to.be.undefined;
    expect(page.of('vhi_domain_collect_errors', 'broken')).to.equal(1);
    expect(page.get('vhi_domain_collect_error_info{domain="broken",stage="servers",reason="unavailable"}')).to.equal(1);
    expect(page.get('vhi_domain_collect_failures_total{domain="broken",reason="unavailable"}')).to.equal(3);
    expect(page.of('vhi_domain_collect_errors', 'well')).to.equal(0);
  });

  it('logs in again only where the last login did not come to an end', () => {
    // A hanging login runs on, and is shared by the scrapes that follow; Retry-After is kept from scrape to scrape.
    expect(repeatedLogins).to.deep.equal({ loginreset: 2, redirect: 2 });
    expect(second.errors.find(({ domain }) => domain === 'loginpatience')).to.include({ reason: 'rate_limited' });
  });

  it('leaves nothing in flight but the login that hangs', () => {
    expect(inFlight).to.equal(1);
  });

  it('tells no password and no token in any answer or log line', () => {
    expect(all).not.to.include(PASSWORD);
    expect(all).not.to.include('gAAAAAB');
  });
});

describe('A cloud that is gone', () => {
  it('fails its domains with network, and is found again when it is back', async () => {
    const elsewhere = new World({ seed: 'elsewhere' });
    const id = addDomain(elsewhere, { name: 'away' });
    const before = await startSimulator({ world: elsewhere });
    const { port, authUrl } = before;
    await before.close();
    const world = worldOf({ name: 'acme' });
    const line = `${id} name=away auth_url=${authUrl} user=${USER} password=${PASSWORD}`;
    await withRig({ world, lines: `${linesOf(world)}${line}\n` }, async (rig) => {
      const { domains } = await rig.snapshot({ timeout: 4 });
      expect(domains.map(({ result }) => result)).to.deep.equal(['ok', 'failed']);
      expect(domains[1]!.errors[0]).to.include({ stage: 'login', reason: 'network', status: null });
      expect(countOf(rig.takeCalls(), 'login')).to.equal(1);
      const back = await startSimulator({ world: elsewhere, listen: { host: '127.0.0.1', port } });
      try {
        expect((await rig.snapshot()).complete).to.equal(true);
      } finally {
        await back.close();
      }
    });
  });
});
