import type { Server } from './model.js';
import { isoSeconds } from './ids.js';
import { stateOf } from './nova-states.js';
import type { UsageQuery } from './usage-query.js';

/** A server as `server_usages` shows it, in Nova's order of keys. */
export interface ServerUsage {
  hours: number;
  flavor: string;
  instance_id: string;
  name: string;
  tenant_id: string;
  memory_mb: number;
  local_gb: number;
  vcpus: number;
  started_at: string;
  ended_at: string | null;
  state: string;
  /** Seconds, of all its life and not of the period alone. */
  uptime: number;
}

/** A project as `tenant_usages` shows it. */
export interface TenantUsage {
  tenant_id: string;
  server_usages?: ServerUsage[];
  total_local_gb_usage: number;
  total_vcpus_usage: number;
  total_memory_mb_usage: number;
  total_hours: number;
  start: string;
  stop: string;
}

type Period = Pick<UsageQuery, 'start' | 'end'>;

const HOUR = 3_600_000;

/** A time of a row as usage writes it. */
function moment(time: string): string {
  return `${time.slice(0, 19)}.000000`;
}

function momentOf(ms: number): string {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  return `${isoSeconds(seconds * 1000).slice(0, 19)}.${String(micros - seconds * 1e6).padStart(6, '0')}`;
}

/**
 * Whether the database finds a server for a period, of which it is told whole seconds alone (nova db/main/api.py
 * `instance_get_active_by_window_joined`, objects/instance.py).
 */
export function isInPeriod({ launchedAt, terminatedAt }: Server, { start, end }: Period): boolean {
  if (launchedAt === null || launchedAt >= isoSeconds(end)) return false;
  return terminatedAt === null || terminatedAt > isoSeconds(start);
}

/** Less than none where the period starts in the future, as in Nova. */
function hoursOf(launched: number, terminated: number | null, { start, end }: Period): number {
  if ((terminated !== null && terminated < start) || launched > end) return 0;
  return (Math.min(end, terminated ?? end) - Math.max(launched, start)) / HOUR;
}

/** @param server was launched */
export function serverUsage(server: Server, period: Period, now: number): ServerUsage {
  const { launchedAt, terminatedAt } = server;
  const launched = Date.parse(launchedAt ?? '');
  const terminated = terminatedAt === null ? null : Date.parse(terminatedAt);
  return {
    hours: hoursOf(launched, terminated, period),
    flavor: server.flavorName,
    instance_id: server.id,
    name: server.name,
    tenant_id: server.projectId,
    memory_mb: server.ramMb,
    local_gb: server.diskGb,
    vcpus: server.vcpus,
    started_at: moment(launchedAt ?? ''),
    ended_at: terminatedAt === null ? null : moment(terminatedAt),
    state: terminatedAt === null ? stateOf(server)[0] : 'terminated',
    uptime: Math.trunc(((terminated ?? now) - launched) / 1000),
  };
}

/** By project, in the order in which they come. */
export function tenantUsages(rows: readonly ServerUsage[], period: Period, detailed: boolean): TenantUsage[] {
  const tenants = new Map<string, TenantUsage>();
  for (const row of rows) {
    let tenant = tenants.get(row.tenant_id);
    if (!tenant) {
      tenant = {
        tenant_id: row.tenant_id,
        ...(detailed ? { server_usages: [] } : {}),
        total_local_gb_usage: 0,
        total_vcpus_usage: 0,
        total_memory_mb_usage: 0,
        total_hours: 0,
        start: momentOf(period.start),
        stop: momentOf(period.end),
      };
      tenants.set(row.tenant_id, tenant);
    }
    tenant.total_local_gb_usage += row.local_gb * row.hours;
    tenant.total_vcpus_usage += row.vcpus * row.hours;
    tenant.total_memory_mb_usage += row.memory_mb * row.hours;
    tenant.total_hours += row.hours;
    tenant.server_usages?.push(row);
  }
  return [...tenants.values()];
}
