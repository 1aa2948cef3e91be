import { CollectError } from '../../errors.js';
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
  let view: View = 'unproven';
  for await (const page of listServers(visit, { projectId: null, allTenants: true })) {
    await book.lookUp(new Set(page.map((server) => server.projectId)), access.foreign);
    const own = page.filter((server) => book.projects.has(server.projectId));
    progress.addServers(own);
    const proven = provenView(page, job, loginProjectId);
    if (proven === 'cloud') {
      if (stopAtForeign) return 'cloud';
      for (const { projectId } of page) if (!book.projects.has(projectId)) access.foreign.add(projectId);
    }
    if (proven !== 'unproven' && view !== 'cloud') view = proven;
  }
  progress.noteRead(book.projects.keys());
  if (view !== 'unproven') return view;
  // With no other project in the domain, the rows of this one are all there is; no row would tell of a new one.
  await book.refresh();
  return book.projects.size === 1 && book.isWhole ? 'domain' : 'unproven';
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
