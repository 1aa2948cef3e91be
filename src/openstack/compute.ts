/**
 * Nova on the wire. Source: OpenStack Compute API, "Servers", "Limits" and the "Down cells" guide; microversions
 * 2.47 (the flavor is embedded in the server) and 2.69 (servers of a cell that is down show as UNKNOWN). Checked
 * against Nova 26.
 */
import { z } from 'zod';

import type { HttpAnswer } from '../http/request.js';
import { CollectError } from '../errors.js';
import { queryOf } from './identity.js';
import { parseAnswer } from './parse.js';

/** Every request names its microversion; without one Nova speaks 2.1, which has no embedded flavor. */
export const MICROVERSIONS = { downCells: '2.69', embeddedFlavor: '2.47' } as const;
export type Microversion = (typeof MICROVERSIONS)[keyof typeof MICROVERSIONS];

export function microversionHeaders(version: Microversion): Record<string, string> {
  return { 'OpenStack-API-Version': `compute ${version}`, 'X-OpenStack-Nova-API-Version': version };
}

/** A row of `GET /servers/detail`, reduced to what counts. */
export interface Server {
  id: string;
  projectId: string;
  /** Nova's word; UNKNOWN where the row has no flavor, since its cell is down. */
  status: string;
  /** false only where Nova says so: `OS-SRV-USG:launched_at` is null. */
  launched: boolean;
  vcpus: number;
  /** Nova's MB: 1 MB = 1 MiB. */
  ramMb: number;
  /** The flavor's name when it was taken; empty where Nova does not tell. */
  flavor: string;
}

export interface ServerPage {
  servers: Server[];
  /** Query of the next page. */
  next: URLSearchParams | null;
  /** The least `updated` of the rows, as Nova writes it. */
  oldestUpdate: string | null;
}

/** Nova keeps these as integers of 32 bits; a larger one is none that it could have meant. */
export const amount = z.int().nonnegative().max(0x7fffffff);

/** Links of a page. */
export const linksSchema = z.array(z.object({ rel: z.string(), href: z.string() })).default([]);

const serversSchema = z.object({
  servers: z.array(
    z.object({
      id: z.string().min(1),
      tenant_id: z.string().min(1),
      status: z.string().min(1),
      flavor: z.object({ vcpus: amount, ram: amount, original_name: z.unknown().optional() }).nullish(),
      'OS-SRV-USG:launched_at': z.string().nullish(),
      updated: z.unknown().optional(),
    }),
  ),
  servers_links: linksSchema,
});

export function parseServers({ json }: HttpAnswer): ServerPage {
  const { servers, servers_links: links } = parseAnswer(serversSchema, json(), 'servers');
  const next = links.find(({ rel }) => rel === 'next');
  const texts = new Map<string, string>();
  let oldestUpdate: string | null = null;
  for (const { updated } of servers) {
    if (typeof updated === 'string' && !(oldestUpdate !== null && oldestUpdate <= updated)) oldestUpdate = updated;
  }
  return {
    oldestUpdate,
    servers: servers.map((row) => ({
      id: row.id,
      projectId: shared(texts, row.tenant_id),
      status: row.flavor ? row.status : 'UNKNOWN',
      launched: row['OS-SRV-USG:launched_at'] !== null,
      vcpus: row.flavor?.vcpus ?? 0,
      ramMb: row.flavor?.ram ?? 0,
      flavor: typeof row.flavor?.original_name === 'string' ? shared(texts, row.flavor.original_name) : '',
    })),
    next: next ? nextQuery(next.href, 'servers') : null,
  };
}

/** The text that came first of those that are equal: each row has brought one of its own. */
function shared(texts: Map<string, string>, text: string): string {
  const first = texts.get(text) ?? text;
  texts.set(first, first);
  return first;
}

const namesSchema = z.object({
  servers: z.array(z.object({ id: z.string().min(1), status: z.string().optional() })),
  servers_links: linksSchema,
});

/** A page of `GET /servers`. */
export interface NamesPage {
  ids: string[];
  /** How many are servers whose cell is down: only these have a status there. */
  unknown: number;
  /** Query of the next page. */
  next: URLSearchParams | null;
}

export function parseNames({ json }: HttpAnswer): NamesPage {
  const { servers, servers_links: links } = parseAnswer(namesSchema, json(), 'servers');
  const next = links.find(({ rel }) => rel === 'next');
  return {
    ids: servers.map(({ id }) => id),
    unknown: servers.filter(({ status }) => status === 'UNKNOWN').length,
    next: next ? nextQuery(next.href, 'servers') : null,
  };
}

/** @throws CollectError where it leads nowhere */
export function nextQuery(href: string, what: string): URLSearchParams {
  const query = queryOf(href);
  if (!query.get('marker')) throw new CollectError('bad_response', `${what}: the next link has no marker`);
  return query;
}

/** What Nova's quota counter says of one project. */
export interface Limits {
  vcpus: number;
  ramMb: number;
}

const limitsSchema = z.object({
  limits: z.object({ absolute: z.object({ totalCoresUsed: amount, totalRAMUsed: amount }) }),
});

/** `GET /limits` of the token's own project. */
export function parseLimits({ json }: HttpAnswer): Limits {
  const { absolute } = parseAnswer(limitsSchema, json(), 'limits').limits;
  return { vcpus: absolute.totalCoresUsed, ramMb: absolute.totalRAMUsed };
}
