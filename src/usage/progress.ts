import type { CollectError, Reason, Stage } from '../errors.js';
import type { Limits, Server } from '../openstack/compute.js';
import { LoginFailure } from '../openstack/gates.js';
import type { Project } from '../openstack/identity.js';
import type { ProjectList } from '../openstack/projects.js';
import { excerpt } from '../text.js';
import type { StrategyName } from './strategy.js';

/** Errors of one stage, reason and status, told as one. */
export interface ErrorGroup {
  stage: Stage;
  reason: Reason;
  /** HTTP status; null where there was no answer. */
  status: number | null;
  count: number;
  /** Up to 3 examples. */
  message: string;
}

const MAX_EXAMPLES = 3;

/**
 * What is known of one domain so far in one collection. Strategies write to it as they read, so that a deadline finds
 * every page that arrived before it.
 */
export class Progress {
  stage: Stage = 'login';
  strategy: StrategyName | null = null;
  /** The projects that the domain's user can see, by id. */
  projects: ReadonlyMap<string, Project> | null = null;
  /** Whether these are all of the domain, or only those that the user has a role in. */
  projectScope: ProjectList['scope'] | null = null;
  /** Servers of the domain by id, counted in or not. */
  readonly servers = new Map<string, Server>();
  /** Counters of projects by id, and the endpoint that they were read from: from `/limits`, which shows no servers. */
  readonly limits = new Map<string, Limits & { endpoint: string }>();
  /** Projects of which every page was read. */
  readonly readProjects = new Set<string>();
  /** When the listing that is longest ago was made in full; milliseconds since the epoch. null: there was none. */
  listedAt: number | null = null;
  /** At least one page or project was read, be it empty. */
  anyRead = false;
  /** Monotonic; null while the domain is being collected. */
  finishedAt: number | null = null;
  readonly #errors = new Map<string, { group: Omit<ErrorGroup, 'message'>; examples: string[] }>();

  addServers(servers: Iterable<Server>): void {
    for (const server of servers) this.servers.set(server.id, server);
    this.anyRead = true;
  }

  /** Nothing of these projects is left to be read. */
  noteRead(projectIds: Iterable<string>): void {
    for (const id of projectIds) this.readProjects.add(id);
    this.anyRead = true;
  }

  /** A listing was read that was made in full at that time, and perhaps brought up to date since. */
  noteListed(at: number): void {
    this.listedAt = Math.min(at, this.listedAt ?? at);
  }

  /** A listing turned out to be useless: what it brought may not be mixed with that of the next one, nor what it lacked. */
  startOver(): void {
    for (const [key, { group }] of this.#errors) if (group.stage === 'servers') this.#errors.delete(key);
    this.dropRows();
    this.readProjects.clear();
    this.anyRead = false;
    this.listedAt = null;
  }

  /** They have been counted for the last time. */
  dropRows(): void {
    this.servers.clear();
    this.limits.clear();
  }

  /**
   * Notes an error of the present stage, or of the one given.
   * @param subject what it is about, such as a project's name
   * @param count how many things (projects, servers) it stands for
   */
  fail(error: CollectError, options: { stage?: Stage; subject?: string; count?: number } = {}): void {
    const { subject, count = 1 } = options;
    const stage = error instanceof LoginFailure ? 'login' : (options.stage ?? this.stage);
    const { reason, status } = error;
    const key = `${stage} ${reason} ${status}`;
    const entry = this.#errors.get(key) ?? { group: { stage, reason, status, count: 0 }, examples: [] };
    this.#errors.set(key, entry);
    entry.group.count += count;
    const message = subject === undefined ? error.message : `${subject}: ${error.message}`;
    if (entry.examples.length < MAX_EXAMPLES && !entry.examples.includes(message)) entry.examples.push(message);
  }

  get errors(): ErrorGroup[] {
    return [...this.#errors.values()].map(({ group, examples }) => ({
      ...group,
      message: excerpt(examples.join('; '), 1000),
    }));
  }
}
