import { type Answer, computeError, JSON_TYPE, unexpectedError } from './answer.js';
import type { Cloud } from './cloud.js';
import type { Server } from './model.js';
import { nextQuery } from './next-link.js';
import type { Rights } from './policy.js';
import type { SimRequest } from './request.js';
import { byProject } from './server-store.js';
import { knownNames, parseUsageQuery, refuseUsageQuery, type UsageQuery } from './usage-query.js';
import { isInPeriod, serverUsage, tenantUsages } from './usage-rows.js';
import type { World } from './world.js';

/* `os-simple-tenant-usage` (nova api/openstack/compute/simple_tenant_usage.py), as asked of Nova 26.2. */

const COLLECTION = '/os-simple-tenant-usage';
const NUMBERED = new Intl.Collator('en', { numeric: true });

/** The place in a cell behind the marker. */
function positionAfter(marker: Server, rows: readonly Server[]): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row && byProject(row, marker) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function cellNames({ downCells }: World, rows: ReadonlyMap<string, unknown>, marker: Server | undefined): string[] {
  const names = new Set([...rows.keys(), ...downCells]);
  if (marker) names.add(marker.cell);
  return [...names].sort(NUMBERED.compare);
}

/**
 * One page. Nova walks from cell to cell until it is full, so that a cell that is down is an error only where it gets to it.
 * A marker may be any server of any cell: of another project, deleted, or never launched.
 * @param projectId null: of all
 */
function pageOf(world: World, projectId: string | null, query: UsageQuery): Server[] | Answer {
  const rows = world.servers.launched(projectId === null ? { kind: 'cloud' } : { kind: 'project', id: projectId });
  const known = query.marker === null ? undefined : world.servers.get(query.marker);
  let marker = known?.unscheduled ? undefined : known;
  let isFound = query.marker === null;
  const page: Server[] = [];
  for (const cell of cellNames(world, rows, marker)) {
    // Nobody catches it: no page at all. Which class it is was not seen, but follows from the database's driver.
    if (world.downCells.has(cell)) return unexpectedError('oslo_db.exception.DBConnectionError');
    if (!isFound && marker?.cell !== cell) continue;
    isFound = true;
    const inCell = rows.get(cell) ?? [];
    for (let i = marker ? positionAfter(marker, inCell) : 0; i < inCell.length && page.length < query.limit; i += 1) {
      const server = inCell[i];
      if (server && isInPeriod(server, query)) page.push(server);
    }
    marker = undefined;
    if (query.limit > 0 && page.length === query.limit) break;
  }
  return isFound ? page : computeError(400, `Marker ${query.marker} could not be found.`);
}

/** Nova puts the token's project into the path wherever the request's own address holds it, be it in the query. */
function linkBase({ base, path, search, token }: SimRequest): string {
  const own = token?.projectId ?? '';
  return own !== '' && `${path}?${search}`.includes(own) ? `${base}/v2.1/${own}` : `${base}/v2.1`;
}

/** `GET /os-simple-tenant-usage`, of all projects, and `GET /os-simple-tenant-usage/{project}`. */
export function showUsage(cloud: Cloud, request: SimRequest, minor: number, rights: Rights): Answer {
  const projectId = request.resource === COLLECTION ? null : request.resource.slice(COLLECTION.length + 1);
  const known = knownNames(minor, projectId === null);
  const refused = refuseUsageQuery(request.query, minor, known);
  if (refused) return refused;
  const isOwn = projectId !== null && projectId === request.token?.projectId;
  if (!isOwn && !rights.admin) {
    const rule = projectId === null ? 'list' : 'show';
    return computeError(403, `Policy doesn't allow os_compute_api:os-simple-tenant-usage:${rule} to be performed.`);
  }
  const { now } = cloud.world;
  const query = parseUsageQuery(request.query, known, { now, maxLimit: cloud.options.maxLimit });
  if ('headers' in query) return query;
  const page = pageOf(cloud.world, projectId, query);
  if ('headers' in page) return page;
  const rows = page.map((server) => serverUsage(server, query, now));
  const usages = tenantUsages(rows, query, projectId !== null || query.detailed);
  const name = projectId === null ? 'tenant_usages' : 'tenant_usage';
  const body: Record<string, unknown> = { [name]: projectId === null ? usages : (usages[0] ?? {}) };
  const last = query.limit > 0 && page.length === query.limit ? page.at(-1) : undefined;
  if (last && minor >= 40) {
    const search = nextQuery(request, last.id, (param) => known.has(param));
    body[`${name}_links`] = [{ rel: 'next', href: `${linkBase(request)}${request.resource}?${search}` }];
  }
  return { status: 200, headers: { ...JSON_TYPE }, body: JSON.stringify(body) };
}
