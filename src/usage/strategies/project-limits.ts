import { MICROVERSIONS, microversionHeaders, parseLimits } from '../../openstack/compute.js';
import type { Strategy } from '../job.js';
import { eachProject, readEnabled } from './project-wise.js';

/** Reads Nova's quota counter of each project: answers of one size, however many servers there are. */
export const projectLimits: Strategy = async (job) => {
  const { progress, visit } = job;
  progress.strategy = 'project-limits';
  const headers = microversionHeaders(MICROVERSIONS.embeddedFlavor);
  await eachProject(job, await readEnabled(job), async ({ id }) => {
    const limits = parseLimits(await visit.compute('/limits', id, headers));
    progress.limits.set(id, { ...limits, endpoint: await visit.sharedEndpoint() });
  });
};
