import type { Server } from './compute.js';

/** What a listing showed when it was read last, in full or as changes to what was known. */
export interface Ledger {
  /** Whose servers they are; null: those of many projects. */
  readonly projectId: string | null;
  readonly servers: Map<string, Server>;
  /** Milliseconds since the epoch by the cloud's clock: what happened later may not be in it. */
  asOf: number;
  /** Of all that the full reading showed: a server of another one may not be alone there. */
  readonly projects: ReadonlySet<string>;
  /** Servers that Nova's usage report has for ever, though they are gone: they were deleted in the midst of something. */
  readonly ghosts: Set<string>;
  /** Monotonic: when the reading began. */
  readAt: number;
  /** When the last full one began, or what confirmed it; milliseconds since the epoch. */
  fullAt: number;
  /** Monotonic: from when on it is read in full again, whatever confirms it. */
  readonly endsAt: number;
  /** Monotonic: when it is to be read in full again, or confirmed. */
  dueAt: number;
}

/** Of older ones the cloud's database may have lost what became of their servers. */
const MAX_AGE_MS = 30 * 60_000;

/** The ledgers of one login: what another one may see has to be found out anew. */
export class Ledgers {
  readonly #byListing = new Map<string, Ledger>();
  #projects: ReadonlySet<string> = new Set();

  /** One that is good enough to ask for changes. @param now monotonic */
  get(listing: string, now: number): Ledger | null {
    const ledger = this.#byListing.get(listing);
    return ledger && now - ledger.readAt <= MAX_AGE_MS ? ledger : null;
  }

  /** Those of one project each. */
  get ofProjects(): readonly Ledger[] {
    return [...this.#byListing.values()].filter(({ projectId }) => projectId !== null);
  }

  set(listing: string, ledger: Ledger): void {
    const known = this.#byListing.get(listing);
    // Collections overlap where scrapes do.
    if (!known || known.readAt <= ledger.readAt) this.#byListing.set(listing, ledger);
  }

  /** If it is the newest of its listing still: collections overlap where scrapes do. */
  delete(listing: string, ledger: Ledger): void {
    if (this.#byListing.get(listing) === ledger) this.#byListing.delete(listing);
  }

  clear(): void {
    this.#byListing.clear();
  }

  /**
   * Of projects that are gone none is needed, and where any has come or gone the listings of all tenants are in doubt.
   * @param now monotonic
   */
  keepOnly(projects: ReadonlySet<string>, now: number): void {
    const isSame = projects.size === this.#projects.size && [...projects].every((id) => this.#projects.has(id));
    this.#projects = projects;
    for (const [listing, { projectId, readAt }] of this.#byListing) {
      const isNeeded = projectId === null ? isSame : projects.has(projectId);
      if (!isNeeded || now - readAt > MAX_AGE_MS) this.#byListing.delete(listing);
    }
  }
}
