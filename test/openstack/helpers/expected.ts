import type { ExpectedBlock, ExpectedProject, ExpectedRig } from '../../../src/simulator/seed.js';

/* What the real cloud was filled with, and what follows from it. Written from the contract, not from the exporter's code. */

export type ExpectedDomain = ExpectedRig['domains'][number] & { login: unknown };

/** The rig's `expected.json`. */
export interface Expected extends Omit<ExpectedRig, 'domains'> {
  auth_url: string;
  urls: { nova: string };
  domains: ExpectedDomain[];
}

export const COUNTINGS = ['allocated', 'quota', 'running'] as const;
export type Counting = (typeof COUNTINGS)[number];

export const STRATEGIES = ['auto', 'domain-list', 'cloud-list', 'project-list', 'project-limits'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export interface Figures {
  servers: number;
  vcpus: number;
  ramMb: number;
}

export const RUNNING = [
  'ACTIVE',
  'REBOOT',
  'HARD_REBOOT',
  'PASSWORD',
  'MIGRATING',
  'RESIZE',
  'VERIFY_RESIZE',
  'REVERT_RESIZE',
  'RESCUE',
];

const NOT_LISTED = ['DELETED', 'SOFT_DELETED'];

/** Adds blocks up; `minus` takes some away. */
function sum(blocks: readonly (ExpectedBlock | undefined)[], minus?: ExpectedBlock): Figures {
  const figures = { servers: 0, vcpus: 0, ramMb: 0 };
  const add = (block: ExpectedBlock, factor: 1 | -1): void => {
    figures.servers += factor * block.servers;
    figures.vcpus += factor * block.vcpus;
    figures.ramMb += factor * block.ram_mb;
  };
  for (const block of blocks) if (block) add(block, 1);
  if (minus) add(minus, -1);
  return figures;
}

export function projectFigures(project: ExpectedProject, counting: Counting): Figures {
  const { by_status: byStatus, listed, placement } = project;
  if (counting === 'quota') return sum([listed]);
  if (counting === 'running') return sum(RUNNING.map((status) => byStatus[status]));
  // Placement knows neither shelved servers nor those that no host took, but it still holds soft-deleted ones.
  return sum([placement], byStatus['SOFT_DELETED']);
}

/** Servers that were launched once, deleted ones too: what Nova reports the usage of. */
export function launchedFigures({ by_status: byStatus, placement }: ExpectedProject): Figures {
  const { DELETED, SHELVED_OFFLOADED, BUILD } = byStatus;
  // Placement holds soft-deleted ones too, and those that are being built.
  return sum([placement, DELETED, SHELVED_OFFLOADED], BUILD);
}

export function addFigures(all: readonly Figures[]): Figures {
  const zero = { servers: 0, vcpus: 0, ramMb: 0 };
  return all.reduce(
    (a, b) => ({ servers: a.servers + b.servers, vcpus: a.vcpus + b.vcpus, ramMb: a.ramMb + b.ramMb }),
    zero,
  );
}

/** Servers that Nova lists, by status. */
export function serversByStatus(projects: readonly ExpectedProject[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { by_status: byStatus } of projects) {
    for (const [status, { servers }] of Object.entries(byStatus)) {
      if (!NOT_LISTED.includes(status) && servers > 0) counts[status] = (counts[status] ?? 0) + servers;
    }
  }
  return counts;
}
