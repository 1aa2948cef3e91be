import type { Domain } from '../domains/domain.js';
import type { Project } from '../openstack/identity.js';
import type { Session } from '../openstack/session.js';
import type { Period, ServerUsage } from '../openstack/usage-report.js';
import type { DomainJob } from '../usage/job.js';
import type { SharedReports } from './cloud-report.js';

/** One domain's part of a usage report. */
export interface UsageJob extends DomainJob {
  domain: Domain;
  period: Period;
  /** The project that is asked for; null: all. */
  only: ((project: Project) => boolean) | null;
  reports: SharedReports;
  /** Of all domains of the same cloud that are asked for, this one included. */
  sessions: readonly Session[];
  found: UsageFound;
}

/** What was found of a domain so far. */
export interface UsageFound {
  /** By project, as far as they were read: none of a project that was idle. */
  readonly servers: Map<string, readonly ServerUsage[]>;
  /** The earliest end that Nova's clock allowed. */
  end: number;
}
