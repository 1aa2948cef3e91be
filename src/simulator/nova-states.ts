import type { Server } from './model.js';

/** How Nova's database has a status: vm_state, task_state, power_state. */
type State = readonly [vm: string, task: string | null, power: number];

/** By status (nova api/openstack/common.py `_STATE_MAP`; power states are libvirt's). */
const STATES: Readonly<Record<string, State>> = {
  ACTIVE: ['active', null, 1],
  BUILD: ['building', 'spawning', 0],
  DELETED: ['deleted', null, 0],
  ERROR: ['error', null, 1],
  HARD_REBOOT: ['active', 'rebooting_hard', 1],
  MIGRATING: ['active', 'migrating', 1],
  PASSWORD: ['active', 'updating_password', 1],
  PAUSED: ['paused', null, 3],
  REBOOT: ['active', 'rebooting', 1],
  REBUILD: ['active', 'rebuilding', 1],
  RESCUE: ['rescued', null, 1],
  RESIZE: ['active', 'resize_migrating', 1],
  REVERT_RESIZE: ['resized', 'resize_reverting', 1],
  SHELVED: ['shelved', null, 4],
  SHELVED_OFFLOADED: ['shelved_offloaded', null, 4],
  SHUTOFF: ['stopped', null, 4],
  SOFT_DELETED: ['soft-delete', null, 1],
  SUSPENDED: ['suspended', null, 4],
  VERIFY_RESIZE: ['resized', null, 1],
};

/** Statuses that are of a task, and the vm_states in which it makes them; all others are of a vm_state, whatever its task. */
const OF_TASKS: Readonly<Record<string, readonly string[]>> = {
  HARD_REBOOT: ['active'],
  MIGRATING: ['active', 'paused'],
  PASSWORD: ['active'],
  REBOOT: ['active'],
  REBUILD: ['active', 'stopped', 'error'],
  RESIZE: ['active', 'stopped'],
  REVERT_RESIZE: ['resized'],
};

/** A status that Nova does not know is shown as an error. */
export function stateOf({ status }: Server): State {
  return STATES[status] ?? ['error', null, 0];
}

/** What `status` asks for. */
export interface AskedStates {
  vm: ReadonlySet<string>;
  /** null: any task, or none. */
  tasks: ReadonlySet<string | null> | null;
}

/**
 * Nova takes all values of `status` together: one of the vm_states and one of the tasks of any of them, and where one is of a
 * vm_state as such, no task is asked about. So BUILD with REBOOT has all ACTIVE ones, too.
 * @returns null where none of them is a status
 */
export function askedStates(statuses: readonly string[]): AskedStates | null {
  const known = statuses.map((status) => status.toUpperCase()).filter((status) => Object.hasOwn(STATES, status));
  if (known.length === 0) return null;
  const vm = known.flatMap((status) => OF_TASKS[status] ?? [STATES[status]?.[0] ?? '']);
  const isOfTasks = known.every((status) => status in OF_TASKS);
  return { vm: new Set(vm), tasks: isOfTasks ? new Set(known.map((status) => STATES[status]?.[1] ?? null)) : null };
}

export function isAsked({ status }: Server, asked: AskedStates): boolean {
  const state = STATES[status];
  if (!state) return false;
  const [vm, task] = state;
  return asked.vm.has(vm) && (asked.tasks === null || asked.tasks.has(task));
}
