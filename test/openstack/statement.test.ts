import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { adminBody, ask, token } from './helpers/api.js';
import type { Expected } from './helpers/expected.js';
import { startExporter, type Exporter } from './helpers/program.js';
import { seed } from './helpers/rig.js';

const HOUR_MS = 3_600_000;
const VERSION = { 'OpenStack-API-Version': 'compute 2.40' };
/** Minor units of an hour: 3 for a vCPU, 2 for a GB, 1 for a server. */
const TARIFFS = `currency: USD
timezone: UTC
tariffs:
  - {name: vCPU, resource: vcpu, price: "0.03", per: hour}
  - {name: RAM, resource: ram_gb, price: "0.02", per: hour}
  - {name: Server, resource: server, price: "0.01", per: hour}
`;
const CENTS: Record<string, number> = { vcpu: 3, ram_gb: 2, server: 1 };

interface Told {
  complete: boolean;
  total: string;
  sha256?: string;
  lines: { projectId: string; resource: string; quantity: string; amount: string }[];
}

interface NovaUsage {
  tenant_usage: {
    total_vcpus_usage?: number;
    server_usages?: {
      vcpus: number;
      memory_mb: number;
      started_at: string;
      ended_at: string | null;
    }[];
  };
}

const clockOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

describe('A statement', () => {
  let expected: Expected;
  let exporter: Exporter;
  let admin: string;
  let folder: string;

  before(async () => {
    expected = await seed(
      ...['--start', '971', '--domains', '2', '--projects', '3', '--servers', '20', '--cloudadmin', 'dom-972'],
    );
    admin = await token(expected.auth_url, adminBody(expected));
    folder = await mkdtemp(join(tmpdir(), 'vhi-tariffs-'));
    const file = join(folder, 'tariffs.yml');
    await writeFile(file, TARIFFS);
    const args = [`--tariffs.file=${file}`];
    exporter = await startExporter({ authUrl: expected.auth_url, domains: expected.domains, args });
  });
  after(async () => {
    await exporter.stop();
    await rm(folder, { recursive: true });
  });

  /** What Nova tells of one project, added up by hand: unit-hours by resource, and Nova's own sum of vCPU-hours. */
  async function usedBy(projectId: string, start: number, end: number): Promise<Record<string, number>> {
    const range = `start=${clockOf(start)}&end=${clockOf(end)}`;
    const url = `${expected.urls.nova}/v2.1/os-simple-tenant-usage/${projectId}?${range}`;
    const { json } = await ask(url, { headers: { ...VERSION, 'X-Auth-Token': admin } });
    const { total_vcpus_usage: ofNova = 0, server_usages: servers = [] } = (json as NovaUsage).tenant_usage;
    const used = { vcpu: 0, ram_gb: 0, server: 0, ofNova, slack: 1e-6 };
    for (const { vcpus, memory_mb: ramMb, started_at: from, ended_at: to } of servers) {
      const first = Math.max(start, Date.parse(`${from}Z`));
      const last = to === null ? end : Math.min(end, Date.parse(`${to}Z`));
      const hours = Math.max(0, last - first) / HOUR_MS;
      used.vcpu += hours * vcpus;
      used.ram_gb += (hours * ramMb) / 1024;
      used.server += hours;
      // Nova's times may have microseconds, of which both ends are cut to milliseconds here.
      used.slack += (2 * vcpus) / HOUR_MS;
    }
    return used;
  }

  it('of the last hours is Nova’s report times the prices, project by project, and as many vCPU-hours as Nova’s own', async () => {
    // What is seeded is new: a day before it, up to a minute ago, in whole seconds.
    const end = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    const start = end - 24 * HOUR_MS;
    const query = new URLSearchParams({ start: `${clockOf(start)}Z`, end: `${clockOf(end)}Z` }).toString();
    const { status, json } = await ask(`${exporter.url}/api/v1/statement?${query}`);
    expect(status).to.equal(200);
    const { complete, lines, total, sha256 } = json as Told;
    expect([complete, sha256?.length]).to.deep.equal([true, 64]);
    const ids = expected.domains.flatMap(({ projects }) => projects.map(({ id }) => id));
    expect([...new Set(lines.map(({ projectId }) => projectId))].sort()).to.deep.equal([...ids].sort());
    let cents = 0;
    for (const id of ids) {
      const used = await usedBy(id, start, end);
      const own = lines.filter(({ projectId }) => projectId === id);
      // One line each, since prices by the hour go by no month.
      expect(own.map(({ resource }) => resource)).to.deep.equal(['vcpu', 'ram_gb', 'server']);
      for (const { resource, quantity, amount } of own) {
        const hours = used[resource] ?? NaN;
        expect(Number(quantity), `${resource} of ${id}`).to.be.closeTo(hours, 1e-6);
        expect(Number(amount) * 100, `${resource} of ${id}`).to.be.closeTo(
          hours * (CENTS[resource] ?? NaN),
          0.5 + 1e-6,
        );
        cents += Math.round(Number(amount) * 100);
      }
      expect(Number(own[0]!.quantity), `vCPUs of ${id}`).to.be.closeTo(used['ofNova']!, used['slack']!);
    }
    expect(Math.round(Number(total) * 100)).to.equal(cents);
    expect(lines.some(({ quantity }) => Number(quantity) > 0)).to.equal(true);
  });
});
