import { hexId, isoSeconds, uuid } from './ids.js';
import { isListed } from './model.js';
import type {
  ApplicationCredential,
  Domain,
  Project,
  Quota,
  Server,
  ServerChange,
  ServerInput,
  Usage,
  User,
} from './model.js';
import { ServerStore } from './server-store.js';

/** Nova's defaults for a project without a quota of its own. */
const DEFAULT_QUOTA: Quota = { instances: 10, cores: 20, ramMb: 51200 };
const EPOCH = Date.UTC(2026, 0, 1);
const SECOND = 1000;

export type DomainInput = Partial<Domain> & Pick<Domain, 'name'>;
export type ProjectInput = Partial<Project> & Pick<Project, 'name' | 'domainId'>;
export type UserInput = Partial<Pick<User, 'id' | 'enabled' | 'locked'>> & {
  domainId: string;
  name: string;
  password: string;
  /** Project id -> role name. */
  roles?: Record<string, string>;
};

export type ApplicationCredentialInput = Partial<Pick<ApplicationCredential, 'id' | 'name' | 'expiresAt'>> &
  Pick<ApplicationCredential, 'userId' | 'projectId' | 'secret'>;

/**
 * A cloud's contents: domains, projects, users, servers. Equal seeds and equal calls make equal ids and times: it has a
 * clock of its own, which stands still until a server is made or changed, or `advance` is called.
 */
export class World {
  readonly domains = new Map<string, Domain>();
  readonly projects = new Map<string, Project>();
  readonly users = new Map<string, User>();
  readonly applicationCredentials = new Map<string, ApplicationCredential>();
  readonly servers = new ServerStore();
  /** Names of the cells whose database does not answer. */
  readonly downCells = new Set<string>();
  readonly #foundUsers = new Map<string, User>();
  readonly #foundProjects = new Map<string, Project>();
  /** By domain, in the order of making; some may be gone since. */
  readonly #projectsByDomain = new Map<string, Project[]>();
  readonly #seed: string;
  #made = 0;
  #now = EPOCH;

  constructor(options: { seed?: string } = {}) {
    this.#seed = options.seed ?? 'world';
  }

  /** Milliseconds since the epoch; later than every time that it has stamped on a server. */
  get now(): number {
    return this.#now;
  }

  /** Lets time pass in which nothing happens. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new Error(`time can't pass by ${ms} ms`);
    this.#now += ms;
  }

  addDomain(input: DomainInput): Domain {
    const domain = { enabled: true, ...input, id: input.id ?? this.#hex(`domain ${input.name}`) };
    return keep(this.domains, domain);
  }

  addProject(input: ProjectInput): Project {
    must(this.domains, input.domainId, 'domain');
    const id = input.id ?? this.#hex(`project ${input.domainId} ${input.name}`);
    const defaults = { description: '', enabled: true, parentId: input.domainId, quota: { ...DEFAULT_QUOTA } };
    const project = keep(this.projects, { ...defaults, ...input, id });
    const siblings = this.#projectsByDomain.get(project.domainId);
    if (siblings) siblings.push(project);
    else this.#projectsByDomain.set(project.domainId, [project]);
    note(this.#foundProjects, project);
    return project;
  }

  addUser(input: UserInput): User {
    must(this.domains, input.domainId, 'domain');
    const { roles, ...rest } = input;
    const id = input.id ?? this.#hex(`user ${input.domainId} ${input.name}`);
    const user: User = { enabled: true, locked: false, attempts: 0, failures: 0, ...rest, id, roles: new Map() };
    for (const [projectId, role] of Object.entries(roles ?? {})) user.roles.set(projectId, role);
    keep(this.users, user);
    note(this.#foundUsers, user);
    return user;
  }

  /** @throws Error where the user holds no role on the project, as Keystone would not make it */
  addApplicationCredential(input: ApplicationCredentialInput): ApplicationCredential {
    const role = must(this.users, input.userId, 'user').roles.get(input.projectId);
    if (role === undefined) throw new Error('no role of the user on the project');
    const name = input.name ?? 'credential';
    const id = input.id ?? this.#hex(`application credential ${input.userId} ${input.projectId} ${name}`);
    return keep(this.applicationCredentials, { expiresAt: null, ...input, id, name, role });
  }

