import { HttpFailure } from '../http/request.js';
import type { Server } from '../openstack/compute.js';
import { listServers } from '../openstack/listing.js';
import type { View } from '../openstack/session.js';
import type { Job } from './job.js';

/** Rows that are enough to tell a view in most clouds, at next to no cost. */
export const FEW_ROWS = 20;

/**
 * What the rows of a listing prove of the view: see {@link View}. A row that is not of the domain's known projects proves
 * a view of the cloud only where all projects of the domain are known.
 */
export function provenView(rows: Iterable<Server>, { book }: Job, loginProjectId: string): View {
  let view: View = 'unproven';
  for (const { projectId } of rows) {
    if (book.projects.has(projectId)) {
      if (projectId !== loginProjectId) view = 'domain';
    } else if (book.isWhole) return 'cloud';
  }
  return view;
}

/**
 * Asks for a few rows of all tenants. `domain` may stand for less or more than that, where these few don't tell, and
 * `cloud` for a project that was made just now: the listing that follows will.
 */
export async function probeView(job: Job): Promise<View> {
  const { visit, book } = job;
  const loginProjectId = (await visit.login()).token.projectId;
  try {
    for await (const { servers: rows } of listServers(visit, {
      projectId: null,
      allTenants: true,
      probe: FEW_ROWS,
    })) {
      if (book.isRemembered) {
        const ids = rows.map(({ projectId }) => projectId);
        await book.lookUp(ids, visit.session.access.foreign);
      }
      const view = provenView(rows, job, loginProjectId);
      if (view === 'cloud') visit.session.access.sample = rows.map(({ projectId }) => projectId);
      return view === 'unproven' && rows.length >= FEW_ROWS ? 'domain' : view;
    }
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  return 'denied';
}

export const isForbidden = (error: unknown): boolean => error instanceof HttpFailure && error.status === 403;
