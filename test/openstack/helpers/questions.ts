import { ask, post, rescopeBody, token, type Reply } from './api.js';
import type { Expected, ExpectedDomain } from './expected.js';

/* Everything that the exporter may ask of a cloud, and what it may be told when something is wrong. */

/** A cloud with two logins: of a member whose domain has odd projects, and of a cloud administrator. */
export interface Asked {
  authUrl: string;
  nova: string;
  member: Identity;
  admin: Identity;
}

interface Identity {
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

function projectId({ projects }: ExpectedDomain, ending: string): string {
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

type Login = { auth: { identity: { password: { user: Record<string, unknown> } }; scope: { project: unknown } } };

/** A login's body with one thing changed. */
function login(change: (body: Login, cloud: Asked) => void, query = ''): Question {
  return (cloud) => {
    const body = structuredClone(cloud.member.domain.login) as Login;
    change(body, cloud);
    return post(`${cloud.authUrl}/auth/tokens${query}`, body);
  };
}

const sent = (body: string, type = 'application/json'): Question => {
  return ({ authUrl }) => post(`${authUrl}/auth/tokens`, body, { 'Content-Type': type });
};

function rescope(from: (cloud: Asked) => string, to: (cloud: Asked) => string, query = ''): Question {
  return (cloud) => post(`${cloud.authUrl}/auth/tokens${query}`, rescopeBody(from(cloud), to(cloud)));
}

const memberLogin = ({ member }: Asked): string => member.login;

async function revokedToken({ authUrl, member }: Asked): Promise<string> {
  const dead = await token(authUrl, member.domain.login);
  const headers = { 'X-Auth-Token': member.login, 'X-Subject-Token': dead };
  const { status } = await ask(`${authUrl}/auth/tokens`, { method: 'DELETE', headers });
  if (status !== 204) throw new Error(`revoke: ${status}`);
  return dead;
}

function identityGet(path: (cloud: Asked) => string, who: (cloud: Asked) => string | null): Question {
  return (cloud) => {
    const auth = who(cloud);
    return ask(`${cloud.authUrl}${path(cloud)}`, { headers: auth === null ? {} : { 'X-Auth-Token': auth } });
  };
}

const projectsOf = (which: 'member' | 'admin') => (cloud: Asked) => `/projects?domain_id=${cloud[which].domain.id}`;
const adminLogin = ({ admin }: Asked): string => admin.login;
const nobody = (): string => 'gAAAAABnot-a-token';

export const KEYSTONE: Readonly<Record<string, Question>> = {
  'a login': login(() => undefined),
  'a login without a catalog': login(() => undefined, '?nocatalog'),
  'a wrong password': login(({ auth }) => (auth.identity.password.user['password'] = 'wrong')),
  'an unknown user': login(({ auth }) => (auth.identity.password.user['name'] = 'nobody')),
  'an unknown domain': login(({ auth }) => (auth.identity.password.user['domain'] = { id: 'nowhere' })),
  "a domain's name as its id": login(
    ({ auth }, { member }) => (auth.identity.password.user['domain'] = { id: member.domain.name }),
  ),
  'an unknown project': login(({ auth }) => (auth.scope.project = { id: '0'.repeat(32) })),
  "a project of another domain's": login(
    ({ auth }, { admin }) => (auth.scope.project = { name: admin.domain.name, domain: { id: admin.domain.id } }),
  ),
  'a disabled project': login(
    ({ auth }, { member }) => (auth.scope.project = { id: projectId(member.domain, '-disabled') }),
  ),
  'a login without a password': login(({ auth }) => delete auth.identity.password.user['password']),
  'a login without a user': login(({ auth }) => (auth.identity.password.user = {})),
  'an empty body': sent(''),
  'an empty object': sent('{}'),
  'a body that is no JSON': sent('{"auth": '),
  'a body of another type': sent('auth=1', 'application/x-www-form-urlencoded'),
  'a rescope': rescope(memberLogin, ({ member }) => projectId(member.domain, '-prj-01')),
  'a rescope without a catalog': rescope(
    memberLogin,
    ({ member }) => projectId(member.domain, '-prj-01'),
    '?nocatalog',
  ),
  'a rescope to a foreign project': rescope(memberLogin, ({ admin }) => projectId(admin.domain, '-prj-01')),
  'a rescope to an unknown project': rescope(memberLogin, () => '0'.repeat(32)),
  'a rescope to a disabled project': rescope(memberLogin, ({ member }) => projectId(member.domain, '-disabled')),
  'a rescope with a made-up token': rescope(nobody, ({ member }) => projectId(member.domain, '-prj-01')),
  'a rescope with a revoked token': async (cloud) => {
    const dead = await revokedToken(cloud);
    return rescope(
      () => dead,
      ({ member }) => projectId(member.domain, '-prj-01'),
    )(cloud);
  },
  "projects of a member's domain": identityGet(projectsOf('member'), memberLogin),
  "projects of another domain's, asked by a member": identityGet(projectsOf('admin'), memberLogin),
  "projects of an administrator's domain": identityGet(projectsOf('admin'), adminLogin),
  "projects of another domain's, asked by an administrator": identityGet(projectsOf('member'), adminLogin),
  'projects of an unknown domain': identityGet(() => '/projects?domain_id=nowhere', adminLogin),
  'projects without a token': identityGet(projectsOf('admin'), () => null),
  'projects with a made-up token': identityGet(projectsOf('admin'), nobody),
  "a user's own projects": identityGet(() => '/auth/projects', memberLogin),
  "an administrator's own projects": identityGet(() => '/auth/projects', adminLogin),
  'own projects without a token': identityGet(
    () => '/auth/projects',
    () => null,
  ),
  'own projects with a made-up token': identityGet(() => '/auth/projects', nobody),
  'own projects with a revoked token': async (cloud) => {
    const dead = await revokedToken(cloud);
    return identityGet(
      () => '/auth/projects',
      () => dead,
    )(cloud);
  },
  'an unknown page of Keystone': identityGet(() => '/nothing-here', memberLogin),
};

/** A GET of Nova. */
function nova(path: string, who: (cloud: Asked) => string | null, version: string | null = '2.69'): Question {
  return (cloud) => {
    const headers: Record<string, string> = {};
    if (version !== null) headers['OpenStack-API-Version'] = `compute ${version}`;
    if (version !== null) headers['X-OpenStack-Nova-API-Version'] = version;
    const auth = who(cloud);
    if (auth !== null) headers['X-Auth-Token'] = auth;
    return ask(`${cloud.nova}${path}`, { headers });
  };
}

const busy = ({ member }: Asked): string => member.busy;
const cloudAdmin = ({ admin }: Asked): string => admin.busy;
const DETAIL = '/servers/detail';

interface ServersBody {
  servers: { id: string }[];
  servers_links?: { href: string }[];
}

async function servers(cloud: Asked, query: string, who = busy): Promise<ServersBody> {
  return (await nova(`${DETAIL}${query}`, who)(cloud)).json as ServersBody;
}

const VERSIONS = [
  '2.1',
  '2.46',
  '2.47',
  '2.68',
  '2.69',
  '2.74',
  '2.75',
  '2.79',
  '2.93',
  '2.94',
  '2.999',
  '3.0',
  '2',
  'x',
];

/** Answers that hold one page of several, and with it servers in states that differ from cloud to cloud. */
export const PAGES: ReadonlySet<string> = new Set([
  'the first page',
  'the page that the next link names',
  'all tenants with a limit, as an administrator',
]);

export const NOVA: Readonly<Record<string, Question>> = {
  ...Object.fromEntries(VERSIONS.map((version) => [`servers at ${version}`, nova(DETAIL, busy, version)])),
  'servers without a microversion': nova(DETAIL, busy, null),
  "servers, as an administrator of one's own project": nova(DETAIL, cloudAdmin),
  'servers of an empty project': async (cloud) => {
    const { authUrl, member } = cloud;
    const empty = await token(authUrl, rescopeBody(member.login, projectId(member.domain, '-empty')));
    return nova(DETAIL, () => empty)(cloud);
  },
  'the first page': nova(`${DETAIL}?limit=5`, busy),
  'the page that the next link names': async (cloud) => {
    const page = await servers(cloud, '?limit=5');
    const href = new URL(page.servers_links![0]!.href);
    return nova(`${DETAIL}${href.search}`, busy)(cloud);
  },
  'a page that ends exactly with the last server': async (cloud) => {
    const { servers: all } = await servers(cloud, '');
    return nova(`${DETAIL}?limit=${all.length}`, busy)(cloud);
  },
  'the page behind the last server': async (cloud) => {
    const { servers: all } = await servers(cloud, '');
    return nova(`${DETAIL}?limit=${all.length}&marker=${all.at(-1)!.id}`, busy)(cloud);
  },
  'a page of none': nova(`${DETAIL}?limit=0`, busy),
  'a page larger than any': nova(`${DETAIL}?limit=100000`, busy),
  'a negative limit': nova(`${DETAIL}?limit=-1`, busy),
  'a limit that is no number': nova(`${DETAIL}?limit=many`, busy),
  'a marker that is gone': nova(`${DETAIL}?marker=00000000-0000-4000-8000-000000000000`, busy),
  "a foreign server's marker": async (cloud) => {
    const { servers: all } = await servers(cloud, '', cloudAdmin);
    return nova(`${DETAIL}?marker=${all[0]!.id}`, busy)(cloud);
  },
  'all tenants, as a member': nova(`${DETAIL}?all_tenants=1`, busy),
  'all tenants with a limit, as a member': nova(`${DETAIL}?all_tenants=1&limit=20`, busy, '2.47'),
  'all tenants, as an administrator': nova(`${DETAIL}?all_tenants=1`, cloudAdmin),
  'all tenants at 2.47, as an administrator': nova(`${DETAIL}?all_tenants=1`, cloudAdmin, '2.47'),
  'all tenants with a limit, as an administrator': nova(`${DETAIL}?all_tenants=1&limit=20`, cloudAdmin),
  'all tenants of one project, as an administrator': async (cloud) => {
    const id = projectId(cloud.member.domain, '-prj-02');
    return nova(`${DETAIL}?all_tenants=1&project_id=${id}`, cloudAdmin)(cloud);
  },
  'all_tenants=0, as a member': nova(`${DETAIL}?all_tenants=0`, busy),
  'all_tenants=perhaps': nova(`${DETAIL}?all_tenants=perhaps`, cloudAdmin),
  'an unknown parameter at 2.79': nova(`${DETAIL}?colour=blue`, busy, '2.79'),
  'an unknown parameter at 2.69': nova(`${DETAIL}?colour=blue`, busy),
  'servers without a token': nova(DETAIL, () => null),
  'servers with a made-up token': nova(DETAIL, nobody),
  // Nova has not seen it before, and asks Keystone.
  'servers with a revoked token': async (cloud) => {
    const dead = await revokedToken(cloud);
    return nova(DETAIL, () => dead)(cloud);
  },
  'limits at 2.47': nova('/limits', busy, '2.47'),
  'limits without a microversion': nova('/limits', busy, null),
  'limits at 2.93': nova('/limits', busy, '2.93'),
  'limits, as an administrator': nova('/limits', cloudAdmin, '2.47'),
  'limits without a token': nova('/limits', () => null, '2.47'),
  'limits with a made-up token': nova('/limits', nobody, '2.47'),
  'an unknown page of Nova': nova('/nothing-here', busy),
  'an unknown page of Nova without a token': nova('/nothing-here', () => null),
};
