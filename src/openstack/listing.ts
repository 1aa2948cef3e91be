import { CollectError } from '../errors.js';
import { HttpFailure, type HttpAnswer } from '../http/request.js';
import {
  microversionHeaders,
  MICROVERSIONS,
  parseNames,
  parseServers,
  type Server,
  type ServerPage,
} from './compute.js';
import type { Visit } from './visit.js';

export interface Listing {
  /** Whose token asks; null: the login's own project. */
  projectId: string | null;
  allTenants: boolean;
  /** Nova's filters, such as `project_id` beside all tenants: a parameter may be given more than once. */
  filter?: readonly (readonly [name: string, value: string])[];
  /** At most that many rows, and no second page. */
  probe?: number;
  /** The same, and an error where there are more. */
  atMost?: number;
}

export interface ServersPage {
  servers: Server[];
  /** Nova has another one behind it. */
  hasNext: boolean;
  /** The first one was asked for without a limit, so that Nova told of a cell that is down, as far as it has room. */
  isBare: boolean;
  /**
   * Milliseconds since the epoch by the cloud's clock, or ours if that is earlier: it shows whatever had happened by then.
   */
  asOf: number;
  /** When the row that changed last of all before the others did so, as Nova writes it; null without rows. */
  oldestUpdate: string | null;
}

/** Nova's default `max_limit`: what a page holds when none was asked for. */
const DEFAULT_PAGE = 1000;

/** Pages in a row that bring nothing new before a listing is given up: links that lead on for ever are no listing. */
const MAX_IDLE_PAGES = 3;

/**
 * All servers that a token shows, page by page. The first request is bare, since Nova tells of a cell that is down
 * only where nothing but all_tenants is asked for. A listing ends where Nova gives no next link, as it does behind every
 * page that is full. A page that a proxy would not wait for (502, 504) is asked for once more at half the size, which is
 * the size of this listing's pages for an hour.
 * @throws CollectError, of reason `incomplete` behind the last page where a cell is down that small pages don't tell of
 */
export async function* listServers(visit: Visit, listing: Listing): AsyncGenerator<ServersPage, void> {
  const seen = new Set<string>();
  const markers = new Set<string>();
  let idle = 0;
  let marker: string | null = null;
  let rows = DEFAULT_PAGE;
  let isBare = true;
  for (;;) {
    const { page, limit, asOf }: TimedPage<ServerPage> = await getPageInTime(visit, listing, { marker, rows }, DETAIL);
    if (marker === null) isBare = limit === null;
    expectRoom(listing, page);
    yield { servers: page.servers, hasNext: page.next !== null, isBare, asOf, oldestUpdate: page.oldestUpdate };
    if (listing.probe !== undefined) return;
    if (!page.next && isBare) return;
    idle = page.servers.some(({ id }) => !seen.has(id)) ? 0 : idle + 1;
    for (const { id } of page.servers) seen.add(id);
    if (!page.next) break;
    marker = page.next.get('marker') ?? '';
    if (markers.has(marker) || idle >= MAX_IDLE_PAGES)
      throw new CollectError('bad_response', 'servers: the next link does not advance');
    markers.add(marker);
    rows = Math.max(1, page.servers.length);
  }
  if (listing.filter === undefined) await checkCells(visit, listing, seen.size);
}

/** What is listed, and how a page of it is read. */
interface Kind<Page> {
  path: string;
  parse: (answer: HttpAnswer) => Page;
}

const DETAIL: Kind<ServerPage> = { path: '/servers/detail', parse: parseServers };

interface TimedPage<Page> {
  page: Page;
  /** Rows that were asked for; null: as many as Nova gives. */
  limit: number | null;
  asOf: number;
}

async function getPageInTime<Page>(
  visit: Visit,
  listing: Listing,
  { marker, rows }: { marker: string | null; rows: number },
  kind: Kind<Page>,
): Promise<TimedPage<Page>> {
  const { projectId, allTenants, filter, probe = listing.atMost } = listing;
  const { pageRows } = visit.session;
  const key = `${kind.path} ${await visit.sharedEndpoint()} ${projectId} ${allTenants}`;
  for (let isSecond = false; ; isSecond = true) {
    const limit = probe ?? pageRows.get(key);
    try {
      const path = kind.path + queryString({ allTenants, filter, marker, limit });
      const { clock } = visit.cloud;
      const asked = clock.mono();
      const wall = clock.wall();
      const answer = await getCompute(visit, projectId, path);
      const date = Date.parse(answer.header('date') ?? '');
      const told = Number.isNaN(date) ? null : date - (clock.mono() - asked);
      // A bare Nova tells no time. Of a clock that is ahead, the earlier time costs no more than a longer answer.
      const asOf = Math.min(told ?? visit.session.cloudTime(asked) ?? wall, wall);
      return { page: kind.parse(answer), limit, asOf };
    } catch (error) {
      const tookTooLong = error instanceof HttpFailure && (error.status === 502 || error.status === 504);
      if (!tookTooLong || probe !== undefined) throw error;
      const half = Math.max(1, Math.floor((limit ?? rows) / 2));
      // Requests that fail together, of one size, halve it once.
      pageRows.set(key, Math.min(half, pageRows.get(key) ?? half));
      if (isSecond) throw error;
    }
  }
}

