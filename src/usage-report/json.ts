import type { ServerUsage } from '../openstack/usage-report.js';
import { snapshotErrors, type Result, type SnapshotError } from '../snapshot/snapshot.js';
import type { ProjectUsage, UsageReport } from './report.js';
import type { UsageTotals } from './totals.js';

/** What Nova's hours are, told in every answer. */
export const BASIS = "hours of existence at today's flavor";

/** `GET /api/v1/usage`, and `vhi-exporter usage --output=json`. RAM in MiB, disk in GiB. */
export interface UsageJson {
  /** With the zone's offset, as all times here. */
  start: string;
  end: string;
  timezone: string;
  source: 'nova';
  basis: typeof BASIS;
  complete: boolean;
  /** Address of the next page of projects. */
  next: string | null;
  /** null when there are domains and not one could be read. */
  totals: UsageTotals | null;
  domains: {
    domain: string;
    id: string;
    result: Result;
    /** null when it failed. */
    totals: UsageTotals | null;
    errors: Omit<SnapshotError, 'domain'>[];
    projects: ProjectUsageJson[];
  }[];
  errors: SnapshotError[];
}

export interface ProjectUsageJson {
  project: string;
  projectId: string;
  totals: UsageTotals;
  /** Only in detail. */
  servers?: ServerUsageJson[];
}

export interface ServerUsageJson {
  serverId: string;
  name: string;
  flavor: string;
  vcpus: number | null;
  ramMb: number | null;
  localGb: number | null;
  state: string;
  startedAt: string;
  endedAt: string | null;
  hours: number;
}

export interface UsageJsonOptions {
  timezone: string;
  /** An instant in that zone. */
  time: (ms: number) => string;
  /** The end as it is shown, which may be that of a day. */
  endTime?: (ms: number) => string;
  detailed: boolean;
}

/** All projects on one page. Pure. */
export function usageJson(report: UsageReport, options: UsageJsonOptions): UsageJson {
  const { timezone, time, endTime = time } = options;
  const { start, end, complete, totals, domains } = report;
  return {
    start: time(start),
    end: endTime(end),
    timezone,
    source: 'nova',
    basis: BASIS,
    complete,
    next: null,
    totals,
    domains: domains.map(({ domain, result, totals: sums, errors, projects }) => ({
      domain: domain.label,
      id: domain.id,
      result,
      totals: sums,
      errors: [...errors],
      projects: projects.map((project) => projectJson(project, options)),
    })),
    errors: snapshotErrors(report),
  };
}

function projectJson({ id, name, totals, servers }: ProjectUsage, { detailed, time }: UsageJsonOptions) {
  const project: ProjectUsageJson = { project: name, projectId: id, totals };
  return detailed ? { ...project, servers: servers.map((server) => serverJson(server, time)) } : project;
}

function serverJson(server: ServerUsage, time: (ms: number) => string): ServerUsageJson {
  const { id, name, flavor, vcpus, ramMb, localGb, state, startedAt, endedAt, hours } = server;
  return {
    ...{ serverId: id, name, flavor, vcpus, ramMb, localGb, state },
    startedAt: time(startedAt),
    endedAt: endedAt === null ? null : time(endedAt),
    hours,
  };
}
