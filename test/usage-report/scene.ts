import { systemClock, type Clock } from '../../src/clock.js';
import type { World } from '../../src/simulator/world.js';
import type { DomainUsage, ProjectUsage, UsageReport } from '../../src/usage-report/report.js';
import { UsageReporter, type UsageQuery } from '../../src/usage-report/reporter.js';
import type { UsageTotals } from '../../src/usage-report/totals.js';
import { SETTINGS, type Rig, type Tenant } from '../helpers/rig.js';

/** When the simulated world begins. */
export const EPOCH = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

export type Asked = Partial<UsageQuery> & { maxRequests?: number; clock?: Clock };

/** Usage since the world began, by the identities of the rig's collector. */
export function usageOf(
  rig: Rig,
  { maxRequests = 1000, clock = systemClock, ...query }: Asked = {},
): Promise<UsageReport> {
  const { visits } = rig.collector;
  const { requestConcurrency } = SETTINGS;
  const reporter = new UsageReporter({ visits, clock, log: rig.log, requestConcurrency, maxRequests });
  return reporter.report({
    start: EPOCH,
    end: rig.world.now,
    list: rig.list,
    only: null,
    timeLeftMs: 15_000,
    left: new AbortController().signal,
    ...query,
  });
}

export function domainOf({ domains }: UsageReport, name: string): DomainUsage {
  const found = domains.find(({ domain }) => domain.label === name);
  if (!found) throw new Error(`no domain ${name} in the report`);
  return found;
}

export function projectOf(report: UsageReport, { name, projects }: Tenant, project: string): ProjectUsage {
  const found = domainOf(report, name).projects.find(({ id }) => id === projects[project]);
  if (!found) throw new Error(`no project ${project} in the report`);
  return found;
}

/** `stage reason: message` of each error of a domain. */
export const saidOf = (report: UsageReport, name: string): string[] =>
  domainOf(report, name).errors.map(({ stage, reason, message }) => `${stage} ${reason}: ${message}`);

/** Nova knows but the last launch; one that is so late is not the first. */
const LONGEST_BUILD_MS = 900_000;

/** What a project's servers used, from the cloud's own books. */
export function usedBy(world: World, projectId: string, start = EPOCH, end = world.now): UsageTotals {
  const totals = { serverHours: 0, vcpuHours: 0, ramMbHours: 0, localGbHours: 0 };
  for (const { created, launchedAt, terminatedAt, vcpus, ramMb, diskGb } of world.servers.ofProject(projectId)) {
    if (launchedAt === null) continue;
    const [made, launched] = [Date.parse(created), Date.parse(launchedAt)];
    const from = launched - made > LONGEST_BUILD_MS ? made : launched;
    const until = terminatedAt === null ? end : Math.min(end, Date.parse(terminatedAt));
    const hours = Math.max(0, until - Math.max(start, from)) / HOUR_MS;
    totals.serverHours += hours;
    totals.vcpuHours += hours * vcpus;
    totals.ramMbHours += hours * ramMb;
    totals.localGbHours += hours * diskGb;
  }
  return totals;
}

/** Whether two sums are the same, but for the last digits of floating point. */
export function areClose(one: UsageTotals | null, other: UsageTotals | null): boolean {
  if (!one || !other) return one === other;
  const keys = Object.keys(other) as (keyof UsageTotals)[];
  return keys.every((key) => Math.abs(one[key] - other[key]) <= 1e-9 * Math.max(1, Math.abs(other[key])));
}

/** Usage calls of the simulator: who asked, and of which project. */
export function usageCalls(rig: Rig): string[] {
  const { domains, projects } = rig.world;
  const name = (id: string | null): string => domains.get(id ?? '')?.name ?? projects.get(id ?? '')?.name ?? 'all';
  return rig.sim.calls
    .filter(({ route }) => route === 'usage')
    .map(({ domainId, projectId, path, query, status }) => {
      const asked = new URLSearchParams(query);
      const page = asked.has('marker') ? ' more' : asked.has('limit') ? ' probe' : '';
      const refused = status !== null && status < 300 ? '' : ` ${status}`;
      return `${name(domainId)}/${name(projectId)} ${name(path.split('/').at(-1) ?? null)}${page}${refused}`;
    });
}
