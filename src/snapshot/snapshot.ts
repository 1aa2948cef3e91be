import type { Domain, Problem } from '../domains/domain.js';
import type { Reason, Stage } from '../errors.js';
import { isInUse, type Counting } from '../usage/counting.js';
import type { ErrorGroup, Progress } from '../usage/progress.js';
import type { StrategyName } from '../usage/strategy.js';
import { addUsage, noUsage, type Usage } from '../usage/usage.js';

/** `ok`: complete; `partial`: some of it was read and counts; `failed`: nothing was. */
export type Result = 'ok' | 'partial' | 'failed';

export interface ProjectUsage extends Usage {
  id: string;
  name: string;
  /** Servers counted in, by the flavor's name; null where that was not asked for, or the strategy sees none. */
  serversByFlavor: ReadonlyMap<string, number> | null;
}

export interface DomainSnapshot {
  domain: Domain;
  result: Result;
  /** null when it failed before one was chosen. */
  strategy: StrategyName | null;
  /** When its servers were last listed in full, or the project whose turn was longest ago; null where none were listed. */
  listedAt: number | null;
  /** What is in use; null when the domain failed. */
  usage: Usage | null;
  /** Servers counted in; null where the strategy sees none, or the domain failed. */
  servers: number | null;
  /** Every server seen, by Nova's status; null likewise. */
  byStatus: ReadonlyMap<string, number> | null;
  byProject: readonly ProjectUsage[];
  /** Projects that the domain's user can see; null when they are not known. */
  projects: number | null;
  /** Whether these are all of the domain, or only those that its user has a role in. */
  projectScope: 'domain' | 'user' | null;
  durationSeconds: number;
  errors: readonly ErrorGroup[];
}

/** An error as the API tells it. */
export interface SnapshotError {
  /** The domain's label; null for a line of the file that is no domain. */
  domain: string | null;
  line?: number;
  stage: Stage;
  reason: Reason;
  status: number | null;
  count: number;
  message: string;
}

/** What was known at one moment: never changed once made. Metrics and JSON are made of nothing else. */
export interface Snapshot {
  /** Start of the collection, milliseconds since the epoch. */
  collectedAt: number;
  durationSeconds: number;
  complete: boolean;
  counting: Counting;
  /** null when there are domains and not one could be collected; `servers` is null where some are not seen. */
  totals: (Usage & { servers: number | null }) | null;
  /** In the order of the file. */
  domains: readonly DomainSnapshot[];
  problems: readonly Problem[];
}

/** What went wrong with a collection. */
export interface Failures {
  domains: readonly { domain: Domain; errors: readonly ErrorGroup[] }[];
  problems: readonly Problem[];
}

export interface SnapshotInput {
  collectedAt: number;
  /** Monotonic. */
  startedAt: number;
  now: number;
  counting: Counting;
  /** Whether servers are counted by flavor, too. */
  countFlavors?: boolean;
  domains: readonly { domain: Domain; progress: Progress }[];
  problems: readonly Problem[];
}

/** Adds up what the domains' progress holds at this moment. Pure. */
export function takeSnapshot(input: SnapshotInput): Snapshot {
  const { collectedAt, startedAt, now, counting, countFlavors = false, problems } = input;
  const seen = new Map<string, string>();
  const domains = input.domains.map(({ domain, progress }) =>
    domainSnapshot(domain, progress, { seen, counting, countFlavors, startedAt, now }),
  );
  const collected = domains.filter(({ result }) => result !== 'failed');
  const usage = noUsage();
  for (const domain of collected) if (domain.usage) addUsage(usage, domain.usage);
  const servers = collected.some((domain) => domain.servers === null)
    ? null
    : collected.reduce((sum, domain) => sum + (domain.servers ?? 0), 0);
  return {
    collectedAt,
    durationSeconds: seconds(now - startedAt),
    complete: problems.length === 0 && domains.every(({ result }) => result === 'ok'),
    counting,
    totals: domains.length > 0 && collected.length === 0 ? null : { ...usage, servers },
    domains,
    problems,
  };
}

/** To the millisecond: more digits would be noise. */
const seconds = (ms: number): number => Math.round(ms) / 1000;

/** Every error of a collection: the domains' in the order of the file, then the file's own. */
export function snapshotErrors({ domains, problems }: Failures): SnapshotError[] {
  return [
    ...domains.flatMap(({ domain, errors }) => errors.map((error) => ({ domain: domain.label, ...error }))),
    ...problems.map(({ line, message }) => ({
      domain: null,
      line,
      stage: 'config' as const,
      reason: 'config' as const,
      status: null,
      count: 1,
      message,
    })),
  ];
}

interface Context {
  /** Servers and counters that count already, with the label of the domain that they count for. */
  seen: Map<string, string>;
  counting: Counting;
  countFlavors: boolean;
  startedAt: number;
  now: number;
}

