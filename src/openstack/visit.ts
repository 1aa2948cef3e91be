import { CollectError } from '../errors.js';
import type { Ask, HttpClient } from '../http/client.js';
import { HttpFailure, type HttpAnswer, type Service } from '../http/request.js';
import { computeEndpoint, withProject } from './catalog.js';
import type { Microversion } from './compute.js';
import { LoginFailure } from './gates.js';
import { parseDomains } from './identity.js';
import { listProjects, type ProjectList } from './projects.js';
import type { Lister, Login, Session, Token } from './session.js';

/** What is known of one cloud beside its identities; kept across collections. */
export interface CloudAccess {
  http: HttpClient;
  /** The highest microversion of ours that each compute endpoint speaks, where that is not the highest of all. */
  microversions: Map<string, Microversion>;
}

interface Target {
  service: Service;
  /** What the token is to be of: the domain, a project, or the login's own project. */
  scope: 'domain' | { projectId: string } | 'login';
  url: (login: Login) => string;
  headers?: Record<string, string>;
}

/**
 * One domain's requests during one collection. A 401 of a service is answered by one new login at most, however many
 * requests meet it, and each request is repeated once.
 */
export class Visit {
  readonly session: Session;
  readonly ask: Ask;
  readonly cloud: CloudAccess;
  #again: Promise<Login> | null = null;

  constructor(session: Session, ask: Ask, cloud: CloudAccess) {
    this.session = session;
    this.ask = ask;
    this.cloud = cloud;
  }

  /** @throws LoginFailure, also where the login is of another domain; CollectionOver */
  async login(): Promise<Login> {
    const login = await this.session.login(this.ask);
    const { credential, id } = this.session.domain;
    if (credential.kind === 'application' && login.domainId !== null && login.domainId !== id) throw foreign();
    return login;
  }

  /** Nova's base address without a project, by which domains find that they speak to the same Nova. */
  async sharedEndpoint(): Promise<string> {
    const { token, catalog } = await this.login();
    try {
      return withProject(computeEndpoint(catalog, this.session.domain.cloud), token.projectId, null);
    } catch (error) {
      this.session.doubtCatalog();
      throw error;
    }
  }

  /** A GET of Nova, with a token of `projectId`. */
  compute(path: string, projectId: string | null, headers: Record<string, string>): Promise<HttpAnswer> {
    const url = ({ token, catalog }: Login): string => {
      const endpoint = computeEndpoint(catalog, this.session.domain.cloud);
      return `${withProject(endpoint, token.projectId, projectId ?? token.projectId)}${path}`;
    };
    return this.#get({ service: 'compute', scope: projectId === null ? 'login' : { projectId }, url, headers });
  }

  /**
   * The domain's projects, read anew: all of them, or, where that is forbidden, those that the user has a role in.
   * @throws CollectError when not even the first page could be had
   */
  async listProjects(): Promise<ProjectList> {
    const { access } = this.session;
    // A new login forgets what was refused.
    await this.login();
    if (access.lister === 'login') {
      const list = await unlessRefused([403], () => this.#listProjects('login'));
      if (list) return list;
      access.hasDomainRole = await this.#hasDomainRole();
      access.lister = access.hasDomainRole ? 'domain' : 'user';
    }
    if (access.lister === 'domain') {
      const list = await unlessRefused([401, 403, 404], () => this.#listByDomainToken());
      if (list) return list;
      access.lister = 'user';
    }
    return this.#listProjects('user');
  }

  /**
   * Keystone 22, asked by several domains at once, now and then filters one's projects by the domain of another's token, and
   * answers with too few: what lacks a project of the user's is asked again, and else the user's are all that is known.
   */
  async #listByDomainToken(): Promise<ProjectList> {
    for (let attempt = 1; ; attempt += 1) {
      const list = await this.#listProjects('domain');
      const own = await this.#listProjects('user');
      const isWhole = !list.problem && [...own.projects.keys()].every((id) => list.projects.has(id));
      if (isWhole || attempt === MAX_DOMAIN_LISTS) return isWhole ? list : own;
    }
  }

  async #listProjects(lister: Lister): Promise<ProjectList> {
    const list = await listProjects({
      domainId: this.session.domain.id,
      loginProjectId: (await this.login()).token.projectId,
      scope: lister === 'user' ? 'user' : 'domain',
      get: (path) => this.#identity(path, lister === 'domain' ? 'domain' : 'login'),
    });
    if (!list.problem) this.session.keepOnly(new Set(list.projects.keys()));
    return list;
  }

