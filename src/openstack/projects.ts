import { CollectError } from '../errors.js';
import type { HttpAnswer } from '../http/request.js';
import { parseProjects, type Project, type ProjectPage } from './identity.js';

/** The projects of one domain, as far as its user may see them. */
export interface ProjectList {
  projects: ReadonlyMap<string, Project>;
  /** `domain`: all of the domain; `user`: only those in which the user has a role. */
  scope: 'domain' | 'user';
  /** What was wrong with it: such a list is used, but not believed to be whole. */
  problem: CollectError | null;
}

interface ListOptions {
  domainId: string;
  /** The project of the login: a list without it can't be whole. */
  loginProjectId: string;
  scope: ProjectList['scope'];
  get: (path: string) => Promise<HttpAnswer>;
}

/** Pages in a row that bring nothing new before a list is given up. */
const MAX_IDLE_PAGES = 3;

/** Reads every page; membership is checked on our side, since a filter may be ignored. */
export async function listProjects(options: ListOptions): Promise<ProjectList> {
  const { domainId, loginProjectId, scope, get } = options;
  const path = scope === 'domain' ? '/projects' : '/auth/projects';
  const projects = new Map<string, Project>();
  const result = (problem: CollectError | null): ProjectList => ({ projects, scope, problem });
  const seen = new Set<string>();
  const markers = new Set<string>();
  let idle = 0;
  let query = scope === 'domain' ? new URLSearchParams({ domain_id: domainId }) : new URLSearchParams();
  let truncated = false;
  for (;;) {
    let page: ProjectPage;
    try {
      page = parseProjects(await get(query.size > 0 ? `${path}?${query.toString()}` : path));
    } catch (error) {
      // The first page decides whether there is a list at all; a later one only whether it is whole.
      if (markers.size === 0 || !(error instanceof CollectError)) throw error;
      return result(error);
    }
    for (const project of page.projects) if (project.domainId === domainId) projects.set(project.id, project);
    truncated ||= page.truncated;
    if (!page.next) break;
    const marker = page.next.get('marker') ?? page.next.toString();
    idle = page.projects.some(({ id }) => !seen.has(id)) ? 0 : idle + 1;
    if (markers.has(marker) || idle >= MAX_IDLE_PAGES) {
      return result(new CollectError('bad_response', 'projects: the next link does not advance'));
    }
    markers.add(marker);
    for (const { id } of page.projects) seen.add(id);
    query = page.next;
    if (scope === 'domain') query.set('domain_id', domainId);
  }
  if (truncated) return result(new CollectError('incomplete', 'Keystone cut the project list short (truncated)'));
  if (!projects.has(loginProjectId)) {
    return result(new CollectError('incomplete', 'the project list lacks the project that the login is scoped to'));
  }
  return result(null);
}
