import fc from 'fast-check';

import type { HttpAnswer } from '../../src/http/request.js';
import { Reading } from '../../src/openstack/reading.js';
import type { Server as Row } from '../../src/simulator/model.js';
import { nova } from '../../src/simulator/nova.js';
import { Operations } from '../../src/simulator/operations.js';
import { DEFAULT_OPTIONS } from '../../src/simulator/options.js';
import { parseAllTenants, type SimRequest } from '../../src/simulator/request.js';
import { TokenStore } from '../../src/simulator/tokens.js';
import { World } from '../../src/simulator/world.js';
import { Bench } from './bench.js';
import { answer, fail, refusal, type Sent } from './fake.js';

/* Histories of a cloud: what befalls its servers between readings, and in the midst of one. */

const LARGE = { flavorName: 'm1.large', vcpus: 8, ramMb: 16_384, diskGb: 80 };
const RESYNC_MS = 15 * 60_000;
const PROJECTS = ['p0', 'p1'];

/** Each on the nth server; what its status does not allow does not happen. */
const DEEDS = {
  boot: (on, _, n) => void on.boot({ projectId: PROJECTS[n % 2]!, vcpus: 1 + (n % 3), ramMb: 512 }),
  assign: (on, id) => void on.assign(id),
  schedule: (on, id) => void on.schedule(id),
  activate: (on, id) => void on.activate(id),
  noHost: (on, id) => void on.noHost(id),
  stop: (on, id) => void on.stop(id),
  start: (on, id) => void on.start(id),
  reboot: (on, id) => void on.reboot(id, 'hard'),
  rebooted: (on, id) => void on.rebooted(id),
  pause: (on, id) => void on.pause(id),
  resize: (on, id) => void on.resize(id, LARGE),
  confirm: (on, id) => void on.confirm(id),
  revert: (on, id) => void on.revert(id),
  shelve: (on, id) => void on.shelve(id),
  unshelve: (on, id) => void on.unshelve(id),
  rebuild: (on, id) => void on.rebuild(id),
  rebuilt: (on, id) => void on.rebuilt(id),
  softDelete: (on, id) => void on.softDelete(id),
  restore: (on, id) => void on.restore(id),
  destroy: (on, id) => on.destroy(id),
  tag: (on, id) => void on.tag(id),
  archive: (on) => void on.archive(),
  /** Deleted, and its row taken from the database before anybody looks. */
  purge: (on, id) => {
    on.destroy(id);
    on.archive();
  },
  /** Made, and in its cell before anybody looks. */
  bootAtOnce: (on, _, n) => on.assign(on.boot({ projectId: PROJECTS[n % 2]!, vcpus: 1, ramMb: 512 }).id),
} satisfies Record<string, (on: Operations, id: string, n: number) => void>;

export type Deed = { deed: keyof typeof DEEDS; n: number };
export type Step =
  /** What befalls servers between two readings. */
  | { deeds: Deed[] }
  /** Minutes go by. */
  | { minutes: number }
  /** A reading, before whose nth request something happens. */
  | { during: Deed[] }
  /** A reading whose nth request fails. */
  | { failAt: number };

const deed = fc.oneof(
  { weight: 5, arbitrary: fc.record({ deed: fc.constant('boot' as const), n: fc.nat(30) }) },
  {
    weight: 20,
    arbitrary: fc.record({ deed: fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])), n: fc.nat(30) }),
  },
);

