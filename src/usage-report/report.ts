import type { Domain, Problem } from '../domains/domain.js';
import type { Period, ServerUsage } from '../openstack/usage-report.js';
import { mergeGroups, unfinished, type Result } from '../snapshot/snapshot.js';
import type { ErrorGroup } from '../usage/progress.js';
import type { UsageJob } from './job.js';
import { sumOf, totalsOf, type UsageTotals } from './totals.js';

/** One project's usage; zeros where it had none. */
export interface ProjectUsage {
  id: string;
  name: string;
  totals: UsageTotals;
  /** By id. */
  servers: readonly ServerUsage[];
}

export interface DomainUsage {
  domain: Domain;
  result: Result;
  /** null when the domain failed. */
  totals: UsageTotals | null;
  /** Those that were read, by id. */
  projects: readonly ProjectUsage[];
  errors: readonly ErrorGroup[];
}

/**
 * Usage of all domains between two dates: hours of existence at today's flavor. What projects used that were deleted since is in no
 * domain, since Keystone does not tell whose they were. Never changed once made.
 */
export interface UsageReport extends Period {
  complete: boolean;
  /** null when there are domains and not one could be read; and where none has the project that is asked for, but a bad line might. */
  totals: UsageTotals | null;
  /** In the order of the file; where one project is asked for, those that have it, or may. */
  domains: readonly DomainUsage[];
  problems: readonly Problem[];
}

/**
 * Adds up what was found. Each server counts once, for the first domain in file order that has it. Pure.
 * @param only the project that is asked for; null: all
 */
export function takeReport(
  { start, end }: Period,
  jobs: readonly UsageJob[],
  problems: readonly Problem[],
  only: UsageJob['only'],
): UsageReport {
  const seen = new Map<string, string>();
  const all = jobs.map((job) => domainUsage(job, seen));
  const domains = only ? all.filter(({ projects, errors }) => projects.length > 0 || errors.length > 0) : all;
  const read = domains.flatMap(({ totals }) => (totals ? [totals] : []));
  // The project that is asked for may be that of a bad line.
  const isSought = domains.length > 0 || (only !== null && problems.length > 0);
  return {
    start,
    end: Math.min(end, ...jobs.map(({ found }) => found.end)),
    complete: problems.length === 0 && domains.every(({ result }) => result === 'ok'),
    totals: isSought && read.length === 0 ? null : sumOf(read),
    domains,
    problems,
  };
}

function domainUsage({ domain, progress, found }: UsageJob, seen: Map<string, string>): DomainUsage {
  const elsewhere = new Map<string, number>();
  /** Whether it counts here; else it counts for a domain before this one. */
  const claim = ({ id }: ServerUsage): boolean => {
    const first = seen.get(id);
    if (first === undefined) seen.set(id, domain.label);
    else elsewhere.set(first, (elsewhere.get(first) ?? 0) + 1);
    return first === undefined;
  };
  const projects = [...found.servers]
    .map(([id, servers]) => ({ id, name: progress.projects?.get(id)?.name ?? id, servers }))
    .sort(byId)
    .map(({ id, name, servers }) => {
      const counted = servers.filter(claim).sort(byId);
      return { id, name, totals: totalsOf(counted), servers: counted };
    });
  const open = progress.finishedAt === null ? [unfinished(progress.stage, 'report')] : [];
  const errors = mergeGroups([...progress.errors, ...doubled(elsewhere), ...open]);
  const result = !progress.anyRead ? 'failed' : errors.length > 0 ? 'partial' : 'ok';
  const totals = result === 'failed' ? null : sumOf(projects.map((project) => project.totals));
  return { domain, result, totals, projects, errors };
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

function doubled(elsewhere: ReadonlyMap<string, number>): ErrorGroup[] {
  return [...elsewhere].map(([first, count]) => ({
    stage: 'usage',
    reason: 'incomplete',
    status: null,
    count,
    message: `${count} of its servers count for domain "${first}" already`,
  }));
}
