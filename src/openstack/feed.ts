import { CollectError } from '../errors.js';
import { askForChanges, BUILD, Unheard, weigh, type Answer, type Changes } from './catch-up.js';
import type { Server } from './compute.js';
import type { FeedMemory } from './feed-memory.js';
import type { Ledger } from './ledger.js';
import { listIds } from './listing.js';
import type { Session } from './session.js';
import type { Visit } from './visit.js';

/** Ledgers that are older by less than that than the first one's are brought up to date by the same answer. */
const SLACK_MS = 60_000;

/** So many new servers don't hide one that is known. */
const WITNESS_ROWS = 20;

interface News {
  answer: Answer;
  /** Servers that have changed, by project. */
  changed: ReadonlyMap<string, ReadonlyMap<string, Server>>;
  /** What happened before that is not in it; milliseconds since the epoch. */
  since: number;
}

/** Who asks, and what is known of that login. */
interface Asker {
  visit: Visit;
  memory: FeedMemory;
}

/**
 * What changed in a whole cloud: asked once in a collection by a login that sees all of it, for all who read project by
 * project. Of a domain whose own login sees less it is believed once that login was seen to show servers of it, and in a
 * collection in which it shows some of such a domain still. Whoever gets no answer asks on its own.
 */
export class Feed {
  #asker: Asker | null = null;
  #news: Promise<News | null> | null = null;
  readonly #proofs = new Map<Session, Promise<boolean>>();

  /** The first one's is used. @param visit of a login that sees the whole cloud */
  offer(visit: Visit): void {
    this.#asker ??= { visit, memory: visit.session.feed };
  }

  /**
   * What changed of a project's servers.
   * @param reader whose ledger it is
   * @returns `doubt` where it has to be read in full; null where the reader has to ask on its own
   */
  async changes(reader: Session, ledger: Ledger): Promise<Changes | 'doubt' | null> {
    const asker = this.#asker;
    const { projectId } = ledger;
    if (!asker || projectId === null || !(await this.#shows(asker, reader))) return null;
    this.#news ??= ask(asker, ledger);
    const news = await this.#news;
    // Another login may see less.
    if (!news || asker.visit.session.feed !== asker.memory || ledger.asOf < news.since) return null;
    const { answer, changed } = news;
    const untold = new Map([...answer.untold].filter(([, server]) => server.projectId === projectId));
    return weigh({ ...answer, servers: changed.get(projectId) ?? new Map(), untold }, ledger, false);
  }

  /** Whether the asker sees the reader's domain, by what it was seen to show of it, and of any domain just now. */
  async #shows({ visit, memory: { sees } }: Asker, reader: Session): Promise<boolean> {
    if (sees.get(visit.session.domain.id) === false) return false;
    if (visit.session === reader) return true;
    const { id } = reader.domain;
    const isSeen = sees.get(id);
    if (isSeen === false) return false;
    const [witness] = this.#proofs.values();
    if (isSeen && witness) return witness;
    const ledger = reader.ledgers.some();
    if (!ledger) return false;
    const proof = this.#proofs.get(reader) ?? showsSome(visit, ledger);
    this.#proofs.set(reader, proof);
    sees.set(id, await proof);
    return proof;
  }
}

/** Asks for servers of one project, of which one has to be known. */
async function showsSome(visit: Visit, { projectId, servers }: Ledger): Promise<boolean> {
  const filter = [['project_id', projectId ?? '']] as const;
  try {
    const ids = await listIds(visit, { projectId: null, allTenants: true, filter, probe: WITNESS_ROWS });
    return [...ids].some((id) => servers.has(id));
  } catch (error) {
    if (error instanceof CollectError) return false;
    throw error;
  }
}

/** @returns null where there is no answer: if it failed, all ask on their own for an hour */
async function ask({ visit, memory }: Asker, ledger: Ledger): Promise<News | null> {
  const { building } = memory;
  const since = ledger.asOf - SLACK_MS;
  try {
    const source = { visit, listing: { projectId: null, allTenants: true } };
    const answer = await askForChanges(source, { since, statuses: BUILD, isKnown: (id) => building.has(id) });
    if (answer === 'doubt') return null;
    const known = [...building.values()].filter(({ id }) => answer.present.has(id));
    const now = [...known, ...answer.untold.values(), ...answer.servers.values()];
    const untold = new Map(now.filter(({ status }) => status === 'BUILD').map((server) => [server.id, server]));
    if ([...answer.present].some((id) => !untold.has(id) && !answer.servers.has(id))) return null;
    memory.building = untold;
    return { answer: { ...answer, untold }, changed: byProject(answer.servers.values()), since };
  } catch (error) {
    if (!(error instanceof CollectError || error instanceof Unheard)) throw error;
    memory.sees.set(visit.session.domain.id, false);
    return null;
  }
}

function byProject(servers: Iterable<Server>): Map<string, Map<string, Server>> {
  const groups = new Map<string, Map<string, Server>>();
  for (const server of servers) {
    const group = groups.get(server.projectId) ?? new Map<string, Server>();
    groups.set(server.projectId, group.set(server.id, server));
  }
  return groups;
}
