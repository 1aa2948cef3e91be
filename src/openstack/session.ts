import type { Clock } from '../clock.js';
import type { Domain } from '../domains/domain.js';
import { CollectError, CollectionOver } from '../errors.js';
import type { Ask, HttpClient } from '../http/client.js';
import type { Secret } from '../secret.js';
import type { CatalogService } from './catalog.js';
import { LoginFailure, type LoginGates } from './gates.js';
import { parseToken, rescopeBody, type IssuedToken, type Project } from './identity.js';
import { FeedMemory } from './feed-memory.js';
import { Ledgers } from './ledger.js';
import { asLoginError, loginBody, readSecret } from './login.js';
import type { Passwords } from './password.js';
import type { ProjectList } from './projects.js';
import { Remembered } from './remembered.js';

/** A token of a shorter life would cost a login for each request. */
const MIN_LIFE_MS = 1000;

/** How long a renewal that failed for a passing reason is left alone, while the old token serves. */
const RENEW_AGAIN_MS = 30_000;

export interface Token {
  secret: Secret;
  projectId: string;
  /** Which login it comes from, counted from 1. */
  login: number;
  /** Monotonic. From `renewAt` on a new one is asked for; this one serves until `expiresAt`. */
  renewAt: number;
  expiresAt: number;
}

export interface Login {
  token: Token;
  catalog: CatalogService[];
  /** Keystone's time when it issued the token, in milliseconds since the epoch, and ours when it came, monotonic. */
  issuedAt: number;
  cameAt: number;
  /** Domain of the token's project; null where Keystone did not say it. */
  domainId: string | null;
}

/**
 * How much `all_tenants` shows a credential. Nova answers 200 whether it shows all or little, so that only rows prove it:
 * of other projects of the domain, or of other domains.
 */
export type View = 'unknown' | 'denied' | 'unproven' | 'domain' | 'cloud';

/**
 * What became of a project that is in the user's list no more: deleted, as far as can be told; its role was taken away; or it
 * was in a list of all projects of the domain, which the user may not have any more.
 */
export type Fate = 'gone' | 'without-role' | 'hidden' | 'untold';

/** What the cloud was found to let this identity see; remembered from one collection to the next. */
export interface Access {
  view: View;
  /** `GET /v3/projects` is refused; `/v3/auth/projects` answers instead. */
  domainProjectsForbidden: boolean;
  /** The last whole project list. */
  projects: ProjectList | null;
  /** It has to be read anew before it is used. */
  projectsStale: boolean;
  /** Projects that were in the last whole list but one, or before, and may exist, by id. */
  missing: Map<string, { project: Project; fate: Fate; scope: ProjectList['scope'] }>;
  /** Servers of each project in the last whole listing, where that took many pages; else null. */
  sizes: ReadonlyMap<string, number> | null;
  /** Whether Nova was seen to pick one project's servers out of all, as it is asked to; null: not tried since the login. */
  picksProject: boolean | null;
  /** Whether Nova gives it the usage report of all tenants; null: not tried since the login. */
  listsUsage: boolean | null;
  /** Ids seen in listings that belong to no project of `projects`. */
  foreign: Set<string>;
  /** Projects of the few servers that showed the view, until they are looked at. */
  sample: readonly string[] | null;
}

export interface SessionOptions {
  http: HttpClient;
  gates: LoginGates;
  passwords: Passwords;
  clock: Clock;
  /** Random number from 0 up to 1. */
  random: () => number;
  /** One for each login that was tried: `success` or a reason. */
  observeLogin: (result: string) => void;
}

/**
 * One identity, kept across collections: its login, and a token for each project that it was asked for. Tokens are
 * renewed at a random point between 50 and 90 % of their life, so that domains that logged in together do not for ever
 * after. Where Keystone refuses the login then (auth, forbidden), that is an error at once; whatever else goes wrong, be
 * it that the password can't be read, is none while the old token is good.
 */
