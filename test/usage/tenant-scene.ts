import { expect } from 'chai';
import type { CollectSettings } from '../../src/settings/settings.js';
import { Operations } from '../../src/simulator/operations.js';
import type { Answer, Call, SimulatorSettings } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { DomainSnapshot, Snapshot } from '../../src/snapshot/snapshot.js';
import { TestClock } from '../helpers/clock.js';
import { addTenant, errorsOf, inUse, of, startRig, type Rig, type Tenant } from '../helpers/rig.js';

const MINUTE_MS = 60_000;

export interface Plan {
  settings?: Partial<CollectSettings>;
  cloud?: Partial<SimulatorSettings>;
  /** Of acme. */
  projects?: string[];
  /** Servers of a domain that nobody watches. */
  others?: number;
  /** Servers of acme that are newer than those. */
  newer?: number;
}

/** Projects of acme: as many as one question for all changes is worth while for. */
export const ALL = ['main', 'p1', 'p2', 'p3', 'p4'];

/** `main`, and others. */
export const many = (count: number): string[] => ['main', ...Array.from({ length: count - 1 }, (_, i) => `p${i + 1}`)];

/** As a call is written here: `servers` with all that they are, or their `names`; `acme/main`, who asks as a rule, is left out. */
function describeCall({ domains, projects, servers }: World, call: Call): string {
  const { route, path, query, status } = call;
  const name = (id: string): string => (domains.get(id) ?? projects.get(id) ?? servers.get(id))?.name ?? id;
  const last = name(path.split('/').at(-1) ?? '');
  const listed = last === 'detail' ? 'servers' : 'names';
  const what = { servers: listed, usage: `usage ${last}`, unknown: `server ${last}` }[route as string] ?? route;
  const asked = query.replace(/[0-9a-f]{32}/g, name).replace(/(changes-since|marker)=[^&]+/g, '$1');
  const who = `${name(call.domainId ?? '')}/${name(call.projectId ?? '')}`;
  const refused = status !== null && status < 300 ? '' : ` ${status}`;
  return `${who === 'acme/main' ? '' : `${who} `}${what}${asked ? `?${asked}` : ''}${refused}`;
}

/** acme, whose administrator sees the whole cloud: 2 servers in each of its projects, and 50 newer ones of a stranger. */
export class TenantScene {
  readonly world = new World({ seed: 'tenants' });
  readonly clock = new TestClock();
  readonly operations = new Operations(this.world);
  readonly acme: Tenant;
  readonly stranger: Tenant;
  readonly #edits: [calls: RegExp, change: (answer: Answer) => Answer][] = [];
  #rig: Rig | null = null;

  constructor({ projects = ALL, others = 50, newer = 0 }: Plan) {
    const { world } = this;
    this.acme = addTenant(world, 'acme', 'admin', projects);
    for (const projectId of Object.values(this.acme.projects)) world.addServers(2, { projectId, vcpus: 2, ramMb: 3 });
    this.stranger = addTenant(world, 'stranger', 'member', ['main', 'x1']);
    world.addServers(others, { projectId: this.stranger.projects['x1']!, vcpus: 7, ramMb: 7 });
    world.addServers(newer, { projectId: this.id('main'), vcpus: 1, ramMb: 1 });
  }

