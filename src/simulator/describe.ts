import type { IncomingMessage } from 'node:http';
import { type AuthRequest, MalformedAuth, parseAuthBody } from './auth-body.js';
import { parseAllTenants, type Route, type SimRequest } from './request.js';
import type { TokenStore } from './tokens.js';
import { validate } from './validate.js';
import type { World } from './world.js';

const IDENTITY: Readonly<Record<string, Route>> = {
  'GET /v3': 'version',
  'GET /v3/': 'version',
  'POST /v3/auth/tokens': 'login',
  'DELETE /v3/auth/tokens': 'revoke',
  'GET /v3/auth/catalog': 'catalog',
  'GET /v3/auth/projects': 'authProjects',
  'GET /v3/projects': 'projects',
};

const COMPUTE: Readonly<Record<string, Route>> = {
  'GET ': 'version',
  'GET /': 'version',
  'GET /servers': 'servers',
  'GET /servers/detail': 'servers',
  'GET /limits': 'limits',
};

/** Of all projects, or of one. */
const USAGE_PATH = /^\/os-simple-tenant-usage(?:\/[^/]+)?$/;

/** Nova takes a path part of these characters for a project id (nova api/openstack/compute/routes.py). */
const COMPUTE_PATH = /^\/v2\.1(?:\/([0-9a-f-]{32,}|default))?(\/.*)?$/;

interface Place {
  world: World;
  tokens: TokenStore;
  base: string;
}

function parseAuth(request: IncomingMessage, body: string): AuthRequest | string {
  try {
    return parseAuthBody(request.headers['content-type'] ?? '', body);
  } catch (error) {
    if (error instanceof MalformedAuth) return error.message;
    throw error;
  }
}

function computeRoute(method: string, resource: string): Route | undefined {
  return method === 'GET' && USAGE_PATH.test(resource) ? 'usage' : COMPUTE[`${method} ${resource}`];
}

/** Fills in who asks, for which domain and project. */
function identify(request: SimRequest, place: Place): void {
  const { world } = place;
  const auth = typeof request.auth === 'object' ? request.auth : null;
  const token = typeof auth?.tokenId === 'string' ? place.tokens.find(auth.tokenId) : request.token;
  const credential =
    auth?.application?.id === undefined ? undefined : world.applicationCredentials.get(auth.application.id);
  const { userId, projectId } = credential ?? token ?? {};
  const user = userId === undefined ? undefined : world.users.get(userId);
  request.userName = user?.name ?? null;
  request.projectId = projectId ?? null;
  request.domainId = user?.domainId ?? null;
  if (auth?.user) {
    const domain = world.findDomain(auth.user.domain ?? {});
    const byId = auth.user.id === undefined ? undefined : world.users.get(auth.user.id);
    request.userName = auth.user.name ?? byId?.name ?? null;
    request.domainId = byId?.domainId ?? domain?.id ?? auth.user.domain?.id ?? null;
  }
  if (auth?.scope.kind === 'project') {
    const { id, name, domain } = auth.scope;
    const scopeDomain = world.findDomain(domain ?? {})?.id;
    request.projectId = id ?? (scopeDomain && name ? world.findProject(scopeDomain, name)?.id : null) ?? null;
  }
  const project = request.projectId === null ? undefined : world.projects.get(request.projectId);
  // A login belongs to its user's domain, whatever project it asks for.
  if (project && !auth?.user) request.domainId = project.domainId;
}

/** Which request this is, and whose. */
export function describeRequest(incoming: IncomingMessage, body: string, place: Place): SimRequest {
  const method = incoming.method ?? 'GET';
  const [path = '', ...rest] = (incoming.url ?? '/').split('?');
  const search = rest.join('?');
  const query = new URLSearchParams(search);
  const compute = COMPUTE_PATH.exec(path);
  const resource = compute?.[2] ?? '';
  const tokenId = incoming.headers['x-auth-token'];
  const { token, flaw } = validate(place.world, place.tokens, typeof tokenId === 'string' ? tokenId : undefined);
  const request: SimRequest = {
    method,
    path,
    search,
    query,
    headers: incoming.headers,
    service: compute ? 'compute' : /^\/v3(\/|$)/.test(path) ? 'identity' : null,
    route: (compute ? computeRoute(method, resource) : IDENTITY[`${method} ${path}`]) ?? 'unknown',
    resource,
    pathProjectId: compute?.[1] ?? null,
    auth: null,
    token,
    flaw,
    domainId: null,
    projectId: null,
    userName: null,
    allTenants: parseAllTenants(query) ?? false,
    base: place.base,
  };
  if (request.route === 'login') {
    const auth = parseAuth(incoming, body);
    request.auth = auth;
    if (typeof auth === 'object' && auth.tokenId !== null) request.route = 'rescope';
  }
  identify(request, place);
  return request;
}
