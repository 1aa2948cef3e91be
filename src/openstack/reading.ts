import { CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import type { Server } from './compute.js';
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
 * that is down. So a listing is read in full after a while, and at once on any doubt.
 */
export class Reading {
  readonly #visit: Visit;
  readonly #listing: Omit<Listing, 'filter' | 'probe'>;
  #key = '';
  #login = 0;
  /** Monotonic. */
  #startedAt = 0;
  #asOf: number | null = null;
  #fullAt = 0;
  #isFull = false;

  constructor(visit: Visit, listing: Omit<Listing, 'filter' | 'probe'>) {
    this.#visit = visit;
    this.#listing = listing;
  }

  /** Whether what came is the listing itself, and nothing that was known before. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** When all of it was listed, be it in this reading or before; milliseconds since the epoch. */
  get fullAt(): number {
    return this.#fullAt;
  }

  /** @throws CollectError, as `listServers` does */
  async *pages(): AsyncGenerator<ServersPage, void> {
    const { session, cloud } = this.#visit;
    const { projectId, allTenants } = this.#listing;
    this.#key = `${await this.#visit.sharedEndpoint()} ${projectId} ${allTenants}`;
    this.#start();
    const ledger = cloud.untilResync && session.ledgers.get(this.#key, this.#startedAt);
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
    for await (const page of listServers(this.#visit, this.#listing)) {
      if (isFirst) this.#asOf = page.asOf;
      isFirst = false;
      for (const server of page.servers) servers.push(server);
      yield page;
    }
    this.keep(servers);
  }

  /** Remembers what a full reading showed: `pages` does so at its end, or whoever finds the rest in another way. */
  keep(servers: Iterable<Server>): void {
    const { session, cloud } = this.#visit;
    if (!cloud.untilResync || this.#asOf === null || this.#login !== session.logins) return;
    const known = new Map<string, Server>();
    for (const server of servers) {
      // What its cell holds can't be told from changes when it is back.
      if (server.status === 'UNKNOWN') return;
      known.set(server.id, server);
    }
    session.ledgers.set(this.#key, {
      projectId: this.#listing.projectId,
      servers: known,
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
  async #update(ledger: Ledger): Promise<Server[] | null> {
    const { session } = this.#visit;
    let changes: Changes | null = null;
    try {
      changes = await this.#changes(ledger);
    } catch (error) {
      if (error instanceof CollectionOver) throw error;
      session.ledgers.delete(this.#key);
      // A Nova that doesn't know of changes: the listing itself will do.
      if (!(error instanceof HttpFailure && error.status === 400)) throw error;
    }
    if (!changes || session.logins !== this.#login) {
      session.ledgers.delete(this.#key);
      return null;
    }
    // Collections overlap where scrapes do: one that began later may have been here.
    if (this.#startedAt >= ledger.readAt) apply(changes, ledger, this.#startedAt);
    return [...ledger.servers.values()];
  }

  /** @returns null in doubt */
  async #changes({ servers, asOf }: Ledger): Promise<Changes | null> {
    const building = [...servers.values()].filter(({ status }) => status === 'BUILD');
    // In this order: what is BUILD no more by the first answer has changed by the second.
    const present = building.length > 0 ? await this.#filtered({ status: 'BUILD' }) : null;
    const since = `${new Date(asOf - OVERLAP_MS).toISOString().slice(0, 19)}Z`;
    const changed = await this.#filtered({ 'changes-since': since });
    const all = new Map([...(present?.servers ?? []), ...changed.servers]);
    const isUnheard = changed.oldestUpdate !== null && changed.oldestUpdate < since;
    const isUnknown = [...all.values()].some(({ status }) => status === 'UNKNOWN');
    if (changed.asOf === null || isUnheard || isUnknown) return null;
    const gone = building.filter(({ id }) => !all.has(id)).map(({ id }) => id);
    return { servers: all, gone, asOf: changed.asOf };
  }

  /** All pages, as one. */
  async #filtered(filter: Record<string, string>) {
    const servers = new Map<string, Server>();
    let asOf: number | null = null;
    let oldestUpdate: string | null = null;
    let isFirst = true;
    for await (const page of listServers(this.#visit, { ...this.#listing, filter })) {
      if (isFirst) asOf = page.asOf;
      isFirst = false;
      for (const server of page.servers) servers.set(server.id, server);
      if (page.oldestUpdate !== null && !(oldestUpdate !== null && oldestUpdate <= page.oldestUpdate))
        oldestUpdate = page.oldestUpdate;
    }
    return { servers, asOf, oldestUpdate };
  }
}

function apply({ servers, gone, asOf }: Changes, ledger: Ledger, readAt: number): void {
  for (const id of gone) ledger.servers.delete(id);
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
  /** Ids of what went without a trace. */
  gone: string[];
  asOf: number;
}
