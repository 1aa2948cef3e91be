import { type CollectError, CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import type { Server } from '../openstack/compute.js';
import { LoginFailure } from '../openstack/gates.js';
import { Feed } from '../openstack/feed.js';
import { Reading } from '../openstack/reading.js';
import type { Session } from '../openstack/session.js';
import type { Visit } from '../openstack/visit.js';
import { ViewLost } from './strategy.js';

/** A domain that takes its servers from a shared listing. */
export interface Member {
  visit: Visit;
  /** Ids of its projects, as far as they are known. */
  projectIds: () => Iterable<string>;
  /** Reads its projects anew, if that was not done in this collection. @returns whether all are known now */
  lookUp(): Promise<boolean>;
  /** Servers of its projects. */
  receive(servers: Server[]): void;
  /** What it received is void: the listing begins anew. */
  startOver(): void;
}

/** What is kept of a cloud's shared listing from one collection to the next. */
export class CloudMemory {
  /** Projects that were no member's when all last looked. */
  foreign = new Set<string>();
  /** Those who looked. Another one may have been away while a project of its own was called foreign. */
  judges = new WeakSet<Session>();
  /** Servers of projects that were no member's when all last looked. */
  strangers = 0;
  /** Who listed last, where that one needs to ask for changes only. */
  lister: WeakRef<Session> | null = null;
}

/** The first credential that lists, and the next one, which repeats it once. */
const MAX_PASSES = 2;

/**
 * One listing of a whole cloud in one collection, shared by the domains whose own credential was proven to see it all.
 * A member's credential lists; if it fails the next member's repeats it once, and what still fails is an error of all.
 */
export class CloudListing {
  /** Asked by those who see the cloud, for those who read it project by project. */
  readonly feed = new Feed();
  readonly #memory: CloudMemory;
  readonly #owners = new Map<string, Member>();
  readonly #byProject = new Map<string, Server[]>();
  /** Ids of the present pass that nobody owns; and those among them that were not known to be foreign before. */
  readonly #ownerless = new Set<string>();
  readonly #unknown = new Set<string>();
  readonly #tried = new Set<Member>();
  #waiting: { member: Member; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #state: 'idle' | 'listing' | 'done' = 'idle';
  #error: unknown = null;
  #lister: Session | null = null;
  readonly #settled: Session[] = [];
  #unsettled = 0;
  #doubt = false;
  #listedAt = 0;

  constructor(memory: CloudMemory) {
    this.#memory = memory;
  }

  /**
   * Hands the member its servers as pages arrive, those that came before included; returns when the listing is whole.
   * @throws CollectError; ViewLost where the member's own credential turned out not to see the cloud
   */
  async join(member: Member): Promise<void> {
    this.#unsettled += 1;
    this.adopt(member);
    if (this.#state === 'done') return;
    if (this.#tried.size >= MAX_PASSES && this.#state === 'idle') throw this.#error as Error;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ member, resolve, reject });
      if (this.#state !== 'idle') return;
      this.#state = 'listing';
      // Who comes in the same turn joins first: one of them may have listed before.
      setImmediate(() => void this.#run());
    });
  }

  /** Routes servers of the member's projects to it, from now on and from the pages that came before. */
  adopt(member: Member): void {
    for (const id of member.projectIds()) {
      if (this.#owners.get(id) === member) continue;
      this.#owners.set(id, member);
      this.#ownerless.delete(id);
      this.#unknown.delete(id);
      const servers = this.#byProject.get(id);
      if (servers) member.receive(servers);
    }
  }

  /** Servers that nobody owned in the last one that all have looked at. */
  get strangers(): number {
    return this.#memory.strangers;
  }

  /** When it was made in full; milliseconds since the epoch. */
  get listedAt(): number {
    return this.#listedAt;
  }

  /** Whether the member knows each project that nobody owns to be foreign: it need not look any up. */
  isKnownTo({ visit }: Member): boolean {
    return this.#unknown.size === 0 && (this.#ownerless.size === 0 || this.#memory.judges.has(visit.session));
  }

  /** Whether a whole listing is proven to show the member's servers: it is by its own login, or it holds some of them. */
  shows({ visit, projectIds }: Member): boolean {
    return this.#lister === visit.session || [...projectIds()].some((id) => this.#byProject.has(id));
  }

  /**
   * The member has looked its unknown projects up. When all have, what still is nobody's is foreign until the next
   * time, for them; if one could not, nothing is, so that the next collection asks again.
   */
  settle({ visit }: Member, isSure: boolean): void {
    this.#unsettled -= 1;
    this.#doubt ||= !isSure;
    this.#settled.push(visit.session);
    if (this.#unsettled > 0 || this.#doubt || this.#state !== 'done') return;
    this.#memory.foreign = new Set(this.#ownerless);
    this.#memory.judges = new WeakSet(this.#settled);
    this.#memory.strangers = [...this.#ownerless].reduce((sum, id) => sum + (this.#byProject.get(id)?.length ?? 0), 0);
  }

  #noteOwnerless(id: string): void {
    this.#ownerless.add(id);
    if (!this.#memory.foreign.has(id)) this.#unknown.add(id);
  }

  async #run(): Promise<void> {
    for (;;) {
      const able = this.#waiting.filter(({ member }) => !this.#tried.has(member));
      const lister = able.find(({ member }) => member.visit.session === this.#memory.lister?.deref()) ?? able[0];
      if (!lister || this.#tried.size >= MAX_PASSES) break;
      if (this.#tried.size > 0) this.#startOver();
      this.#tried.add(lister.member);
      try {
        await this.#pass(lister.member);
        this.#lister = lister.member.visit.session;
        if (lister.member.visit.cloud.untilResync) this.#memory.lister = new WeakRef(this.#lister);
        this.#state = 'done';
        for (const { resolve } of this.#waiting) resolve();
        return;
      } catch (error) {
        this.#error = error;
        if (error instanceof CollectionOver) break;
        if (isOwnFault(error)) {
          lister.member.startOver();
          this.#waiting = this.#waiting.filter((waiting) => waiting !== lister);
          this.#disown(lister.member);
          lister.reject(error);
        }
      }
    }
    this.#state = 'idle';
    const left = this.#waiting;
    this.#waiting = [];
    for (const { member, reject } of left) {
      this.#disown(member);
      reject(this.#error);
    }
  }

  /** The pages of two passes may not be mixed; those of the last one count, if only as a part. */
  #startOver(): void {
    this.#byProject.clear();
    this.#ownerless.clear();
    this.#unknown.clear();
    for (const { member } of this.#waiting) member.startOver();
  }

  /** What is listed from now on is not for a member that has left: it failed, or is collected in another way. */
  #disown(member: Member): void {
    for (const [id, owner] of this.#owners) if (owner === member) this.#owners.delete(id);
  }

  async #pass(lister: Member): Promise<void> {
    try {
      const reading = new Reading(lister.visit, 'cloud');
      for await (const { servers: page } of reading.pages()) {
        for (const [id, servers] of groupByProject(page)) {
          this.#byProject.set(id, (this.#byProject.get(id) ?? []).concat(servers));
          const owner = this.#owners.get(id);
          if (owner) owner.receive(servers);
          else this.#noteOwnerless(id);
        }
      }
      this.#listedAt = reading.fullAt;
    } catch (error) {
      throw error instanceof HttpFailure && error.status === 403
        ? new ViewLost('unknown', error.message, error)
        : error;
    }
    // Others' figures may not hang on a credential that sees no one else's servers; a project that nobody knows may be
    // a new one of its own.
    if (
      this.#showsOthers(lister, (id) => this.#memory.foreign.has(id) && this.#memory.judges.has(lister.visit.session))
    )
      return;
    const isSure = await lister.lookUp();
    this.adopt(lister);
    if (!isSure || !this.#showsOthers(lister, () => true))
      throw new ViewLost('unknown', 'all_tenants shows no server of another domain any more');
  }

  /** Whether the listing holds a project of another member, or one that is nobody's and foreign. */
  #showsOthers(lister: Member, isForeign: (id: string) => boolean): boolean {
    for (const id of this.#byProject.keys()) {
      const owner = this.#owners.get(id);
      if (owner ? owner !== lister : isForeign(id)) return true;
    }
    return false;
  }
}

function groupByProject(servers: Server[]): Map<string, Server[]> {
  const groups = new Map<string, Server[]>();
  for (const server of servers) {
    const group = groups.get(server.projectId);
    if (group) group.push(server);
    else groups.set(server.projectId, [server]);
  }
  return groups;
}

/** What says something of the lister's own credential, and nothing of the others'. */
function isOwnFault(error: unknown): boolean {
  return error instanceof ViewLost || error instanceof LoginFailure || (error as CollectError).reason === 'auth';
}

/** The shared listings of one collection, one for each cloud and compute endpoint. */
export class CloudListings {
  readonly #memory: Map<string, CloudMemory>;
  readonly #listings = new Map<string, CloudListing>();

  /** @param memory by cloud; the same map for every collection */
  constructor(memory: Map<string, CloudMemory>) {
    this.#memory = memory;
  }

  /** That of a domain's cloud and compute endpoint; who trusts another certificate shares nothing. */
  async of(visit: Visit): Promise<CloudListing> {
    const { authUrl, region, caFile, insecure } = visit.session.domain.cloud;
    return this.get(JSON.stringify([authUrl, region, caFile, insecure, await visit.sharedEndpoint()]));
  }

  get(key: string): CloudListing {
    let listing = this.#listings.get(key);
    if (!listing) {
      let memory = this.#memory.get(key);
      if (!memory) this.#memory.set(key, (memory = new CloudMemory()));
      listing = new CloudListing(memory);
      this.#listings.set(key, listing);
    }
    return listing;
  }
}
