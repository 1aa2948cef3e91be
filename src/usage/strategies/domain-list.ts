import pLimit from 'p-limit';

import { CollectError } from '../../errors.js';
import type { Server } from '../../openstack/compute.js';
import { listServers } from '../../openstack/listing.js';
import type { View } from '../../openstack/session.js';
import { provenView } from '../probe.js';
import { ViewLost } from '../strategy.js';
import type { Job, Strategy } from '../job.js';

/**
 * Lists the domain's servers by `all_tenants`, filtered by the domain's own projects all the same.
 * @param stopAtForeign ends at the first page that shows the whole cloud, with the view `cloud`
 * @returns what the rows proved
 */
export async function listDomain(job: Job, stopAtForeign: boolean): Promise<View> {
  const { progress, visit, book } = job;
  const { access } = visit.session;
  const loginProjectId = (await visit.login()).token.projectId;
  const isElsewhere = ({ projectId }: Server): boolean => projectId !== loginProjectId;
  const strays: Server[] = [];
  let view: View = 'unproven';
  let isFirst = true;
  for await (const page of listServers(visit, { projectId: null, allTenants: true })) {
    if (stopAtForeign && book.isWhole) {
      await book.lookUp(projectsOf(page), access.foreign);
      if (provenView(page, job, loginProjectId) === 'cloud') return 'cloud';
    }
    if (addOwn(job, page, strays).some(isElsewhere)) view = 'domain';
    if (isFirst && view === 'domain' && isWorthParting(job, page.length)) {
      await listByProject(job);
      break;
    }
    isFirst = false;
  }
  if (strays.length > 0) {
    // Once for all pages: one of the projects may be new.
    await book.lookUp(projectsOf(strays), access.foreign);
    const others: Server[] = [];
    if (addOwn(job, strays, others).some(isElsewhere)) view = 'domain';
    if (others.length > 0) view = noteOthers(job, others) ?? view;
  }
  progress.noteRead(book.projects.keys());
  if (view !== 'unproven') {
    access.sizes = countByProject(progress.servers.values());
    return view;
  }
  // With no other project in the domain, the rows of this one are all there is; no row would tell of a new one.
  await book.refresh();
  return book.projects.size === 1 && book.isWhole ? 'domain' : 'unproven';
}

/** Pages that one after the other take too long. */
const LONG_CHAIN = 4;

/** Nova gives a next link behind each page that is full. */
const pagesOf = (servers: number, rows: number): number => Math.floor(servers / rows) + 1;

/**
 * Whether the domain had so many servers that their pages take long one after the other, and so few projects that parting
 * them by project takes no more than twice as many requests.
 * @param rows of a page
 */
function isWorthParting({ visit }: Job, rows: number): boolean {
  const sizes = [...visit.session.access.sizes.values()];
  const chain = pagesOf(
    sizes.reduce((sum, size) => sum + size, 0),
    Math.max(1, rows),
  );
  if (chain < LONG_CHAIN) return false;
  const first = 1;
  const projects = 1;
  const parts = sizes.reduce((sum, size) => sum + pagesOf(size, rows), 0);
  return first + projects + parts <= 2 * chain;
}

/**
 * All pages of all projects, side by side, the largest project first. The list of projects is read anew, since no row
 * would tell of a new one; a server stays in its project for life, so that none is in two parts, or in none.
 * @throws CollectError
 */
async function listByProject({ book, visit, progress, fanOut }: Job): Promise<void> {
  await book.refresh();
  const { sizes } = visit.session.access;
  const sizeOf = (id: string): number => sizes.get(id) ?? Infinity;
  const largestFirst = [...book.projects.keys()].sort((a, b) => sizeOf(b) - sizeOf(a));
  let failure: unknown = null;
  await pLimit(fanOut).map(largestFirst, async (only) => {
    if (failure) return;
    try {
      for await (const page of listServers(visit, { projectId: null, allTenants: true, only })) {
        if (page.some(({ projectId }) => projectId !== only))
          throw new ViewLost('unknown', 'all_tenants shows servers of other projects than the one asked for');
        progress.addServers(page);
      }
    } catch (error) {
      failure ??= error;
    }
  });
  if (failure) throw failure as Error;
}

function countByProject(servers: Iterable<Server>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { projectId } of servers) counts.set(projectId, (counts.get(projectId) ?? 0) + 1);
  return counts;
}

/** Adds the domain's own servers; the others go to `rest`. @returns what was added */
function addOwn({ book, progress }: Job, servers: readonly Server[], rest: Server[]): Server[] {
  const own = servers.filter(({ projectId }) => book.projects.has(projectId));
  progress.addServers(own);
  for (const server of servers) if (!book.projects.has(server.projectId)) rest.push(server);
  return own;
}

const projectsOf = (servers: readonly Server[]): Set<string> => new Set(servers.map(({ projectId }) => projectId));

/** Servers of projects that are not in the list. @returns the view that they prove, if any */
function noteOthers({ book, visit, progress }: Job, others: readonly Server[]): View | null {
  if (book.isWhole) {
    for (const { projectId } of others) visit.session.access.foreign.add(projectId);
    return 'cloud';
  }
  if (progress.projectScope === 'user') {
    const message =
      'the listing shows servers of projects in which the user has no role: whether they are of this domain cannot be told';
    progress.fail(new CollectError('incomplete', message), { count: others.length });
    // All projects of the domain would tell: the next collection asks for them again, and not only after a new login.
    visit.session.access.domainProjectsForbidden = false;
    visit.session.access.projectsStale = true;
  }
  return null;
}

/** As `auto` uses it: ends as soon as the rows show that another way is needed, or a cheaper one is open. */
export const provenDomainList: Strategy = async (job) => {
  job.progress.strategy = 'domain-list';
  const view = await listDomain(job, true);
  if (view !== 'domain') throw new ViewLost(view, `all_tenants shows: ${view}`);
};

/** As the operator fixed it: what it can't prove, it says. */
export const domainList: Strategy = async (job) => {
  job.progress.strategy = 'domain-list';
  if ((await listDomain(job, false)) !== 'unproven') return;
  const shown = "all_tenants shows no servers but those of the login's own project";
  throw new CollectError(
    'incomplete',
    `${shown}, so that it's not proven to show the domain: use --collect.strategy=auto`,
  );
};
