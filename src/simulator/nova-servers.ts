import { type Answer, computeError, JSON_TYPE, unexpectedError } from './answer.js';
import type { Cloud } from './cloud.js';
import { isoSeconds } from './ids.js';
import type { Scope, Server } from './model.js';
import { parseServerQuery, type ServerQuery } from './nova-query.js';
import { detailRow, downCellRow, plainDownCellRow, plainRow, type RowView } from './nova-row.js';
import { isAsked } from './nova-states.js';
import { nextQuery } from './next-link.js';
import type { Rights } from './policy.js';
import type { SimRequest } from './request.js';
import type { ServerStore } from './server-store.js';

interface Page {
  /** Rows as JSON. */
  rows: string[];
  /** Id of the last server if the page is full: there may be more. */
  next: string | null;
}

/** A token of no project: no cell can make anything of it, so that all are as good as down (seen in Nova 26). */
function isLost(request: SimRequest): boolean {
  return request.token?.projectId === null;
}

/** Whose servers the answer shows; null: 403. */
function scopeOf(request: SimRequest, query: ServerQuery, rights: Rights): Scope | null {
  if (isLost(request) && !query.allTenants) return { kind: 'cloud' };
  const own: Scope = { kind: 'project', id: request.token?.projectId ?? '' };
  if (!query.allTenants) return own;
  if (rights.allTenants === null) return null;
  if (rights.allTenants === 'project') return own;
  if (rights.allTenants === 'domain') return { kind: 'domain', id: request.domainId ?? '' };
  // One project of the whole cloud: its own list is shorter to look through.
  const [only, second] = query.projectIds;
  return only !== undefined && second === undefined ? { kind: 'project', id: only } : { kind: 'cloud' };
}

/** Build requests are in no cell. */
function isDown(cloud: Cloud, { unscheduled, cell }: Server): boolean {
  return !unscheduled && cloud.world.downCells.has(cell);
}

function filtered(cloud: Cloud, listed: readonly Server[], query: ServerQuery): readonly Server[] {
  if (cloud.world.downCells.size === 0 && query.states === null && query.projectIds.length === 0) return listed;
  return listed.filter(
    (server) =>
      !isDown(cloud, server) &&
      (query.states === null || isAsked(server, query.states)) &&
      query.projectIds.every((id) => id === server.projectId),
  );
}

function rowsOf(store: ServerStore, scope: Scope, { since, deleted }: ServerQuery): readonly Server[] {
  if (since !== null) return store.changed(scope, since);
  return deleted ? store.deleted(scope) : store.listed(scope);
}

/** The page of a listing; null: the marker was never heard of. */
function pageOf(
  cloud: Cloud,
  request: SimRequest,
  parts: { scope: Scope; query: ServerQuery; view: RowView },
): Page | null {
  const { scope, query, view } = parts;
  const { servers: store } = cloud.world;
  const all = rowsOf(store, scope, query);
  const lost = isLost(request);
  const answering = lost ? [] : filtered(cloud, all, query);
  const start = query.marker === null ? 0 : store.positionAfter(query.marker, answering);
  if (start === null) return null;
  const servers = answering.slice(start, start + query.limit);
  const row = request.resource === '/servers' ? plainRow : detailRow;
  const rows = servers.map((server) => row(server, view));
  if ((lost || cloud.world.downCells.size > 0) && query.bare && view.minor >= 69) {
    const down = all.filter((server) => lost || isDown(cloud, server)).slice(0, query.limit - rows.length);
    servers.push(...down);
    const downRow = request.resource === '/servers' ? plainDownCellRow : downCellRow;
    rows.push(...down.map((server) => downRow(server, view)));
  }
  const full = query.limit > 0 && rows.length === query.limit;
  return { rows, next: full ? (servers.at(-1)?.id ?? null) : null };
}

/** `GET /servers` and `GET /servers/detail`. */
export function listServers(cloud: Cloud, request: SimRequest, minor: number, rights: Rights): Answer {
  const query = parseServerQuery(request.query, { minor, admin: rights.admin }, cloud.options);
  if ('headers' in query) return query;
  const scope = scopeOf(request, query, rights);
  if (!scope) {
    const rule = request.resource === '/servers' ? 'index' : 'detail';
    const message = `Policy doesn't allow os_compute_api:servers:${rule}:get_all_tenants to be performed.`;
    return computeError(403, message);
  }
  const project = request.pathProjectId === null ? '' : `/${request.pathProjectId}`;
  const view: RowView = {
    minor,
    admin: rights.admin,
    self: `${request.base}/v2.1${project}`,
    bookmark: `${request.base}${project}`,
    now: isoSeconds(cloud.world.now),
  };
  // Details of servers in cells that are down need other services, which the token has no catalog of.
  if (isLost(request) && request.resource !== '/servers' && query.bare && minor >= 69) {
    return unexpectedError('keystoneauth1.exceptions.catalog.EmptyCatalog');
  }
  const page = pageOf(cloud, request, { scope, query, view });
  if (!page) return computeError(400, `marker [${query.marker}] not found`);
  const links =
    page.next === null
      ? ''
      : `, "servers_links": [{"rel": "next", "href": ${JSON.stringify(`${view.self}${request.resource}?${nextQuery(request, page.next)}`)}}]`;
  return { status: 200, headers: { ...JSON_TYPE }, body: `{"servers": [${page.rows.join(', ')}]${links}}` };
}
