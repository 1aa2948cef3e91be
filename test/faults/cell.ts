import { expect } from 'chai';
import type { Clock } from '../../src/clock.js';
import type { Domain } from '../../src/domains/domain.js';
import { Passwords } from '../../src/openstack/password.js';
import { SecretVariables } from '../../src/secret.js';
import {
  type Answer,
  type FaultKind,
  type FaultMatch,
  type Simulator,
  startSimulator,
} from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { Collector } from '../../src/snapshot/collector.js';
import type { DomainSnapshot, Snapshot } from '../../src/snapshot/snapshot.js';
import { makeDomain, makeList } from '../helpers/domains.js';
import { RecordingLogger } from '../helpers/log.js';
import type { Certificate } from '../helpers/loopback.js';
import { until } from '../helpers/program.js';
import { of, SETTINGS } from '../helpers/rig.js';
import { Door } from './door.js';

/** Where on the way to a domain's figures a fault may strike. */
export const STAGES = ['login', 'projects', 'rescope', 'first page', 'later page', 'limits'] as const;
export type StageName = (typeof STAGES)[number];

interface Stage {
  /** The requests that are hit. */
  match: FaultMatch;
  /** The request that is answered right before these. */
  preceding: FaultMatch | null;
  service: 'identity' | 'compute';
  /** Servers in each project of the domain that is hit; a token for `main` comes with the login. */
  projects: Record<string, number>;
}

const BOTH = { main: 5, side: 3 };
const STAGE: Record<StageName, Stage> = {
  login: { match: { route: 'login' }, preceding: null, service: 'identity', projects: BOTH },
  projects: { match: { route: 'projects' }, preceding: { route: 'login' }, service: 'identity', projects: BOTH },
  rescope: { match: { route: 'rescope' }, preceding: { route: 'projects' }, service: 'identity', projects: BOTH },
  'first page': {
    match: { route: 'servers', page: 'first' },
    preceding: { route: 'projects' },
    service: 'compute',
    projects: BOTH,
  },
  'later page': {
    match: { route: 'servers', page: 'later' },
    preceding: { route: 'servers', page: 'first' },
    service: 'compute',
    projects: { main: 9 },
  },
  limits: { match: { route: 'limits' }, preceding: { route: 'projects' }, service: 'compute', projects: BOTH },
};

const PAGE = 4;
/** Of each server: odd figures, so that nothing else adds up to them. */
const SICK = { vcpus: 3, ramMb: 700 };
const WELL = { vcpus: 7, ramMb: 1100 };
const WELL_SERVERS = 3;

export interface CellSetup {
  /** Milliseconds that a scrape may take. */
  deadline?: number;
  requestTimeoutMs?: number;
  /** Projects on a page of Keystone's. */
  projectPageSize?: number;
  /** The domain that is hit reaches both services at addresses of its own, over TLS if there is a certificate. */
  doors?: 'plain' | Certificate;
}

/** Real time, but for what is added to it. */
class ShiftedClock implements Clock {
  shift = 0;
  /** Of the wall clock alone. */
  wrong = 0;
  readonly wall = (): number => Date.now() + this.shift + this.wrong;
  readonly mono = (): number => performance.now() + this.shift;
}

/** One cloud with a domain that a fault hits and one that is well, and the collector on it. */
export class Cell {
  readonly stage: StageName;
  readonly clock = new ShiftedClock();
  readonly log = new RecordingLogger();
  /** The simulator's clock is that much ahead of ours. */
  ahead = 0;
  sim!: Simulator;
  /** What the line of the domain that is hit says of its cloud beside the right addresses. */
  wrong: Partial<Domain['cloud']> = {};
  readonly doors: Record<'identity' | 'compute', Door> | null = null;
  attempts = 0;
  readonly #world = new World();
  readonly #setup: CellSetup;
  readonly #collector: Collector;
  readonly #sick: { id: string; userId: string };
  readonly #well: { id: string };

