import { CollectError } from '../../errors.js';
import { HttpFailure } from '../../http/request.js';
import type { Server } from '../../openstack/compute.js';
import { askReport } from '../../openstack/launched.js';
import { Reading } from '../../openstack/reading.js';
import type { Session } from '../../openstack/session.js';
import type { Job, Strategy } from '../job.js';
import { probeView } from '../probe.js';
import { ViewLost } from '../strategy.js';
import { eachProject } from './project-wise.js';

/** More requests than that may be worth more than a listing of a cloud whose size nobody knows. */
const MAX_PROJECTS = 100;

/**
 * Whether the domain is a small part of the cloud that its login sees, and no other domain is known to need a listing of all
 * of it: by what such a listing showed, or by its first few rows.
 */
export function isSmallPart({ visit, book, sessions, listings }: Job, listing: string): boolean {
  const { session } = visit;
  if (session.access.picksProject === false) return false;
  if (listings.isMostlyForeign(listing)) return true;
  const isNeighbour = ({ domain: { cloud }, access }: Session): boolean =>
    access.view === 'cloud' &&
    cloud.authUrl === session.domain.cloud.authUrl &&
    cloud.region === session.domain.cloud.region;
  if (sessions.some((other) => other !== session && isNeighbour(other))) return false;
  return session.access.isMostlyForeign && book.projects.size <= MAX_PROJECTS;
}

/**
 * Picks the servers of each of the domain's projects out of all tenants, with the login's own token: for one who sees a
 * cloud most of which is no domain's in the list. What it can't prove to be right is not tried again before the next login.
 */
export const tenantList: Strategy = async (job) => {
  const { access } = job.visit.session;
  job.progress.strategy = 'cloud-list';
  try {
    await listTenants(job);
  } catch (error) {
    if (error instanceof ViewLost) access.picksProject = false;
    throw error;
  }
};

async function listTenants(job: Job): Promise<void> {
  const { progress, visit, book } = job;
  const { projectId: loginProjectId } = (await visit.login()).token;
  const listed: { reading: Reading; servers: Server[] }[] = [];
  await eachProject(job, { withDisabled: true }, async ({ id }) => {
    const reading = new Reading(visit, { tenant: id });
    const servers = await readPicked(job, reading, id);
    progress.noteListed(reading.fullAt);
    if (reading.isFull) listed.push({ reading, servers });
  });
  const isProven = [...progress.servers.values()].some(({ projectId }) => projectId !== loginProjectId);
  // Others' servers are as good a proof.
  if (!isProven && book.projects.size > 1 && (await probeView(job)) !== 'cloud')
    throw new ViewLost('unknown', "all_tenants shows no servers but those of the login's own project");
  if (listed.length === 0) return;
  if (await areCellsUp(job)) for (const { reading, servers } of listed) reading.keep(servers);
}

/** The servers of one project. @throws ViewLost where Nova does not pick them; CollectError */
async function readPicked({ progress }: Job, reading: Reading, project: string): Promise<Server[]> {
  const all: Server[] = [];
  try {
    for await (const { servers } of reading.pages()) {
      if (servers.some(({ projectId }) => projectId !== project))
        throw new ViewLost('unknown', 'Nova shows other servers than those of the project that it is asked for');
      progress.addServers(servers);
      for (const server of servers) all.push(server);
    }
    return all;
  } catch (error) {
    const isRefused = error instanceof HttpFailure && (error.status === 400 || error.status === 403);
    throw isRefused ? new ViewLost('unknown', error.message, error) : error;
  }
}

/** A listing of one project out of all tells of no cell that is down. @throws CollectError; ViewLost where none can tell */
async function areCellsUp({ visit, progress }: Job): Promise<boolean> {
  try {
    await askReport(visit);
    return true;
  } catch (error) {
    const isRefused = error instanceof HttpFailure && (error.status === 403 || error.status === 404);
    if (isRefused) throw new ViewLost('cloud', error.message, error);
    if (!(error instanceof HttpFailure)) throw error;
    const message = `whether a cell is down can't be told: Nova's usage report fails (${error.message})`;
    progress.fail(new CollectError('incomplete', message, { cause: error, status: error.status }));
    return false;
  }
}
