import { CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { apply, changesSince, confirmedChanges, Unheard, type Changes, type Source } from './catch-up.js';
import type { Server } from './compute.js';
import type { Ledger } from './ledger.js';
import { listServers, type ServersPage } from './listing.js';
import type { Visit } from './visit.js';

/** What neither changes nor the usage report tell of is not believed for longer. */
const CONFIRMED_MS = 3_600_000;

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

  /** @param of whose servers are wanted: what one remembers of a domain is not all that another one needs of the cloud */
  constructor(visit: Visit, of: { project: string } | 'domain' | 'cloud') {
    const project = typeof of === 'string' ? null : of.project;
    this.#visit = visit;
    this.#source = { visit, listing: { projectId: project, allTenants: project === null } };
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
    for await (const page of listServers(this.#visit, this.#source.listing)) {
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
      projectId: this.#source.listing.projectId,
      servers: known,
      projects,
      ghosts: new Set(),
      endsAt: this.#startedAt + CONFIRMED_MS,
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
    let changes: Changes | 'doubt' = 'doubt';
    try {
      changes = await (isDue ? this.#confirmed(ledger) : changesSince(this.#source, ledger));
    } catch (error) {
      if (error instanceof CollectionOver) throw error;
      session.ledgers.delete(this.#key, ledger);
      const isRefused = error instanceof HttpFailure && error.status === 400;
      if (!isRefused && !(error instanceof Unheard)) throw error;
      cloud.withoutChanges.set(endpoint, true);
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

  /** Where that is worth while: a listing that differs from Nova's usage report is not held against it for an hour. */
  async #confirmed(ledger: Ledger): Promise<Changes | 'doubt'> {
    const { session, cloud } = this.#visit;
    const isShort = ledger.servers.size < cloud.confirmFrom;
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
