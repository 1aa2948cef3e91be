import { type Answer, identityError, identityForbidden, identityUnauthorized, JSON_TYPE } from './answer.js';
import { type Flaw, flawOf, notFound, roleOf } from './application.js';
import type { AuthRequest, AuthScope } from './auth-body.js';
import { catalog } from './catalog.js';
import type { Cloud } from './cloud.js';
import { hexId } from './ids.js';
import type { Project, User } from './model.js';
import { rightsOf } from './policy.js';
import type { SimRequest } from './request.js';
import type { Token } from './tokens.js';
import { validate } from './validate.js';
import type { World } from './world.js';

/** The end of Keystone's refusal to exchange the token of an application credential, its full stop included. */
const DELEGATED = 'Using a delegated token to create another token is not allowed.';

function findUser(world: World, by: NonNullable<AuthRequest['user']>): User | undefined {
  if (by.id !== undefined) return world.users.get(by.id);
  const domain = world.findDomain(by.domain ?? {});
  return domain && by.name !== undefined ? world.findUser(domain.id, by.name) : undefined;
}

/**
 * The user whose password this is. Keystone tests the lock before the password, counts wrong ones only, and forgets
 * them after a good one (keystone identity/backends/sql.py).
 */
function checkPassword(cloud: Cloud, by: NonNullable<AuthRequest['user']>): User | null {
  const user = findUser(cloud.world, by);
  if (!user) return null;
  user.attempts += 1;
  if (user.locked) return null;
  if (user.password !== by.password) {
    user.failures += 1;
    if (cloud.options.lockoutAttempts !== null && user.failures >= cloud.options.lockoutAttempts) user.locked = true;
    return null;
  }
  user.failures = 0;
  return user;
}

/** The project to scope to: it and its domain must be enabled. */
function findProject(world: World, scope: AuthScope): Project | null {
  if (scope.kind !== 'project') return null;
  const domain = world.findDomain(scope.domain ?? {});
  const named = domain && scope.name !== undefined ? world.findProject(domain.id, scope.name) : undefined;
  const project = scope.id === undefined ? named : world.projects.get(scope.id);
  return project?.enabled && world.domains.get(project.domainId)?.enabled ? project : null;
}

function domainOf(world: World, id: string): { id: string; name: string } {
  return { id, name: world.domains.get(id)?.name ?? '' };
}

/** Where the token ends with its application credential, Keystone writes the time of that, which has no `Z`. */
function ends({ world }: Cloud, { expiresAt, applicationCredentialId }: Token): string {
  const text = new Date(expiresAt).toISOString().replace('Z', '000');
  const credential = world.applicationCredentials.get(applicationCredentialId ?? '');
  return credential?.expiresAt === expiresAt ? text : `${text}Z`;
}

