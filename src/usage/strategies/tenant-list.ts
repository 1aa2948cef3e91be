import { CollectError, CollectionOver } from '../../errors.js';
import { HttpFailure } from '../../http/request.js';
import type { Feed } from '../../openstack/feed.js';
import { Reading } from '../../openstack/reading.js';
import type { Job, Strategy } from '../job.js';
import { ViewLost } from '../strategy.js';
import { eachProject } from './project-wise.js';

/**
 * Picks the servers of each of the domain's projects out of all tenants, with the login's own token: for one who sees a cloud
 * most of which is no domain's in the list. Where that is not proven to be right the cloud is listed as a whole for an hour.
 */
export const tenantList: Strategy = async (job) => {
  const { progress, visit, book, listings } = job;
  progress.strategy = 'cloud-list';
  const { feed } = await listings.of(visit);
  await readProjects(job);
  try {
    // None of its own tells a project that was deleted from one that is not shown any more.
    if (progress.projectScope !== 'domain')
      throw new ViewLost('cloud', 'not all projects of the domain are known any more');
    await eachProject(job, [...book.projects.values()], ({ id }) => pick(job, id, feed));
  } catch (error) {
    if (error instanceof ViewLost) visit.cloud.picks.set(await visit.sharedEndpoint(), false);
    throw error;
  }
};

/** No row would tell of a project that is new. While the list can't be had, that is an error, and the remembered one serves. */
async function readProjects({ book, progress }: Job): Promise<void> {
  progress.stage = 'projects';
  try {
    if (book.isRemembered) await book.read();
  } catch (error) {
    if (!(error instanceof CollectError) || error instanceof CollectionOver) throw error;
    progress.fail(error);
  }
  progress.stage = 'servers';
}

/** @throws ViewLost where it is not proven to be right; CollectError */
async function pick({ visit, progress }: Job, project: string, feed: Feed): Promise<void> {
  const reading = new Reading(visit, { tenant: project }, feed);
  let servers: Awaited<ReturnType<Reading['picked']>>;
  try {
    servers = await reading.picked();
  } catch (error) {
    const isRefused = error instanceof HttpFailure && (error.status === 400 || error.status === 403);
    if (isRefused || (error instanceof CollectError && error.reason === 'rate_limited'))
      throw new ViewLost('cloud', error.message, error);
    throw error;
  }
  if (!servers) throw new ViewLost('cloud', 'what Nova picks of a project is not proven to be all of it');
  progress.addServers(servers);
  progress.noteListed(reading.fullAt);
}
