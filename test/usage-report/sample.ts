import type { ServerUsage } from '../../src/openstack/usage-report.js';
import type { DomainUsage, ProjectUsage, UsageReport } from '../../src/usage-report/report.js';
import { noUsageTotals, sumOf, totalsOf } from '../../src/usage-report/totals.js';
import { makeDomain } from '../helpers/domains.js';

/** October 2026 of Jakarta. */
export const START = Date.parse('2026-09-30T17:00:00Z');
export const END = Date.parse('2026-10-31T17:00:00Z');

export const server: ServerUsage = {
  ...{ id: 's1', projectId: 'ab12', name: 'web-1', flavor: 'm1.small', vcpus: 2, ramMb: 4096, localGb: 20 },
  ...{ state: 'active', startedAt: START - 3_600_000, endedAt: null, hours: 744 },
};

export const project = (id: string, servers: readonly ServerUsage[] = []): ProjectUsage => ({
  ...{ id, name: `name of ${id}`, servers },
  totals: totalsOf(servers),
});

export const domain = (label: string, projects: ProjectUsage[], change: Partial<DomainUsage> = {}): DomainUsage => ({
  domain: makeDomain(label, { id: `id of ${label}` }),
  result: 'ok',
  totals: sumOf(projects.map(({ totals }) => totals)),
  projects,
  errors: [],
  ...change,
});

export const report = (...domains: DomainUsage[]): UsageReport => ({
  ...{ start: START, end: END, complete: true, domains, problems: [] },
  totals: sumOf(domains.map(({ totals }) => totals ?? noUsageTotals())),
});
