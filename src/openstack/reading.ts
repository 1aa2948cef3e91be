import { CollectError, CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import type { Server } from './compute.js';
import { LoginFailure } from './gates.js';
import { listLaunched, unknownOf } from './launched.js';
import type { Ledger } from './ledger.js';
import { listServers, type Listing, type ServersPage } from './listing.js';
import type { Visit } from './visit.js';

/** The clocks of a cloud's machines may be so far apart, and a change so long under way. */
const OVERLAP_MS = 5 * 60_000;

/** Nova lists these only among changes. */
const GONE: ReadonlySet<string> = new Set(['DELETED', 'SOFT_DELETED']);

/**
 * One reading of a listing: in full, page by page; or, where that was done a while ago by the same login, as one page of
 * what was known and what changed since (`changes-since`), at a hundredth of the cloud's work.
 *
 * What Nova tells of by no change: a BUILD that was deleted before a cell had it, which is why each known BUILD is looked
 * up; rows that were never updated; rows that were deleted and left the database since the last reading; servers of a cell
 * that is down. So a listing is read in full after a while, and at once on any doubt. Where it is long, what is known of it is
 * held against Nova's usage report instead, which tells of all servers that were launched at a fifth of the work.
 */
export class Reading {
  readonly #visit: Visit;
  readonly #listing: Pick<Listing, 'projectId' | 'allTenants'>;
  readonly #of: string;
  #key = '';
  /** Whether it is remembered for the next reading. */
  #isKept = false;
  #login = 0;
  /** Monotonic. */
  #startedAt = 0;
  #asOf = 0;
  #fullAt = 0;
  #isFull = false;
  #ghosts: ReadonlySet<string> = new Set();

  /** @param of whose servers are wanted: what one remembers of a domain is not all that another one needs of the cloud */
  constructor(visit: Visit, of: { project: string } | 'domain' | 'cloud') {
    this.#visit = visit;
    const projectId = typeof of === 'string' ? null : of.project;
    this.#listing = { projectId, allTenants: projectId === null };
    this.#of = typeof of === 'string' ? of : `project ${of.project}`;
  }

  /** Whether what came is the listing itself, and nothing that was known before. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** When all of it was listed, or confirmed, be it in this reading or before; milliseconds since the epoch. */
  get fullAt(): number {
    return this.#fullAt;
  }

  /** @throws CollectError, as `listServers` does */
  async *pages(): AsyncGenerator<ServersPage, void> {
    const { session, cloud } = this.#visit;
    const endpoint = await this.#visit.sharedEndpoint();
    this.#key = `${endpoint} ${this.#of}`;
    this.#isKept = cloud.untilResync !== null && !cloud.withoutChanges.get(endpoint);
    this.#start();
    const ledger = this.#isKept ? session.ledgers.get(this.#key, this.#startedAt) : null;
    if (ledger) {
      this.#ghosts = ledger.ghosts;
      const servers = await this.#update(ledger, endpoint);
      if (servers) {
        this.#fullAt = ledger.fullAt;
        yield { servers, hasNext: false, isBare: true, asOf: ledger.asOf, oldestUpdate: null };
        return;
      }
      this.#start();
    }
    this.#isFull = true;
    const servers: Server[] = [];
    let isFirst = true;
    for await (const page of listServers(this.#visit, this.#listing)) {
      if (isFirst) this.#asOf = page.asOf;
      isFirst = false;
      if (this.#isKept) for (const server of page.servers) servers.push(server);
      yield page;
    }
    this.keep(servers);
  }

  /** Remembers what a full reading showed: `pages` does so at its end, or whoever finds the rest in another way. */
  keep(servers: Iterable<Server>): void {
    const { session, cloud } = this.#visit;
    if (!this.#isKept || !cloud.untilResync || this.#login !== session.logins) return;
    const projects = new Set<string>();
    const known = new Map<string, Server>();
    for (const server of servers) {
      // What its cell holds can't be told from changes when it is back.
      if (server.status === 'UNKNOWN') return;
      known.set(server.id, server);
      projects.add(server.projectId);
    }
    session.ledgers.set(this.#key, {
      projectId: this.#listing.projectId,
      servers: known,
      projects,
      ghosts: new Set([...this.#ghosts].filter((id) => !known.has(id))),
      asOf: this.#asOf,
      readAt: this.#startedAt,
      fullAt: this.#fullAt,
      dueAt: this.#startedAt + cloud.untilResync(),
    });
  }

  #start(): void {
    this.#login = this.#visit.session.logins;
    this.#startedAt = this.#visit.cloud.clock.mono();
    this.#fullAt = this.#visit.cloud.clock.wall();
  }

  /**
   * Brings a ledger up to date.
   * @returns its servers; null in doubt
   * @throws CollectError
   */
  async #update(ledger: Ledger, endpoint: string): Promise<Server[] | null> {
    const { session, cloud } = this.#visit;
    const isDue = this.#startedAt >= ledger.dueAt;
    let changes: Changes | null = null;
    try {
      changes = await (isDue ? this.#confirmed(ledger) : this.#changes(ledger));
    } catch (error) {
      if (error instanceof CollectionOver) throw error;
      session.ledgers.delete(this.#key);
      const isRefused = error instanceof HttpFailure && error.status === 400;
      if (!isRefused && !(error instanceof Unheard)) throw error;
      cloud.withoutChanges.set(endpoint, true);
    }
    if (!changes || session.logins !== this.#login) {
      session.ledgers.delete(this.#key);
      return null;
    }
    // Collections overlap where scrapes do: one that began later may have been here.
    if (this.#startedAt >= ledger.readAt) {
      apply(changes, ledger, this.#startedAt);
      if (isDue) ledger.fullAt = this.#fullAt;
      if (isDue && cloud.untilResync) ledger.dueAt = this.#startedAt + cloud.untilResync();
    }
    return [...ledger.servers.values()];
  }

  /**
   * What changed, of a ledger that agrees with Nova's usage report.
   * @returns null in doubt, or where it is not worth while. What differs is not compared again for an hour.
   * @throws Unheard; CollectError
   */
  async #confirmed(ledger: Ledger): Promise<Changes | null> {
    const { session, cloud } = this.#visit;
    if (ledger.servers.size < cloud.confirmFrom || session.unconfirmed.get(this.#key)) return null;
    try {
      // In this order: what was launched by now is known when the changes are.
      const launched = await listLaunched(this.#visit, this.#listing.projectId);
      const changes = await this.#changes(ledger, 'unlaunched');
      if (!changes) return null;
      const unknown = unknownOf(
        ledger.servers,
        launched,
        (id) => changes.servers.has(id) || ledger.servers.get(id)?.launched === false || ledger.ghosts.has(id),
      );
      if (unknown?.size === 0) return changes;
      if (unknown) {
        // The full listing that follows will tell.
        this.#ghosts = new Set([...ledger.ghosts, ...unknown]);
        return null;
      }
    } catch (error) {
      const isOver = error instanceof CollectionOver || error instanceof LoginFailure;
      if (isOver || !(error instanceof CollectError)) throw error;
    }
    session.unconfirmed.set(this.#key, true);
    return null;
  }

  /**
   * @param lookUp what is looked up beside: known BUILDs, or all that was not launched, known or not
   * @returns null in doubt
   * @throws Unheard; CollectError
   */
  async #changes(ledger: Ledger, lookUp: 'building' | 'unlaunched' = 'building'): Promise<Changes | null> {
    const isAll = lookUp === 'unlaunched';
    const statuses = isAll ? ['BUILD', 'ERROR'] : ['BUILD'];
    const pending = [...ledger.servers.values()].filter(
      ({ status, launched }) => statuses.includes(status) || (isAll && !launched),
    );
    // In this order: what is BUILD no more by the first answer has changed by the second.
    const isAsked = isAll || pending.length > 0;
    const present = isAsked ? await this.#filtered(statuses.map((status) => ['status', status])) : null;
    const since = `${new Date(ledger.asOf - OVERLAP_MS).toISOString().slice(0, 19)}Z`;
    const changed = await this.#filtered([['changes-since', since]], since);
    const servers = new Map([...(present?.servers ?? []), ...changed.servers]);
    // A BUILD that is gone without a trace was deleted before a cell had it, or its cell is down.
    const isLost = pending.some(({ id }) => !servers.has(id));
    // Who sees a project for the first time may see more of it than what changed.
    const isNew = ({ status, projectId }: Server): boolean =>
      status === 'UNKNOWN' || (!GONE.has(status) && this.#listing.allTenants && !ledger.projects.has(projectId));
    const isBack = changed.asOf < ledger.asOf - OVERLAP_MS;
    if (isLost || isBack || [...servers.values()].some(isNew)) return null;
    return { servers, asOf: changed.asOf };
  }

  /**
   * All pages, as one.
   * @param since what is older was not asked for
   * @throws Unheard where there is such a row; CollectError
   */
  async #filtered(filter: readonly [string, string][], since = ''): Promise<Changes> {
    const servers = new Map<string, Server>();
    let asOf: number | null = null;
    const { projectId, allTenants } = this.#listing;
    for await (const page of listServers(this.#visit, { projectId, allTenants, filter })) {
      if (page.oldestUpdate !== null && page.oldestUpdate < since) throw new Unheard();
      asOf ??= page.asOf;
      for (const server of page.servers) servers.set(server.id, server);
    }
    return { servers, asOf: asOf ?? 0 };
  }
}

/** Nova shows what did not change: it ignores the question. */
class Unheard extends Error {}

function apply({ servers, asOf }: Changes, ledger: Ledger, readAt: number): void {
  for (const server of servers.values()) {
    if (GONE.has(server.status)) ledger.servers.delete(server.id);
    else ledger.servers.set(server.id, server);
  }
  ledger.asOf = asOf;
  ledger.readAt = readAt;
}

interface Changes {
  /** As they are now, those that were deleted included. */
  servers: Map<string, Server>;
  asOf: number;
}
