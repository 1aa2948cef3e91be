import { CollectionOver } from '../../errors.js';
import { HttpFailure } from '../../http/request.js';
import type { Server } from '../../openstack/compute.js';
import type { Feed } from '../../openstack/feed.js';
import { Reading } from '../../openstack/reading.js';
import type { Job, Strategy } from '../job.js';
import { ViewLost } from '../strategy.js';
import { eachProject } from './project-wise.js';

/**
 * Picks the servers of each of the domain's projects out of all tenants, with the login's own token: for one who sees a cloud
 * most of which is no domain's in the list. What Nova's usage report does not confirm is listed as a whole for an hour.
 */
export const tenantList: Strategy = async (job) => {
  const { progress, visit, listings } = job;
  progress.strategy = 'cloud-list';
  const { feed } = await listings.of(visit);
  feed.offer(visit);
  try {
    await eachProject(job, { withDisabled: true }, ({ id }) => pick(job, id, feed));
  } catch (error) {
    // Also where it takes longer than there is time.
    if (error instanceof ViewLost || error instanceof CollectionOver) visit.session.picks.set('', false);
    throw error;
  }
};

/** @throws ViewLost where it is not proven to be right; CollectError */
async function pick({ visit, progress }: Job, project: string, feed: Feed): Promise<void> {
  const reading = new Reading(visit, { tenant: project }, feed);
  const all: Server[] = [];
  try {
    for await (const { servers } of reading.pages()) {
      if (servers.some(({ projectId }) => projectId !== project))
        throw new ViewLost('cloud', 'Nova shows other servers than those of the project that it is asked for');
      progress.addServers(servers);
      for (const server of servers) all.push(server);
    }
  } catch (error) {
    const isRefused = error instanceof HttpFailure && (error.status === 400 || error.status === 403);
    throw isRefused ? new ViewLost('unknown', error.message, error) : error;
  }
  if (reading.isFull && !(await reading.confirm(all)))
    throw new ViewLost('cloud', `Nova's usage report does not confirm what it lists of a project`);
  progress.noteListed(reading.fullAt);
}