export class Session {
  readonly domain: Domain;
  /** Projects whose token Keystone refused although the login was fresh. */
  readonly forbiddenProjects = new Set<string>();
  readonly access: Access = {
    view: 'unknown',
    domainProjectsForbidden: false,
    projects: null,
    projectsStale: true,
    missing: new Map(),
    sizes: null,
    picksProject: null,
    listsUsage: null,
    foreign: new Set(),
    sample: null,
  };
  readonly ledgers = new Ledgers();
  feed: FeedMemory;
  /** Listings that Nova's usage report does not confirm. */
  readonly unconfirmed: Remembered<true>;
  /** Rows to ask for, by listing, where a whole page took longer than a proxy would wait. */
  readonly pageRows: Remembered<number>;
  readonly #options: SessionOptions;
  readonly #children = new Map<string, Token>();
  /** The newest token of each project, be it refused by now. */
  readonly #used = new Map<string, Token>();
  #login: Login | null = null;
  #pending: Promise<Login> | null = null;
  #logins = 0;
  /** Passwords or secrets that logins sent: the newest, and the one before it was changed. */
  #sent: readonly Secret[] = [];

  constructor(domain: Domain, options: SessionOptions) {
    this.domain = domain;
    this.unconfirmed = new Remembered(options.clock);
    this.pageRows = new Remembered(options.clock);
    this.feed = new FeedMemory(options.clock);
    this.#options = options;
  }

  /** The number of the newest login; 0 before the first. */
  get logins(): number {
    return this.#logins;
  }

  /**
   * The cloud's time, by its last login, in milliseconds since the epoch; a little early; null without a login.
   * @param mono at which moment, by our monotonic clock
   */
  cloudTime(mono: number): number | null {
    return this.#login && this.#login.issuedAt + mono - this.#login.cameAt;
  }

  /** What the cloud knows, and may repeat in any answer. */
  get secrets(): readonly Secret[] {
    return this.#login ? [...this.#sent, this.#login.token.secret] : this.#sent;
  }

  /**
   * The login, new or renewed if need be.
   * @throws LoginFailure; CollectionOver
   */
  async login(ask: Ask): Promise<Login> {
    const { clock } = this.#options;
    const current = this.#login;
    if (current && clock.mono() < Math.min(current.token.renewAt, current.token.expiresAt)) return current;
    try {
      return await this.#sharedLogin(ask);
    } catch (error) {
      const refused = error instanceof CollectError && ['auth', 'forbidden'].includes(error.reason);
      if (refused || !current || clock.mono() >= current.token.expiresAt) throw error;
      // Each request of this collection asks for the login: not each of them shall knock at a Keystone that is away.
      current.token.renewAt = clock.mono() + RENEW_AGAIN_MS;
      return current;
    }
  }

  /** A new login, since a service no longer takes the token: whatever came from the old one goes with it. */
  async loginAgain(ask: Ask): Promise<Login> {
    this.#login = null;
    this.#children.clear();
    return this.#sharedLogin(ask);
  }

