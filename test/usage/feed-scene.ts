import { expect } from 'chai';

import type { CollectSettings } from '../../src/settings/settings.js';
import { Operations } from '../../src/simulator/operations.js';
import type { Answer, Call, SimulatorSettings } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { TestClock } from '../helpers/clock.js';
import { addTenant, errorsOf, inUse, of, startRig, type Rig, type Tenant } from '../helpers/rig.js';

const DAY_MS = 24 * 3_600_000;

/** Requests of a scrape, by what they are for. */
type Tally = Record<string, number>;

const PROJECTS = { 'boss projects': 1, 'a projects': 1, 'b projects': 1 };

/** All that is asked when the cloud is asked once for all. */
export const SHARED: Tally = { ...PROJECTS, proof: 1, 'question BUILD': 1, 'question changes': 1 };

/** All that is asked when each project is asked for. */
export const ALONE: Tally = { ...PROJECTS, 'boss changes': 2, 'a changes': 3, 'b changes': 2 };

/** The login of boss sees a cloud of 62 servers, those of a and b their own projects, one of which is empty. */
export class Scene {
  readonly world = new World({ seed: 'feed' });
  readonly clock = new TestClock();
  readonly on = new Operations(this.world);
  readonly boss = addTenant(this.world, 'boss', 'admin', ['main', 'side']);
  readonly a = addTenant(this.world, 'a', 'member', ['main', 'side', 'empty']);
  readonly b = addTenant(this.world, 'b', 'member', ['main', 'side']);
  readonly stranger = addTenant(this.world, 'stranger', 'member', ['main']);
  watched: readonly Tenant[] = [this.boss, this.a, this.b];
  /** Of each scrape. */
  timeLeftMs = 15_000;
  #rig: Rig | null = null;

  get rig(): Rig {
    if (!this.#rig) throw new Error('the scene is not open yet');
    return this.#rig;
  }

  async open(settings: Partial<CollectSettings> = {}, cloud: Partial<SimulatorSettings> = {}): Promise<this> {
    for (const { projects } of this.watched)
      for (const name of ['main', 'side'])
        this.world.addServers(2, { projectId: projects[name]!, vcpus: 2, ramMb: 1024 });
    this.world.addServers(50, { projectId: this.stranger.projects['main']! });
    this.#rig = await startRig({
      world: this.world,
      clock: this.clock,
      // Nothing is read in full again, and nobody logs in anew, unless the test makes it so.
      settings: { incremental: 'auto', resyncIntervalMs: DAY_MS, ...settings },
      cloud: { tokenSeconds: DAY_MS / 1000, ...cloud },
    });
    this.watch(...this.watched);
    return this;
  }

  watch(...tenants: Tenant[]): void {
    this.watched = tenants;
    this.rig.watch(...tenants);
  }

  pass(minutes: number): void {
    this.clock.advance(minutes * 60_000);
    this.world.advance(minutes * 60_000);
  }

  /** A scrape that has the figures of the cloud's own books, and no error but those of `failing` domains. */
  async expectRight(...failing: Tenant[]): Promise<Tally> {
    this.rig.sim.clear();
    const snapshot = await this.rig.scrape(this.timeLeftMs);
    for (const tenant of this.watched.filter((one) => !failing.includes(one))) {
      expect(errorsOf(snapshot, tenant.name), tenant.name).to.deep.equal([]);
      expect(of(snapshot, tenant.name).usage, tenant.name).to.deep.equal(inUse(this.world, tenant.id, 'allocated'));
    }
    return this.tally();
  }

  tally(): Tally {
    const tally: Tally = {};
    for (const call of this.rig.sim.calls) {
      const kind = this.#kindOf(call);
      tally[kind] = (tally[kind] ?? 0) + 1;
    }
    return tally;
  }

  /** Domains of which a server was asked for as a proof. */
  proven(): string[] {
    return this.proofs()
      .map((id) => this.#nameOf(this.world.projects.get(id)?.domainId))
      .sort();
  }

  /** Projects of which a server was asked for as a proof. */
  proofs(): string[] {
    const proofs = this.rig.sim.calls.filter((call) => this.#kindOf(call) === 'proof');
    return proofs.map(({ query }) => new URLSearchParams(query).get('project_id') ?? '');
  }

  /** Domains whose login was asked what changed in the whole cloud. */
  askers(): string[] {
    const questions = this.rig.sim.calls.filter((call) => this.#kindOf(call) === 'question changes');
    return questions.map(({ domainId }) => this.#nameOf(domainId));
  }

  /** Changes answers to requests of one kind. @returns what ends that */
  edit(kind: string | RegExp, change: (answer: Answer, call: Call) => Answer): () => void {
    const { sim } = this.rig;
    return sim.faults.add({
      kind: 'edit',
      route: 'servers',
      edit: (answer) => {
        const call = sim.calls.at(-1)!;
        const own = this.#kindOf(call);
        return (typeof kind === 'string' ? kind === own : kind.test(own)) ? change(answer, call) : answer;
      },
    });
  }

  /** From now on one's login is shown no server of another one's domain. */
  hide({ id: domainId }: Tenant, { projects }: Tenant): void {
    const hidden = new Set(Object.values(projects));
    const isShown = ({ id }: { id: string }): boolean => !hidden.has(this.world.servers.get(id)?.projectId ?? '');
    const edit = (answer: Answer): Answer => {
      const { servers, ...rest } = JSON.parse(answer.body) as { servers: { id: string }[] };
      return { ...answer, body: JSON.stringify({ ...rest, servers: servers.filter(isShown) }) };
    };
    this.rig.sim.faults.add({ kind: 'edit', route: 'servers', domainId, edit });
  }

  #nameOf(domainId: string | null | undefined): string {
    return this.world.domains.get(domainId ?? '')?.name ?? 'nobody';
  }

  #kindOf({ domainId, route, path, query, allTenants, limit }: Call): string {
    const who = this.#nameOf(domainId);
    if (route === 'authProjects') return `${who} projects`;
    if (route !== 'servers') return `${who} ${route}`;
    const of = new URLSearchParams(query);
    if (limit === '20' && of.has('project_id')) return 'proof';
    if (limit === '20' || limit === '1') return `${who} probe`;
    const what = of.has('changes-since') ? 'changes' : of.has('status') ? 'BUILD' : 'full';
    const detail = what === 'BUILD' && path.endsWith('/detail') ? ' in detail' : '';
    return `${allTenants && !of.has('project_id') ? 'question' : who} ${what}${detail}`;
  }
}

/** A scene that was scraped so often that the cloud is asked once for all. */
export async function warmScene(settings: Partial<CollectSettings> = {}): Promise<Scene> {
  const scene = await new Scene().open(settings);
  for (let scrape = 1; scrape <= 2; scrape += 1) await scene.expectRight();
  expect(await scene.expectRight()).to.deep.equal(SHARED);
  return scene;
}

/** Nova's refusal, or what stands in front of it, by any status. */
export const refusal = (status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: '{}',
});
