import { isPicked } from './picking.js';
import { isForbidden, probeView } from './probe.js';
import { provenCloudList } from './strategies/cloud-list.js';
import { provenDomainList } from './strategies/domain-list.js';
import { projectLimits } from './strategies/project-limits.js';
import { projectList } from './strategies/project-list.js';
import { tenantList } from './strategies/tenant-list.js';
import { ViewLost } from './strategy.js';
import type { Job, Strategy } from './job.js';

/** Going round more often than that would mean that the cloud changes its mind under our hands. */
const MAX_ROUNDS = 3;

/**
 * Collects a domain the cheapest way that its credential is proven to allow. What was proven is remembered, and proven
 * again by the rows of every listing; where it no longer holds, the domain is looked at anew in the same collection.
 */
export const auto: Strategy = async (job) => {
  const { visit } = job;
  const { access } = visit.session;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    if (access.view === 'unknown') access.view = await probeView(job);
    const list = await listFor(job);
    if (!list) break;
    try {
      await list(job);
      return;
    } catch (error) {
      if (error instanceof ViewLost) access.view = error.view;
      else if (isForbidden(error)) access.view = 'unknown';
      else throw error;
      job.progress.startOver();
    }
  }
  await (job.counting === 'quota' ? projectLimits : projectList)(job);
};

/** Others may only share the listing of one who can tell its own servers from theirs. */
async function listFor(job: Job): Promise<Strategy | null> {
  const { view } = job.visit.session.access;
  if (view === 'domain' || (view === 'cloud' && !job.book.isWhole)) return provenDomainList;
  if (view !== 'cloud') return null;
  const { feed } = await job.listings.of(job.visit);
  feed.offer(job.visit, job.sessions);
  return (await isPicked(job)) ? tenantList : provenCloudList;
}
