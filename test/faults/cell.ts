import { expect } from 'chai';
import type { Clock } from '../../src/clock.js';
import type { Domain } from '../../src/domains/domain.js';
import { Passwords } from '../../src/openstack/password.js';
import { SecretVariables } from '../../src/secret.js';
import { type Answer, type FaultKind, type Simulator, startSimulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { Collector } from '../../src/snapshot/collector.js';
import type { DomainSnapshot, Snapshot } from '../../src/snapshot/snapshot.js';
import { makeDomain, makeList } from '../helpers/domains.js';
import { RecordingLogger } from '../helpers/log.js';
import type { Certificate } from '../helpers/loopback.js';
import type { Usage } from '../../src/usage/usage.js';
import { until } from '../helpers/program.js';
import { of, SETTINGS } from '../helpers/rig.js';
import { Door } from './door.js';
import type { Outcome } from './expected.js';
import { OTHERS_SERVERS, PAGE, type Place } from './places.js';

/** Of each server: odd figures, so that nothing else adds up to them. */
const SICK = { vcpus: 3, ramMb: 700 };
const OTHERS: Record<string, Usage> = { well: { vcpus: 7, ramMb: 1100 }, more: { vcpus: 11, ramMb: 1300 } };
const STRANGER = { vcpus: 1000, ramMb: 1_000_000 };

export interface CellSetup {
  /** Milliseconds that a scrape may take. */
  deadline?: number;
  requestTimeoutMs?: number;
  /** Projects on a page of Keystone's. */
  projectPageSize?: number;
  /** Each domain that is hit reaches both services at addresses of its own, over TLS if there is a certificate. */
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

/** A domain of the file. */
interface Member {
  label: string;
  id: string;
  userId: string;
  /** Of each server. */
  server: Usage;
  servers: number;
}

/** One cloud with a domain that a fault hits and others that are well, and the collector on it. */
export class Cell {
  readonly place: Place;
  readonly clock = new ShiftedClock();
  readonly log = new RecordingLogger();
  /** The simulator's clock is that much ahead of ours. */
  ahead = 0;
  sim!: Simulator;
  /** What the line of a domain that is hit says of its cloud beside the right addresses. */
  wrong: Partial<Domain['cloud']> = {};
  readonly doors: Record<'identity' | 'compute', Door> | null = null;
  attempts = 0;
  readonly #world = new World();
  readonly #setup: CellSetup;
  readonly #collector: Collector;
  readonly #sick: Member;
  readonly #others: Member[];

  private constructor(place: Place, setup: CellSetup) {
    this.place = place;
    this.#setup = setup;
    const members = this.#populate();
    this.#sick = members[0]!;
    this.#others = members.slice(1);
    const nothing = (): void => undefined;
    this.#collector = new Collector({
      settings: {
        ...SETTINGS,
        timeoutMs: 60_000,
        requestTimeoutMs: setup.requestTimeoutMs ?? 12_000,
        counting: 'quota',
        strategy: place.strategy,
      },
      passwords: new Passwords(new SecretVariables({})),
      clock: this.clock,
      random: () => 0.5,
      log: this.log,
      observer: { attempt: () => (this.attempts += 1), login: nothing, error: nothing },
    });
  }

  /** Opens a cell, and closes it when the body has ended. */
  static async with(place: Place, setup: CellSetup, body: (cell: Cell) => Promise<void>): Promise<void> {
    const cell = new Cell(place, setup);
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
    if (doors !== undefined) {
      const certificate = doors === 'plain' ? null : doors;
      const made = {
        identity: new Door(this.sim.port, certificate),
        compute: new Door(this.sim.port, certificate),
      };
      await Promise.all([made.identity.open(), made.compute.open()]);
      Object.assign(this, { doors: made });
    }
    if (this.place.isWarm) this.#checkAll((await this.scrape()).snapshot);
  }

  async #close(): Promise<void> {
    this.doors?.identity.close();
    this.doors?.compute.close();
    await this.sim.close();
    await this.#collector.close();
  }

  /** In an order that makes the pages of the whole cloud what `OF_A_PAGE` says, from the newest server to the oldest. */
  #populate(): Member[] {
    const world = this.#world;
    const stranger = world.addDomain({ name: 'stranger' });
    const strangers = world.addProject({ domainId: stranger.id, name: 'main' }).id;
    const sick = this.#addDomain('sick', this.place.projects, SICK);
    const others = this.place.others.map((name) => this.#addDomain(name, { main: OTHERS_SERVERS }, OTHERS[name]!));
    const add = (queue: string[], count: number, server: Usage): void => {
      for (const projectId of queue.splice(0, count)) world.addServer({ projectId, ...server });
    };
    add([strangers], 1, STRANGER);
    add(sick.queue, sick.servers - 2 * OTHERS_SERVERS, SICK);
    for (let page = 0; page < OTHERS_SERVERS; page += 1) {
      for (const { queue, server } of others) add(queue, 1, server);
      add(sick.queue, 2, SICK);
    }
    return [sick, ...others];
  }

  /** `queue`: the project of each server that is to come. */
  #addDomain(label: string, projects: Record<string, number>, server: Usage): Member & { queue: string[] } {
    const world = this.#world;
    const { id } = world.addDomain({ name: label });
    const roles: Record<string, string> = {};
    const queue: string[] = [];
    for (const [project, servers] of Object.entries(projects)) {
      const projectId = world.addProject({ domainId: id, name: project }).id;
      roles[projectId] = this.place.role;
      queue.push(...Array<string>(servers).fill(projectId));
    }
    const user = world.addUser({ domainId: id, name: 'boss', password: 'right', roles });
    return { label, id, userId: user.id, server, servers: queue.length, queue };
  }

  /** Brings the fault to this cell's stage of each domain that is hit. */
  hit(fault: FaultKind & { times?: number; page?: 'first' | 'later' }): void {
    const { match, hitsAll } = this.place;
    this.sim.faults.add({ ...match, ...fault, ...(hitsAll ? {} : { domainId: this.#sick.id }) });
  }

  /** Changes the right answers of the stage. */
  edit(edit: (answer: Answer) => Answer, page?: 'first' | 'later'): void {
    this.hit({ kind: 'edit', edit, ...(page ? { page } : {}) });
  }

  /** Does something right before the domain first comes to this stage. */
  before(action: () => void): void {
    const { preceding } = this.place;
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
    return this.doors[this.service];
  }

  /** A login that was sent outlives its scrape, since its token serves the next one: ends it from the other side. */
  async cutLogin(): Promise<void> {
    await until('nothing but the login in flight', 20_000, () => this.sim.inFlight === 1);
    const { attempts } = this;
    this.doors?.identity.cut();
    await until('the login is over', 20_000, () => this.attempts > attempts);
  }

  get service(): 'identity' | 'compute' {
    return this.place.service;
  }

  revokeTokens(): void {
    this.sim.revokeTokens(this.#sick.userId);
  }

  /** Password logins of the domain that is hit. */
  get logins(): number {
    return this.#world.users.get(this.#sick.userId)?.attempts ?? 0;
  }

  #line({ label, id }: Member, cloud: Partial<Domain['cloud']>): Domain {
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
    const hit = { ...own, ...this.wrong };
    const list = makeList([
      this.#line(this.#sick, hit),
      ...this.#others.map((other) => this.#line(other, this.place.hitsAll ? hit : {})),
    ]);
    // A busy machine makes this one late too, by as much.
    let due = Infinity;
    const timer = setTimeout(() => (due = performance.now()), deadline);
    const snapshot = await this.#collector.snapshot(list, deadline, new AbortController().signal);
    clearTimeout(timer);
    return { snapshot, lateMs: performance.now() - due };
  }

  /**
   * A scrape under the fault: the domain that is hit fares as it should, each other one is exact, or tells of a listing
   * that they share, the totals are the sum, the answer comes in time, and no storm of requests was needed.
   * @param what names the fault where a cell has several
   * @param expected of each domain: `ok`, `failed <stage> <reason> [<status>]`, or
   *   `partial <servers> <stage> <reason> [<status>]`
   */
  async suffer(expected: Outcome, what = ''): Promise<void> {
    this.attempts = 0;
    this.sim.clear();
    const loginsBefore = this.logins;
    const { snapshot, lateMs } = await this.scrape();
    const messages = snapshot.domains.flatMap(({ errors }) => errors.map(({ message }) => message));
    expect(this.#told(snapshot), [what, ...messages].join('; ')).to.deep.equal(expected.told);
    this.#checkFigures(snapshot);
    expect(snapshot.complete).to.equal(expected.told.every((told) => told === 'ok'));
    expect(lateMs, 'milliseconds beyond the deadline').to.be.below(1000);
    if (expected.listers !== null) this.#checkListers(expected.listers);
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
    this.#checkAll((await this.scrape()).snapshot);
    await until('nothing in flight', 20_000, () => this.sim.inFlight === 0);
    const odd = this.sim.unknownPaths.filter((path) => !path.includes('/elsewhere'));
    expect(odd).to.deep.equal([]);
  }

  get #members(): Member[] {
    return [this.#sick, ...this.#others];
  }

  /** What the snapshot tells of each domain. */
  #told(snapshot: Snapshot): string[] {
    return this.#members.map(({ label, server }) => told(of(snapshot, label), server));
  }

  /** All domains are well. */
  #checkAll(snapshot: Snapshot): void {
    expect(this.#told(snapshot)).to.deep.equal(this.#members.map(() => 'ok'));
    expect(snapshot.complete).to.equal(true);
    this.#checkFigures(snapshot);
    expect(of(snapshot, 'well').strategy).to.equal(this.place.strategy);
  }

  /** Each domain's figures are those of so many of its servers, of all if it is well, and the totals are the sum. */
  #checkFigures(snapshot: Snapshot): void {
    const sum = { vcpus: 0, ramMb: 0 };
    for (const { label, server, servers } of this.#members) {
      const { result, usage } = of(snapshot, label);
      if (usage === null) continue;
      const count = result === 'ok' ? servers : usage.vcpus / server.vcpus;
      expect(usage).to.deep.equal({ vcpus: count * server.vcpus, ramMb: count * server.ramMb });
      sum.vcpus += usage.vcpus;
      sum.ramMb += usage.ramMb;
    }
    const isNone = snapshot.domains.every(({ result }) => result === 'failed');
    if (isNone) expect(snapshot.totals).to.equal(null);
    else expect(snapshot.totals).to.deep.include(sum);
  }

  /** The domain that is hit began the shared listing, and then, where there are to be two, one other domain. */
  #checkListers(count: number): void {
    // A token that is worth nothing is nobody's.
    const first = this.sim.calls.filter(
      ({ route, marker, path, domainId }) => route === 'servers' && !marker && path.endsWith('/detail') && domainId,
    );
    const listers = [...new Set(first.map(({ domainId }) => domainId))];
    expect(listers[0]).to.equal(this.#sick.id);
    expect(listers).to.have.length(count);
  }
}

/** What the snapshot tells of a domain, in one line. */
function told({ result, usage, errors }: DomainSnapshot, server: Usage): string {
  const servers = result === 'partial' ? [(usage?.vcpus ?? NaN) / server.vcpus] : [];
  const all = errors.map(({ stage, reason, status }) =>
    [stage, reason, ...(status === null ? [] : [status])].join(' '),
  );
  return [result, ...servers, ...all].join(' ');
}
