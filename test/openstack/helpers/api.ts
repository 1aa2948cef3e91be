/* A bare client of the clouds' own APIs: the tests' view of a cloud, beside the exporter's. */

export interface Reply {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
  /** undefined where the body is no JSON. */
  json: unknown;
}

/** By a connection of its own: one that was kept may be closed by the cloud just as it is used again. */
export async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const headers = new Headers(init.headers);
  headers.set('Connection', 'close');
  const response = await fetch(url, { redirect: 'manual', ...init, headers });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: Object.fromEntries(response.headers), text, json };
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(url, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: text });
}

/** A login, or a rescope, by its body. @throws Error if it is refused */
export async function token(authUrl: string, body: unknown): Promise<string> {
  const { status, headers, text } = await post(`${authUrl}/auth/tokens`, body);
  const subject = headers['x-subject-token'];
  if (status !== 201 || subject === undefined) throw new Error(`login: ${status} ${text}`);
  return subject;
}

interface Admin {
  cloud_admin: { user: string; password: string; project: string; domain_id: string };
}

export function adminBody({ cloud_admin: admin }: Admin): unknown {
  const domain = { id: admin.domain_id };
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { name: admin.user, domain, password: admin.password } } },
      scope: { project: { name: admin.project, domain } },
    },
  };
}

export function rescopeBody(from: string, projectId: string): unknown {
  return { auth: { identity: { methods: ['token'], token: { id: from } }, scope: { project: { id: projectId } } } };
}

/** A server as Nova lists it, as far as counting goes by it. */
export interface ListedServer {
  id: string;
  status: string;
  tenant_id: string;
  flavor: { vcpus: number; ram: number };
  'OS-SRV-USG:launched_at': string | null;
}

/** The servers of one project, asked for by the cloud's administrator; at most 1,000. */
export async function listProject(nova: string, admin: string, projectId: string): Promise<ListedServer[]> {
  const headers = { 'X-Auth-Token': admin, 'OpenStack-API-Version': 'compute 2.79' };
  const reply = await ask(`${nova}/v2.1/servers/detail?all_tenants=1&project_id=${projectId}`, { headers });
  if (reply.status !== 200) throw new Error(`servers/detail: ${reply.status} ${reply.text}`);
  return (reply.json as { servers: ListedServer[] }).servers;
}
