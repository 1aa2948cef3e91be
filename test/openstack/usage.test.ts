import { expect } from 'chai';

import { adminBody, ask, token, type Reply } from './helpers/api.js';
import { launchedFigures, type Expected } from './helpers/expected.js';
import { startExporter, type Exporter } from './helpers/program.js';
import { changeNova, seed } from './helpers/rig.js';

/** Nova's own sums of one project, and ours. */
const SUMS = {
  serverHours: 'total_hours',
  vcpuHours: 'total_vcpus_usage',
  ramMbHours: 'total_memory_mb_usage',
  localGbHours: 'total_local_gb_usage',
} as const;
const DAY_MS = 86_400_000;
/** The rig's, which the flavors' API no longer has. */
const DELETED = { id: 'gone', name: 'old.gone' };
const VERSION = { 'OpenStack-API-Version': 'compute 2.40' };

interface Told {
  complete: boolean;
  domains: {
    domain: string;
    result: string;
    projects: { projectId: string; totals: Record<string, number>; servers?: { flavor: string }[] }[];
  }[];
}

interface NovaUsage {
  tenant_usage: Record<string, number>;
}

const clockOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

describe('Usage by date', () => {
  let expected: Expected;
  let exporter: Exporter;
  let admin: string;

  before(async () => {
    // One administrator of the cloud, one who sees its own projects alone; servers that were deleted, and some being built.
    expected = await seed(
      ...['--start', '961', '--domains', '2', '--projects', '3', '--servers', '20'],
      ...['--cloudadmin', 'dom-962', '--flavors', `1,2,3,4,${DELETED.id}`],
    );
    admin = await token(expected.auth_url, adminBody(expected));
    exporter = await startExporter({ authUrl: expected.auth_url, domains: expected.domains, args: [] });
  });
  after(() => exporter.stop());

  const usage = (query: Record<string, string>): Promise<Reply> =>
    ask(`${exporter.url}/api/v1/usage?${new URLSearchParams(query).toString()}`);

  for (const [name, fromDays, toMs] of [
    ['of forty days', 40, 60_000],
    ['of one day', 1.5, DAY_MS / 2],
  ] as const) {
    it(`${name} is Nova's own, project by project, of all projects`, async () => {
      const now = Date.now();
      const [start, end] = [clockOf(now - fromDays * DAY_MS), clockOf(now - toMs)];
      const { status, json } = await usage({ start: `${start}Z`, end: `${end}Z` });
      expect(status).to.equal(200);
      const { complete, domains } = json as Told;
      expect(complete).to.equal(true);
      const ids = expected.domains.map(({ projects }) => projects.map(({ id }) => id).sort());
      expect(domains.map(({ projects }) => projects.map(({ projectId }) => projectId).sort())).to.deep.equal(ids);
      let hours = 0;
      for (const { projectId, totals } of domains.flatMap(({ projects }) => projects)) {
        const url = `${expected.urls.nova}/v2.1/os-simple-tenant-usage/${projectId}?start=${start}&end=${end}`;
        const own = await ask(url, { headers: { ...VERSION, 'X-Auth-Token': admin } });
        const sums = (own.json as NovaUsage).tenant_usage;
        for (const [mine, theirs] of Object.entries(SUMS))
          expect(totals[mine], `${mine} of ${projectId}`).to.be.closeTo(sums[theirs] ?? 0, 1e-9 * (sums[theirs] ?? 0));
        hours += totals['serverHours'] ?? 0;
      }
      expect(hours).to.be.greaterThan(0);
    });
  }

  it('is what the cloud was filled with, for minutes through which all of it was there', () => expectFilled());

  it('names the flavor of each server, of one that was deleted too', async () => {
    const flavors = await ask(`${expected.urls.nova}/v2.1/flavors`, { headers: { 'X-Auth-Token': admin } });
    const { flavors: offered } = flavors.json as { flavors: { name: string }[] };
    expect(offered.map(({ name }) => name)).not.to.include(DELETED.name);
    const [start, end] = minutes();
    const { domains } = (await usage({ start: `${start}Z`, end: `${end}Z`, detailed: '1' })).json as Told;
    for (const { domain, projects } of domains) {
      const names = new Set(projects.flatMap(({ servers = [] }) => servers.map(({ flavor }) => flavor)));
      expect([...names].sort(), domain).to.deep.equal([DELETED.name, 's1.large', 's1.medium', 's1.small', 's1.tiny']);
    }
  });

  it('is the same after servers were launched anew, of which Nova’s own report knows nothing any more', async () => {
    const [start, end] = minutes();
    // One domain's login is the cloud's administrator, one has a token of each project.
    for (const { id } of expected.domains.map(({ projects }) => projects.at(-1)!)) {
      // As a resize, a rebuild, a rescue or an unshelving leaves the row.
      await changeNova(`UPDATE instances SET updated_at = UTC_TIMESTAMP(), launched_at = UTC_TIMESTAMP() - INTERVAL 52 MINUTE
        WHERE project_id = '${id}' AND launched_at IS NOT NULL`);
      const url = `${expected.urls.nova}/v2.1/os-simple-tenant-usage/${id}?start=${start}&end=${end}`;
      const bare = await ask(url, { headers: { ...VERSION, 'X-Auth-Token': admin } });
      expect((bare.json as NovaUsage).tenant_usage).to.deep.equal({});
    }
    await expectFilled();
  });

  /** Seeded servers were launched an hour before at the latest, and deleted fifty minutes before at the earliest. */
  const minutes = (): [string, string] => [clockOf(Date.now() - 58 * 60_000), clockOf(Date.now() - 54 * 60_000)];

  async function expectFilled(): Promise<void> {
    const [start, end] = minutes();
    const { complete, domains } = (await usage({ start: `${start}Z`, end: `${end}Z` })).json as Told;
    expect(complete).to.equal(true);
    const told = new Map(
      domains.flatMap(({ projects }) => projects.map(({ projectId, totals }) => [projectId, totals])),
    );
    let servers = 0;
    for (const project of expected.domains.flatMap(({ projects }) => projects)) {
      const figures = launchedFigures(project);
      const { serverHours = -1, vcpuHours = -1, ramMbHours = -1 } = told.get(project.id) ?? {};
      expect(serverHours * 15, project.name).to.be.closeTo(figures.servers, 1e-6);
      expect(vcpuHours * 15, project.name).to.be.closeTo(figures.vcpus, 1e-6);
      expect(ramMbHours * 15, project.name).to.be.closeTo(figures.ramMb, 1e-3);
      servers += figures.servers;
    }
    expect(servers).to.be.greaterThan(0);
  }

  it('comes in pages of projects that add up to the whole', async () => {
    const now = Date.now();
    const range = { start: `${clockOf(now - 10 * DAY_MS)}Z`, end: `${clockOf(now - DAY_MS)}Z` };
    const whole = (await usage(range)).json as Told;
    const pages: string[] = [];
    let path: string | null = `/api/v1/usage?${new URLSearchParams({ ...range, limit: '2' }).toString()}`;
    while (path !== null) {
      const page = (await ask(`${exporter.url}${path}`)).json as Told & { next: string | null };
      pages.push(...page.domains.flatMap(({ projects }) => projects.map((one) => JSON.stringify(one))));
      path = page.next;
    }
    expect(pages).to.deep.equal(whole.domains.flatMap(({ projects }) => projects.map((one) => JSON.stringify(one))));
  });
});
