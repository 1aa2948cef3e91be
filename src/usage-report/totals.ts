import type { ServerUsage } from '../openstack/usage-report.js';

/** Sums of hours of existence, and of hours times size. RAM in MiB, disk in GiB of the flavor. */
export interface UsageTotals {
  serverHours: number;
  vcpuHours: number;
  ramMbHours: number;
  localGbHours: number;
}

export const noUsageTotals = (): UsageTotals => ({ serverHours: 0, vcpuHours: 0, ramMbHours: 0, localGbHours: 0 });

/**
 * Adds Nova's hours, and its hours times its sizes, server by server in the order given, in floating point of 64 bits: the sums
 * that Nova makes itself of each page. A size that Nova does not tell adds nothing. Pure.
 */
export function totalsOf(servers: Iterable<ServerUsage>): UsageTotals {
  const totals = noUsageTotals();
  for (const { hours, vcpus, ramMb, localGb } of servers) {
    totals.serverHours += hours;
    totals.vcpuHours += hours * (vcpus ?? 0);
    totals.ramMbHours += hours * (ramMb ?? 0);
    totals.localGbHours += hours * (localGb ?? 0);
  }
  return totals;
}

/** The sum of sums, in the order given. Pure. */
export function sumOf(parts: Iterable<UsageTotals>): UsageTotals {
  const sum = noUsageTotals();
  for (const part of parts) {
    sum.serverHours += part.serverHours;
    sum.vcpuHours += part.vcpuHours;
    sum.ramMbHours += part.ramMbHours;
    sum.localGbHours += part.localGbHours;
  }
  return sum;
}
