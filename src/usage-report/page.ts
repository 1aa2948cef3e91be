import type { UsageJson } from './json.js';

export interface PageOptions {
  /** Projects at most, above 0. */
  limit: number;
  /** The id of the last project of the page before; null: the first page. */
  marker: string | null;
  /** Address of the page behind a project. */
  address: (marker: string) => string;
}

/**
 * One page of a report, by projects in file and then project-id order. Totals and errors stay those of all; a domain is on each
 * page that has projects of it, and one without projects on the page that its place falls on. Pure.
 * @returns null where the report has no such project as the marker
 */
export function pageOf(usage: UsageJson, { limit, marker, address }: PageOptions): UsageJson | null {
  let isBehind = marker === null;
  let isFull = false;
  let left = limit;
  let last = marker;
  const domains: UsageJson['domains'] = [];
  for (const domain of usage.domains) {
    const start = isBehind ? 0 : domain.projects.findIndex(({ projectId }) => projectId === marker) + 1;
    const wasBehind = isBehind;
    isBehind ||= start > 0;
    if (!isBehind) continue;
    const rest = domain.projects.slice(start);
    const projects = rest.slice(0, left);
    isFull ||= left === 0 ? rest.length > 0 || domain.projects.length === 0 : rest.length > left;
    if (projects.length > 0 || (wasBehind && left > 0 && rest.length === 0)) domains.push({ ...domain, projects });
    left -= projects.length;
    last = projects.at(-1)?.projectId ?? last;
  }
  return isBehind ? { ...usage, domains, next: isFull && last !== null ? address(last) : null } : null;
}
