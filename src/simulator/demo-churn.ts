import { between, FLAVORS, pick } from './demo-stock.js';
import type { DemoBuilder } from './demo-builder.js';
import type { Fault, Faults } from './faults.js';
import { isListed, type Project, type Server } from './model.js';
import { Operations } from './operations.js';
import type { Route } from './request.js';

/** How a domain fails, in turn. */
const OUTAGES: readonly { says: string; fault: Fault }[] = [
  { says: 'answers 503', fault: { kind: 'status', status: 503, retryAfter: 5 } },
  { says: 'does not answer any more', fault: { kind: 'hang', route: ['servers', 'limits', 'usage'] } },
  // Not a refused password: whoever is careful does not try one again for minutes, and the demo would be over.
  { says: 'has taken the role away', fault: { kind: 'status', status: 403, route: ['servers', 'limits', 'usage'] } },
];
const ALL: readonly Route[] = ['login', 'rescope', 'projects', 'authProjects', 'servers', 'limits', 'usage'];

/** Chance of an outage in a step without one. */
const OUTAGE_CHANCE = 0.08;
/** Deleted servers that stay known, so that a marker of a listing under way is still good. */
const KEEP_DELETED = 200;

/** The life of the demo's cloud, step by step. */
export class DemoChurn {
  readonly #builder: DemoBuilder;
  readonly #operations: Operations;
  readonly #deleted: string[] = [];
  #outages = 0;
  #outage: { domain: string; stepsLeft: number; end: () => void } | null = null;

  constructor(builder: DemoBuilder) {
    this.#builder = builder;
    this.#operations = new Operations(builder.world);
  }

  step(faults: Pick<Faults, 'add'>): string {
    this.#builder.catchUp();
    const told = this.#outageStep(faults);
    const settled = this.#settle();
    const count = between(this.#builder.random, 1, 3);
    for (let i = 0; i < count; i++) told.push(this.#one());
    if (settled > 0) told.push(`${settled} server${settled === 1 ? '' : 's'} became ready`);
    const sentence = told.filter((part) => part !== '').join(', ') || 'nothing happened';
    return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
  }

  /** Builds and resizes of earlier steps come to their end. */
  #settle(): number {
    const listed = this.#builder.world.servers.listed({ kind: 'cloud' });
    const unready = listed.filter((server) => server.status === 'BUILD' || server.status === 'VERIFY_RESIZE');
    for (const { id, status } of unready) {
      if (status === 'BUILD') this.#operations.activate(id);
      else this.#operations.confirm(id);
    }
    return unready.length;
  }

  #one(): string {
    const { random, world } = this.#builder;
    const project = pick(random, [...world.projects.values()]);
    const listed = world.servers.ofProject(project.id).filter((server) => isListed(server.status));
    // As likely to grow as to shrink at ten servers a project: numbers wander, but not away.
    if (listed.length === 0 || random() < 0.3 - listed.length * 0.01) return this.#create(project);
    const server = pick(random, listed);
    const dice = random();
    if (dice < 0.25) return this.#remove(server);
    if (dice < 0.5) return this.#resize(server);
    return this.#toggle(server);
  }

  #create(project: Project): string {
    const server = this.#builder.addServer(project, 'BUILD', 0);
    return `server ${server.name} is being built`;
  }

  #remove(server: Server): string {
    this.#operations.destroy(server.id);
    this.#deleted.push(server.id);
    const oldest = this.#deleted.length > KEEP_DELETED ? this.#deleted.shift() : undefined;
    if (oldest !== undefined) this.#builder.world.removeServer(oldest);
    return `server ${server.name} was deleted`;
  }

  #resize(server: Server): string {
    if (server.status !== 'ACTIVE') return '';
    const flavor = pick(this.#builder.random, FLAVORS);
    if (flavor.flavorName === server.flavorName) return '';
    this.#operations.resize(server.id, flavor);
    return `server ${server.name} was resized to ${flavor.flavorName}`;
  }

  #toggle(server: Server): string {
    if (server.status === 'ACTIVE') {
      const isStopped = this.#builder.random() < 0.8;
      if (isStopped) this.#operations.stop(server.id);
      else this.#operations.shelve(server.id);
      return `server ${server.name} was ${isStopped ? 'stopped' : 'shelved'}`;
    }
    if (server.launchedAt === null) return '';
    this.#builder.world.changeServer(server.id, { status: 'ACTIVE' });
    return `server ${server.name} was started`;
  }

  #outageStep(faults: Pick<Faults, 'add'>): string[] {
    const { random, world } = this.#builder;
    if (this.#outage) {
      this.#outage.stepsLeft -= 1;
      if (this.#outage.stepsLeft > 0) return [];
      const { domain, end } = this.#outage;
      end();
      this.#outage = null;
      return [`domain ${domain} has recovered`];
    }
    if (random() >= OUTAGE_CHANCE) return [];
    const domain = pick(random, [...world.domains.values()]);
    const outage = OUTAGES[this.#outages++ % OUTAGES.length];
    if (!outage) return [];
    const end = faults.add({ route: ALL, ...outage.fault, domainId: domain.id });
    this.#outage = { domain: domain.name, stepsLeft: between(random, 3, 6), end };
    return [`domain ${domain.name} ${outage.says}`];
  }
}
