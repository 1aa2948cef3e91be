import { CollectError } from '../../src/errors.js';
import { takeSnapshot, type Snapshot } from '../../src/snapshot/snapshot.js';
import { Progress } from '../../src/usage/progress.js';
import { addUsage, noUsage } from '../../src/usage/usage.js';
import { makeDomain } from '../helpers/domains.js';

/** Servers by project id. */
export type Use = Record<string, { vcpus: number; ramMb: number; flavor?: string }[]>;

export interface DomainUse {
  label: string;
  use: Use;
  /** An error of the domain. */
  fails?: boolean;
  /** Read from quota counters, which show no servers. */
  isCounted?: boolean;
  /** Projects that the list of projects lacks. */
  unlisted?: string[];
}

function progressOf({ label, use, fails = false, isCounted = false, unlisted = [] }: DomainUse): Progress {
  const progress = new Progress();
  progress.strategy = isCounted ? 'project-limits' : 'project-list';
  const ids = Object.keys(use);
  const listed = ids.filter((id) => !unlisted.includes(id));
  progress.projects = new Map(listed.map((id) => [id, { id, name: id, enabled: true, domainId: label }]));
  for (const [projectId, servers] of Object.entries(use)) {
    for (const [i, { flavor = 'small', ...size }] of servers.entries()) {
      const id = `${label} ${projectId} ${i}`;
      if (!isCounted) progress.addServers([{ id, projectId, status: 'ACTIVE', launched: true, flavor, ...size }]);
    }
    const sum = noUsage();
    for (const size of servers) addUsage(sum, size);
    if (isCounted) progress.limits.set(projectId, { endpoint: label, ...sum });
  }
  progress.noteRead(ids);
  if (fails) progress.fail(new CollectError('unavailable', 'x', { status: 503 }));
  progress.finishedAt = 0;
  return progress;
}

export function snapshotOf(domains: readonly DomainUse[], at: string, countFlavors = true): Snapshot {
  return takeSnapshot({
    collectedAt: Date.parse(at),
    startedAt: 0,
    now: 0,
    counting: 'allocated',
    countFlavors,
    problems: [],
    domains: domains.map((one) => ({ domain: makeDomain(one.label), progress: progressOf(one) })),
  });
}
