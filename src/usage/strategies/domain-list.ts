import { CollectError } from '../../errors.js';
import type { Server } from '../../openstack/compute.js';
import { Reading } from '../../openstack/reading.js';
import type { View } from '../../openstack/session.js';
import { isWorthParting, listByProject, noteSizes } from '../parts.js';
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
  const reading = new Reading(visit, 'domain');
  let mayPart = true;
  let read = 0;
  let rows = 0;
  for await (const page of reading.pages()) {
    const { servers } = page;
    read += 1;
    rows ||= servers.length;
    if (stopAtForeign && book.isWhole) {
      await book.lookUp(projectsOf(servers), access.foreign);
      if (provenView(servers, job, loginProjectId) === 'cloud') return 'cloud';
    }
    if (addOwn(job, servers, strays).some(isElsewhere)) view = 'domain';
    const chain = { page, read };
    if (mayPart && view === 'domain' && isWorthParting(job, chain)) {
      if (await listByProject(job, chain)) {
        reading.keep(progress.servers.values());
        break;
      }
      mayPart = false;
    }
  }
  if (strays.length > 0) {
    // Once for all pages: one of the projects may be new.
    await book.lookUp(projectsOf(strays), access.foreign);
    const others: Server[] = [];
    if (addOwn(job, strays, others).some(isElsewhere)) view = 'domain';
    if (others.length > 0) view = noteOthers(job, others) ?? view;
  }
  progress.noteRead(book.projects.keys());
  progress.noteListed(reading.fullAt);
  if (reading.isFull) noteSizes(job, rows);
  if (view !== 'unproven') return view;
  // With no other project in the domain, the rows of this one are all there is; no row would tell of a new one.
  await book.refresh();
  return book.projects.size === 1 && book.isWhole ? 'domain' : 'unproven';
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
