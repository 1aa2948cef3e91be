import { CollectError } from '../errors.js';
import type { View } from '../openstack/session.js';
import type { Visit } from '../openstack/visit.js';
import type { CloudListings } from './cloud-listing.js';
import type { Counting } from './counting.js';
import type { Progress } from './progress.js';
import type { ProjectBook } from './project-book.js';

export const STRATEGY_NAMES = ['domain-list', 'cloud-list', 'project-list', 'project-limits'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** One domain's part of a collection, as a strategy sees it. */
export interface Job {
  visit: Visit;
  progress: Progress;
  book: ProjectBook;
  /** The listings that domains of this collection share. */
  listings: CloudListings;
  counting: Counting;
  /** Requests of one domain that may wait for a slot at once. */
  fanOut: number;
  disabledProjects: 'error' | 'ignore';
}

/**
 * A way to find a domain's servers. Writes what it reads to the job's progress, and throws a CollectError for what
 * fails the domain as a whole; what fails one project is noted in the progress.
 */
export type Strategy = (job: Job) => Promise<void>;

/** `all_tenants` shows something else than it was proven to show: the domain is to be collected in another way. */
export class ViewLost extends CollectError {
  /** What it shows instead, `unknown` if that is to be found out. */
  readonly view: View;

  constructor(view: View, message: string, cause?: CollectError) {
    super('forbidden', message, { cause, status: cause?.status });
    this.view = view;
  }
}
