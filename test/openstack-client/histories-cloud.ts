import { LoginGates } from '../../src/openstack/gates.js';
import { Feed } from '../../src/openstack/feed.js';
import { Passwords } from '../../src/openstack/password.js';
import { Reading } from '../../src/openstack/reading.js';
import { Session } from '../../src/openstack/session.js';
import { Visit } from '../../src/openstack/visit.js';
import { SecretVariables } from '../../src/secret.js';
import type { Server as Row } from '../../src/simulator/model.js';
import { Operations } from '../../src/simulator/operations.js';
import { DEFAULT_OPTIONS, type CloudOptions } from '../../src/simulator/options.js';
import { TokenStore } from '../../src/simulator/tokens.js';
import { World } from '../../src/simulator/world.js';
import { authOf, Bench } from './bench.js';
import { ask, domain, NOVA, turn, type Sent } from './fake.js';
import { answerOf } from './histories-nova.js';
import { DEEDS, type Deed, type Kind, type Setup } from './histories.js';

const RESYNC_MS = 15 * 60_000;

/** Whose servers are read, and by the login of which domain. */
export interface Target {
  by: string;
  of: ConstructorParameters<typeof Reading>[1];
}

interface Layout {
  /** Projects by domain, the first one its login's own, if the domain has a role there: others are strangers. */
  domains: Record<string, { role: string | null; projects: string[] }>;
  targets: Target[];
  /** Who sees the whole cloud, and tells the others what changed; null: nobody. */
  asker: string | null;
}

const STRANGERS = { role: null, projects: ['s0'] };
const READERS = { d: { role: 'member', projects: ['p0', 'p1'] }, e: { role: 'member', projects: ['q0'] } };
const OF_READERS: Target[] = [
  { by: 'd', of: { project: 'p0' } },
  { by: 'd', of: { project: 'p1' } },
  { by: 'e', of: { project: 'q0' } },
];

const LAYOUTS: Record<Kind, Layout> = {
  project: { domains: { d: READERS.d }, targets: [{ by: 'd', of: { project: 'p0' } }], asker: null },
  cloud: { domains: { d: { ...READERS.d, role: 'admin' } }, targets: [{ by: 'd', of: 'cloud' }], asker: null },
  told: {
    domains: { ...READERS, boss: { role: 'admin', projects: ['b0'] }, s: STRANGERS },
    targets: OF_READERS,
    asker: 'boss',
  },
  picked: {
    domains: { boss: { role: 'admin', projects: ['b0', 'b1'] }, s: STRANGERS },
    targets: [
      { by: 'boss', of: { tenant: 'b0' } },
      { by: 'boss', of: { tenant: 'b1' } },
    ],
    asker: 'boss',
  },
  both: {
    domains: { d: READERS.d, boss: { role: 'admin', projects: ['b0'] }, s: STRANGERS },
    targets: [{ by: 'boss', of: { tenant: 'b0' } }, ...OF_READERS.slice(0, 2)],
    asker: 'boss',
  },
};

export interface Shown {
  /** `project status vcpus ramMb launched` by id. */
  servers: Map<string, string>;
  /** Whether it was a full listing, or as good as one: of changes to what Nova's usage report confirms. */
  by: 'listing' | 'report' | 'changes';
  /** Another one asked what changed. */
  isTold: boolean;
  /** What had to be confirmed was. */
  isProven: boolean;
}

/** What came of each reading. */
export type Collection = ReadonlyMap<Target, PromiseSettledResult<Shown>>;

/** A cloud in this process, and the logins that read it. */
export class Cloud {
  readonly bench = new Bench();
  readonly targets: readonly Target[];
  /** Before each answer of Nova. */
  onRequest: () => void = () => undefined;
  readonly #world = new World({ seed: 'history' });
  readonly #operations = new Operations(this.#world);
  readonly #layout: Layout;
  readonly #options: CloudOptions;
  readonly #projects: string[];
  readonly #sessions = new Map<string, Session>();
  readonly #lags: readonly number[];
  #sent = 0;
  #listings = 0;

