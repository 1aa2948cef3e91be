import { CollectError, CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import type { Server } from './compute.js';
import { LoginFailure } from './gates.js';
import { listLaunched, unknownOf } from './launched.js';
import type { Ledger } from './ledger.js';
import { exists, listIds, listServers, type Listing } from './listing.js';
import type { Visit } from './visit.js';

/** The clocks of a cloud's machines may be so far apart, and a change so long under way. */
const OVERLAP_MS = 5 * 60_000;

/** Nova lists these only among changes. */
const GONE: ReadonlySet<string> = new Set(['DELETED', 'SOFT_DELETED']);

/** What was not launched is one of these, as a rule. */
const UNLAUNCHED: readonly string[] = ['BUILD', 'ERROR'];

/** A server may be gone from it without a trace, or be in it without having changed. */
export const BUILD: readonly string[] = ['BUILD'];

/** So many are looked up in one reading, one by one. */
const MAX_LOOKUPS = 10;

/** Who asks for servers, and for whose. */
export interface Source {
  visit: Visit;
  listing: Listing;
}

export interface Changes {
  /** As they are now, those that were deleted included. */
  servers: ReadonlyMap<string, Server>;
  /** Milliseconds since the epoch by the cloud's clock. */
  asOf: number;
}

/** What Nova says of changes: those of one listing, or of many at once. */
export interface Answer extends Changes {
  /** Statuses that were looked up, and the servers that have one of them. */
  statuses: readonly string[];
  present: ReadonlySet<string>;
  /** Those of them that are not among the changes, as far as they were not known. */
  untold: ReadonlyMap<string, Server>;
}

/** Nova shows what did not change: it ignores the question. */
export class Unheard extends Error {}

/** @param readAt monotonic: when the reading began */
export function apply({ servers, asOf }: Changes, ledger: Ledger, readAt: number): void {
  for (const server of servers.values()) {
    if (GONE.has(server.status)) ledger.servers.delete(server.id);
    else ledger.servers.set(server.id, server);
  }
  ledger.asOf = asOf;
  ledger.readAt = readAt;
}

/**
 * What changed, of a ledger that agrees with Nova's usage report.
 * @returns `doubt` where it has to be read in full; `differs` where another try would come to the same
 * @throws Unheard; CollectError where a full listing can't be had either
 */
export async function confirmedChanges(source: Source, ledger: Ledger): Promise<Changes | 'doubt' | 'differs'> {
  const { visit, listing } = source;
  // Neither the report nor a status tells of these.
  if ([...ledger.servers.values()].some(({ status, launched }) => !launched && !UNLAUNCHED.includes(status)))
    return 'doubt';
  try {
    // In this order: what was launched by now is known when the changes are.
    const launched = await listLaunched(visit, ledger.projectId, listing.projectId);
    const changes = await changesSince(source, ledger, UNLAUNCHED);
    if (changes === 'doubt') return 'doubt';
    const isElsewhere = (id: string): boolean => changes.servers.has(id) || ledger.servers.get(id)?.launched === false;
    const unknown = unknownOf(ledger.servers, launched, isElsewhere);
    return unknown && (await areGhosts(source, unknown, ledger)) ? changes : 'differs';
  } catch (error) {
    const isPassing =
      error instanceof CollectError && !(error instanceof CollectionOver || error instanceof LoginFailure);
    if (!isPassing || error.reason === 'rate_limited') throw error;
    return 'differs';
  }
}

/**
 * Whether all are gone: Nova never noted when, and reports of them for ever. Those that are become known as ghosts.
 * @throws CollectError
 */
async function areGhosts({ visit, listing }: Source, ids: ReadonlySet<string>, ledger: Ledger): Promise<boolean> {
  const { ghosts, servers } = ledger;
  const others = [...ids].filter((id) => !ghosts.has(id));
  if (others.length === 0) return true;
  // Of other projects' servers Nova may show this login none, as if they were not there.
  const { projectId: own } = (await visit.login()).token;
  const isOwn = listing.projectId !== null || ledger.projectId === own;
  const witness = [...servers.values()].find(({ projectId }) => isOwn || projectId !== own);
  if (!witness || !(await exists(visit, listing.projectId, witness.id))) return false;
  for (const id of others.slice(0, MAX_LOOKUPS)) {
    if (await exists(visit, listing.projectId, id)) return false;
    ghosts.add(id);
  }
  return others.length <= MAX_LOOKUPS;
}

/**
 * @param lookUp statuses that are looked up beside, whether servers are known that have them or not; always BUILD, if any is known
 * @returns `doubt` where it has to be read in full
 * @throws Unheard; CollectError
 */
export async function changesSince(
  source: Source,
  ledger: Ledger,
  lookUp: readonly string[] = [],
): Promise<Changes | 'doubt'> {
  const isBuilding = [...ledger.servers.values()].some(({ status }) => BUILD.includes(status));
  const statuses = lookUp.length === 0 && isBuilding ? BUILD : lookUp;
  const isKnown = (id: string): boolean => ledger.servers.has(id);
  const answer = await askForChanges(source, { since: ledger.asOf, statuses, isKnown });
  return answer === 'doubt' ? answer : weigh(answer, ledger, ledger.projectId === null);
}

/**
 * @param since milliseconds since the epoch by the cloud's clock
 * @param statuses that are looked up beside
 * @param isKnown a server that need not be read to be known
 * @returns `doubt` where some server could not be had
 * @throws Unheard; CollectError
 */
export async function askForChanges(
  source: Source,
  { since, statuses, isKnown }: { since: number; statuses: readonly string[]; isKnown: (id: string) => boolean },
): Promise<Answer | 'doubt'> {
  const filter = statuses.map((status) => ['status', status] as const);
  // In this order: what is BUILD no more by the first answer has changed by the second.
  const present = statuses.length > 0 ? await idsOf(source, filter) : new Set<string>();
  const from = `${new Date(since - OVERLAP_MS).toISOString().slice(0, 19)}Z`;
  const { servers, asOf } = await filtered(source, [['changes-since', from]], from);
  // A row that nothing has touched yet is not among the changes.
  const untold = new Map<string, Server>();
  const isUntold = (id: string): boolean => !isKnown(id) && !servers.has(id) && !untold.has(id);
  if ([...present].some(isUntold)) {
    for (const [id, server] of (await filtered(source, filter)).servers) if (isUntold(id)) untold.set(id, server);
    // It has become something else since, behind the changes.
    if ([...present].some(isUntold)) return 'doubt';
  }
  return { servers, asOf, statuses, present, untold };
}

/**
 * What an answer tells of a ledger's servers.
 * @param ofAll the answer is of all projects that the one who asked sees
 * @returns `doubt` where they have to be read in full
 */
export function weigh(answer: Answer, ledger: Ledger, ofAll: boolean): Changes | 'doubt' {
  const { statuses, present, asOf } = answer;
  // A BUILD that is gone without a trace was deleted before a cell had it, or its cell is down.
  const isLost = ({ id, status }: Server): boolean =>
    statuses.includes(status) && !present.has(id) && !answer.servers.has(id);
  // Who sees a project for the first time may see more of it than what changed.
  const isNew = ({ status, projectId }: Server): boolean =>
    status === 'UNKNOWN' || (ofAll && !GONE.has(status) && !ledger.projects.has(projectId));
  const servers = new Map(answer.servers);
  for (const [id, server] of answer.untold) if (!ledger.servers.has(id) && !servers.has(id)) servers.set(id, server);
  const isBack = asOf < ledger.asOf - OVERLAP_MS;
  const isDoubtful = isBack || [...ledger.servers.values()].some(isLost) || [...servers.values()].some(isNew);
  return isDoubtful ? 'doubt' : { servers, asOf };
}

/** By name, or, where a login may not have names alone, with all that they are. @throws CollectError */
async function idsOf(source: Source, filter: NonNullable<Listing['filter']>): Promise<ReadonlySet<string>> {
  try {
    return await listIds(source.visit, withFilter(source.listing, filter));
  } catch (error) {
    if (!(error instanceof HttpFailure && error.status === 403)) throw error;
    return new Set((await filtered(source, filter)).servers.keys());
  }
}

/**
 * All pages, as one.
 * @param since what is older was not asked for
 * @throws Unheard where there is such a row; CollectError
 */
async function filtered(
  { visit, listing }: Source,
  filter: NonNullable<Listing['filter']>,
  since = '',
): Promise<Changes> {
  const servers = new Map<string, Server>();
  let asOf: number | null = null;
  for await (const page of listServers(visit, withFilter(listing, filter))) {
    if (page.oldestUpdate !== null && page.oldestUpdate < since) throw new Unheard();
    asOf ??= page.asOf;
    for (const server of page.servers) servers.set(server.id, server);
  }
  return { servers, asOf: asOf ?? 0 };
}

const withFilter = (listing: Listing, filter: NonNullable<Listing['filter']>): Listing => ({
  ...listing,
  filter: [...(listing.filter ?? []), ...filter],
});