function domainSnapshot(domain: Domain, progress: Progress, context: Context): DomainSnapshot {
  const { startedAt, now } = context;
  const tally = count(domain, progress, context);
  const open = progress.finishedAt === null ? [unfinished(progress.stage, 'scrape')] : [];
  const errors = mergeGroups([...progress.errors, ...tally.errors, ...open]);
  const result = !progress.anyRead ? 'failed' : errors.length > 0 ? 'partial' : 'ok';
  const hasServers = result !== 'failed' && seesServers(progress);
  return {
    domain,
    result,
    strategy: progress.strategy,
    listedAt: progress.listedAt,
    usage: result === 'failed' ? null : tally.usage,
    servers: hasServers ? tally.servers : null,
    byStatus: hasServers ? tally.byStatus : null,
    byProject: tally.byProject,
    projects: progress.projects?.size ?? null,
    projectScope: progress.projectScope,
    durationSeconds: seconds((progress.finishedAt ?? now) - startedAt),
    errors,
  };
}

const seesServers = ({ strategy }: Progress): boolean => strategy !== 'project-limits';

/** Of a domain that is still being collected when the time of what was asked for is over. */
export const unfinished = (stage: Stage, asked: 'scrape' | 'report'): ErrorGroup => ({
  stage,
  reason: 'timeout',
  status: null,
  count: 1,
  message: `not finished when the time of the ${asked} was over`,
});

/** One group for each stage, reason and status. */
export function mergeGroups(groups: readonly ErrorGroup[]): ErrorGroup[] {
  const merged = new Map<string, ErrorGroup>();
  for (const group of groups) {
    const key = `${group.stage} ${group.reason} ${group.status}`;
    const same = merged.get(key);
    const both = same && { ...same, count: same.count + group.count, message: `${same.message}; ${group.message}` };
    merged.set(key, both ?? group);
  }
  return [...merged.values()];
}

function count({ label }: Domain, progress: Progress, { seen, counting, countFlavors }: Context) {
  const usage = noUsage();
  const byStatus = new Map<string, number>();
  const byProject = new Map<string, ProjectUsage & { serversByFlavor: Map<string, number> | null }>();
  for (const { id, name } of progress.projects?.values() ?? []) {
    const serversByFlavor = countFlavors && seesServers(progress) ? new Map<string, number>() : null;
    byProject.set(id, { id, name, ...noUsage(), serversByFlavor });
  }
  const add = (projectId: string, amount: Usage, flavor: string | null = null): void => {
    addUsage(usage, amount);
    const project = byProject.get(projectId);
    if (!project) return;
    addUsage(project, amount);
    const flavors = project.serversByFlavor;
    if (flavors && flavor !== null) flavors.set(flavor, (flavors.get(flavor) ?? 0) + 1);
  };
  const known = new Set<string>();
  const unknown = new Set<string>();
  const elsewhere = new Map<string, number>();
  /** Whether it counts here; else it counts for a domain before this one. */
  const claim = (key: string): boolean => {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, label);
    else elsewhere.set(first, (elsewhere.get(first) ?? 0) + 1);
    return first === undefined;
  };
  let servers = 0;
  for (const server of progress.servers.values()) {
    if (!claim(server.id)) continue;
    byStatus.set(server.status, (byStatus.get(server.status) ?? 0) + 1);
    (server.status === 'UNKNOWN' ? unknown : known).add(server.projectId);
    if (!isInUse(server, counting)) continue;
    servers += 1;
    add(server.projectId, server, server.flavor);
  }
  for (const [id, limits] of progress.limits) if (claim(`${limits.endpoint} ${id}`)) add(id, limits);
  // A project that was not read, or of which nothing can be told, may hold anything: it has no figure, rather than 0.
  const isTold = ({ id }: ProjectUsage): boolean =>
    known.has(id) || (progress.readProjects.has(id) && !unknown.has(id));
  const errors = countErrors(byStatus.get('UNKNOWN') ?? 0, elsewhere);
  return { usage, byStatus, byProject: [...byProject.values()].filter(isTold), servers, errors };
}

function countErrors(unknown: number, elsewhere: Map<string, number>): ErrorGroup[] {
  const group = (count: number, message: string): ErrorGroup => ({
    stage: 'servers',
    reason: 'incomplete',
    status: null,
    count,
    message,
  });
  const doubled = [...elsewhere].map(
    ([first, n]) => `${n} of its servers or projects count for domain "${first}" already`,
  );
  const down = `${unknown} servers are UNKNOWN, since their cell is down: their vCPUs and RAM can't be told`;
  const messages = [...(unknown > 0 ? [down] : []), ...doubled];
  if (messages.length === 0) return [];
  const total = [...elsewhere.values()].reduce((a, b) => a + b, unknown);
  return [group(total, messages.join('; '))];
}