/** @throws CollectError */
function expectRoom({ atMost }: Listing, { next }: Pick<ServerPage, 'next'>): void {
  if (atMost !== undefined && next) throw new CollectError('incomplete', `servers: more than ${atMost} rows`);
}

/**
 * The ids of all servers that a token shows: far less work for Nova than what they are.
 * @throws CollectError
 */
export async function listIds(visit: Visit, listing: Listing): Promise<Set<string>> {
  const all = new Set<string>();
  for await (const { ids } of listPages(visit, listing, { path: '/servers', parse: parseNames })) {
    for (const id of ids) all.add(id);
  }
  return all;
}

interface Rows {
  ids: readonly string[];
  /** Query of the next page. */
  next: URLSearchParams | null;
}

/**
 * Pages of what a token shows.
 * @throws CollectError, of reason `bad_response` where a next link does not advance
 */
export async function* listPages<Page extends Rows>(
  visit: Visit,
  listing: Listing,
  kind: Kind<Page>,
): AsyncGenerator<Page, void> {
  const seen = new Set<string>();
  let marker: string | null = null;
  let rows = DEFAULT_PAGE;
  for (;;) {
    const { page }: TimedPage<Page> = await getPageInTime(visit, listing, { marker, rows }, kind);
    expectRoom(listing, page);
    yield page;
    if (!page.next || listing.probe !== undefined) return;
    const { size } = seen;
    for (const id of page.ids) seen.add(id);
    if (seen.size === size) throw new CollectError('bad_response', 'servers: the next link does not advance');
    marker = page.next.get('marker');
    rows = Math.max(1, page.ids.length);
  }
}

/**
 * Asks for names only, which is far less work, but bare: behind requests that were not, no row told of a cell that is down.
 * @param seen servers that were listed: Nova names those of such a cell only where a page has room for them
 * @throws CollectError of reason `incomplete` where a cell is down
 */
export async function checkCells(visit: Visit, { projectId, allTenants }: Listing, seen: number): Promise<void> {
  if (seen >= DEFAULT_PAGE) return;
  const version = visit.cloud.microversions.get(await visit.sharedEndpoint()) ?? MICROVERSIONS.downCells;
  if (version !== MICROVERSIONS.downCells) return;
  const query = queryString({ allTenants, marker: null, limit: null });
  const { unknown } = parseNames(await getCompute(visit, projectId, `/servers${query}`));
  if (unknown > 0) {
    const servers = unknown === 1 ? '1 server is' : `${unknown} servers are`;
    throw new CollectError('incomplete', `${servers} in a cell that is down`);
  }
}

/** Whether there is such a server, be its cell down. @throws CollectError */
export async function exists(visit: Visit, projectId: string | null, id: string): Promise<boolean> {
  try {
    await getCompute(visit, projectId, `/servers/${encodeURIComponent(id)}`);
    return true;
  } catch (error) {
    if (error instanceof HttpFailure && error.status === 404) return false;
    throw error;
  }
}

interface Query {
  allTenants: boolean;
  filter?: Listing['filter'] | undefined;
  marker: string | null;
  limit: number | null;
}

/** A GET of Nova at 2.69, or where the endpoint does not speak that, at 2.47. @throws CollectError */
export async function getCompute(visit: Visit, projectId: string | null, path: string): Promise<HttpAnswer> {
  const { microversions } = visit.cloud;
  const endpoint = await visit.sharedEndpoint();
  const version = microversions.get(endpoint) ?? MICROVERSIONS.downCells;
  try {
    return await visit.compute(path, projectId, microversionHeaders(version));
  } catch (error) {
    const tooNew = error instanceof HttpFailure && error.status === 406 && version === MICROVERSIONS.downCells;
    if (!tooNew) throw error;
    microversions.set(endpoint, MICROVERSIONS.embeddedFlavor);
    return getCompute(visit, projectId, path);
  }
}

function queryString({ allTenants, filter = [], marker, limit }: Query): string {
  const query = new URLSearchParams(allTenants ? { all_tenants: '1' } : {});
  for (const [name, value] of filter) query.append(name, value);
  if (limit !== null) query.append('limit', String(limit));
  if (marker !== null) query.append('marker', marker);
  return query.size > 0 ? `?${query.toString()}` : '';
}
