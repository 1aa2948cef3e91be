import type { Resource, Tariff } from './tariff.js';

/** A project that uses something. */
export interface Subject {
  domain: { label: string; id: string };
  projectId: string;
}

/** What it uses; `flavor` of a server only, null where none of the flavors that have a tariff is meant. */
export interface Item {
  resource: Resource;
  flavor: string | null;
}

/**
 * The tariff in force for what a project uses, at an instant in milliseconds since the epoch; null when there is none.
 * A project's goes before a domain's, and that before a general one; a domain's by its label, which is unique, before one
 * by its id, which domains of other clouds may share. Of equal ones, that of the flavor goes before that of every server.
 */
export function tariffFor(tariffs: readonly Tariff[], subject: Subject, item: Item, atMs: number): Tariff | null {
  let best: Tariff | null = null;
  let bestRank = -1;
  for (const tariff of tariffs) {
    if (!isInForce(tariff, atMs)) continue;
    const rank = rankOf(tariff, subject, item);
    if (rank > bestRank) [best, bestRank] = [tariff, rank];
  }
  return best;
}

/** From its start on, and up to its last second. */
export function isInForce({ startMs, endMs }: Tariff, atMs: number): boolean {
  return (startMs === null || startMs <= atMs) && (endMs === null || atMs < endMs);
}

/** How specific a tariff is for something, or -1 when it is not for it. */
function rankOf(tariff: Tariff, { domain, projectId }: Subject, { resource, flavor }: Item): number {
  const isFor =
    tariff.resource === resource &&
    (tariff.flavor === null || tariff.flavor === flavor) &&
    (tariff.project === null || tariff.project === projectId) &&
    (tariff.domain === null || tariff.domain === domain.label || tariff.domain === domain.id);
  if (!isFor) return -1;
  const scope = tariff.project !== null ? 3 : tariff.domain === null ? 0 : tariff.domain === domain.label ? 2 : 1;
  return 2 * scope + (tariff.flavor === null ? 0 : 1);
}
