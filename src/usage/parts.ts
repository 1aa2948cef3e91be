import pLimit from 'p-limit';

import { HttpFailure } from '../http/request.js';
import type { Server } from '../openstack/compute.js';
import { checkCells, listServers, type ServersPage } from '../openstack/listing.js';
import type { Job } from './job.js';

/** So many full pages, one after the other, take too long. */
const LONG_CHAIN = 3;

/** Nova gives a next link behind each page that is full. */
const pagesOf = (servers: number, rows: number): number => Math.floor(servers / rows) + 1;

const EVERYTHING = { projectId: null, allTenants: true } as const;

/** How a listing of all tenants stands. */
export interface Chain {
  /** The newest page. */
  page: ServersPage;
  /** Pages that came. */
  read: number;
}

/**
 * Whether the domain was seen to have so many servers that the pages to come take long one after the other, and so few
 * projects that all pages of all of them are no more than twice as many, while the cloud has room for them.
 */
export function isWorthParting({ visit, book }: Job, { page, read }: Chain): boolean {
  const { sizes, picksProject } = visit.session.access;
  if (!page.hasNext || !sizes || picksProject === false || !visit.cloud.http.hasRoom) return false;
  const rows = page.servers.length;
  const left = pagesOf(sum(sizes.values()), rows) - read;
  const parts = [...book.projects.keys()].map((id) => pagesOf(sizes.get(id) ?? 0, rows));
  // One more for the list of projects.
  return 1 + sum(parts) <= 2 * left;
}

/** Remembers how many servers each project has, if a listing took long. @param rows of its first page */
export function noteSizes({ visit, book, progress }: Job, rows: number): void {
  const isLong = progress.servers.size >= LONG_CHAIN * rows && rows > 0;
  const sizes = isLong ? new Map([...book.projects.keys()].map((id) => [id, 0])) : null;
  visit.session.access.sizes = sizes;
  if (!sizes) return;
  for (const { projectId } of progress.servers.values()) sizes.set(projectId, (sizes.get(projectId) ?? 0) + 1);
}

/**
 * All pages of all projects of the domain, side by side, the largest project first. The projects are read anew, since no
 * row would tell of one that is new; and a server stays in its project for life, so that each is in exactly one part.
 * @returns false where that does not make the whole domain: the list of projects may lack some, or Nova does not pick the
 *   servers of a project, but shows others, or none where there are some. What was added is right all the same.
 * @throws CollectError
 */
export async function listByProject(job: Job, { isBare }: ServersPage): Promise<boolean> {
  const { book, visit, progress, fanOut } = job;
  const { access } = visit.session;
  await book.refresh();
  if (!book.isWhole) return false;
  // Nova ignores what it does not let a role ask for, and gives everything to each request: the first one tells.
  const parts = pLimit(access.picksProject === true ? fanOut : 1);
  let failure: unknown = null;
  await parts.map(largestFirst(job), async (id) => {
    if (failure !== null) return;
    try {
      await addPart(job, id, (access.sizes?.get(id) ?? 0) > 0);
      access.picksProject = true;
      parts.concurrency = fanOut;
    } catch (error) {
      failure ??= isRefusal(error) ? new NotPicked(false) : error;
    }
  });
  if (failure instanceof NotPicked) access.picksProject = failure.picks;
  else if (failure !== null) throw failure as Error;
  else if (!isBare) await checkCells(visit, EVERYTHING, progress.servers.size);
  return access.picksProject === true;
}

/** What Nova shows when it is asked for one project's servers is something else. */
class NotPicked extends Error {
  /** null: it may be right, and the project's servers are gone. */
  readonly picks: false | null;

  constructor(picks: false | null) {
    super('project_id does not pick the servers of a project');
    this.picks = picks;
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof HttpFailure && (error.status === 400 || error.status === 403);

async function addPart({ visit, progress }: Job, id: string, hadServers: boolean): Promise<void> {
  let isEmpty = true;
  const isOther = ({ projectId }: Server): boolean => projectId !== id;
  for await (const { servers } of listServers(visit, { ...EVERYTHING, only: id })) {
    if (servers.some(isOther)) throw new NotPicked(false);
    progress.addServers(servers);
    isEmpty &&= servers.length === 0;
  }
  if (isEmpty && hadServers) throw new NotPicked(null);
}

/** Projects of an unknown size may be the largest. */
function largestFirst({ visit, book }: Job): string[] {
  const sizeOf = (id: string): number => visit.session.access.sizes?.get(id) ?? Infinity;
  return [...book.projects.keys()].sort((a, b) => (sizeOf(a) === sizeOf(b) ? 0 : sizeOf(b) - sizeOf(a)));
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((all, one) => all + one, 0);
