import { expect } from 'chai';
import fc from 'fast-check';
import { createDemoCloud } from '../../src/simulator/demo-world.js';
import { Operations } from '../../src/simulator/operations.js';
import { Faults, startSimulator } from '../../src/simulator/server.js';
import type { World } from '../../src/simulator/world.js';
import { get, login, loginBody, post, stage, stopAll } from './client.js';

/** What happens while the client reads, between one request and the next. */
type Meanwhile = () => void;

const NOTHING: Meanwhile = () => undefined;

/** A marker that is gone: the listing has to begin anew. */
class LostMarker extends Error {}

/** What a client knows that lists all once, and from then on asks for changes only. */
class PatchedMap {
  /** Rows as the API wrote them, by id. */
  readonly rows = new Map<string, string>();
  readonly #list: string;
  readonly #token: string;
  /** By Nova's clock: what happened later may not be known. */
  #asOf = '';

  constructor(computeUrl: string, token: string) {
    this.#list = `${computeUrl}/servers/detail?all_tenants=1`;
    this.#token = token;
  }

  async start(): Promise<void> {
    const { rows, date } = await this.read('');
    for (const [id, { text }] of rows) this.rows.set(id, text);
    this.#asOf = date;
  }

  /** The BUILD rows come first: a row that leaves BUILD after that is among the changes. */
  async poll(meanwhile: Meanwhile): Promise<void> {
    const isBuild = (text: string): boolean => text.includes('"status":"BUILD"');
    const known = [...this.rows].filter(([, text]) => isBuild(text)).map(([id]) => id);
    const builds = known.length === 0 ? null : await this.read('&status=BUILD', meanwhile);
    const { rows, date } = await this.read(`&changes-since=${this.#asOf}`, meanwhile);
    for (const id of known) if (!builds?.rows.has(id) && !rows.has(id)) this.rows.delete(id);
    for (const [id, { text, status }] of rows) {
      if (status === 'DELETED' || status === 'SOFT_DELETED') this.rows.delete(id);
      else this.rows.set(id, text);
    }
    this.#asOf = date;
  }

  /** Once more from the start where a marker is lost. */
  async pollAnew(meanwhile: Meanwhile): Promise<void> {
    try {
      await this.poll(meanwhile);
    } catch (error) {
      if (!(error instanceof LostMarker)) throw error;
      await this.poll(NOTHING);
    }
  }

  /** All pages of a listing, and the date of the first. */
  async read(
    filter: string,
    meanwhile: Meanwhile = NOTHING,
  ): Promise<{ rows: Map<string, { text: string; status: string }>; date: string }> {
    const rows = new Map<string, { text: string; status: string }>();
    let date: string | null = null;
    for (let url: string | undefined = this.#list + filter; url !== undefined;) {
      const { status, headers, json, text } = await get(url, this.#token, '2.69');
      if (status === 400) throw new LostMarker(text);
      date ??= new Date(headers.get('date') ?? '').toISOString();
      for (const row of json.servers) rows.set(row.id, { text: JSON.stringify(row), status: row.status });
      url = json.servers_links?.[0]?.href;
      meanwhile();
    }
    return { rows, date: date ?? '' };
  }

  /** @param lost deleted rows that were archived before they could be told of */
  async expectAll(lost: ReadonlySet<string> = new Set()): Promise<void> {
    const { rows } = await this.read('');
    const plain = [...rows].map(([, { text }]) => text).sort();
    const patched = [...this.rows].filter(([id]) => rows.has(id) || !lost.has(id)).map(([, text]) => text);
    expect(patched.sort()).to.deep.equal(plain);
  }
}

/** Lets happen to any server whatever may happen to it. */
class Fate {
  readonly archived = new Set<string>();
  readonly #world: World;
  readonly #operations: Operations;
  readonly #projects: readonly string[];

  constructor(world: World, projects: readonly string[]) {
    this.#world = world;
    this.#operations = new Operations(world);
    this.#projects = projects;
  }

