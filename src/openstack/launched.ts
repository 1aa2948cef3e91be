/**
 * Servers that were launched, by Nova's usage report. Source: OpenStack Compute API, "Usage reports
 * (os-simple-tenant-usage)"; microversion 2.40 (pages). Checked against Nova 26.
 */
import { z } from 'zod';

import { CollectError } from '../errors.js';
import type { HttpAnswer } from '../http/request.js';
import { amount, linksSchema, nextQuery, type Server } from './compute.js';
import { getCompute } from './listing.js';
import { parseAnswer } from './parse.js';
import type { Visit } from './visit.js';

/** A server that was launched and is not deleted. */
export interface Launched {
  /** Nova's vm_state, such as `active`: coarser than a status. */
  state: string;
  vcpus: number;
  /** Nova's MB: 1 MB = 1 MiB. */
  ramMb: number;
}

const tenantSchema = z.object({
  server_usages: z
    .array(
      z.object({
        instance_id: z.string().min(1),
        state: z.string().min(1),
        vcpus: amount,
        memory_mb: amount,
      }),
    )
    .default([]),
});

/** Of all tenants, and of one; nothing in use is `{}` there. */
const usageSchema = z.union([
  z.object({ tenant_usages: z.array(tenantSchema), tenant_usages_links: linksSchema }),
  z.object({ tenant_usage: tenantSchema, tenant_usage_links: linksSchema }),
]);

/** `terminated` is what Nova calls all that has an end, whatever its vm_state. */
const GONE: ReadonlySet<string> = new Set(['soft-delete', 'deleted', 'terminated']);

function parseUsage({ json }: HttpAnswer): { servers: [string, Launched][]; next: URLSearchParams | null } {
  const usage = parseAnswer(usageSchema, json(), 'usage');
  const [tenants, links] =
    'tenant_usages' in usage
      ? [usage.tenant_usages, usage.tenant_usages_links]
      : [[usage.tenant_usage], usage.tenant_usage_links];
  const rows = tenants.flatMap((tenant) => tenant.server_usages);
  const next = links.find(({ rel }) => rel === 'next');
  return {
    servers: rows.map((row) => [row.instance_id, { state: row.state, vcpus: row.vcpus, ramMb: row.memory_mb }]),
    next: next ? nextQuery(next.href, 'usage') : null,
  };
}

/**
 * At a fifth of the cloud's work for a listing: no address, no volume, no fault is looked up for it. Without dates Nova
 * reports of this moment; what is in a cell that is down makes it fail.
 * @param project of one project; null: of all tenants
 * @param asker the project whose token asks; null: the login's own
 * @returns by id
 * @throws CollectError
 */
export async function listLaunched(
  visit: Visit,
  project: string | null,
  asker: string | null,
): Promise<Map<string, Launched>> {
  // That of one project always has its servers, and Nova refuses to be asked for them from 2.75 on.
  const all: Record<string, string> = project === null ? { detailed: '1' } : {};
  const resource = `/os-simple-tenant-usage${project === null ? '' : `/${encodeURIComponent(project)}`}`;
  const servers = new Map<string, Launched>();
  const seen = new Set<string>();
  let query = new URLSearchParams(all);
  for (;;) {
    const path = query.size > 0 ? `${resource}?${query.toString()}` : resource;
    const page = parseUsage(await getCompute(visit, asker, path));
    const isNew = page.servers.some(([id]) => !seen.has(id));
    for (const [id, server] of page.servers) {
      seen.add(id);
      if (!GONE.has(server.state)) servers.set(id, server);
    }
    if (!page.next) return servers;
    if (!isNew) throw new CollectError('bad_response', 'usage: the next link does not advance');
    query = new URLSearchParams({ ...all, marker: page.next.get('marker') ?? '' });
  }
}

/** The statuses that each state may show as, by what is being done to the server. */
const STATUSES: Readonly<Record<string, readonly string[]>> = {
  active: ['ACTIVE', 'REBOOT', 'HARD_REBOOT', 'PASSWORD', 'REBUILD', 'MIGRATING', 'RESIZE'],
  stopped: ['SHUTOFF', 'RESIZE', 'REBUILD'],
  paused: ['PAUSED', 'MIGRATING'],
  suspended: ['SUSPENDED'],
  rescued: ['RESCUE'],
  resized: ['VERIFY_RESIZE', 'REVERT_RESIZE'],
  shelved: ['SHELVED'],
  shelved_offloaded: ['SHELVED_OFFLOADED'],
  error: ['ERROR', 'REBUILD'],
  building: ['BUILD'],
};

/**
 * Holds what is known of servers against what was launched.
 * @param except servers that are known from later, or were not launched
 * @returns ids that were launched and are not known; null where a known one was not, or is of another size or state
 */
export function unknownOf(
  known: ReadonlyMap<string, Server>,
  launched: ReadonlyMap<string, Launched>,
  except: (id: string) => boolean,
): Set<string> | null {
  const unknown = new Set<string>();
  for (const [id, { state, vcpus, ramMb }] of launched) {
    const server = known.get(id);
    if (except(id)) continue;
    if (!server) unknown.add(id);
    else if (server.vcpus !== vcpus || server.ramMb !== ramMb) return null;
    else if (!STATUSES[state]?.includes(server.status)) return null;
  }
  return [...known.keys()].every((id) => launched.has(id) || except(id)) ? unknown : null;
}
