import { type Answer, htmlError, identityForbidden, identityUnauthorized, JSON_TYPE } from './answer.js';
import { roleOf } from './application.js';
import { catalog } from './catalog.js';
import type { Cloud } from './cloud.js';
import { flawAnswer, login, revoke } from './keystone-login.js';
import type { Project } from './model.js';
import { rightsOf } from './policy.js';
import type { SimRequest } from './request.js';
import type { Token } from './tokens.js';

function ok(body: unknown): Answer {
  return { status: 200, headers: { ...JSON_TYPE, Vary: 'X-Auth-Token' }, body: JSON.stringify(body) };
}

function versionDocument(base: string): Answer {
  const type = 'application/vnd.openstack.identity-v3+json';
  return ok({
    version: {
      id: 'v3.14',
      status: 'stable',
      updated: '2020-04-07T00:00:00Z',
      links: [{ rel: 'self', href: `${base}/v3/` }],
      'media-types': [{ base: 'application/json', type }],
    },
  });
}

function projectRow(project: Project, base: string): Record<string, unknown> {
  return {
    id: project.id,
    name: project.name,
    domain_id: project.domainId,
    description: project.description,
    enabled: project.enabled,
    parent_id: project.parentId,
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${base}/v3/projects/${project.id}` },
  };
}

function selfLink(request: SimRequest): string {
  return `${request.base}${request.path}${request.search ? `?${request.search}` : ''}`;
}

/** The projects as Keystone gives them: in no order to rely on, cut by `list_limit`; from 2025.1 on in pages, by id. */
function projectList(cloud: Cloud, request: SimRequest, projects: Project[]): Answer {
  const { projectPageSize, projectListLimit } = cloud.options;
  let rows = projects;
  let next: string | null = null;
  if (projectPageSize !== null) {
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    const marker = request.query.get('marker');
    if (marker !== null) rows = rows.filter((project) => project.id > marker);
    const size = Math.min(Number(request.query.get('limit') ?? projectPageSize), projectPageSize);
    const last = rows.length > size ? rows[size - 1] : undefined;
    if (last) {
      const query = new URLSearchParams(request.query);
      query.set('marker', last.id);
      query.set('limit', String(size));
      next = `${request.base}${request.path}?${query.toString()}`;
    }
    rows = rows.slice(0, size);
  }
  const truncated = projectListLimit !== null && rows.length > projectListLimit;
  if (truncated) rows = rows.slice(0, projectListLimit);
  return ok({
    projects: rows.map((project) => projectRow(project, request.base)),
    links: { next, self: selfLink(request), previous: null },
    ...(truncated ? { truncated } : {}),
  });
}

/** `GET /v3/projects`: which domains' may be asked for depends on the role held on the token's project. */
function listProjects(cloud: Cloud, request: SimRequest, token: Token): Answer {
  const allowed = rightsOf(roleOf(cloud.world, token)).listProjects;
  const own = cloud.world.projects.get(token.projectId ?? '')?.domainId;
  const asked = request.query.get('domain_id');
  if (allowed === null || (allowed === 'own domain' && (asked === null || asked !== own))) {
    return identityForbidden('identity:list_projects');
  }
  const enabled = request.query.get('enabled');
  const name = request.query.get('name');
  const all = asked === null ? [...cloud.world.projects.values()] : cloud.world.projectsOf(asked);
  const wanted = all.filter(
    (project) =>
      (name === null || project.name === name) &&
      (enabled === null || project.enabled === !/^(0|false|no)$/i.test(enabled)),
  );
  return projectList(cloud, request, wanted);
}

/** `GET /v3/auth/projects`: all that the user has a role on, disabled ones as well. */
function listOwnProjects(cloud: Cloud, request: SimRequest, token: Token): Answer {
  const roles = cloud.world.users.get(token.userId)?.roles ?? new Map<string, string>();
  return projectList(
    cloud,
    request,
    [...roles.keys()].flatMap((id) => cloud.world.projects.get(id) ?? []),
  );
}

function showCatalog(cloud: Cloud, request: SimRequest, token: Token): Answer {
  if (token.projectId === null) return identityForbidden();
  return ok({
    catalog: catalog(cloud.options, request, token.projectId),
    links: { self: `${request.base}/v3/auth/catalog` },
  });
}

/** Keystone's answer to a request. */
export function keystone(cloud: Cloud, request: SimRequest): Answer {
  if (request.route === 'version') return versionDocument(request.base);
  if (request.route === 'login' || request.route === 'rescope') return login(cloud, request);
  // Which paths exist does not depend on who asks: the real one answers 404 without a token, too.
  if (request.route === 'unknown') {
    const answer = htmlError(404, 'Not Found');
    answer.headers = { 'Content-Type': 'text/html; charset=utf-8', Vary: 'X-Auth-Token' };
    return answer;
  }
  const { token, flaw } = request;
  if (flaw) return flawAnswer(request, flaw);
  if (!token) return identityUnauthorized(`${request.base}/v3`);
  if (request.route === 'revoke') return revoke(cloud, request);
  if (request.route === 'catalog') return showCatalog(cloud, request, token);
  return request.route === 'projects' ? listProjects(cloud, request, token) : listOwnProjects(cloud, request, token);
}
