import pLimit from 'p-limit';

import { HttpFailure } from '../http/request.js';
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
 * Whether the domain was seen to have so many servers that the pages to come take longer one after the other than all pages
 * of all projects side by side, which may be twice as many; and whether the cloud has room for them now.
 */
export function isWorthParting({ visit, book, fanOut }: Job, { page, read }: Chain): boolean {
  const { sizes, picksProject } = visit.session.access;
  if (!page.hasNext || !sizes || picksProject === false || !visit.cloud.http.hasRoom) return false;
  const rows = page.servers.length;
  const left = pagesOf(sum(sizes.values()), rows) - read;
  const parts = [...book.projects.keys()].map((id) => pagesOf(sizes.get(id) ?? 0, rows));
  // One more for the list of projects.
  const turns = 1 + Math.max(...parts, sum(parts) / fanOut);
  return turns < left && 1 + sum(parts) <= 2 * left;
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
 * What fails here, and might not in a chain, is not tried again before the next login.
 * @returns false where that does not make the whole domain: the list of projects may lack some, or Nova does not pick the
 *   servers of a project. What was added is right all the same.
 * @throws CollectError
 */
export async function listByProject(job: Job, chain: Chain): Promise<boolean> {
  const { book, visit, progress } = job;
  const { access } = visit.session;
  if (!(await book.tryRead())) {
    access.picksProject = false;
    return false;
  }
  if (!isWorthParting(job, chain)) return false;
  const failure = await readParts(job);
  if (failure instanceof NotPicked || failure instanceof HttpFailure) access.picksProject = false;
  if (failure instanceof NotPicked || isRefusal(failure)) return false;
  if (failure !== null) throw failure as Error;
  // The first pages may have shown some of a project that was deleted, of which there is no part.
  for (const { id, projectId } of progress.servers.values()) {
    if (!book.projects.has(projectId)) progress.servers.delete(id);
  }
  if (!chain.page.isBare) await checkCells(visit, EVERYTHING, progress.servers.size);
  return true;
}

/** What Nova shows when it is asked for one project's servers is something else. */
class NotPicked extends Error {}

const isRefusal = (error: unknown): boolean =>
  error instanceof HttpFailure && (error.status === 400 || error.status === 403);

/** @returns what was thrown first, after which no page is asked for; null if all was well */
async function readParts(job: Job): Promise<unknown> {
  const { visit, progress, fanOut } = job;
  const { access } = visit.session;
  const shown = new Set([...progress.servers.values()].map(({ projectId }) => projectId));
  // Nova ignores what it does not let a role ask for, and gives everything to each request: the first one tells.
  const parts = pLimit(access.picksProject === true ? fanOut : 1);
  let failure: unknown = null;
  const readPart = async (id: string): Promise<void> => {
    let isEmpty = true;
    for await (const { servers } of listServers(visit, { ...EVERYTHING, filter: [['project_id', id]] })) {
      if (servers.some(({ projectId }) => projectId !== id)) throw new NotPicked();
      progress.addServers(servers);
      if (failure !== null) return;
      if (servers.length === 0) continue;
      isEmpty = false;
      access.picksProject = true;
      parts.concurrency = fanOut;
    }
    if (isEmpty && shown.has(id)) throw new NotPicked();
  };
  await parts.map(largestFirst(job), async (id) => {
    if (failure !== null) return;
    try {
      await visit.project(() => readPart(id));
    } catch (error) {
      failure ??= error;
    }
  });
  return failure;
}

/** Projects of an unknown size may be the largest. */
function largestFirst({ visit, book }: Job): string[] {
  const sizeOf = (id: string): number => visit.session.access.sizes?.get(id) ?? Number.MAX_SAFE_INTEGER;
  return [...book.projects.keys()].sort((a, b) => sizeOf(b) - sizeOf(a));
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((all, one) => all + one, 0);
