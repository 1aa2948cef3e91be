import { ViewLost } from '../strategy.js';
import type { Strategy } from '../job.js';
import type { Member } from '../cloud-listing.js';
import { probeView } from '../probe.js';
import { domainList } from './domain-list.js';

/** Takes the domain's servers from the listing of the whole cloud that all domains share whose credential sees it. */
export const provenCloudList: Strategy = async (job) => {
  const { progress, visit, book, listings } = job;
  progress.strategy = 'cloud-list';
  const { authUrl, region } = visit.session.domain.cloud;
  const listing = listings.get(`${authUrl} ${region ?? ''} ${await visit.sharedEndpoint()}`);
  const member: Member = {
    visit,
    projectIds: () => book.projects.keys(),
    lookUp: async () => {
      await book.refresh();
      return book.isWhole;
    },
    receive: (servers) => progress.addServers(servers),
    startOver: () => progress.startOver(),
  };
  let isSure = false;
  try {
    await listing.join(member);
    if (listing.holdsUnknown()) {
      await member.lookUp();
      listing.adopt(member);
    }
    progress.noteRead(book.projects.keys());
    isSure = book.isWhole;
  } finally {
    listing.settle(isSure);
  }
};

/** As the operator fixed it. A credential that isn't proven to see the cloud lists for itself alone. */
export const cloudList: Strategy = async (job) => {
  const { access } = job.visit.session;
  if (access.view !== 'cloud') access.view = await probeView(job);
  try {
    await (access.view === 'cloud' && job.book.isWhole ? provenCloudList : domainList)(job);
  } catch (error) {
    // Else it would be asked to list for the others again, in every collection.
    if (error instanceof ViewLost) access.view = error.view;
    throw error;
  }
};
