/** Which servers are "in use": the billing rule, by a server's own status alone. Pure. */
export const COUNTINGS = ['allocated', 'quota', 'running'] as const;
export type Counting = (typeof COUNTINGS)[number];

/** One line for HELP texts and the README. */
export const COUNTING_HELP: Record<Counting, string> = {
  allocated: 'every server that Nova lists but SHELVED_OFFLOADED, and ERROR that never was launched',
  quota: "every server that Nova lists, as Nova's own quota counts",
  running: 'servers that run or are about to: ACTIVE, reboots, resizes, MIGRATING, PASSWORD, RESCUE',
};

/** What counting asks of a server. */
export interface Countable {
  /** Nova's status word; UNKNOWN for a row whose cell is down. */
  status: string;
  /** false only where Nova says that it was never launched. */
  launched: boolean;
}

const RUNNING: ReadonlySet<string> = new Set([
  'ACTIVE',
  'REBOOT',
  'HARD_REBOOT',
  'PASSWORD',
  'MIGRATING',
  'RESIZE',
  'VERIFY_RESIZE',
  'REVERT_RESIZE',
  'RESCUE',
]);

/** Nova lists neither of the first two; a row whose cell is down has no figures. */
const NEVER: ReadonlySet<string> = new Set(['DELETED', 'SOFT_DELETED', 'UNKNOWN']);

/** Whether a listed server adds to the totals. */
export function isInUse(server: Countable, counting: Counting): boolean {
  if (NEVER.has(server.status)) return false;
  switch (counting) {
    case 'quota':
      return true;
    case 'running':
      return RUNNING.has(server.status);
    case 'allocated':
      return server.status !== 'SHELVED_OFFLOADED' && !(server.status === 'ERROR' && !server.launched);
  }
}