export const history = fc.record({
  /** The cloud's API is so far ahead of the rest of it, in seconds. */
  skew: fc.integer({ min: -290, max: 290 }),
  rows: fc.integer({ min: 1, max: 5 }),
  allTenants: fc.boolean(),
  /** Whether listings are confirmed by Nova's usage report, rather than read in full. */
  isConfirmed: fc.boolean(),
  steps: fc.array(
    fc.oneof<fc.WeightedArbitrary<Step>[]>(
      { weight: 12, arbitrary: fc.record({ deeds: fc.array(deed, { minLength: 1, maxLength: 3 }) }) },
      { weight: 2, arbitrary: fc.record({ minutes: fc.constantFrom(1, 1, 1, 4, 12, 29, 31) }) },
      { weight: 3, arbitrary: fc.record({ during: fc.array(deed, { maxLength: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ failAt: fc.nat(2) }) },
    ),
    { minLength: 5, maxLength: 40 },
  ),
});

interface Setup {
  skew: number;
  rows: number;
  allTenants: boolean;
  isConfirmed: boolean;
}

export interface Shown {
  /** `project status vcpus ramMb launched` by id. */
  servers: Map<string, string>;
  /** Whether it was a full listing, or as good as one: of changes to what Nova's usage report confirms. */
  by: 'listing' | 'report' | 'changes';
}

/** A cloud in this process, and a login that reads it. */
export class Cloud {
  readonly world = new World({ seed: 'history' });
  readonly operations = new Operations(this.world);
  readonly bench = new Bench();
  /** Before each answer of Nova. */
  onRequest: () => void = () => undefined;
  readonly #allTenants: boolean;

  constructor({ skew, rows, allTenants, isConfirmed }: Setup) {
    this.#allTenants = allTenants;
    const { world, bench } = this;
    const domain = world.addDomain({ name: 'd' });
    for (const id of PROJECTS) world.addProject({ id, domainId: domain.id, name: id });
    const user = world.addUser({
      domainId: domain.id,
      name: 'u',
      password: 'p',
      roles: Object.fromEntries(PROJECTS.map((id) => [id, allTenants ? 'admin' : 'member'])),
    });
    const tokens = new TokenStore(() => world.now);
    const cloud = { world, tokens, options: { ...DEFAULT_OPTIONS, maxLimit: rows } };
    bench.tokenSeconds = 7 * 24 * 3600;
    bench.cloud.untilResync = () => RESYNC_MS;
    bench.cloud.confirmFrom = isConfirmed ? 1 : Infinity;
    bench.onGet = (sent): HttpAnswer => {
      this.onRequest();
      const { body, status } = nova(cloud, asSimulated(sent, user.id));
      if (status !== 200) return fail(refusal(status));
      return answer(JSON.parse(body), { date: new Date(world.now + skew * 1000).toUTCString() });
    };
  }

  /**
   * Where the server's status does not allow it, or there is none, nothing happens.
   * @returns ids of rows that left the database
   */
  act({ deed, n }: Deed): string[] {
    const before = this.#rows();
    const id = before[n % Math.max(1, before.length)]?.id ?? 'none';
    try {
      DEEDS[deed](this.operations, id, n);
    } catch {
      return [];
    }
    const after = new Set(this.#rows().map((row) => row.id));
    return before.filter((row) => !row.unscheduled && !after.has(row.id)).map((row) => row.id);
  }

  wait(minutes: number): void {
    this.world.advance(minutes * 60_000);
    this.bench.clock.advance(minutes * 60_000);
  }

  async read(): Promise<Shown> {
    const before = this.bench.http.sent.length;
    const reading = new Reading(this.bench.visit(), this.#allTenants ? 'cloud' : { project: PROJECTS[0]! });
    const servers = new Map<string, string>();
    for await (const page of reading.pages()) {
      for (const { id, projectId, status, vcpus, ramMb, launched } of page.servers)
        servers.set(id, `${projectId} ${status} ${vcpus} ${ramMb} ${launched}`);
    }
    const isReported = this.bench.http.sent.slice(before).some(({ line }) => line.includes('/os-simple-tenant-usage'));
    return { servers, by: reading.isFull ? 'listing' : isReported ? 'report' : 'changes' };
  }

  /** What a full listing shows now, from the books. */
  listed(): Map<string, string> {
    const rows = this.#allTenants
      ? this.world.servers.listed({ kind: 'cloud' })
      : this.world.servers.listed({ kind: 'project', id: PROJECTS[0]! });
    const text = ({ projectId, status, vcpus, ramMb, launchedAt }: Row): string =>
      `${projectId} ${status} ${vcpus} ${ramMb} ${launchedAt !== null}`;
    return new Map(rows.map((row) => [row.id, text(row)]));
  }

  /** Rows that no change tells of: they are in a cell, and nobody has touched them yet. */
  untold(): Set<string> {
    const rows = this.#rows().filter(({ updated, unscheduled }) => updated === null && !unscheduled);
    return new Set(rows.map(({ id }) => id));
  }

  #rows(): Row[] {
    return PROJECTS.flatMap((project) => this.world.servers.ofProject(project)).map((row) => ({ ...row }));
  }
}

/** The request as the simulated Nova takes it, with a good token of the project whose name the token begins with. */
function asSimulated({ request, token }: Sent, userId: string): SimRequest {
  const url = new URL(request.url);
  const resource = url.pathname.replace(/^\/v2\.1/, '');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const project = (token ?? '').replace(/-\d+$/, '');
  const projectId = project === 'home' ? PROJECTS[0]! : project;
  const issued = { id: 't', userId, projectId, methods: [], applicationCredentialId: null, auditIds: [] };
  return {
    method: 'GET',
    path: url.pathname,
    search: url.search.slice(1),
    query: url.searchParams,
    headers,
    service: 'compute',
    route: resource.startsWith('/servers') ? 'servers' : 'usage',
    resource,
    pathProjectId: null,
    auth: null,
    token: { ...issued, issuedAt: 0, expiresAt: Infinity },
    flaw: null,
    domainId: null,
    projectId,
    userName: null,
    allTenants: parseAllTenants(url.searchParams) ?? false,
    base: 'https://cloud.example:8774',
  };
}
