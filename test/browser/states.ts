import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { World } from '../../src/simulator/world.js';
import { until } from '../helpers/program.js';
import { linesOf, PASSWORD, type Rig, type RigOptions, USER, withRig } from '../program/rig.js';

/* What the status page may have to show. */

interface Tenant {
  name: string;
  /** Servers in each project; the first is the login's. */
  projects: number[];
  password?: string;
}

const FLAVORS = [
  { vcpus: 2, ramMb: 4096 },
  { vcpus: 4, ramMb: 16384 },
  { vcpus: 1, ramMb: 2048 },
  { vcpus: 8, ramMb: 32768 },
  { vcpus: 16, ramMb: 65536 },
];

export function cloudOf(...tenants: Tenant[]): World {
  const world = new World();
  for (const { name, projects, password = PASSWORD } of tenants) {
    const { id } = world.addDomain({ name });
    const roles: Record<string, string> = {};
    projects.forEach((servers, i) => {
      const project = world.addProject({ domainId: id, name: i === 0 ? name : `${name}-${i + 1}` });
      roles[project.id] = 'member';
      world.addServers(servers, (n) => ({ projectId: project.id, ...FLAVORS[(n * 7 + i + name.length) % 5] }));
    });
    world.addUser({ domainId: id, name: USER, password, roles });
  }
  return world;
}

export const demoCloud = (): World =>
  cloudOf(
    { name: 'acme', projects: [34, 12, 8] },
    { name: 'globex', projects: [21, 17] },
    { name: 'initech', projects: [9, 14, 5] },
    { name: 'umbrella', projects: [41, 6, 13, 3] },
    { name: 'hooli', projects: [18] },
    { name: 'vandelay', projects: [4, 2] },
  );

export const domainId = (world: World, name: string): string => world.findDomain({ name })!.id;

/** As domains.txt wants it. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

export const NASTY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'O\'Neil & Söhne "Ltd" \\ &lt;b&gt;',
  'right \u202eto left\u202c',
  'שלום עולם 123',
  'a'.repeat(180),
  '云 計算 🌧',
  'javascript:alert(1)',
  '${alert(1)} {{7*7}}',
  'main',
];

export interface State {
  rig: RigOptions;
  /** Brings the exporter there. */
  arrange: (rig: Rig) => Promise<void>;
  /** The badge of the totals. */
  word: string;
  /** What /api/v1/snapshot answers. */
  apiStatus?: number;
}

/** Long enough for all that answers at all. */
const ARGS = ['--collect.timeout=1500ms'];
const scrape = async (rig: Rig): Promise<void> => {
  await rig.metrics();
};

/** Globex is refused, a project of initech fails, and one of umbrella hangs. */
export function arrangePartial(rig: Rig): Promise<void> {
  const { world, simulator } = rig;
  const second = (name: string): string => world.findProject(domainId(world, name), `${name}-2`)!.id;
  world.findUser(domainId(world, 'globex'), USER)!.password = 'another';
  const body = JSON.stringify({ computeFault: { code: 500, message: 'Unexpected API Error.' } });
  simulator.faults.add({ kind: 'status', status: 500, body, route: 'servers', projectId: second('initech') });
  simulator.faults.add({ kind: 'hang', route: 'servers', projectId: second('umbrella') });
  return scrape(rig);
}

const named = (world: World, label: (name: string) => string): string =>
  [...world.domains.values()].map(({ id, name }) => `${id} name=${quoted(label(name))} project=${name}\n`).join('');

function nasty(): State {
  const world = cloudOf(...NASTY.map((_, i) => ({ name: `t${i}`, projects: [i + 1] })));
  return {
    rig: { world, lines: named(world, (name) => NASTY[Number(name.slice(1))]!), args: ARGS },
    word: 'Partial',
    arrange: async (rig) => {
      for (const name of ['t0', 't1', 't2', 't5', 't7']) rig.world.findUser(domainId(world, name), USER)!.locked = true;
      await scrape(rig);
    },
  };
}

export function many(count: number): State {
  const world = cloudOf(
    ...Array.from({ length: count }, (_, i) => ({
      name: `tenant-${String(i + 1).padStart(4, '0')}`,
      projects: [(i * 3) % 7],
      ...(i % 50 === 7 ? { password: 'another' } : {}),
    })),
  );
  return { rig: { world, args: ['--collect.timeout=60s'] }, word: 'Partial', arrange: scrape };
}

function badLines(): State {
  const world = demoCloud();
  const lines = `${linesOf(world)}0123456789abcdef nmae=oscorp\n${domainId(world, 'acme')} name=acme-again\nfedcba9876543210 name="un\n`;
  return { rig: { world, lines, args: ARGS }, word: 'Partial', arrange: scrape };
}

export const STATES: Readonly<Record<string, () => State>> = {
  never: () => ({
    rig: { world: demoCloud(), args: ARGS },
    word: 'Waiting',
    arrange: () => Promise.resolve(),
  }),
  'all-well': () => ({ rig: { world: demoCloud(), args: ARGS }, word: 'Complete', arrange: scrape }),
  partial: () => ({ rig: { world: demoCloud(), args: ARGS }, word: 'Partial', arrange: arrangePartial }),
  'all-failed': () => ({
    rig: { world: demoCloud(), args: ARGS },
    word: 'Failed',
    apiStatus: 503,
    arrange: async (rig) => {
      rig.simulator.faults.add({ kind: 'status', status: 503, route: 'login' });
      await scrape(rig);
    },
  }),
  'bad-lines': badLines,
  'no-good-line': () => ({
    rig: { world: demoCloud(), args: ARGS },
    word: 'Complete',
    arrange: async (rig) => {
      await scrape(rig);
      await writeFile(rig.file, 'acme\tname=acme colour=blue\n<b>bold</b> name=x\n');
      await until('the page says so', 8000, async () => (await statusText(rig)).includes('could not be taken over'));
    },
  }),
  'file-gone': () => ({
    rig: { world: demoCloud(), args: ARGS },
    word: 'Complete',
    arrange: async (rig) => {
      await scrape(rig);
      await rm(rig.file);
      await until('the page says so', 8000, async () => (await statusText(rig)).includes('could not be taken over'));
    },
  }),
  nasty,
  '300-domains': () => many(300),
};

export async function statusText(rig: Rig): Promise<string> {
  return (await fetch(`${rig.url}/`)).text();
}

export async function withState(state: State, body: (rig: Rig) => Promise<void>): Promise<void> {
  await withRig(state.rig, async (rig) => {
    await state.arrange(rig);
    // What a collection that was cut off has still to bring home is not the page's doing.
    await until('the cloud is left alone', 5000, async () => {
      rig.takeCalls();
      await sleep(100);
      return rig.simulator.calls.length === 0;
    });
    await body(rig);
  });
}