  /**
   * A token of one project, from the login's own: no secret is involved.
   * @throws HttpFailure, with status 401 if Keystone takes the login's token no more or refuses the project
   */
  async projectToken(login: Login, projectId: string, ask: Ask): Promise<Token> {
    if (projectId === login.token.projectId) return login.token;
    const { clock, http } = this.#options;
    const child = this.#children.get(projectId);
    const now = clock.mono();
    // It ends when its parent does, and is what tells a role that was lost: it may not end before it is used again.
    if (child && now < child.expiresAt && child.login === login.token.login) return child;
    const { authUrl } = this.domain.cloud;
    const body = rescopeBody(login.token.secret, projectId);
    const request = { ...this.#request(body), url: `${authUrl}/auth/tokens?nocatalog` };
    const issued = parseToken(await http.send(request, ask, 'get'));
    if (issued.projectId !== projectId) {
      throw new CollectError('bad_response', 'rescope: the token is of another project than the one asked for');
    }
    const token = this.#token(issued, login.token.login);
    this.#children.set(projectId, token);
    this.#used.set(projectId, token);
    this.forbiddenProjects.delete(projectId);
    return token;
  }

  /** The catalog came with the login, and leads nowhere: the next collection asks anew, since it may have been mended. */
  doubtCatalog(): void {
    if (this.#login) this.#login.token.renewAt = -Infinity;
  }

  /** Forgets one project's token, which a service refused. */
  drop(token: Token): void {
    if (this.#children.get(token.projectId) === token) this.#children.delete(token.projectId);
  }

  /** The token that was last used for a project, be it refused by now; null where there is none, or it is past its life. */
  usedToken(projectId: string): Token | null {
    const token = this.#used.get(projectId);
    return token && this.#options.clock.mono() < token.expiresAt ? token : null;
  }

  /** Forgets the tokens and listings of projects that are gone. */
  keepOnly(projectIds: ReadonlySet<string>): void {
    this.ledgers.keepOnly(projectIds, this.#options.clock.mono());
    for (const tokens of [this.#children, this.#used])
      for (const id of tokens.keys()) if (!projectIds.has(id)) tokens.delete(id);
    for (const id of this.forbiddenProjects) if (!projectIds.has(id)) this.forbiddenProjects.delete(id);
  }

  /** All who need the login at the same time wait for the same one; each stops waiting when its own collection ends. */
  async #sharedLogin(ask: Ask): Promise<Login> {
    for (;;) {
      ask.life.check();
      this.#pending ??= this.#start(ask).finally(() => (this.#pending = null));
      try {
        return await ask.life.race(this.#pending);
      } catch (error) {
        // Cut before it was sent, by the end of the collection that began it: not by ours.
        if (error instanceof CollectionOver && !ask.life.isOver) continue;
        throw error;
      }
    }
  }

  async #start(ask: Ask): Promise<Login> {
    const { http, gates, passwords, observeLogin } = this.#options;
    const { domain } = this;
    const secret = await readSecret(domain, passwords).catch((error: unknown) => {
      throw error instanceof CollectError ? new LoginFailure(error) : error;
    });
    return gates.pass(domain, secret, ask.life, async () => {
      try {
        const body = loginBody(domain, secret);
        this.#sent = [secret, ...this.#sent.filter((other) => !other.equals(secret))].slice(0, 2);
        const request = { ...this.#request(body), url: `${domain.cloud.authUrl}/auth/tokens`, isLogin: true };
        const issued = parseToken(await http.send(request, ask, 'login'));
        if (issued.lifeMs < MIN_LIFE_MS)
          throw new CollectError('bad_response', 'token: it is good for less than a second');
        observeLogin('success');
        this.#logins += 1;
        this.#askAgain();
        const { catalog, domainId, issuedAt } = issued;
        const cameAt = this.#options.clock.mono();
        this.#login = { token: this.#token(issued, this.#logins), catalog, domainId, issuedAt, cameAt };
        return this.#login;
      } catch (cause) {
        const error = asLoginError(domain, cause);
        if (error instanceof CollectError && !(error instanceof CollectionOver)) observeLogin(error.reason);
        throw error;
      }
    });
  }

  /** Roles may have changed since the last login: what was refused is tried again, and the projects are read anew. */
  #askAgain(): void {
    this.access.domainProjectsForbidden = false;
    this.access.projectsStale = true;
    this.access.picksProject ||= null;
    this.access.listsUsage = null;
    this.ledgers.clear();
    this.feed = new FeedMemory(this.#options.clock);
    if (this.access.view === 'denied' || this.access.view === 'unproven') this.access.view = 'unknown';
  }

  #request(body: unknown) {
    const { caFile, insecure } = this.domain.cloud;
    const tls = { caFile, insecure };
    return { service: 'identity', method: 'POST', headers: {}, body, secrets: this.secrets, tls } as const;
  }

  #token({ secret, projectId, lifeMs }: IssuedToken, login: number): Token {
    const { clock, random } = this.#options;
    const now = clock.mono();
    return {
      secret,
      projectId,
      login,
      renewAt: now + lifeMs * (0.5 + 0.4 * random()),
      expiresAt: now + lifeMs * 0.95,
    };
  }
}
