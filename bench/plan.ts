import type { Call } from '../src/simulator/server.js';

/** A request to be sent again. */
export interface Step {
  method: 'GET' | 'POST';
  /** Below the origin, with its query. */
  path: string;
  /** The token is to be of this project, … */
  projectId: string;
  /** … and of the user of this domain. */
  domainId: string;
  microversion: string | null;
  /** Index of the step whose answer it waits for; null: it can be sent at once. */
  after: number | null;
}

/** A step as it is sent. */
export interface ReadyStep extends Pick<Step, 'method' | 'after'> {
  url: string;
  headers: Record<string, string>;
  body: string | null;
}

/** One project's, or the whole domain's. */
const listingOf = ({ path, query, domainId, projectId, allTenants }: Call): string =>
  [path, domainId, projectId, allTenants, new URLSearchParams(query).get('project_id')].join(' ');

/**
 * What a scrape asked, in the order of arrival, with what each request had to wait for: a page for the page before it, a
 * listing for its token and its domain's projects, where the same scrape asked for these. Logins are left out: a warm scrape
 * has none, which is counted elsewhere.
 */
export function planOf(calls: readonly Call[]): Step[] {
  const steps: Step[] = [];
  const pages = new Map<string, number>();
  const tokens = new Map<string, number>();
  const projects = new Map<string, number>();
  for (const call of calls) {
    const { method, path, query, route, microversion, projectId, domainId } = call;
    if (route === 'login' || projectId === null || domainId === null) continue;
    const isPage = call.marker !== null;
    const after = isPage ? pages.get(listingOf(call)) : (tokens.get(projectId) ?? projects.get(domainId));
    const index = steps.length;
    steps.push({
      method: method === 'POST' ? 'POST' : 'GET',
      path: query === '' ? path : `${path}?${query}`,
      projectId,
      domainId,
      microversion,
      after: after ?? null,
    });
    pages.set(listingOf(call), index);
    if (route === 'rescope') tokens.set(projectId, index);
    if (route === 'projects' || route === 'authProjects') projects.set(domainId, index);
  }
  return steps;
}

/** Whose token a step needs. */
export const tokenKey = ({ domainId, projectId }: Pick<Step, 'domainId' | 'projectId'>): string =>
  `${domainId} ${projectId}`;

/**
 * The step with the headers and the body that the exporter sends.
 * @param token of the step's project; for a new token, of any project of the user's
 */
export function readyStep(step: Step, origin: string, token: string): ReadyStep {
  const { method, path, projectId, microversion, after } = step;
  const url = `${origin}${path}`;
  if (method === 'POST') {
    const identity = { methods: ['token'], token: { id: token } };
    const body = JSON.stringify({ auth: { identity, scope: { project: { id: projectId } } } });
    return { method, after, url, headers: { Accept: 'application/json', 'Content-Type': 'application/json' }, body };
  }
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Auth-Token': token };
  if (microversion !== null) {
    headers['OpenStack-API-Version'] = `compute ${microversion}`;
    headers['X-OpenStack-Nova-API-Version'] = microversion;
  }
  return { method, after, url, headers, body: null };
}