  /** Asked before a token of the domain is, since a refused one is a failed login to whoever reads Keystone's log. */
  async #hasDomainRole(): Promise<boolean> {
    const { credential, id } = this.session.domain;
    // Keystone gives no other token for one of an application credential's.
    if (credential.kind === 'application') return false;
    const domains = await unlessRefused([403, 404], () => this.#identity('/auth/domains', 'login'));
    return domains !== null && parseDomains(domains).includes(id);
  }

  #identity(path: string, scope: 'domain' | 'login'): Promise<HttpAnswer> {
    return this.#get({ service: 'identity', scope, url: () => `${this.session.domain.cloud.authUrl}${path}` });
  }

  async #get(target: Target): Promise<HttpAnswer> {
    const login = await this.login();
    const token = await this.#token(login, target.scope);
    try {
      return await this.#send(target, login, token);
    } catch (error) {
      if (!isUnauthorized(error) && !this.#isCredentialGone(target, error)) throw error;
      this.session.drop(token);
      if (!(await this.#loginAfter(token.login))) throw error;
      const fresh = await this.login();
      return this.#send(target, fresh, await this.#token(fresh, target.scope));
    }
  }

  /** Keystone answers 404 to the token of an application credential that was deleted: the next login will tell. */
  #isCredentialGone({ service }: Target, error: unknown): boolean {
    const isApplication = this.session.domain.credential.kind === 'application';
    return isApplication && service === 'identity' && error instanceof HttpFailure && error.status === 404;
  }

  #send({ service, url, headers }: Target, login: Login, token: Token): Promise<HttpAnswer> {
    const { caFile, insecure } = this.session.domain.cloud;
    return this.cloud.http.send(
      {
        service,
        method: 'GET',
        url: url(login),
        headers: headers ?? {},
        token: token.secret,
        tls: { caFile, insecure },
      },
      this.ask,
      'get',
    );
  }

  /** @throws CollectError of reason `forbidden` where Keystone refuses the project although the login is fresh */
  async #token(login: Login, scope: Target['scope']): Promise<Token> {
    if (scope === 'domain') return this.session.domainToken(login, this.ask);
    if (scope === 'login' || scope.projectId === login.token.projectId) return login.token;
    const { projectId } = scope;
    const { forbiddenProjects, domain } = this.session;
    // Not asked: a Keystone that gives one has a hole, which an update will close.
    if (domain.credential.kind === 'application') throw new CollectError('forbidden', ONE_PROJECT);
    try {
      return await this.session.projectToken(login, projectId, this.ask);
    } catch (error) {
      if (!isRefusedRescope(error)) throw error;
      // A project that a fresh login was refused before is not worth another one at every scrape.
      const isKnown = error.status === 401 && forbiddenProjects.has(projectId);
      if (isKnown || !(await this.#loginAfter(login.token.login))) {
        // What this visit logged in anew for another request is a fresh login here too.
        forbiddenProjects.add(projectId);
        throw refused(error);
      }
    }
    try {
      return await this.session.projectToken(await this.login(), projectId, this.ask);
    } catch (error) {
      if (!isRefusedRescope(error)) throw error;
      forbiddenProjects.add(projectId);
      throw refused(error);
    }
  }

  /** Sees to a login newer than the given one; false where this visit has had its new login before. */
  async #loginAfter(login: number): Promise<boolean> {
    if (this.session.logins > login) return true;
    this.#again ??= this.session.loginAgain(this.ask);
    await this.#again;
    return this.session.logins > login;
  }
}

/** null where the service itself answers with one of these statuses. */
async function unlessRefused<T>(statuses: readonly number[], ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HttpFailure && error.status !== null && statuses.includes(error.status)) return null;
    throw error;
  }
}

/** Lists by a token of the domain in one collection, until one of them is whole. */
const MAX_DOMAIN_LISTS = 3;

/** Its figures would be that domain's, under this line's name. */
function foreign(): LoginFailure {
  const message = "the application credential's project is of another domain than the one whose id the line has";
  return new LoginFailure(new CollectError('config', message));
}

const ONE_PROJECT =
  'an application credential has no token but of its own project; where all_tenants is not allowed, other projects need a ' +
  'line with user and password';

/** An answer of the service itself: a login that Keystone refused is a LoginFailure. */
function isUnauthorized(error: unknown): error is HttpFailure {
  return error instanceof HttpFailure && error.status === 401;
}

/** Keystone answers 401 for a project that it refuses, and 404 for a login's token that is worth nothing any more. */
function isRefusedRescope(error: unknown): error is HttpFailure {
  return error instanceof HttpFailure && (error.status === 401 || error.status === 404);
}

function refused(cause: HttpFailure): CollectError {
  const message = 'Keystone gives no token for the project: the user has no role in it, or it was disabled';
  return new CollectError('forbidden', message, { status: cause.status, cause });
}
