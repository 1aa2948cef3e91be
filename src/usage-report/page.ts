import type { UsageJson } from './json.js';

export interface PageOptions {
  /** Projects at most, above 0. */
  limit: number;
  /** The last project of the page before, as `next` has it; null: the first page. */
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
  let last: string | null = null;
  const domains: UsageJson['domains'] = [];
  for (const domain of usage.domains) {
    const names = domain.projects.map(({ projectId }) => [projectId, nameOf(domain.domain, projectId)]);
    const start = isBehind ? 0 : names.findIndex((both) => both.includes(marker ?? '')) + 1;
    const wasBehind = isBehind;
    isBehind ||= start > 0;
    if (!isBehind) continue;
    const rest = domain.projects.slice(start);
    const projects = rest.slice(0, left);
    isFull ||= left === 0 ? rest.length > 0 || domain.projects.length === 0 : rest.length > left;
    if (projects.length > 0 || (wasBehind && left > 0 && rest.length === 0)) domains.push({ ...domain, projects });
    left -= projects.length;
    const projectId = projects.at(-1)?.projectId;
    if (projectId !== undefined) last = isOnce(usage, projectId) ? projectId : nameOf(domain.domain, projectId);
  }
  if (!isBehind) return null;
  last ??= marker;
  return { ...usage, domains, next: isFull && last !== null ? address(last) : null };
}

/** Two lines of the file may have the same projects, of two regions, or of clouds that share ids. */
const nameOf = (domain: string, projectId: string): string => `${domain}/${projectId}`;

const isOnce = ({ domains }: UsageJson, id: string): boolean =>
  domains.flatMap(({ projects }) => projects).filter(({ projectId }) => projectId === id).length === 1;
