import { CollectError, CollectionOver } from '../errors.js';
import { askForChanges, BUILD, Unheard, weigh, type Answer, type Changes } from './catch-up.js';
import type { Server } from './compute.js';
import type { FeedMemory } from './feed-memory.js';
import { inTime } from './in-time.js';
import type { Ledger } from './ledger.js';
import { listIds } from './listing.js';
import type { Session } from './session.js';
import type { Visit } from './visit.js';

/** Ledgers that are older by less than that than the first one's are brought up to date by the same answer. */
const SLACK_MS = 60_000;

/** So many new servers don't hide one that is known. */
const WITNESS_ROWS = 20;

/** So many changes of all cost as much as asking for each project alone does. */
const MANY_ROWS = 500;

/** Of the collection's time: the rest is left for those who ask on their own then. */
const SHARE = 0.2;

interface News {
  answer: Answer;
  /** Servers that have changed, and those that are being built, by project. */
  changed: ServersByProject;
  untold: ServersByProject;
  /** What happened before that is not in it; milliseconds since the epoch. */
  since: number;
}

type ServersByProject = ReadonlyMap<string, ReadonlyMap<string, Server>>;

/** Who asks, and what is known of that login. */
interface Asker {
  visit: Visit;
  memory: FeedMemory;
}

const NONE: ReadonlyMap<string, Server> = new Map();

/**
 * What changed in a whole cloud: asked once in a collection by a login that sees all of it, for all who read project by
 * project. Of a domain whose own login sees less it is believed once that login was seen to show servers of it, and in a
 * collection in which it shows some of such a domain still. Whoever gets no answer asks on its own.
 */
export class Feed {
  #asker: Asker | null = null;
  #news: Promise<News | null> | null = null;
  /** The first proof of this collection. */
  #witness: Promise<boolean> | null = null;
  readonly #proofs = new Map<Session, Promise<boolean>>();

  /**
   * The first one's is used that could tell lately, if it is worth while.
   * @param visit of a login that sees the whole cloud
   * @param sessions of all who may want to know
   */
  offer(visit: Visit, sessions: readonly Session[]): void {
    const memory = visit.session.feed;
    if (this.#asker || memory.silent.get(ALL)) return;
    if (sessions.reduce((sum, { ledgers }) => sum + ledgers.ofProjects.length, 0) >= visit.cloud.shareFrom)
      this.#asker = { visit, memory };
  }

  /**
   * What changed of a project's servers.
   * @param reader whose ledger it is
   * @returns `doubt` where it has to be read in full; null where the reader has to ask on its own
   * @throws CollectionOver
   */
  async changes(reader: Session, ledger: Ledger): Promise<Changes | 'doubt' | null> {
    const asker = this.#asker;
    const { projectId } = ledger;
    if (!asker || projectId === null || !(await this.#shows(asker, reader))) return null;
    this.#news ??= newsInTime(asker, ledger);
    const news = await this.#news;
    // Another login may see less.
    if (!news || asker.visit.session.feed !== asker.memory || ledger.asOf < news.since) return null;
    const servers = news.changed.get(projectId) ?? NONE;
    return weigh({ ...news.answer, servers, untold: news.untold.get(projectId) ?? NONE }, ledger, false);
  }

  /** Whether the asker sees the reader's domain, by what it was seen to show of it, and of any domain just now. */
  async #shows({ visit, memory: { silent, sees } }: Asker, reader: Session): Promise<boolean> {
    if (silent.get(ALL)) return false;
    if (visit.session === reader) return true;
    const isSeen = sees.get(reader.domain.id);
    if (isSeen === false) return false;
    if (isSeen && this.#witness) return this.#witness;
    const ledger = largest(reader.ledgers.ofProjects);
    if (!ledger) return false;
    const proof = this.#proofs.get(reader) ?? prove(visit, reader, ledger);
    this.#proofs.set(reader, proof);
    this.#witness ??= proof;
    return proof;
  }
}

/** The key of what is remembered of the whole cloud. */
const ALL = 'all';

/** One that has servers. */
function largest(ledgers: readonly Ledger[]): Ledger | null {
  const [ledger] = [...ledgers].sort((a, b) => b.servers.size - a.servers.size);
  return ledger && ledger.servers.size > 0 ? ledger : null;
}

/** Asks for servers of one project of the reader's, of which one has to be known. @throws CollectionOver */
async function prove(visit: Visit, reader: Session, { projectId, servers }: Ledger): Promise<boolean> {
  const filter = [['project_id', projectId ?? '']] as const;
  const { sees } = visit.session.feed;
  try {
    const listing = { projectId: null, allTenants: true, filter, probe: WITNESS_ROWS };
    const ids = await inTime(visit, SHARE, listIds(visit, listing));
    if (!ids) return false;
    const isSeen = [...ids].some((id) => servers.has(id));
    // No longer than until a listing in full shows what was missed.
    sees.set(reader.domain.id, isSeen, isSeen ? visit.cloud.untilResync?.() : undefined);
    return isSeen;
  } catch (error) {
    if (!(error instanceof CollectError) || error instanceof CollectionOver) throw error;
    return false;
  }
}

/** @returns null where there is no answer: all ask on their own then, and for an hour. @throws CollectionOver */
async function newsInTime(asker: Asker, ledger: Ledger): Promise<News | null> {
  const { visit, memory } = asker;
  try {
    const news = await inTime(visit, SHARE, ask(asker, ledger));
    if (news !== null) return news === 'doubt' ? null : news;
  } catch (error) {
    const isPassing = error instanceof Unheard || (error instanceof CollectError && !(error instanceof CollectionOver));
    if (!isPassing) throw error;
  }
  memory.silent.set(ALL, true);
  return null;
}

/** @throws Unheard; CollectError, also where there is more than is worth while */
async function ask({ visit, memory }: Asker, ledger: Ledger): Promise<News | 'doubt'> {
  const { building } = memory;
  const since = ledger.asOf - SLACK_MS;
  const source = { visit, listing: { projectId: null, allTenants: true, atMost: MANY_ROWS } };
  const answer = await askForChanges(source, { since, statuses: BUILD, isKnown: (id) => building.has(id) });
  if (answer === 'doubt') return answer;
  const known = [...building.values()].filter(({ id }) => answer.present.has(id));
  const now = new Map([...known, ...answer.untold.values(), ...answer.servers.values()].map((row) => [row.id, row]));
  if (![...answer.present].every((id) => now.has(id))) return 'doubt';
  memory.building = new Map([...now].filter(([, { status }]) => status === 'BUILD'));
  return {
    answer,
    changed: byProject(answer.servers.values()),
    untold: byProject(memory.building.values()),
    since,
  };
}

function byProject(servers: Iterable<Server>): ServersByProject {
  const groups = new Map<string, Map<string, Server>>();
  for (const server of servers) {
    const group = groups.get(server.projectId) ?? new Map<string, Server>();
    groups.set(server.projectId, group.set(server.id, server));
  }
  return groups;
}
