import { Reading } from '../../openstack/reading.js';
import type { Strategy } from '../job.js';
import { eachProject, readEnabled } from './project-wise.js';

/** Lists servers project by project, each with a token of its own: right whatever `all_tenants` shows. */
export const projectList: Strategy = async (job) => {
  const { progress, visit, book, listings } = job;
  progress.strategy = 'project-list';
  const { feed } = await listings.of(visit);
  await eachProject(job, await readEnabled(job), async ({ id }) => {
    const reading = new Reading(visit, { project: id }, feed);
    for await (const { servers } of reading.pages()) {
      progress.addServers(servers.filter((server) => book.projects.has(server.projectId)));
    }
    progress.noteListed(reading.fullAt);
  });
};
