import type { HttpAnswer } from '../../src/http/request.js';
import type { Cloud } from '../../src/simulator/cloud.js';
import { nova } from '../../src/simulator/nova.js';
import { rightsOf } from '../../src/simulator/policy.js';
import { parseAllTenants, type SimRequest } from '../../src/simulator/request.js';
import { answer, fail, refusal, type Sent } from './fake.js';

/* The simulated Nova, without a network. */

/**
 * Its answer to a request with a good token, whose name begins with its project's.
 * @param skew by how many seconds its clock is ahead of the database's
 */
export function answerOf(cloud: Cloud, sent: Sent, skew: number): HttpAnswer {
  const request = asSimulated(cloud, sent);
  const id = /^\/servers\/([^/]+)$/.exec(request.resource)?.[1];
  if (id !== undefined && id !== 'detail') return show(cloud, request, id);
  const { body, status } = nova(cloud, request);
  if (status !== 200) return fail(refusal(status));
  return answer(JSON.parse(body), { date: new Date(cloud.world.now + skew * 1000).toUTCString() });
}

/** Of one server the simulator tells nobody. */
function show({ world }: Cloud, { projectId, token }: SimRequest, id: string): HttpAnswer {
  const row = world.servers.get(id);
  const { admin } = rightsOf(world.users.get(token?.userId ?? '')?.roles.get(projectId ?? '') ?? '');
  if (!row || row.status === 'DELETED' || !(admin || row.projectId === projectId)) return fail(refusal(404));
  return answer({ server: { id } });
}

function asSimulated({ world }: Cloud, { request, token }: Sent): SimRequest {
  const url = new URL(request.url);
  const resource = url.pathname.replace(/^\/v2\.1/, '');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const projectId = (token ?? '').replace(/-\d+$/, '');
  const userId = [...world.users.values()].find(({ roles }) => roles.has(projectId))?.id ?? '';
  const issued = { id: 't', userId, projectId, methods: [], applicationCredentialId: null, auditIds: [] };
  return {
    method: 'GET',
    path: url.pathname,
    search: url.search.slice(1),
    query: url.searchParams,
    headers,
    service: 'compute',
    route: resource.startsWith('/servers') ? 'servers' : 'usage',
    resource,
    pathProjectId: null,
    auth: null,
    token: { ...issued, issuedAt: 0, expiresAt: Infinity },
    flaw: null,
    domainId: world.projects.get(projectId)?.domainId ?? null,
    projectId,
    userName: null,
    allTenants: parseAllTenants(url.searchParams) ?? false,
    base: 'https://cloud.example:8774',
  };
}
