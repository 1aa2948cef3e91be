/** Servers that were launched, by Nova's usage report. */
import { z } from 'zod';

import { amount, type Server } from './compute.js';
import { usagePages, usageSchemas } from './usage-pages.js';
import type { Visit } from './visit.js';

/** A server that was launched and is not deleted. */
export interface Launched {
  /** Nova's vm_state, such as `active`: coarser than a status. */
  state: string;
  vcpus: number;
  /** Nova's MB: 1 MB = 1 MiB. */
  ramMb: number;
}

const schemas = usageSchemas(
  z.object({
    instance_id: z.string().min(1),
    state: z.string().min(1),
    vcpus: amount,
    memory_mb: amount,
  }),
);

/** `terminated` is what Nova calls all that has an end, whatever its vm_state. */
const GONE: ReadonlySet<string> = new Set(['soft-delete', 'deleted', 'terminated']);

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
  const servers = new Map<string, Launched>();
  for await (const tenants of usagePages(visit, { project, asker, schemas })) {
    for (const { instance_id: id, state, vcpus, memory_mb: ramMb } of tenants.flatMap(({ rows }) => rows)) {
      if (!GONE.has(state)) servers.set(id, { state, vcpus, ramMb });
    }
  }
  return servers;
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
