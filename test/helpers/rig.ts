import type { Domain } from '../../src/domains/domain.js';
import type { DomainList } from '../../src/domains/list.js';
import { systemClock, type Clock } from '../../src/clock.js';
import { Passwords } from '../../src/openstack/password.js';
import { SecretVariables } from '../../src/secret.js';
import type { CollectSettings } from '../../src/settings/settings.js';
import { type Call, startSimulator, type Simulator, type SimulatorSettings } from '../../src/simulator/server.js';
import type { World } from '../../src/simulator/world.js';
import { Collector } from '../../src/snapshot/collector.js';
import { Journal } from '../../src/snapshot/journal.js';
import type { DomainSnapshot, Snapshot } from '../../src/snapshot/snapshot.js';
import type { Counting } from '../../src/usage/counting.js';
import { makeDomain, makeList } from './domains.js';
import { RecordingLogger } from './log.js';

/** A domain of the simulated cloud, with the user `boss`, who logs in to `main`. */
export interface Tenant {
  id: string;
  name: string;
  /** Ids by name. */
  projects: Record<string, string>;
}

/** Adds a domain whose user holds `role` in each of its projects. */
export function addTenant(
  world: World,
  name: string,
  role = 'member',
  projects: readonly string[] = ['main', 'side'],
): Tenant {
  const { id } = world.addDomain({ name });
  const ids = Object.fromEntries(projects.map((p) => [p, world.addProject({ domainId: id, name: p }).id]));
  const roles = Object.fromEntries(Object.values(ids).map((projectId) => [projectId, role]));
  world.addUser({ domainId: id, name: 'boss', password: 'right', roles });
  return { id, name, projects: ids };
}

/** Adds a project to a domain, with the role for its user that it has elsewhere. */
export function addProject(world: World, { id, projects }: Tenant, name: string): string {
  const projectId = world.addProject({ domainId: id, name }).id;
  const user = world.findUser(id, 'boss');
  user?.roles.set(projectId, user.roles.get(projects['main'] ?? '') ?? 'member');
  projects[name] = projectId;
  return projectId;
}

/** Changes the user's role in every project. */
export function setRole(world: World, { id }: Tenant, role: string): void {
  const roles = world.findUser(id, 'boss')?.roles;
  for (const projectId of [...(roles?.keys() ?? [])]) roles?.set(projectId, role);
}

const RUNNING = 'ACTIVE REBOOT HARD_REBOOT PASSWORD MIGRATING RESIZE VERIFY_RESIZE REVERT_RESIZE RESCUE'.split(' ');

/** What the contract says is in use in a domain, from the cloud's own books. */
export function inUse(world: World, domainId: string, counting: Counting): { vcpus: number; ramMb: number } {
  const usage = { vcpus: 0, ramMb: 0 };
  for (const project of world.projectsOf(domainId)) {
    for (const { status, launchedAt, vcpus, ramMb } of world.servers.ofProject(project.id)) {
      if (status === 'DELETED' || status === 'SOFT_DELETED') continue;
      if (counting === 'running' && !RUNNING.includes(status)) continue;
      if (counting === 'allocated' && (status === 'SHELVED_OFFLOADED' || (status === 'ERROR' && !launchedAt))) continue;
      usage.vcpus += vcpus;
      usage.ramMb += ramMb;
    }
  }
  return usage;
}

export const SETTINGS: CollectSettings = {
  timeoutMs: 20_000,
  timeoutOffsetMs: 500,
  requestTimeoutMs: 5000,
  minIntervalMs: 0,
  domainConcurrency: 32,
  requestConcurrency: 64,
  counting: 'allocated',
  strategy: 'auto',
  incremental: 'off',
  resyncIntervalMs: 15 * 60_000,
  projects: false,
};

export interface RigOptions {
  world: World;
  settings?: Partial<CollectSettings>;
  cloud?: Partial<SimulatorSettings>;
  clock?: Clock;
  countFlavors?: () => boolean;
}

/** The collector on a simulated cloud, over HTTP. */
export class Rig {
  readonly world: World;
  readonly sim: Simulator;
  readonly collector: Collector;
  readonly log = new RecordingLogger();
  /** `domain reason` of each error that was counted. */
  readonly failures: string[] = [];
  readonly #domains = new Map<string, Domain>();
  #list: DomainList = makeList([]);

  constructor(sim: Simulator, { world, settings = {}, clock = systemClock, countFlavors = () => false }: RigOptions) {
    this.world = world;
    this.sim = sim;
    const journal = new Journal(this.log);
    this.collector = new Collector({
      settings: { ...SETTINGS, ...settings },
      passwords: new Passwords(new SecretVariables({})),
      clock,
      random: () => 0.5,
      countFlavors,
      log: this.log,
      observer: {
        attempt: () => undefined,
        login: () => undefined,
        error: (domain, reason) => void this.failures.push(`${domain} ${reason}`),
      },
      onEnd: (snapshot) => journal.note(snapshot),
    });
  }

  /** The lines of the file, from now on. */
  watch(...tenants: (Tenant | Domain)[]): void {
    const domains = tenants.map((tenant) => ('label' in tenant ? tenant : this.line(tenant)));
    this.#domains.clear();
    for (const domain of domains) this.#domains.set(domain.label, domain);
    this.#list = makeList(domains);
  }

  /** A line of the file for a domain of this cloud. */
  line({ id, name }: Tenant, change: Partial<Omit<Domain, 'cloud'>> = {}): Domain {
    return makeDomain(name, { id, cloud: { authUrl: this.sim.authUrl }, ...change });
  }

  get list(): DomainList {
    return this.#list;
  }

  scrape(timeLeftMs = 15_000): Promise<Snapshot> {
    return this.collector.snapshot(this.#list, timeLeftMs, new AbortController().signal);
  }

  /** A scrape, and the calls that it made. */
  async scrapeWithCalls(): Promise<{ snapshot: Snapshot; calls: string[] }> {
    this.sim.clear();
    const snapshot = await this.scrape();
    return { snapshot, calls: this.sim.calls.map((call) => this.#describe(call)) };
  }

  async close(): Promise<void> {
    await this.sim.close();
    await this.collector.close();
  }

  /** `acme/main servers?all_tenants=1`, and the status where it is no success. */
  #describe({ domainId, projectId, route, query, status }: Call): string {
    const { domains, projects } = this.world;
    const named = query.replace(/[0-9a-f]{32}/g, (id) => domains.get(id)?.name ?? projects.get(id)?.name ?? id);
    const who = `${domains.get(domainId ?? '')?.name}/${projects.get(projectId ?? '')?.name}`;
    const refused = status !== null && status < 300 ? '' : ` ${status}`;
    return `${who} ${route}${named ? `?${named}` : ''}${refused}`;
  }
}

const running: Rig[] = [];

/** A rig that `closeRigs` ends. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const sim = await startSimulator({ world: options.world, ...options.cloud });
  const rig = new Rig(sim, options);
  running.push(rig);
  return rig;
}

export async function closeRigs(): Promise<void> {
  await Promise.all(running.splice(0).map((rig) => rig.close()));
}

/** The result of one domain. */
export function of(snapshot: Snapshot, name: string): DomainSnapshot {
  const found = snapshot.domains.find(({ domain }) => domain.label === name);
  if (!found) throw new Error(`no domain ${name} in the snapshot`);
  return found;
}

/** `stage reason` of each error of a domain. */
export function errorsOf(snapshot: Snapshot, name: string): string[] {
  return of(snapshot, name).errors.map(({ stage, reason }) => `${stage} ${reason}`);
}
