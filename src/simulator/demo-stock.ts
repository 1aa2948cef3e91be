/** What the demo's servers are picked from. */
export interface DemoFlavor {
  flavorName: string;
  vcpus: number;
  ramMb: number;
  diskGb: number;
}

export const FLAVORS: readonly DemoFlavor[] = [
  { flavorName: 'small', vcpus: 1, ramMb: 2048, diskGb: 20 },
  { flavorName: 'medium', vcpus: 2, ramMb: 4096, diskGb: 40 },
  { flavorName: 'large', vcpus: 4, ramMb: 8192, diskGb: 80 },
  { flavorName: 'xlarge', vcpus: 8, ramMb: 16384, diskGb: 160 },
  { flavorName: 'mem.large', vcpus: 4, ramMb: 32768, diskGb: 80 },
  { flavorName: 'cpu.2xlarge', vcpus: 16, ramMb: 32768, diskGb: 160 },
];

export const PROJECTS: readonly string[] = [
  ...['web-shop', 'erp', 'data-warehouse', 'ci-runners', 'staging', 'customer-portal', 'backup', 'mail', 'analytics'],
  ...['hr-suite', 'virtual-desktops', 'dev-test', 'billing', 'crm', 'monitoring', 'intranet'],
];

export const TASKS: readonly string[] = ['app', 'db', 'web', 'cache', 'worker', 'proxy', 'queue', 'node'];

/** Status -> how often, in percent, in a cloud that has run for a while. */
export const STATUS_MIX: readonly [status: string, percent: number][] = [
  ['ACTIVE', 70],
  ['SHUTOFF', 13],
  ['SHELVED_OFFLOADED', 5],
  ['ERROR', 3],
  ['PAUSED', 2],
  ['SUSPENDED', 2],
  ['BUILD', 2],
  ['VERIFY_RESIZE', 1],
  ['RESCUE', 1],
  ['SOFT_DELETED', 1],
];

/** A source of numbers from 0 up to 1, as Math.random. */
export type Random = () => number;

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** From `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

export function pickStatus(random: Random): string {
  let left = random() * 100;
  for (const [status, percent] of STATUS_MIX) {
    left -= percent;
    if (left < 0) return status;
  }
  return 'ACTIVE';
}
