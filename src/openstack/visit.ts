import type { Clock } from '../clock.js';
import { CollectError } from '../errors.js';
import type { Ask, HttpClient } from '../http/client.js';
import type { FairLimiter } from '../http/limiter.js';
import { HttpFailure, type HttpAnswer, type Service } from '../http/request.js';
import { computeEndpoint, withProject } from './catalog.js';
import type { Microversion } from './compute.js';
import { LoginFailure } from './gates.js';
import { listProjects, type ProjectList } from './projects.js';
import type { Remembered } from './remembered.js';
import type { Fate, Login, Session, Token } from './session.js';

/** What is known of one cloud beside its identities; kept across collections. */
export interface CloudAccess {
  http: HttpClient;
  /** Shares out which projects are being read: a request that waits for its slot takes ten times as much memory as a project. */
  projects: FairLimiter;
  /** The highest microversion of ours that a compute endpoint speaks, where that is not the highest of all. */
  microversions: Remembered<Microversion>;
  /** Compute endpoints that don't tell what changed. */
  withoutChanges: Remembered<true>;
  /** Those of which projects are picked, most of the cloud being no domain's in the list; false: they are not. */
  picks: Remembered<boolean>;
  clock: Clock;
  /** Milliseconds until a listing is read in full again, drawn anew for each; null: listings are always read in full. */
  untilResync: (() => number) | null;
  /** Listings of at least so many servers are confirmed by Nova's usage report, rather than read in full. */
  confirmFrom: number;
  /** What changed in at least so many projects is asked for at once, rather than for each. */
  shareFrom: number;
  /** Told of each address of Nova that a catalog gives. */
  noteEndpoint: (url: string) => void;
}

interface Target {
  service: Service;
  /** The project that the token is to be of; null: the login's own. */
  projectId: string | null;
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
  /** Nova's, as the catalog of a login gives it: found once, for all requests. */
  readonly #endpoints = new WeakMap<Login, string>();
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

  /** Runs what reads one project, as soon as few enough are being read. @throws CollectionOver; what the task throws */
  project<T>(task: () => Promise<T>): Promise<T> {
    return this.cloud.projects.run(this.ask.holder, this.ask.life, task);
  }

  /** Nova's base address without a project, by which domains find that they speak to the same Nova. */
  async sharedEndpoint(): Promise<string> {
    const login = await this.login();
    try {
      return withProject(this.#endpoint(login), login.token.projectId, null);
    } catch (error) {
      this.session.doubtCatalog();
      throw error;
    }
  }

  /** A GET of Nova, with a token of `projectId`. */
  compute(path: string, projectId: string | null, headers: Record<string, string>): Promise<HttpAnswer> {
    const url = (login: Login): string => {
      const own = login.token.projectId;
      return `${withProject(this.#endpoint(login), own, projectId ?? own)}${path}`;
    };
    return this.#get({ service: 'compute', projectId, url, headers });
  }

  /**
   * The domain's projects, read anew: all of them, or, where that is forbidden, those that the user has a role in.
   * @throws CollectError when not even the first page could be had
   */
  async listProjects(): Promise<ProjectList> {
    const { domain } = this.session;
    const login = await this.login();
    const get = (path: string): Promise<HttpAnswer> =>
      this.#get({ service: 'identity', projectId: null, url: () => `${domain.cloud.authUrl}${path}` });
    const options = { domainId: domain.id, loginProjectId: login.token.projectId, get };
    const { access } = this.session;
    if (!access.domainProjectsForbidden) {
      try {
        return await listProjects({ ...options, scope: 'domain' });
      } catch (error) {
        if (!(error instanceof HttpFailure && error.status === 403)) throw error;
        access.domainProjectsForbidden = true;
      }
    }
    return listProjects({ ...options, scope: 'user' });
  }

  /**
   * What became of a project that is in the user's list no more, by what Keystone says to the token that was used for it.
   * Its processes believe for some minutes in what they knew: `untold` then.
   * @param scope of the list that it was in
   * @throws LoginFailure; CollectionOver
   */
  async fateOf(projectId: string, scope: ProjectList['scope']): Promise<Fate> {
    const token = this.session.usedToken(projectId);
    if (!token) return scope === 'domain' ? 'hidden' : 'gone';
    const { authUrl } = this.session.domain.cloud;
    const target: Target = { service: 'identity', projectId, url: () => `${authUrl}/auth/projects` };
    try {
      await this.#send(target, await this.login(), token);
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      if (error.status === 404) return 'gone';
      if (error.status === 401) return 'without-role';
    }
    return 'untold';
  }

  #endpoint(login: Login): string {
    const known = this.#endpoints.get(login);
    if (known !== undefined) return known;
    const { cloud } = this.session.domain;
    const endpoint = computeEndpoint(login.catalog, cloud);
    this.#endpoints.set(login, endpoint);
    if (cloud.computeUrl === null) this.cloud.noteEndpoint(withProject(endpoint, login.token.projectId, null));
    return endpoint;
  }

  async #get(target: Target): Promise<HttpAnswer> {
    const login = await this.login();
    const token = await this.#token(login, target.projectId);
    try {
      return await this.#send(target, login, token);
    } catch (error) {
      if (!isUnauthorized(error) && !this.#isCredentialGone(target, error)) throw error;
      this.session.drop(token);
      if (!(await this.#loginAfter(token.login))) throw error;
      const fresh = await this.login();
      return this.#send(target, fresh, await this.#token(fresh, target.projectId));
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
        secrets: this.session.secrets,
        tls: { caFile, insecure },
      },
      this.ask,
      'get',
    );
  }

  /** @throws CollectError of reason `forbidden` where Keystone refuses the project although the login is fresh */
  async #token(login: Login, projectId: string | null): Promise<Token> {
    if (projectId === null || projectId === login.token.projectId) return login.token;
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
