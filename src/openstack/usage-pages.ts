/**
 * Pages of Nova's usage report. Source: OpenStack Compute API, "Usage reports (os-simple-tenant-usage)"; microversion 2.40
 * (pages, which are cut by servers: a project may be on several, and each row of it on one). Checked against Nova 26.
 */
import { z } from 'zod';

import { CollectError } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { linksSchema, nextQuery } from './compute.js';
import { getCompute } from './listing.js';
import { parseAnswer } from './parse.js';
import type { Visit } from './visit.js';

/** Whose usage is asked for. */
export interface UsageOf {
  /** null: of all tenants. */
  project: string | null;
  /** The project whose token asks; null: the login's own. */
  asker: string | null;
}

/** One project on one page. */
export interface UsageTenant<Row> {
  /** The bounds that Nova went by, as it writes them. */
  start: string | undefined;
  stop: string | undefined;
  rows: Row[];
}

interface Page<Row> {
  tenants: UsageTenant<Row>[];
  /** Address of the next page. */
  next: string | null;
}

interface Asked<Row> extends UsageOf {
  schemas: UsageSchemas<Row>;
  /** Bounds; without them Nova reports of this moment. */
  period?: { start: string; end: string };
  /**
   * Asks until a page is empty: Nova leaves servers out that vanish while it reads, and a full page that became short that way
   * has no next link. And where a proxy would not wait for a page, asks for smaller ones.
   */
  thorough?: boolean;
}

/** Nova's default `max_limit`: what a page holds when none was asked for. */
const DEFAULT_PAGE = 1000;

/** Pages in a row with nothing new: the last row of a page need not be the last one of the last cell. */
const MAX_IDLE_PAGES = 100;

const nextOf = (links: z.infer<typeof linksSchema>): string | null =>
  links.find(({ rel }) => rel === 'next')?.href ?? null;

/** What pages are checked by: of all tenants, and of one. */
export type UsageSchemas<Row> = Readonly<Record<'all' | 'one', z.ZodType<Page<Row>>>>;

/** Made once for each kind of row: it costs more than a page's parsing. */
export function usageSchemas<Row>(row: z.ZodType<Row>): UsageSchemas<Row> {
  const tenant = z
    .object({
      start: z.string().optional(),
      stop: z.string().optional(),
      total_hours: z.unknown().optional(),
      server_usages: z.array(row).optional(),
    })
    // Nothing at all is `{}`; totals without servers are of a report that is not in detail.
    .refine((usage) => usage.server_usages !== undefined || usage.total_hours === undefined, {
      path: ['server_usages'],
      message: 'is missing',
    })
    .transform(({ start, stop, server_usages: rows = [] }) => ({ start, stop, rows }));
  return {
    all: z
      .object({ tenant_usages: z.array(tenant), tenant_usages_links: linksSchema })
      .transform(({ tenant_usages: tenants, tenant_usages_links: links }) => ({ tenants, next: nextOf(links) })),
    one: z
      .object({ tenant_usage: tenant, tenant_usage_links: linksSchema })
      .transform(({ tenant_usage: usage, tenant_usage_links: links }) => ({ tenants: [usage], next: nextOf(links) })),
  };
}

/**
 * All pages of a report, in detail.
 * @throws CollectError
 */
export async function* usagePages<Row extends { instance_id: string }>(
  visit: Visit,
  asked: Asked<Row>,
): AsyncGenerator<UsageTenant<Row>[], void> {
  const { thorough = false } = asked;
  const seen = new Set<string>();
  const markers = new Set<string>();
  let idle = 0;
  let marker: string | null = null;
  let size = DEFAULT_PAGE;
  for (;;) {
    const { tenants, next }: Page<Row> = await getPage(visit, asked, { marker, size });
    yield tenants;
    const ids = tenants.flatMap(({ rows }) => rows.map(({ instance_id: id }) => id));
    const last = ids.at(-1);
    if (next === null && (!thorough || last === undefined)) return;
    idle = ids.some((id) => !seen.has(id)) ? 0 : idle + 1;
    for (const id of ids) seen.add(id);
    marker = (next === null ? null : nextQuery(next, 'usage').get('marker')) ?? last ?? '';
    if (markers.has(marker) || idle > (thorough ? MAX_IDLE_PAGES : 0))
      throw new CollectError('bad_response', 'usage: the next link does not advance');
    markers.add(marker);
    size = Math.max(1, ids.length);
  }
}

/** @param at the rows of the page before are the size that a smaller one is told by */
async function getPage<Row>(
  visit: Visit,
  asked: Asked<Row>,
  at: { marker: string | null; size: number },
): Promise<Page<Row>> {
  const { project, asker, thorough, schemas } = asked;
  const { pageRows } = visit.session;
  const key = `usage ${await visit.sharedEndpoint()} ${project}`;
  for (let isSecond = false; ; isSecond = true) {
    const limit = thorough ? pageRows.get(key) : null;
    try {
      const { json } = await getCompute(visit, asker, pathOf(asked, at.marker, limit));
      return parseAnswer(schemas[project === null ? 'all' : 'one'], json(), 'usage');
    } catch (error) {
      const tookTooLong = error instanceof HttpFailure && (error.status === 502 || error.status === 504);
      if (!tookTooLong || !thorough) throw error;
      const half = Math.max(1, Math.floor((limit ?? at.size) / 2));
      pageRows.set(key, Math.min(half, pageRows.get(key) ?? half));
      if (isSecond) throw error;
    }
  }
}

function pathOf({ project, period }: Asked<unknown>, marker: string | null, limit: number | null): string {
  // That of one project always has its servers, and Nova refuses to be asked for them from 2.75 on.
  const query = new URLSearchParams(project === null ? { detailed: '1' } : {});
  if (period) {
    query.append('start', period.start);
    query.append('end', period.end);
  }
  if (limit !== null) query.append('limit', String(limit));
  if (marker !== null) query.append('marker', marker);
  const resource = `/os-simple-tenant-usage${project === null ? '' : `/${encodeURIComponent(project)}`}`;
  return query.size > 0 ? `${resource}?${query.toString()}` : resource;
}