  async open({ settings, cloud }: Plan): Promise<this> {
    const { world, clock } = this;
    this.#rig = await startRig({
      world,
      clock,
      settings: { incremental: 'auto', ...settings },
      cloud: { tokenSeconds: 86_400, ...cloud },
    });
    this.rig.watch(this.acme);
    this.pass(10);
    return this;
  }

  get rig(): Rig {
    if (!this.#rig) throw new Error('the scene is not open yet');
    return this.#rig;
  }

  /** Nothing that happened 10 minutes before is among the changes of later. */
  pass(minutes: number): void {
    this.clock.advance(minutes * MINUTE_MS);
    this.world.advance(minutes * MINUTE_MS);
  }

  id(project: string): string {
    return this.acme.projects[project]!;
  }

  calls(): string[] {
    return this.rig.sim.calls.map((call) => describeCall(this.world, call));
  }

  /** A scrape of figures that are right, with these errors. @returns the calls that it made */
  async scrape(...errors: string[]): Promise<string[]> {
    this.rig.sim.clear();
    this.expectRight(await this.rig.scrape(), this.acme, errors);
    return this.calls();
  }

  expectRight(snapshot: Snapshot, { id, name }: Tenant, errors: string[] = []): void {
    expect(errorsOf(snapshot, name), name).to.deep.equal(errors);
    expect(of(snapshot, name).usage, name).to.deep.equal(inUse(this.world, id, 'allocated'));
  }

  /** A scrape of whatever figures. */
  async look(): Promise<{ acme: DomainSnapshot; errors: string[]; calls: string[] }> {
    this.rig.sim.clear();
    const snapshot = await this.rig.scrape();
    return { acme: of(snapshot, 'acme'), errors: errorsOf(snapshot, 'acme'), calls: this.calls() };
  }

  /** A scrape of figures of these domains that are right. @returns the calls, whoever of them made it */
  async scrapeAll(tenants: readonly Tenant[]): Promise<string[]> {
    this.rig.sim.clear();
    const snapshot = await this.rig.scrape();
    for (const tenant of tenants) this.expectRight(snapshot, tenant);
    return this.calls().map((call) => call.replace(/^\w+\/main /, ''));
  }

  /** It lists the whole cloud now; what was wrong is mended. */
  async expectWholeForAnHour(projects: readonly string[] = ALL): Promise<void> {
    expect(await this.scrape()).to.deep.equal([CHANGES]);
    for (const minutes of [20, 20, 19]) {
      this.pass(minutes);
      expect(await this.scrape()).to.deep.equal([WHOLE]);
    }
    this.pass(1);
    expect(await this.scrape()).to.have.members([PROJECTS, ROWS, PROOF, ...picked(...projects)]);
    expect(await this.scrape()).to.deep.equal(ASKED);
  }

  /** Changes answers to calls that are written like that, until all is mended. */
  edit(calls: RegExp, change: (answer: Answer) => Answer): void {
    const { sim } = this.rig;
    this.#edits.push([calls, change]);
    if (this.#edits.length > 1) return;
    const edit = (answer: Answer): Answer => {
      const call = describeCall(this.world, { ...sim.calls.at(-1)!, status: 200 });
      return this.#edits.find(([asked]) => asked.test(call))?.[1](answer) ?? answer;
    };
    sim.faults.add({ kind: 'edit', edit });
  }

  /** Refuses calls that are written like that. */
  refuse(calls: RegExp, status: number): void {
    this.edit(calls, () => refusal(status));
  }

  /** Nothing goes wrong any more. */
  mend(): void {
    this.#edits.length = 0;
    this.rig.sim.faults.clear();
  }
}

export const startScene = (plan: Plan = {}): Promise<TenantScene> => new TenantScene(plan).open(plan);

export const PROJECTS = 'projects?domain_id=acme';
export const ROWS = 'servers?all_tenants=1&limit=20';
/** One row of a project of acme's own. */
export const PROOF = 'servers?all_tenants=1&project_id=main&limit=1';
export const START = ['login', PROJECTS, ROWS];
export const WHOLE = 'servers?all_tenants=1';
/** Of the whole listing. */
export const CHANGES = 'servers?all_tenants=1&changes-since';
/** Asked for all projects at once. */
export const NEWS = ['names?all_tenants=1&status=BUILD&limit=500', 'servers?all_tenants=1&changes-since&limit=500'];
export const ASKED = [PROJECTS, ...NEWS];

export const listing = (project: string): string => `servers?all_tenants=1&project_id=${project}`;
export const changesOf = (project: string): string => `${listing(project)}&changes-since`;
export const report = (project: string): string[] => [
  `usage ${project}`,
  `names?all_tenants=1&project_id=${project}&status=BUILD&status=ERROR`,
  changesOf(project),
];
/** A full listing of each project, and what it is held against. */
export const picked = (...projects: string[]): string[] => projects.flatMap((id) => [listing(id), ...report(id)]);

/** A refusal by any status; what may be repeated may be so at once. */
const refusal = (status: number): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json', 'Retry-After': '0' },
  body: '{"badRequest": {"message": "no", "code": 400}}',
});

export interface Row {
  id: string;
  tenant_id?: string;
  flavor?: { vcpus: number };
}

/** Answers with rows changed, where there are any. */
export function editRows(key: 'servers' | 'server_usages', edit: (rows: Row[]) => unknown) {
  return (answer: Answer): Answer => {
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    const parent = (key === 'servers' ? body : (body['tenant_usage'] ??= {})) as Record<string, unknown>;
    parent[key] = edit((parent[key] ?? []) as Row[]);
    return { ...answer, body: JSON.stringify(body) };
  };
}
