import pLimit from 'p-limit';

import { listServers } from '../../openstack/listing.js';
import type { Job, Strategy } from '../job.js';
import type { Member } from '../cloud-listing.js';
import { probeView } from '../probe.js';
import { ViewLost } from '../strategy.js';
import { domainList } from './domain-list.js';

/** Takes the domain's servers from the listing of the whole cloud that all domains share whose credential sees it. */
export const provenCloudList: Strategy = async (job) => {
  const { progress, visit, book, listings } = job;
  progress.strategy = 'cloud-list';
  const listing = await listings.of(visit);
  /** Once for each listing, when all its rows have come. */
  let looked: Promise<void> | null = null;
  const member: Member = {
    visit,
    projectIds: () => book.projects.keys(),
    lookUp: async () => {
      looked ??= book.refresh();
      await looked;
      return book.isWhole;
    },
    receive: (servers) => progress.addServers(servers),
    startOver: () => {
      looked = null;
      progress.startOver();
    },
  };
  let isSure = false;
  try {
    await listing.join(member);
    if (!listing.isKnownTo(member)) {
      await member.lookUp();
      listing.adopt(member);
    }
    if (!listing.shows(member)) await confirmEmpty(job);
    progress.noteRead(book.projects.keys());
    progress.noteListed(listing.listedAt);
    isSure = book.isWhole;
  } finally {
    listing.settle(member, isSure);
  }
};

/**
 * Asks by the domain's own login whether it is as empty as the listing of another's login has it, which may see several
 * domains and not this one.
 * @throws ViewLost where it is not
 */
async function confirmEmpty({ visit, book, fanOut }: Job): Promise<void> {
  await pLimit(fanOut).map(book.projects.keys(), async (id) => {
    const listing = { projectId: null, allTenants: true, filter: [['project_id', id]], probe: 1 } as const;
    for await (const { servers } of listServers(visit, listing)) {
      if (!servers.some(({ projectId }) => book.projects.has(projectId))) continue;
      throw new ViewLost('denied', "the listing by another domain's login does not show this domain");
    }
  });
}

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
