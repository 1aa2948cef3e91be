import { rename, writeFile } from 'node:fs/promises';
import type { FaultKind, Route, Simulator } from '../../src/simulator/server.js';
import type { World } from '../../src/simulator/world.js';
import { addDomain, linesOf } from '../program/rig.js';

/** Random numbers that are the same in each run. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const STABLE = 8;
const GUESTS = 6;
const LISTING: Route[] = ['servers'];
const ANY_READ: Route[] = ['servers', 'projects', 'rescope'];

/** What befalls a domain, most of it until it is healed. None is a refused login: for the sake of the account, that would last for minutes. */
const FAULTS: readonly (FaultKind & { route: Route[]; times?: number })[] = [
  { kind: 'status', status: 500, route: ANY_READ },
  { kind: 'status', status: 403, route: LISTING },
  { kind: 'status', status: 404, route: ANY_READ },
  { kind: 'status', status: 503, retryAfter: 0, route: LISTING, times: 1 },
  { kind: 'status', status: 500, route: ['login'] },
  { kind: 'reset', route: ANY_READ },
  { kind: 'truncate', route: LISTING },
  { kind: 'truncate', framing: 'chunked', route: LISTING },
  { kind: 'body', body: '<html></html>', contentType: 'text/html', route: LISTING },
  { kind: 'body', body: '{"servers": [{"id": 7}]}', route: LISTING },
  { kind: 'slow', ms: 60, route: ANY_READ, times: 5 },
  { kind: 'drip', ms: 2, bytes: 400, route: LISTING, times: 3 },
  { kind: 'hang', route: LISTING, times: 2 },
  { kind: 'hang', route: ['login'], times: 1 },
];

/** Lets domains fail and recover, join and leave; every figure of a domain stays as it was when it joined. */
export class Churn {
  /** vCPUs by label, of each domain that ever was. */
  readonly vcpus = new Map<string, number>();
  faults = 0;
  joined = 0;
  left = 0;
  readonly #world: World;
  readonly #random: () => number;
  readonly #stable: string[] = [];
  readonly #guests: string[] = [];
  /** Left the file with the last edit, which may not be in force yet. */
  #leaving: string | null = null;

  constructor(world: World, random: () => number) {
    this.#world = world;
    this.#random = random;
    for (let i = 0; i < STABLE; i += 1) {
      this.#stable.push(`stable-${i}`);
      this.#add(`stable-${i}`, i % 4 === 0 ? 'domain_admin' : 'member');
    }
    for (let i = 0; i < GUESTS; i += 1) this.#join();
  }

  /** Labels of the domains in the file. */
  get here(): string[] {
    return [...this.#stable, ...this.#guests];
  }

  get lines(): string {
    return linesOf(this.#world, ...this.here);
  }

  get total(): number {
    return this.here.reduce((sum, name) => sum + this.vcpus.get(name)!, 0);
  }

  /** A domain begins to fail, and then another; all recover, and so on. */
  befall(simulator: Simulator): void {
    if (simulator.faults.size >= 2 || this.#random() < 0.2) {
      simulator.faults.clear();
      return;
    }
    this.faults += 1;
    if (this.#random() < 0.1) simulator.revokeTokens();
    const domains = [...this.#world.domains.keys()];
    const domainId = domains[Math.floor(this.#random() * domains.length)]!;
    const fault = FAULTS[Math.floor(this.#random() * FAULTS.length)]!;
    simulator.faults.add({ ...fault, domainId });
  }

  /** One domain leaves the file, another that never was there joins it; in place or by a rename. */
  async edit(file: string): Promise<void> {
    if (this.#leaving !== null) this.#world.removeDomain(this.#world.findDomain({ name: this.#leaving })!.id);
    this.#leaving = this.#guests.shift()!;
    this.left += 1;
    this.#join();
    if (this.#random() < 0.5) await writeFile(file, this.lines);
    else {
      await writeFile(`${file}.new`, this.lines, { mode: 0o600 });
      await rename(`${file}.new`, file);
    }
  }

  #join(): void {
    this.joined += 1;
    const name = `guest-${this.joined}`;
    this.#guests.push(name);
    this.#add(name, 'member');
  }

  #add(name: string, role: string): void {
    const projects = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => Math.floor(this.#random() * 6));
    addDomain(this.#world, { name, role, projects });
    this.vcpus.set(
      name,
      projects.reduce((a, b) => a + b, 0),
    );
  }
}
