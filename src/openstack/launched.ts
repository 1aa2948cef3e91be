/**
 * Servers that were launched, by Nova's usage report. Source: OpenStack Compute API, "Usage reports
 * (os-simple-tenant-usage)"; microversion 2.40 (pages). Checked against Nova 26.
 */
import { z } from 'zod';

import { CollectError } from '../errors.js';
import type { HttpAnswer } from '../http/request.js';
import { amount, nextQuery, type Server } from './compute.js';
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
const linksSchema = z.array(z.object({ rel: z.string(), href: z.string() })).default([]);

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
    servers: rows
      .filter(({ state }) => !GONE.has(state))
      .map((row) => [row.instance_id, { state: row.state, vcpus: row.vcpus, ramMb: row.memory_mb }]),
    next: next ? nextQuery(next.href, 'usage') : null,
  };
}

/**
 * At a fifth of the cloud's work for a listing: no address, no volume, no fault is looked up for it. Without dates Nova
 * reports of this moment; what is in a cell that is down makes it fail.
 * @param projectId of one project, with a token of it; null: of all tenants
 * @returns by id
 * @throws CollectError
 */
export async function listLaunched(visit: Visit, projectId: string | null): Promise<Map<string, Launched>> {
  const resource = `/os-simple-tenant-usage${projectId === null ? '' : `/${encodeURIComponent(projectId)}`}`;
  const servers = new Map<string, Launched>();
  const markers = new Set<string>();
  let query = new URLSearchParams({ detailed: '1' });
  for (;;) {
    const page = parseUsage(await getCompute(visit, projectId, `${resource}?${query.toString()}`));
    for (const [id, server] of page.servers) servers.set(id, server);
    if (!page.next) return servers;
    const marker = page.next.get('marker') ?? '';
    if (markers.has(marker)) throw new CollectError('bad_response', 'usage: the next link does not advance');
    markers.add(marker);
    query = new URLSearchParams({ detailed: '1', marker });
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
 * Whether what is known of servers agrees with what was launched: the same servers, of the same size and state.
 * @param except servers that are known from later, or were not launched
 */
export function agrees(
  known: ReadonlyMap<string, Server>,
  launched: ReadonlyMap<string, Launched>,
  except: { has(id: string): boolean },
): boolean {
  for (const [id, { state, vcpus, ramMb }] of launched) {
    if (except.has(id)) continue;
    const server = known.get(id);
    if (!server || server.vcpus !== vcpus || server.ramMb !== ramMb) return false;
    if (!STATUSES[state]?.includes(server.status)) return false;
  }
  return [...known.keys()].every((id) => launched.has(id) || except.has(id));
}
