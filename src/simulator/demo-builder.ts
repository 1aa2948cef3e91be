import { between, FLAVORS, pick, pickStatus, PROJECTS, type Random, TASKS } from './demo-stock.js';
import { isoSeconds } from './ids.js';
import type { Project, Server, User } from './model.js';
import { World } from './world.js';

/** One line of the demo's domains.txt. */
export interface DemoDomain {
  id: string;
  name: string;
  /** Name of the project that the login is scoped to. */
  project: string;
  user: string;
  password: string;
}

/** What the domains' users may do, in turn: each makes an exporter collect in another way. */
const ROLES = ['member', 'domain_admin', 'domain_lister', 'member', 'admin'];
const DAY = 86_400_000;
/** The world's clock begins so far behind: it moves by a second with each server that the first domains get. */
const HEAD_START = 3_600_000;

/** Makes the demo's domains, projects and servers. */
export class DemoBuilder {
  readonly world = new World({ seed: 'demo' });
  readonly random: Random;
  readonly #time: () => number;
  #servers = 0;

  constructor(settings: { random: Random; now?: () => number }) {
    this.random = settings.random;
    this.#time = settings.now ?? Date.now;
    this.catchUp(HEAD_START);
  }

  /** Sets the world's clock to that many milliseconds before the present, unless it is ahead of that. */
  catchUp(behind = 0): void {
    this.world.advance(Math.max(0, this.#time() - behind - this.world.now));
  }

  /** A server of any flavor, made up to `days` ago. */
  addServer(project: Project, status: string, days: number): Server {
    const { random, world } = this;
    const made = world.now - Math.floor(random() * days * DAY);
    const failedEarly = status === 'ERROR' && random() < 0.5;
    this.#servers += 1;
    return world.addServer({
      projectId: project.id,
      name: `${project.name}-${pick(random, TASKS)}-${String(this.#servers).padStart(3, '0')}`,
      status,
      ...pick(random, FLAVORS),
      created: isoSeconds(made),
      launchedAt: status === 'BUILD' || failedEarly ? null : isoSeconds(made),
    });
  }

  ensureDomain(domain: DemoDomain): void {
    const { world } = this;
    const known = world.domains.has(domain.id);
    const role = pickRole(world.domains.size);
    if (!known) world.addDomain({ id: domain.id, name: domain.name });
    const login = world.findProject(domain.id, domain.project) ?? this.#addProject(domain.id, domain.project);
    const user = world.findUser(domain.id, domain.user) ?? this.#addUser(domain);
    user.password = domain.password;
    if (!known) this.#fill(domain.id, login);
    const held = [...user.roles.values()][0] ?? role;
    for (const project of world.projectsOf(domain.id)) user.roles.set(project.id, held);
  }

  #addProject(domainId: string, name: string): Project {
    return this.world.addProject({ domainId, name, quota: { instances: 100, cores: 400, ramMb: 1_048_576 } });
  }

  #addUser(domain: DemoDomain): User {
    return this.world.addUser({ domainId: domain.id, name: domain.user, password: domain.password });
  }

  #fill(domainId: string, login: Project): void {
    const { random } = this;
    const projects = [login];
    const wanted = between(random, 2, 6);
    while (projects.length < wanted) {
      const name = pick(random, PROJECTS);
      if (!this.world.findProject(domainId, name)) projects.push(this.#addProject(domainId, name));
    }
    const count = between(random, 3, 40);
    for (let i = 0; i < count; i++) this.addServer(pick(random, projects), pickStatus(random), 200);
  }
}

function pickRole(position: number): string {
  return ROLES[position % ROLES.length] ?? 'member';
}