function tokenAnswer(
  cloud: Cloud,
  request: SimRequest,
  parts: { token: Token; user: User; project: Project | null },
): Answer {
  const { token, user, project } = parts;
  const body: Record<string, unknown> = {
    methods: token.methods,
    user: { domain: domainOf(cloud.world, user.domainId), id: user.id, name: user.name, password_expires_at: null },
    audit_ids: token.auditIds,
    expires_at: ends(cloud, token),
    issued_at: new Date(token.issuedAt).toISOString().replace('Z', '000Z'),
  };
  if (project) {
    const role = roleOf(cloud.world, token);
    body['project'] = { domain: domainOf(cloud.world, project.domainId), id: project.id, name: project.name };
    body['is_domain'] = false;
    body['roles'] = [...rightsOf(role).implies, role].map((name) => ({ id: hexId(`role ${name}`), name }));
    // `?nocatalog` alone leaves it out, whatever its value (keystone api/auth.py).
    if (!request.query.has('nocatalog')) body['catalog'] = catalog(cloud.options, request, project.id);
  }
  const credential = cloud.world.applicationCredentials.get(token.applicationCredentialId ?? '');
  if (credential) body['application_credential'] = { id: credential.id, name: credential.name, restricted: true };
  const headers = { ...JSON_TYPE, 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' };
  return { status: 201, headers, body: JSON.stringify({ token: body }) };
}

/** A token that is no good as a *subject* is 404, not 401 (seen: "Failed to validate token"). */
function noSuchToken(cloud: Cloud, id: string, flaw: Flaw | null = null): Answer {
  const message = flaw?.exchange ?? flaw?.message;
  if (message) return identityError(404, 'Not Found', message);
  const known = cloud.tokens.hasForm(id);
  return identityError(404, 'Not Found', known ? 'Failed to validate token' : 'Could not recognize Fernet token');
}

/** To a login, or to a request with a token. */
export function flawAnswer(request: SimRequest, { message }: Flaw): Answer {
  return message === null ? identityUnauthorized(`${request.base}/v3`) : identityError(404, 'Not Found', message);
}

function scopeAsked(request: SimRequest): Answer {
  const message = 'Error authenticating with application credential: Application credentials cannot request a scope.';
  const error = { code: 401, identity: {}, message, title: 'Unauthorized' };
  return { ...identityUnauthorized(`${request.base}/v3`), body: JSON.stringify({ error }) };
}

/**
 * A login by application credential (keystone auth/core.py, auth/plugins/core.py). One that is not there is 404, and so is
 * one of a disabled project; all else that is wrong is 401. No failure is counted, so that nothing is ever locked.
 */
function applicationLogin(cloud: Cloud, request: SimRequest, auth: AuthRequest): Answer {
  const { world, tokens, options } = cloud;
  if (auth.hasScope) return scopeAsked(request);
  const { id = '', secret } = auth.application ?? {};
  const credential = world.applicationCredentials.get(id);
  const user = credential && world.users.get(credential.userId);
  const project = credential && world.projects.get(credential.projectId);
  if (!credential || !user || !project) return flawAnswer(request, notFound(id));
  const isOver = credential.expiresAt !== null && tokens.isPast(credential.expiresAt);
  if (isOver || secret !== credential.secret) return identityUnauthorized(`${request.base}/v3`);
  const flaw = flawOf(world, id);
  if (flaw) return flawAnswer(request, flaw);
  const token = tokens.issue({
    userId: user.id,
    projectId: project.id,
    methods: ['application_credential'],
    parent: null,
    applicationCredential: credential,
    lifeSeconds: options.tokenSeconds,
  });
  return tokenAnswer(cloud, request, { token, user, project });
}

/** `POST /v3/auth/tokens`: a login by password or application credential, or a token for another project from a token. */
export function login(cloud: Cloud, request: SimRequest): Answer {
  const auth = request.auth;
  if (auth === null || typeof auth === 'string') return identityError(400, 'Bad Request', auth ?? 'no body');
  if (auth.application) return applicationLogin(cloud, request, auth);
  const refused = identityUnauthorized(`${request.base}/v3`);
  const project = findProject(cloud.world, auth.scope);
  // Keystone looks at the project first: a bad token for a bad project is 401, and not 404 (keystone auth/core.py).
  if (auth.tokenId !== null && auth.scope.kind === 'project' && !project) return refused;
  const { token: parent, flaw } = validate(cloud.world, cloud.tokens, auth.tokenId ?? undefined);
  if (auth.tokenId !== null && !parent) return noSuchToken(cloud, auth.tokenId, flaw);
  if (parent?.methods.includes('application_credential')) return identityForbidden(DELEGATED);
  if (parent?.projectId && !cloud.options.rescope) return identityForbidden('rescope a scoped token');

  const user = parent ? cloud.world.users.get(parent.userId) : auth.user && checkPassword(cloud, auth.user);
  if (!user?.enabled || !cloud.world.domains.get(user.domainId)?.enabled) return refused;
  if (auth.scope.kind === 'other') return refused;
  if (auth.scope.kind === 'project' && !(project && user.roles.has(project.id))) return refused;

  const token = cloud.tokens.issue({
    userId: user.id,
    projectId: project?.id ?? null,
    methods: parent ? ['password', 'token'] : ['password'],
    parent,
    applicationCredential: null,
    lifeSeconds: cloud.options.tokenSeconds,
  });
  return tokenAnswer(cloud, request, { token, user, project });
}

/** `DELETE /v3/auth/tokens`: gives up the token of `X-Subject-Token`; without one the real Keystone answers 403. */
export function revoke(cloud: Cloud, request: SimRequest): Answer {
  const subject = request.headers['x-subject-token'];
  if (typeof subject !== 'string') return identityForbidden('identity:revoke_token');
  if (!cloud.tokens.find(subject)) return noSuchToken(cloud, subject);
  cloud.tokens.revoke(subject);
  return { status: 204, headers: { Vary: 'X-Auth-Token' }, body: '' };
}
