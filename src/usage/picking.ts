import { CollectError, CollectionOver } from '../errors.js';
import { LoginFailure } from '../openstack/gates.js';
import { listServers, type Listing } from '../openstack/listing.js';
import type { Session } from '../openstack/session.js';
import type { Job } from './job.js';
import { FEW_ROWS } from './probe.js';

/** Picking so many projects is never much work, whatever the size of the cloud. */
const FEW_PROJECTS = 10;

/** So many servers of strangers are more work to list than a project is to pick. */
const ROWS_PER_PROJECT = 100;

/**
 * Whether the domain's projects are to be picked out of the cloud that its login sees, since most of it is no domain's in the
 * list: one for all who see that cloud, and for an hour.
 * @throws LoginFailure; CollectionOver
 */
export async function isPicked(job: Job): Promise<boolean> {
  const { visit, sessions, listings } = job;
  const { session, cloud } = visit;
  const endpoint = await visit.sharedEndpoint();
  // What was picked is held against changes.
  if (!cloud.untilResync || cloud.withoutChanges.get(endpoint)) return false;
  const known = cloud.picks.get(endpoint);
  if (known !== null) {
    session.access.sample = null;
    return known;
  }
  const neighbours = sessions.filter((other) => isNeighbour(other, session));
  const { strangers } = await listings.of(visit);
  if (sumOfProjects(neighbours) > Math.max(FEW_PROJECTS, strangers / ROWS_PER_PROJECT)) return false;
  // At first not all projects may be known by now: what looks like a stranger's may be a neighbour's.
  const isFinal = session.access.sample === null || neighbours.every(({ access }) => access.projects !== null);
  const isWorth = await isWorthPicking(job);
  if (isFinal) cloud.picks.set(endpoint, isWorth);
  return isWorth;
}

const isNeighbour = ({ domain: { cloud: one } }: Session, { domain: { cloud: other } }: Session): boolean =>
  one.authUrl === other.authUrl && one.region === other.region;

/** Of those who see the cloud. */
const sumOfProjects = (sessions: readonly Session[]): number =>
  sessions.reduce((sum, { access }) => sum + (access.view === 'cloud' ? (access.projects?.projects.size ?? 0) : 0), 0);

/** Whether most of a few servers are strangers', and Nova is not seen to show others than those of the project that it is asked for. */
async function isWorthPicking(job: Job): Promise<boolean> {
  const { access } = job.visit.session;
  try {
    const sample = access.sample ?? (await rowsOf(job, { probe: FEW_ROWS }));
    access.sample = null;
    const strangers = sample.filter((id) => !isOurs(job, id));
    if (sample.length < FEW_ROWS || 2 * strangers.length <= sample.length) return false;
    // A Nova that does not pick shows the first of all again.
    const own = [...job.book.projects.keys()].find((id) => id !== sample[0]);
    const picked = own === undefined ? [] : await rowsOf(job, { probe: 1, filter: [['project_id', own]] });
    return picked.every((id) => id === own);
  } catch (error) {
    const isPassing =
      error instanceof CollectError && !(error instanceof CollectionOver || error instanceof LoginFailure);
    if (!isPassing) throw error;
    return false;
  }
}

const isOurs = ({ book, sessions }: Job, id: string): boolean =>
  book.projects.has(id) || sessions.some(({ access }) => access.projects?.projects.has(id));

/** The projects of the first few servers of all tenants. */
async function rowsOf({ visit }: Job, some: Pick<Listing, 'probe' | 'filter'>): Promise<string[]> {
  const projects: string[] = [];
  for await (const { servers } of listServers(visit, { projectId: null, allTenants: true, ...some }))
    for (const { projectId } of servers) projects.push(projectId);
  return projects;
}
