import { CollectError } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { microversionHeaders, MICROVERSIONS, parseServers, type Server, type ServerPage } from './compute.js';
import type { Visit } from './visit.js';

export interface Listing {
  /** Whose token asks; null: the login's own project. */
  projectId: string | null;
  allTenants: boolean;
  /** At most that many rows, and no second page. */
  probe?: number;
}

/** Nova's default `max_limit`: what a page holds when none was asked for. */
const DEFAULT_PAGE = 1000;

/** Pages in a row that bring nothing new before a listing is given up: links that lead on for ever are no listing. */
const MAX_IDLE_PAGES = 3;

/**
 * All servers that a token shows, page by page. The first request is bare, since Nova tells of a cell that is down
 * only where nothing but all_tenants is asked for. A listing ends where Nova gives no next link, as it does behind every
 * page that is full. A page that a proxy would not wait for (502, 504) is asked for once more at half the size.
 */
export async function* listServers(visit: Visit, listing: Listing): AsyncGenerator<Server[], void> {
  const seen = new Set<string>();
  const markers = new Set<string>();
  let idle = 0;
  let limit = listing.probe ?? null;
  let marker: string | null = null;
  let rows = DEFAULT_PAGE;
  for (;;) {
    const query: Query = { allTenants: listing.allTenants, marker, limit };
    let page: ServerPage;
    try {
      page = await getPage(visit, listing.projectId, query);
    } catch (error) {
      if (!(error instanceof HttpFailure && (error.status === 502 || error.status === 504))) throw error;
      limit = Math.max(1, Math.floor((limit ?? rows) / 2));
      page = await getPage(visit, listing.projectId, { ...query, limit });
    }
    yield page.servers;
    if (!page.next || listing.probe !== undefined) return;
    marker = page.next.get('marker') ?? '';
    idle = page.servers.some(({ id }) => !seen.has(id)) ? 0 : idle + 1;
    if (markers.has(marker) || idle >= MAX_IDLE_PAGES)
      throw new CollectError('bad_response', 'servers: the next link does not advance');
    markers.add(marker);
    for (const { id } of page.servers) seen.add(id);
    rows = Math.max(1, page.servers.length);
  }
}

interface Query {
  allTenants: boolean;
  marker: string | null;
  limit: number | null;
}

async function getPage(visit: Visit, projectId: string | null, query: Query): Promise<ServerPage> {
  const { microversions } = visit.cloud;
  const endpoint = await visit.sharedEndpoint();
  const version = microversions.get(endpoint) ?? MICROVERSIONS.downCells;
  const path = `/servers/detail${queryString(query)}`;
  try {
    return parseServers(await visit.compute(path, projectId, microversionHeaders(version)));
  } catch (error) {
    const tooNew = error instanceof HttpFailure && error.status === 406 && version === MICROVERSIONS.downCells;
    if (!tooNew) throw error;
    microversions.set(endpoint, MICROVERSIONS.embeddedFlavor);
    return getPage(visit, projectId, query);
  }
}

function queryString({ allTenants, marker, limit }: Query): string {
  const query = new URLSearchParams({
    ...(allTenants ? { all_tenants: '1' } : {}),
    ...(limit === null ? {} : { limit: String(limit) }),
    ...(marker === null ? {} : { marker }),
  });
  return query.size > 0 ? `?${query.toString()}` : '';
}
