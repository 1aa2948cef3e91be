import type { Route } from '../src/simulator/server.js';
import type { BenchStrategy, Size } from './scenarios.js';

/** Requests by kind; a kind that is not there is 0. */
export type Requests = Partial<Record<Route, number>>;

/** Rows on a page: Nova's `[api]max_limit`, its default. */
export const PAGE_SIZE = 1000;

/**
 * Requests that it takes to list so many servers: Nova gives a next link behind each page that is full, so that a list
 * which ends with a full page takes an empty one more.
 */
export function pages(servers: number): number {
  return Math.floor(servers / PAGE_SIZE) + 1;
}

/** Parts of a total, spread evenly: the first ones get one more. */
function shares(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(total / parts) + (i < total % parts ? 1 : 0));
}

/** The servers of each project, by domain. */
export function layoutOf({ domains, projects, servers }: Size): number[][] {
  const ofProjects = shares(servers, projects);
  return shares(projects, domains).map((count) => ofProjects.splice(0, count));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/**
 * The least that a warm scrape must ask for, with every token and, where rows tell of new ones, every project known:
 *
 * - domain-list: the pages of each domain; or, where these are many and its projects few, its first page, its projects, and
 *   the pages of each project side by side.
 * - cloud-list: the pages of the whole cloud, once for all domains.
 * - project-list: for each domain its projects, since no row tells of a new one, and the pages of each project.
 * - project-limits: the same, and one request for each project, however many servers it has.
 *
 * No logins, no new tokens, no probes.
 */
export function warmRequests(strategy: BenchStrategy, size: Size): Requests {
  const { domains, projects, servers } = size;
  const layout = layoutOf(size);
  switch (strategy) {
    case 'domain-list':
      return domainList(layout);
    case 'cloud-list':
      return { servers: pages(servers) };
    case 'project-list':
      return { authProjects: domains, servers: sum(layout.flat().map(pages)) };
    case 'project-limits':
      return { authProjects: domains, limits: projects };
  }
}

/** The same where what changed is asked for, and fits on a page: once for each listing. */
export function changesRequests(strategy: BenchStrategy, { domains, projects }: Size): Requests {
  switch (strategy) {
    case 'domain-list':
      return { servers: domains };
    case 'cloud-list':
      return { servers: 1 };
    case 'project-list':
      return { authProjects: domains, servers: projects };
    case 'project-limits':
      return { authProjects: domains, limits: projects };
  }
}

function domainList(layout: readonly (readonly number[])[]): Requests {
  let projects = 0;
  const servers = layout.map((own) => {
    const chain = pages(sum(own));
    const parts = own.map(pages);
    const isFaster = sum(own) >= 3 * PAGE_SIZE && 1 + Math.max(...parts) < chain - 1;
    if (!isFaster || 1 + sum(parts) > 2 * (chain - 1)) return chain;
    projects += 1;
    return 1 + sum(parts);
  });
  return { servers: sum(servers), ...(projects > 0 && { projects }) };
}

export function totalOf(requests: Requests): number {
  return sum(Object.values(requests));
}

/** `100 servers + 10 authProjects`, the most frequent first. */
export function requestsText(requests: Requests): string {
  const kinds = Object.entries(requests).filter(([, count]) => count > 0);
  if (kinds.length === 0) return 'none';
  return kinds
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(' + ');
}

/** What of a scrape's counts differs from the formula; null: nothing. */
export function difference(actual: Requests, expected: Requests): string | null {
  const kinds = new Set([...Object.keys(actual), ...Object.keys(expected)] as Route[]);
  const off = [...kinds].filter((kind) => (actual[kind] ?? 0) !== (expected[kind] ?? 0));
  if (off.length === 0) return null;
  return off.map((kind) => `${kind} ${actual[kind] ?? 0} instead of ${expected[kind] ?? 0}`).join(', ');
}