  private constructor(stage: StageName, setup: CellSetup) {
    this.stage = stage;
    this.#setup = setup;
    this.#sick = this.#addDomain('sick', STAGE[stage].projects, SICK);
    this.#well = this.#addDomain('well', { main: WELL_SERVERS }, WELL);
    const nothing = (): void => undefined;
    this.#collector = new Collector({
      settings: {
        ...SETTINGS,
        timeoutMs: 60_000,
        requestTimeoutMs: setup.requestTimeoutMs ?? 12_000,
        counting: 'quota',
        strategy: stage === 'limits' ? 'project-limits' : 'project-list',
      },
      passwords: new Passwords(new SecretVariables({})),
      clock: this.clock,
      random: () => 0.5,
      log: this.log,
      observer: { attempt: () => (this.attempts += 1), login: nothing, error: nothing },
    });
  }

  /** Opens a cell, and closes it when the body has ended. */
  static async with(stage: StageName, setup: CellSetup, body: (cell: Cell) => Promise<void>): Promise<void> {
    const cell = new Cell(stage, setup);
    try {
      await cell.#start();
      await body(cell);
    } finally {
      await cell.#close();
    }
  }

  async #start(): Promise<void> {
    const { projectPageSize = null, doors } = this.#setup;
    const now = (): number => Date.now() + this.clock.shift + this.ahead;
    this.sim = await startSimulator({ world: this.#world, maxLimit: PAGE, projectPageSize, now });
    if (doors === undefined) return;
    const certificate = doors === 'plain' ? null : doors;
    const made = {
      identity: new Door(this.sim.port, certificate),
      compute: new Door(this.sim.port, certificate),
    };
    await Promise.all([made.identity.open(), made.compute.open()]);
    Object.assign(this, { doors: made });
  }

  async #close(): Promise<void> {
    this.doors?.identity.close();
    this.doors?.compute.close();
    await this.sim.close();
    await this.#collector.close();
  }

  #addDomain(name: string, projects: Record<string, number>, server: typeof SICK): { id: string; userId: string } {
    const world = this.#world;
    const { id } = world.addDomain({ name });
    const roles: Record<string, string> = {};
    for (const [project, servers] of Object.entries(projects)) {
      const projectId = world.addProject({ domainId: id, name: project }).id;
      roles[projectId] = 'domain_admin';
      world.addServers(servers, { projectId, ...server });
    }
    const user = world.addUser({ domainId: id, name: 'boss', password: 'right', roles });
    return { id, userId: user.id };
  }

  /** Brings the fault to this cell's stage of the domain that is hit. */
  hit(fault: FaultKind & { times?: number; page?: 'first' | 'later' }): void {
    this.sim.faults.add({ ...STAGE[this.stage].match, ...fault, domainId: this.#sick.id });
  }

  /** Changes the right answers of the stage. */
  edit(edit: (answer: Answer) => Answer, page?: 'first' | 'later'): void {
    this.hit({ kind: 'edit', edit, ...(page ? { page } : {}) });
  }

  /** Does something right before the domain first comes to this stage. */
  before(action: () => void): void {
    const { preceding } = STAGE[this.stage];
    if (!preceding) {
      action();
      return;
    }
    const edit = (answer: Answer): Answer => {
      action();
      return answer;
    };
    this.sim.faults.add({ kind: 'edit', edit, times: 1, ...preceding, domainId: this.#sick.id });
  }

  /** The door to the service that the stage asks. */
  get door(): Door {
    if (!this.doors) throw new Error('this cell has no doors');
    return this.doors[STAGE[this.stage].service];
  }

  /** A login that was sent outlives its scrape, since its token serves the next one: ends it from the other side. */
  async cutLogin(): Promise<void> {
    await until('nothing but the login in flight', 20_000, () => this.sim.inFlight === 1);
    const { attempts } = this;
    this.doors?.identity.cut();
    await until('the login is over', 20_000, () => this.attempts > attempts);
  }

  get service(): 'identity' | 'compute' {
    return STAGE[this.stage].service;
  }

  revokeTokens(): void {
    this.sim.revokeTokens(this.#sick.userId);
  }

  /** Password logins of the domain that is hit. */
  get logins(): number {
    return this.#world.users.get(this.#sick.userId)?.attempts ?? 0;
  }

  #line(label: string, id: string, cloud: Partial<Domain['cloud']>): Domain {
    return makeDomain(label, { id, cloud: { authUrl: this.sim.authUrl, ...cloud } });
  }

  /** `lateMs`: how long after a timer of the test's own, set for the deadline, went off; negative before that. */
  async scrape(): Promise<{ snapshot: Snapshot; lateMs: number }> {
    const { doors, deadline = 25_000 } = this.#setup;
    const own = this.doors && {
      authUrl: `${this.doors.identity.url}/v3`,
      computeUrl: `${this.doors.compute.url}/v2.1`,
      ...(typeof doors === 'object' ? { caFile: doors.path } : {}),
    };
    const list = makeList([
      this.#line('sick', this.#sick.id, { ...own, ...this.wrong }),
      this.#line('well', this.#well.id, {}),
    ]);
    // A busy machine makes this one late too, by as much.
    let due = Infinity;
    const timer = setTimeout(() => (due = performance.now()), deadline);
    const snapshot = await this.#collector.snapshot(list, deadline, new AbortController().signal);
    clearTimeout(timer);
    return { snapshot, lateMs: performance.now() - due };
  }

  /**
   * A scrape under the fault: the domain that is hit fares as it should, the other one is exact, the totals are the sum,
   * the answer comes in time, and no storm of requests was needed.
   * @param what names the fault where a cell has several
   * @param expected `ok`, `failed <stage> <reason> [<status>]`, or `partial <servers> <stage> <reason> [<status>]`
   */
  async suffer(expected: string, what = ''): Promise<void> {
    this.attempts = 0;
    const loginsBefore = this.logins;
    const { snapshot, lateMs } = await this.scrape();
    const sick = of(snapshot, 'sick');
    expect(told(sick), [what, ...sick.errors.map(({ message }) => message)].join('; ')).to.equal(expected);
    this.#checkWell(snapshot);
    const counts = sick.usage === null ? 0 : sick.usage.vcpus / SICK.vcpus;
    expect(sick.usage).to.deep.equal(sick.usage && { vcpus: counts * SICK.vcpus, ramMb: counts * SICK.ramMb });
    if (expected === 'ok') expect(counts).to.equal(this.#servers);
    expect(snapshot.complete).to.equal(expected === 'ok');
    this.#checkTotals(snapshot, counts);
    expect(lateMs, 'milliseconds beyond the deadline').to.be.below(1000);
    expect(this.attempts).to.be.at.most(30);
    expect(this.logins - loginsBefore).to.be.at.most(2);
    expect(this.log.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
  }

  /** Nothing is left in flight; once the fault is over, the next scrape is complete and exact. */
  async recover(): Promise<void> {
    await until('nothing in flight', 20_000, () => this.sim.inFlight === 0);
    this.sim.faults.clear();
    this.wrong = {};
    for (const door of Object.values(this.doors ?? {})) await door.open();
    const { snapshot } = await this.scrape();
    expect(told(of(snapshot, 'sick'))).to.equal('ok');
    expect(snapshot.complete).to.equal(true);
    this.#checkWell(snapshot);
    this.#checkTotals(snapshot, this.#servers);
    await until('nothing in flight', 20_000, () => this.sim.inFlight === 0);
    const odd = this.sim.unknownPaths.filter((path) => !path.includes('/elsewhere'));
    expect(odd).to.deep.equal([]);
  }

  get #servers(): number {
    return Object.values(STAGE[this.stage].projects).reduce((a, b) => a + b, 0);
  }

  #checkWell(snapshot: Snapshot): void {
    const well = of(snapshot, 'well');
    expect(told(well), well.errors.map(({ message }) => message).join('; ')).to.equal('ok');
    expect(well.usage).to.deep.equal({ vcpus: WELL_SERVERS * WELL.vcpus, ramMb: WELL_SERVERS * WELL.ramMb });
  }

  #checkTotals({ totals }: Snapshot, sickServers: number): void {
    expect(totals).to.deep.include({
      vcpus: WELL_SERVERS * WELL.vcpus + sickServers * SICK.vcpus,
      ramMb: WELL_SERVERS * WELL.ramMb + sickServers * SICK.ramMb,
    });
  }
}

/** What the snapshot tells of a domain, in one line. */
function told({ result, usage, errors }: DomainSnapshot): string {
  const servers = result === 'partial' ? [(usage?.vcpus ?? NaN) / SICK.vcpus] : [];
  const all = errors.map(({ stage, reason, status }) =>
    [stage, reason, ...(status === null ? [] : [status])].join(' '),
  );
  return [result, ...servers, ...all].join(' ');
}
