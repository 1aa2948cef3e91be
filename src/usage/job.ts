import type { Session } from '../openstack/session.js';
import type { Visit } from '../openstack/visit.js';
import type { CloudListings } from './cloud-listing.js';
import type { Counting } from './counting.js';
import type { Progress } from './progress.js';
import type { ProjectBook } from './project-book.js';

/** One domain's part of a collection, of whatever kind. */
export interface DomainJob {
  visit: Visit;
  progress: Progress;
  book: ProjectBook;
  /** Requests of one domain that may wait for a slot at once. */
  fanOut: number;
  disabledProjects: 'error' | 'ignore';
}

/** One domain's part of a snapshot's collection, as a strategy sees it. */
export interface Job extends DomainJob {
  /** The listings that domains of this collection share. */
  listings: CloudListings;
  /** Of all domains of this collection. */
  sessions: readonly Session[];
  counting: Counting;
}

/**
 * A way to find a domain's servers. Writes what it reads to the job's progress, and throws a CollectError for what
 * fails the domain as a whole; what fails one project is noted in the progress.
 */
export type Strategy = (job: Job) => Promise<void>;
