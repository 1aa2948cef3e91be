import { ask, post, rescopeBody } from './api.js';
import { memberLogin, nobody, projectId, revokedToken, type Asked, type Question } from './asked.js';

/* What the exporter asks of Keystone, and what it may be told when something is wrong. */

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

function identityGet(path: (cloud: Asked) => string, who: (cloud: Asked) => string | null): Question {
  return (cloud) => {
    const auth = who(cloud);
    return ask(`${cloud.authUrl}${path(cloud)}`, { headers: auth === null ? {} : { 'X-Auth-Token': auth } });
  };
}

const projectsOf = (which: 'member' | 'admin') => (cloud: Asked) => `/projects?domain_id=${cloud[which].domain.id}`;
const adminLogin = ({ admin }: Asked): string => admin.login;

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
