import { CollectError, CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import type { Server } from '../openstack/compute.js';
import { LoginFailure } from '../openstack/gates.js';
import { listServers, type Listing } from '../openstack/listing.js';
import type { Session, View } from '../openstack/session.js';
import type { Job } from './job.js';

/** Rows that are enough to tell a view in most clouds, at next to no cost. */
const PROBE_ROWS = 20;

/** With more projects of all who see the cloud, one listing of it may be less work, whatever its size. */
const MAX_PICKED = 100;

const FEW: Listing = { projectId: null, allTenants: true, probe: PROBE_ROWS };

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
    for await (const { servers: rows } of listServers(visit, FEW)) {
      if (book.isRemembered) {
        const ids = rows.map(({ projectId }) => projectId);
        await book.lookUp(ids, visit.session.access.foreign);
      }
      const view = provenView(rows, job, loginProjectId);
      if (view === 'cloud') visit.session.picks.set('', await isWorthPicking(job, rows));
      return view === 'unproven' && rows.length >= PROBE_ROWS ? 'domain' : view;
    }
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  return 'denied';
}

/**
 * Whether the domain's projects are to be picked out of the cloud that its login sees, rather than all of it be listed.
 * @throws CollectError
 */
export async function isPicked(job: Job): Promise<boolean> {
  const { visit, sessions } = job;
  const { session, cloud } = visit;
  // What was picked is held against changes.
  if (!cloud.untilResync || cloud.withoutChanges.get(await visit.sharedEndpoint())) return false;
  if (
    sumOfProjects(sessions.filter((other) => other.access.view === 'cloud' && isNeighbour(other, session))) > MAX_PICKED
  )
    return false;
  if (session.picks.get('') === null) await probeView(job);
  return session.picks.get('') ?? false;
}

/**
 * Whether most of these rows are of no domain in the list, as far as its projects are known by now, and Nova was seen to pick
 * one such project out of all.
 */
async function isWorthPicking({ visit, book, sessions }: Job, rows: readonly Server[]): Promise<boolean> {
  const isOurs = (id: string): boolean =>
    book.projects.has(id) || sessions.some(({ access }) => access.projects?.projects.has(id));
  const others = rows.filter(({ projectId }) => !isOurs(projectId));
  const [other] = others;
  if (!other || rows.length < PROBE_ROWS || 2 * others.length <= rows.length) return false;
  try {
    const { projectId } = other;
    for await (const { servers } of listServers(visit, { ...FEW, probe: 1, filter: [['project_id', projectId]] }))
      return servers.length > 0 && servers.every((server) => server.projectId === projectId);
  } catch (error) {
    const isPassing =
      error instanceof CollectError && !(error instanceof CollectionOver || error instanceof LoginFailure);
    if (!isPassing) throw error;
  }
  return false;
}

const isNeighbour = ({ domain: { cloud: one } }: Session, { domain: { cloud: other } }: Session): boolean =>
  one.authUrl === other.authUrl && one.region === other.region;

const sumOfProjects = (sessions: readonly Session[]): number =>
  sessions.reduce((sum, { access }) => sum + (access.projects?.projects.size ?? 0), 0);

export const isForbidden = (error: unknown): boolean => error instanceof HttpFailure && error.status === 403;
