import { ask, post, rescopeBody, token, type Reply } from './api.js';
import type { Expected, ExpectedDomain } from './expected.js';

/* A cloud that questions are put to, and those who ask. */

/** A cloud with two logins: of a member whose domain has odd projects, and of a cloud administrator. */
export interface Asked {
  authUrl: string;
  nova: string;
  member: Identity;
  admin: Identity;
}

export interface Identity {
  domain: ExpectedDomain;
  login: string;
  /** Of the first project that has servers, and of the one that has none. */
  busy: string;
}

export type Question = (cloud: Asked) => Promise<Reply>;

async function identity(authUrl: string, domain: ExpectedDomain): Promise<Identity> {
  const login = await token(authUrl, domain.login);
  const busy = await token(authUrl, rescopeBody(login, projectId(domain, '-prj-01')));
  return { domain, login, busy };
}

export function projectId({ projects }: ExpectedDomain, ending: string): string {
  const project = projects.find(({ name }) => name.endsWith(ending));
  if (!project) throw new Error(`no project …${ending}`);
  return project.id;
}

interface CatalogBody {
  token: { catalog: { type: string; endpoints: { interface: string; url: string }[] }[] };
}

export async function meet(authUrl: string, expected: Expected): Promise<Asked> {
  const [first, second] = expected.domains;
  const { json } = await post(`${authUrl}/auth/tokens`, first!.login);
  const { catalog } = (json as CatalogBody).token;
  const compute = catalog.find(({ type }) => type === 'compute')!;
  const nova = compute.endpoints.find((endpoint) => endpoint.interface === 'public')!.url;
  return { authUrl, nova, member: await identity(authUrl, first!), admin: await identity(authUrl, second!) };
}

export const memberLogin = ({ member }: Asked): string => member.login;
export const nobody = (): string => 'gAAAAABnot-a-token';

/** A token of the member's that was good a moment ago. */
export async function revokedToken({ authUrl, member }: Asked): Promise<string> {
  const dead = await token(authUrl, member.domain.login);
  const headers = { 'X-Auth-Token': member.login, 'X-Subject-Token': dead };
  const { status } = await ask(`${authUrl}/auth/tokens`, { method: 'DELETE', headers });
  if (status !== 204) throw new Error(`revoke: ${status}`);
  return dead;
}

/** A GET of Nova. */
export function nova(path: string, who: (cloud: Asked) => string | null, version: string | null = '2.69'): Question {
  return (cloud) => {
    const headers: Record<string, string> = {};
    if (version !== null) headers['OpenStack-API-Version'] = `compute ${version}`;
    if (version !== null) headers['X-OpenStack-Nova-API-Version'] = version;
    const auth = who(cloud);
    if (auth !== null) headers['X-Auth-Token'] = auth;
    return ask(`${cloud.nova}${path}`, { headers });
  };
}

export const busy = ({ member }: Asked): string => member.busy;
export const cloudAdmin = ({ admin }: Asked): string => admin.busy;
export const DETAIL = '/servers/detail';

export interface ServersBody {
  servers: { id: string; updated: string; status: string }[];
  servers_links?: { href: string }[];
}

export async function servers(cloud: Asked, query: string, who = busy): Promise<ServersBody> {
  return (await nova(`${DETAIL}${query}`, who)(cloud)).json as ServersBody;
}