  archive(): void {
    for (const id of this.#operations.archive()) this.archived.add(id);
  }

  /** The first operation from `dice` on, in a circle, that the server's status allows. */
  strike({ who, dice }: { who: number; dice: number }): void {
    const ops = this.#operations;
    const projectId = this.#projects[who % this.#projects.length]!;
    const servers = this.#projects.flatMap((project) => this.#world.servers.ofProject(project));
    const id = servers[who % Math.max(1, servers.length)]?.id ?? '';
    const size = 1 + (who % 7);
    const boot = (): unknown => ops.boot({ projectId, vcpus: size });
    const all: (() => unknown)[] = [
      ...[() => ops.schedule(id), () => ops.activate(id), () => ops.noHost(id), boot, () => ops.stop(id)],
      ...[() => ops.start(id), () => ops.pause(id), () => ops.unpause(id), () => ops.tag(id), () => ops.confirm(id)],
      ...[() => ops.revert(id), () => ops.shelve(id), () => ops.unshelve(id), () => ops.rebuild(id), boot],
      ...[() => ops.rebuilt(id), () => ops.softDelete(id), () => ops.restore(id), () => ops.reboot(id)],
      ...[() => ops.reboot(id, 'hard'), () => ops.rebooted(id), () => this.#world.advance(700), boot],
      () => ops.resize(id, { flavorName: `f${size}`, vcpus: size, ramMb: size * 512, diskGb: size }),
      () => {
        ops.destroy(id);
      },
    ];
    for (let i = 0; i < all.length; i += 1) if (succeeds(all[(dice + i) % all.length]!)) return;
  }
}

function succeeds(operation: () => unknown): boolean {
  try {
    operation();
    return true;
  } catch {
    return false;
  }
}

const stroke = fc.record({ who: fc.nat(60), dice: fc.nat(60) });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(stroke, { minLength: 1, maxLength: 5 }).map((strokes) => ({ strokes })) },
  { weight: 3, arbitrary: fc.constant({ poll: 'quiet' as const, strokes: [] }) },
  {
    weight: 2,
    arbitrary: fc.array(stroke, { minLength: 1, maxLength: 6 }).map((strokes) => ({ poll: 'busy', strokes })),
  },
  { weight: 1, arbitrary: fc.constant({ archive: true, strokes: [] }) },
);

describe('simulator: a list that is patched by changes-since', () => {
  afterEach(stopAll);

  it('is the plain list after whatever befell the servers, but for what was archived meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const { sim, world, acme } = await stage('domain_admin', { maxLimit: 3 });
        const fate = new Fate(world, [acme.main, acme.side]);
        const patched = new PatchedMap(sim.computeUrl, await login(sim, acme.id));
        await patched.start();
        for (const one of steps) {
          const strokes = [...one.strokes];
          const strike = (): void => {
            const next = strokes.shift();
            if (next) fate.strike(next);
          };
          if ('archive' in one) fate.archive();
          else if (!('poll' in one)) while (strokes.length > 0) strike();
          else await patched.pollAnew(strike);
          if ('poll' in one && one.poll === 'quiet') await patched.expectAll(fate.archived);
        }
        await patched.poll(NOTHING);
        await patched.expectAll(fate.archived);
        await sim.close();
      }),
      { numRuns: 60 },
    );
  });

  it('keeps for good what was deleted and archived between two readings', async () => {
    const { sim, world, acme } = await stage('domain_admin');
    const operations = new Operations(world);
    const { id } = world.addServer({ projectId: acme.main });
    const patched = new PatchedMap(sim.computeUrl, await login(sim, acme.id));
    await patched.start();
    operations.destroy(id);
    operations.archive();
    await patched.poll(NOTHING);
    expect(patched.rows.has(id)).to.equal(true);
    await patched.expectAll(new Set([id]));
  });

  it('is the plain list of the demo’s cloud after each of its steps', async () => {
    let state = 5;
    const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const domains = ['one', 'two', 'three', 'four', 'five'].map((name) => {
      return { id: name, name, project: 'main', user: 'boss', password: 'right' };
    });
    let now = Date.UTC(2026, 10, 22);
    const cloud = createDemoCloud({ domains, random, now: () => now });
    const sim = await startSimulator({ world: cloud.world });
    try {
      const reply = await post(`${sim.authUrl}/auth/tokens`, loginBody('five'));
      const patched = new PatchedMap(sim.computeUrl, reply.headers.get('x-subject-token') ?? '');
      await patched.start();
      for (let i = 0; i < 150; i += 1) {
        now += 3000;
        cloud.churn(new Faults());
        await patched.poll(NOTHING);
        await patched.expectAll();
      }
      expect(patched.rows.size).to.be.greaterThan(20);
      expect(cloud.world.now - now, 'not far from the time that it was given').to.be.within(0, 60_000);
    } finally {
      await sim.close();
    }
  });
});
