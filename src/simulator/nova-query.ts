import { type Answer, computeError, JSON_TYPE } from './answer.js';
import { isoSeconds } from './ids.js';
import { parseIsoTime } from './iso8601.js';
import type { CloudOptions } from './options.js';
import { type AskedStates, askedStates } from './nova-states.js';
import { parseAllTenants } from './request.js';

/** The query of a server listing, understood. */
export interface ServerQuery {
  allTenants: boolean;
  limit: number;
  marker: string | null;
  /** null: whatever their states. */
  states: AskedStates | null;
  /** Deleted servers and no others. */
  deleted: boolean;
  projectIds: string[];
  /** The first whole second of `changes-since`; null: the plain listing. */
  since: string | null;
  /** Nova names servers of a down cell only to a request that has no parameter but `all_tenants`. */
  bare: boolean;
}

const UNDERSTOOD = new Set(['all_tenants', 'limit', 'marker', 'status', 'project_id', 'tenant_id', 'changes-since']);

/** Parameters that Nova has and this cloud has not: answered with 501, so that nobody mistakes them for ignored ones. */
const NOT_SIMULATED = new Set([
  ...['changes-before', 'deleted', 'sort_key', 'sort_dir', 'name', 'host', 'flavor', 'image', 'uuid'],
  ...['user_id', 'ip', 'ip6', 'vm_state', 'task_state', 'power_state', 'tags', 'locked', 'hostname', 'created_at'],
]);

function last(query: URLSearchParams, name: string): string | null {
  return query.getAll(name).at(-1) ?? null;
}

/** From 2.75 unknown parameters are refused, before that ignored. */
function refuseUnknown(query: URLSearchParams): Answer | null {
  const names = [...new Set(query.keys())].filter((name) => !UNDERSTOOD.has(name) && !name.startsWith('_')).sort();
  if (names.length === 0) return null;
  const verb = names.length === 1 ? 'does' : 'do';
  const list = names.map((name) => `'${name}'`).join(', ');
  return computeError(400, `${list} ${verb} not match any of the regexes: '^_'`);
}

export function checkLimit(limit: string | null): Answer | null {
  if (limit === null || /^[0-9]+$/.test(limit)) return null;
  const complaint = limit === '' ? "'' is too short" : `'${limit}' does not match '^[0-9]*$'`;
  return computeError(400, `Invalid input for query parameters limit. Value: ${limit}. ${complaint}`);
}

/** Rows have whole seconds, so that those of a second that has begun before the time asked for are older than it. */
function firstSecond(time: string): string | null {
  const ms = parseIsoTime(time);
  return ms === null ? null : isoSeconds(Math.ceil(ms / 1000) * 1000);
}

function checkTimes(times: readonly string[]): Answer | null {
  const bad = times.find((time) => firstSecond(time) === null);
  if (bad === undefined) return null;
  const complaint = `Value: ${bad}. '${bad}' is not a 'date-time'`;
  return computeError(400, `Invalid input for query parameters changes-since. ${complaint}`);
}

/** The states that are asked for, null for all; an answer instead is the refusal. */
function parseStatuses(statuses: readonly string[], { minor, admin }: Asker): AskedStates | Answer | null {
  if (statuses.length === 0) return null;
  const states = askedStates(statuses);
  if (!states && minor >= 38) return computeError(400, 'Invalid status value');
  if (!states) return { status: 200, headers: { ...JSON_TYPE }, body: '{"servers": []}' };
  if (isOfDeleted(states) && !admin) return computeError(403, 'Only administrators may list deleted instances');
  return states;
}

function isOfDeleted({ vm }: AskedStates): boolean {
  return vm.size === 1 && vm.has('deleted');
}

/** What an answer depends on, beside the query. */
export interface Asker {
  /** Minor number of the microversion. */
  minor: number;
  /** Nova's `context_is_admin`. */
  admin: boolean;
}

/** Reads a listing's query as Nova 26 does; an answer instead is the refusal. */
export function parseServerQuery(
  query: URLSearchParams,
  asker: Asker,
  { maxLimit, projectFilter }: CloudOptions,
): ServerQuery | Answer {
  const foreign = [...query.keys()].find((name) => NOT_SIMULATED.has(name));
  if (foreign !== undefined) return computeError(501, `The simulator does not know the parameter ${foreign}.`);
  const limit = last(query, 'limit');
  const since = last(query, 'changes-since');
  const refused =
    checkTimes(query.getAll('changes-since')) ?? checkLimit(limit) ?? (asker.minor >= 75 ? refuseUnknown(query) : null);
  if (refused) return refused;
  const states = parseStatuses(query.getAll('status'), asker);
  if (states && 'headers' in states) return states;
  const allTenants = parseAllTenants(query);
  if (allTenants === null) {
    const values = "'0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'";
    return computeError(400, `Unrecognized value '${last(query, 'all_tenants')}', acceptable values are: ${values}`);
  }
  return {
    allTenants,
    limit: Math.min(limit === null ? maxLimit : Number(limit), maxLimit),
    marker: last(query, 'marker') || null,
    states,
    deleted: states !== null && isOfDeleted(states),
    // Without all_tenants Nova puts the token's project in place of these, silently.
    projectIds: allTenants && projectFilter ? [...query.getAll('project_id'), ...query.getAll('tenant_id')] : [],
    since: since === null ? null : firstSecond(since),
    bare: [...query.keys()].every((name) => name === 'all_tenants'),
  };
}