  constructor({ kind, skew, rows, isConfirmed, lags }: Setup) {
    this.#layout = LAYOUTS[kind];
    this.targets = this.#layout.targets;
    this.#projects = Object.values(this.#layout.domains).flatMap(({ projects }) => projects);
    this.#lags = lags;
    for (const [name, { role, projects }] of Object.entries(this.#layout.domains))
      this.#addDomain(name, role, projects);
    const world = this.#world;
    const tokens = new TokenStore(() => world.now);
    this.#options = { ...DEFAULT_OPTIONS, maxLimit: rows };
    const cloud = { world, tokens, options: this.#options };
    const { bench } = this;
    bench.tokenSeconds = 7 * 24 * 3600;
    bench.cloud.untilResync = () => RESYNC_MS * (this.targets.length > 1 ? this.#share() : 1);
    bench.cloud.confirmFrom = isConfirmed ? 1 : Infinity;
    bench.onLogin = async (sent) => {
      await turn();
      return bench.issue((authOf(sent).scope.project as { name: string }).name);
    };
    bench.onGet = async (sent) => {
      await this.#lag();
      this.onRequest();
      const told = answerOf(cloud, sent, skew);
      await this.#lag();
      return told;
    };
  }

  /** Those who log in. */
  get logins(): number {
    return this.#sessions.size;
  }

  /** Nova does not tell of changes, as far as is known: nothing is held against them. */
  get isWithoutChanges(): boolean {
    return this.bench.cloud.withoutChanges.get(NOVA) ?? false;
  }

  /**
   * Where the server's status does not allow it, or there is none, nothing happens.
   * @returns ids of rows that left the database
   */
  act({ deed, n }: Deed): string[] {
    const before = this.#rows();
    const id = before[n % Math.max(1, before.length)]?.id ?? 'none';
    try {
      DEEDS[deed](this.#operations, id, { n, project: this.#projects[n % this.#projects.length]! });
    } catch {
      return [];
    }
    const after = new Set(this.#rows().map((row) => row.id));
    return before.filter((row) => !row.unscheduled && !after.has(row.id)).map((row) => row.id);
  }

  wait(minutes: number): void {
    this.#world.advance(minutes * 60_000);
    this.bench.clock.advance(minutes * 60_000);
  }

  /** Of who tells others what changed; who reads for itself keeps its role. */
  setRole(role: string): void {
    const { asker, targets } = this.#layout;
    if (asker === null || targets.some(({ by }) => by === asker)) return;
    const user = this.#world.findUser(asker, 'u');
    for (const id of user?.roles.keys() ?? []) user?.roles.set(id, role);
    // Filters that a role is not allowed are dropped.
    this.#options.projectFilter = role === 'admin';
  }

  /**
   * One collection.
   * @param some bits: who tells of changes does, and which of the targets are read
   * @returns by target, as far as they are read
   */
  async read(some = -1): Promise<Collection> {
    const visits = new Map([...this.#sessions].map(([name, session]) => [name, this.#visit(session)]));
    const feed = new Feed();
    const asker = visits.get(this.#layout.asker ?? '');
    if (asker && some & 1) feed.offer(asker, []);
    const targets = this.targets.filter((_, i) => some & (2 << i));
    const shown = targets.map((target) => this.#readOne(target, visits.get(target.by)!, feed));
    const settled = await Promise.allSettled(shown);
    return new Map(targets.map((target, i) => [target, settled[i]!]));
  }

  /** What a full listing shows now, from the books. */
  listed({ of }: Target): Map<string, string> {
    const id = projectOf(of);
    const rows = this.#world.servers.listed(id === null ? { kind: 'cloud' } : { kind: 'project', id });
    const text = ({ projectId, status, vcpus, ramMb, launchedAt }: Row): string =>
      `${projectId} ${status} ${vcpus} ${ramMb} ${launchedAt !== null}`;
    return new Map(rows.map((row) => [row.id, text(row)]));
  }

  /** Rows that no change tells of: they are in a cell, and nobody has touched them yet. */
  untold(): Set<string> {
    const rows = this.#rows().filter(({ updated, unscheduled }) => updated === null && !unscheduled);
    return new Set(rows.map(({ id }) => id));
  }

  async #readOne({ of }: Target, visit: Visit, feed: Feed): Promise<Shown> {
    const before = this.bench.http.sent.length;
    const reading = new Reading(visit, of, feed);
    const isPicked = typeof of === 'object' && 'tenant' in of;
    const picked = isPicked ? await reading.picked() : null;
    const all = picked ?? [];
    if (!isPicked) for await (const page of reading.pages()) all.push(...page.servers);
    const isProven = !isPicked || picked !== null;
    const sent = this.bench.http.sent.slice(before).filter((one) => isFor(one, of));
    const isReported = sent.some(({ line }) => line.includes('/os-simple-tenant-usage'));
    return {
      servers: new Map(
        all.map((server) => {
          const { id, projectId, status, vcpus, ramMb, launched } = server;
          return [id, `${projectId} ${status} ${vcpus} ${ramMb} ${launched}`];
        }),
      ),
      by: reading.isFull ? 'listing' : isReported ? 'report' : 'changes',
      isTold: !sent.some(({ line }) => line.includes('changes-since')),
      isProven,
    };
  }

  #visit(session: Session): Visit {
    return new Visit(session, { ...ask(), holder: session.domain.id }, this.bench.cloud);
  }

  #addDomain(name: string, role: string | null, projects: string[]): void {
    const { bench } = this;
    this.#world.addDomain({ id: name, name });
    for (const id of projects) this.#world.addProject({ id, domainId: name, name: id });
    if (role === null) return;
    const roles = Object.fromEntries(projects.map((id) => [id, role]));
    this.#world.addUser({ domainId: name, name: 'u', password: 'p', roles });
    const session = new Session(domain({ id: name, label: name, user: 'u', project: projects[0]! }), {
      http: bench.http.client,
      gates: new LoginGates(bench.clock),
      passwords: new Passwords(new SecretVariables({})),
      clock: bench.clock,
      random: () => 0,
      observeLogin: () => undefined,
    });
    this.#sessions.set(name, session);
  }

  /** Of the time until a listing is due: spread, as it is for users. */
  #share(): number {
    return 0.5 + ((this.#listings++ * 0.19) % 0.5);
  }

  async #lag(): Promise<void> {
    const turns = this.#lags[this.#sent++ % this.#lags.length] ?? 0;
    for (let i = 0; i < turns; i += 1) await turn();
  }

  #rows(): Row[] {
    return this.#projects.flatMap((project) => this.#world.servers.ofProject(project)).map((row) => ({ ...row }));
  }
}

function projectOf(of: Target['of']): string | null {
  if (typeof of === 'string') return null;
  return 'tenant' in of ? of.tenant : of.project;
}

/** Whether a request is one for these servers, and no others. */
function isFor({ line, token }: Sent, of: Target['of']): boolean {
  if (typeof of === 'string') return true;
  if ('project' in of) return (token ?? '').startsWith(`${of.project}-`);
  return line.includes(`project_id=${of.tenant}`) || line.includes(`/os-simple-tenant-usage/${of.tenant}`);
}