  /** An ACTIVE server of 1 vCPU and 512 MB, made now, unless told otherwise; it takes a second. */
  addServer(input: ServerInput): Server {
    const project = must(this.projects, input.projectId, 'project');
    const number = this.#made++;
    const now = isoSeconds(this.#now);
    const created = input.created ?? now;
    const status = input.status ?? 'ACTIVE';
    const updated = input.updated === undefined ? now : input.updated;
    const server: Server = {
      id: input.id ?? uuid(`${this.#seed} server ${number}`),
      projectId: project.id,
      name: input.name ?? `vm-${number + 1}`,
      userId: input.userId ?? this.#hex(`owner ${project.id}`),
      status,
      vcpus: input.vcpus ?? 1,
      ramMb: input.ramMb ?? 512,
      diskGb: input.diskGb ?? 1,
      flavorName: input.flavorName ?? 's1.tiny',
      created,
      updated,
      launchedAt: input.launchedAt === undefined ? (status === 'BUILD' ? null : created) : input.launchedAt,
      terminatedAt: status === 'DELETED' ? (input.terminatedAt ?? updated ?? now) : null,
      cell: input.cell ?? 'cell1',
      unscheduled: input.unscheduled ?? false,
    };
    const added = this.servers.add(server, project.domainId);
    this.advance(SECOND);
    return added;
  }

  /** Many alike, or each as the function says. */
  addServers(count: number, input: ServerInput | ((index: number) => ServerInput)): Server[] {
    return Array.from({ length: count }, (_, i) => this.addServer(typeof input === 'function' ? input(i) : input));
  }

  /** Updated now, unless the change itself says when; it takes a second. */
  changeServer(id: string, change: ServerChange): Server {
    const updated = change.updated === undefined ? isoSeconds(this.#now) : change.updated;
    const before = this.servers.get(id);
    const end = change.terminatedAt ?? before?.terminatedAt ?? updated ?? isoSeconds(this.#now);
    const terminatedAt = (change.status ?? before?.status) === 'DELETED' ? end : null;
    const changed = this.servers.change(id, { ...change, updated, terminatedAt });
    this.advance(SECOND);
    return changed;
  }

  /** As after a purge of the database: not even a page marker any more. For a plain deletion set status DELETED. */
  removeServer(id: string): void {
    this.servers.remove(id);
  }

  removeProject(id: string): void {
    for (const server of this.servers.ofProject(id)) this.servers.remove(server.id);
    for (const user of this.users.values()) user.roles.delete(id);
    this.projects.delete(id);
  }

  removeDomain(id: string): void {
    for (const project of this.projectsOf(id)) this.removeProject(project.id);
    for (const user of this.users.values()) if (user.domainId === id) this.users.delete(user.id);
    this.domains.delete(id);
  }

  projectsOf(domainId: string): Project[] {
    const made = this.#projectsByDomain.get(domainId) ?? [];
    return made.filter((project) => this.projects.get(project.id) === project);
  }

  findDomain(by: { id?: string; name?: string }): Domain | undefined {
    if (by.id !== undefined) return this.domains.get(by.id);
    return [...this.domains.values()].find((domain) => domain.name === by.name);
  }

  findUser(domainId: string, name: string): User | undefined {
    return named(this.#foundUsers, this.users, domainId, name);
  }

  findProject(domainId: string, name: string): Project | undefined {
    return named(this.#foundProjects, this.projects, domainId, name);
  }

  /**
   * What Nova's quota counter says of a project: every row of a cell that answers, whatever its status, but deleted
   * ones (nova objects/instance.py `_get_counts_in_db`).
   */
  usage(projectId: string): Usage {
    const usage = { servers: 0, vcpus: 0, ramMb: 0 };
    for (const server of this.servers.ofProject(projectId)) {
      if (!isListed(server.status) || server.unscheduled || this.downCells.has(server.cell)) continue;
      usage.servers += 1;
      usage.vcpus += server.vcpus;
      usage.ramMb += server.ramMb;
    }
    return usage;
  }

  #hex(text: string): string {
    return hexId(`${this.#seed} ${text}`);
  }
}

function keep<T extends { id: string }>(map: Map<string, T>, item: T): T {
  if (map.has(item.id)) throw new Error(`id ${item.id} exists already`);
  map.set(item.id, item);
  return item;
}

/** The first of a name is the one to be found. */
function note<T extends { domainId: string; name: string }>(found: Map<string, T>, item: T): void {
  const key = `${item.domainId} ${item.name}`;
  if (!found.has(key)) found.set(key, item);
}

/**
 * The one of that name.
 * @param found those that were found before: a world of ten thousand is looked through but once for each
 */
function named<T extends { id: string; domainId: string; name: string }>(
  found: Map<string, T>,
  all: Map<string, T>,
  domainId: string,
  name: string,
): T | undefined {
  const key = `${domainId} ${name}`;
  const known = found.get(key);
  if (known?.name === name && all.get(known.id) === known) return known;
  for (const item of all.values()) {
    if (item.domainId !== domainId || item.name !== name) continue;
    found.set(key, item);
    return item;
  }
  return undefined;
}

function must<T>(map: Map<string, T>, id: string, what: string): T {
  const item = map.get(id);
  if (!item) throw new Error(`no ${what} ${id}`);
  return item;
}
