import { CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { apply, changesSince, confirmedChanges, Unheard, type Changes, type Source } from './catch-up.js';
import type { Server } from './compute.js';
import { Feed } from './feed.js';
import { inTime } from './in-time.js';
import type { Ledger } from './ledger.js';
import { listServers, type ServersPage } from './listing.js';
import type { Visit } from './visit.js';

/** What neither changes nor the usage report tell of is not believed for longer. */
const CONFIRMED_MS = 3_600_000;

/** Of the collection's time: the rest is left for another way. */
const CONFIRMING_SHARE = 0.5;

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
  readonly #source: Source;
  readonly #feed: Feed;
  readonly #of: string;
  /** null: servers of many projects. */
  readonly #projectId: string | null = null;
  #key = '';
  /** Whether it is remembered for the next reading. */
  #isKept = false;
  #login = 0;
  /** Monotonic. */
  #startedAt = 0;
  #asOf = 0;
  #fullAt = 0;
  #isFull = false;

  /**
   * @param of whose servers are wanted: of a project by a token of its own, or picked out of all tenants. What one remembers of
   *   a domain is not all that another one needs of the cloud.
   * @param feed what tells of changes in one project, if it can
   */
  constructor(visit: Visit, of: 'domain' | 'cloud' | { project: string } | { tenant: string }, feed = new Feed()) {
    this.#visit = visit;
    this.#feed = feed;
    if (typeof of === 'string') {
      this.#source = { visit, listing: { projectId: null, allTenants: true } };
      this.#of = of;
    } else if ('tenant' in of) {
      this.#projectId = of.tenant;
      this.#source = { visit, listing: { projectId: null, allTenants: true, filter: [['project_id', of.tenant]] } };
      this.#of = `tenant ${of.tenant}`;
    } else {
      this.#projectId = of.project;
      this.#source = { visit, listing: { projectId: of.project, allTenants: false } };
      this.#of = `project ${of.project}`;
    }
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
      const servers = await this.#update(ledger);
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
    for await (const page of listServers(this.#visit, this.#source.listing)) {
      if (isFirst) this.#asOf = page.asOf;
      isFirst = false;
      if (this.#isKept) for (const server of page.servers) servers.push(server);
      yield page;
    }
    if (!this.#isPicked) this.keep(servers);
  }

  /** Remembers what a full reading showed: `pages` does so at its end, or whoever finds the rest in another way. */
  keep(servers: Iterable<Server>): void {
    const ledger = this.#ledgerOf(servers);
    if (ledger) this.#remember(ledger);
  }

  /**
   * The servers of a project that are picked out of all tenants. No row of such a listing tells of a cell that is down: in
   * full it is held against Nova's usage report instead.
   * @returns null where they are not proven to be right
   * @throws CollectError
   */
  async picked(): Promise<Server[] | null> {
    const servers: Server[] = [];
    for await (const page of this.pages()) {
      if (page.servers.some(({ projectId }) => projectId !== this.#projectId)) return null;
      for (const server of page.servers) servers.push(server);
    }
    if (!this.#isFull) return servers;
    const ledger = this.#ledgerOf(servers);
    if (!ledger) return null;
    const confirming = this.#heard(() => confirmedChanges(this.#source, ledger));
    const changes = await inTime(this.#visit, CONFIRMING_SHARE, confirming);
    if (changes === null || changes === 'doubt' || changes === 'differs') return null;
    apply(changes, ledger, this.#startedAt);
    this.#remember(ledger);
    return [...ledger.servers.values()];
  }

  #remember(ledger: Ledger): void {
    const { session } = this.#visit;
    if (this.#isKept && this.#login === session.logins) session.ledgers.set(this.#key, ledger);
  }

  #ledgerOf(servers: Iterable<Server>): Ledger | null {
    const { cloud } = this.#visit;
    if (!cloud.untilResync) return null;
    const projects = new Set<string>();
    const known = new Map<string, Server>();
    for (const server of servers) {
      // What its cell holds can't be told from changes when it is back.
      if (server.status === 'UNKNOWN') return null;
      known.set(server.id, server);
      projects.add(server.projectId);
    }
    return {
      projectId: this.#projectId,
      servers: known,
      projects,
      ghosts: new Set(),
      endsAt: this.#startedAt + CONFIRMED_MS,
      asOf: this.#asOf,
      readAt: this.#startedAt,
      fullAt: this.#fullAt,
      dueAt: this.#startedAt + cloud.untilResync(),
    };
  }

  /** Whether they are picked out of all tenants. */
  get #isPicked(): boolean {
    return this.#source.listing.filter !== undefined;
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
  async #update(ledger: Ledger): Promise<Server[] | null> {
    const { session, cloud } = this.#visit;
    const isDue = this.#startedAt >= ledger.dueAt;
    let changes: Changes | 'doubt';
    try {
      changes = await this.#heard(() => (isDue ? this.#confirmed(ledger) : this.#changes(ledger)));
    } catch (error) {
      if (!(error instanceof CollectionOver)) session.ledgers.delete(this.#key, ledger);
      throw error;
    }
    if (changes === 'doubt' || session.logins !== this.#login) {
      session.ledgers.delete(this.#key, ledger);
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

  /** Asked for all at once, or else of this listing alone. */
  async #changes(ledger: Ledger): Promise<Changes | 'doubt'> {
    return (await this.#feed.changes(this.#visit.session, ledger)) ?? changesSince(this.#source, ledger);
  }

  /** @returns `doubt` also where Nova does not tell of changes: it is not asked for an hour then */
  async #heard<Told>(ask: () => Promise<Told>): Promise<Told | 'doubt'> {
    const { cloud } = this.#visit;
    try {
      return await ask();
    } catch (error) {
      const isRefused = error instanceof HttpFailure && error.status === 400;
      if (!isRefused && !(error instanceof Unheard)) throw error;
      cloud.withoutChanges.set(await this.#visit.sharedEndpoint(), true);
      return 'doubt';
    }
  }

  /** Where that is worth while: a listing that differs from Nova's usage report is not held against it for an hour. */
  async #confirmed(ledger: Ledger): Promise<Changes | 'doubt'> {
    const { session, cloud } = this.#visit;
    const isShort = !this.#isPicked && ledger.servers.size < cloud.confirmFrom;
    if (isShort || this.#startedAt >= ledger.endsAt || session.unconfirmed.get(this.#key)) return 'doubt';
    const distrust = (): void => session.unconfirmed.set(this.#key, true);
    try {
      const changes = await confirmedChanges(this.#source, ledger);
      if (changes !== 'differs') return changes;
    } catch (error) {
      // It takes longer than there is time.
      if (error instanceof CollectionOver) distrust();
      throw error;
    }
    distrust();
    return 'doubt';
  }
}
