import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, type CloudOptions, type Simulator, startSimulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import type { SnapshotJson } from '../../src/web/json.js';
import { listeningUrl, Program } from '../helpers/program.js';

/* A simulated cloud in this process, and the real program on it. */

export const USER = 'exporter';
export const PASSWORD = 'right-Horse-7';

export interface DomainPlan {
  name: string;
  /** Of the user in every project of the domain. */
  role?: string;
  password?: string;
  /** Servers in each project; the first is the login's, and is named as the domain. */
  projects?: number[];
}

/** Servers are 1 vCPU and 512 MB each, so that figures can be told from counts. */
export function addDomain(world: World, plan: DomainPlan): string {
  const { name, role = 'member', password = PASSWORD, projects = [2] } = plan;
  const { id } = world.addDomain({ name });
  const roles: Record<string, string> = {};
  projects.forEach((servers, i) => {
    const project = world.addProject({ domainId: id, name: i === 0 ? name : `${name}-${i + 1}` });
    roles[project.id] = role;
    world.addServers(servers, { projectId: project.id });
  });
  world.addUser({ domainId: id, name: USER, password, roles });
  return id;
}

export function worldOf(...plans: DomainPlan[]): World {
  const world = new World();
  for (const plan of plans) addDomain(world, plan);
  return world;
}

/** Lines of domains.txt for every domain of the world, or those named. */
export function linesOf(world: World, ...names: string[]): string {
  return [...world.domains.values()]
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map(({ id, name }) => `${id} name=${name}\n`)
    .join('');
}

export interface RigOptions {
  world: World;
  cloud?: Partial<CloudOptions>;
  /** Content of domains.txt; by default a line for each domain. */
  lines?: string;
  args?: string[];
  env?: Record<string, string>;
}

/** A page of metrics: values by series, as they are written. */
export class Page {
  readonly text: string;
  readonly #values = new Map<string, number>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split('\n')) {
      const match = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line);
      if (match) this.#values.set(match[1]!, Number(match[2]));
    }
  }

  get(series: string): number | undefined {
    return this.#values.get(series);
  }

  of(family: string, domain: string): number | undefined {
    return this.get(`${family}{domain="${domain}"}`);
  }

  get complete(): number | undefined {
    return this.get('vhi_snapshot_complete');
  }

  /** Names with labels of all series that begin like that. */
  series(start: string): string[] {
    return [...this.#values.keys()].filter((name) => name.startsWith(start));
  }
}

/** How many of the calls were for this route. */
export function countOf(calls: readonly Call[], route: Call['route']): number {
  return calls.filter((call) => call.route === route).length;
}

export interface ScrapeOptions {
  /** Seconds that the scraper waits. */
  timeout?: number;
  signal?: AbortSignal;
}

/** One that was kept may be cut off by the daemon just as it is used again, after which `fetch`, unlike Prometheus, fails. */
const OWN_CONNECTION = { Connection: 'close' };

function headers({ timeout }: ScrapeOptions): Record<string, string> {
  return timeout === undefined
    ? OWN_CONNECTION
    : { ...OWN_CONNECTION, 'X-Prometheus-Scrape-Timeout-Seconds': String(timeout) };
}

/** The parts of a test, which end with it. */
export class Rig {
  readonly simulator: Simulator;
  readonly folder: string;
  readonly program: Program;
  /** Every answer that the exporter gave. */
  readonly answers: string[] = [];
  url = '';

  constructor(parts: { simulator: Simulator; folder: string; program: Program }) {
    this.simulator = parts.simulator;
    this.folder = parts.folder;
    this.program = parts.program;
  }

  get world(): World {
    return this.simulator.world;
  }

  get file(): string {
    return join(this.folder, 'domains.txt');
  }

  async metrics(options: ScrapeOptions = {}): Promise<Page> {
    const { signal = null } = options;
    const response = await fetch(`${this.url}/metrics`, { headers: headers(options), signal });
    const text = await response.text();
    this.answers.push(text);
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}: ${text}`);
    return new Page(text);
  }

  async snapshot(options: ScrapeOptions = {}): Promise<SnapshotJson> {
    const response = await fetch(`${this.url}/api/v1/snapshot`, { headers: headers(options) });
    const text = await response.text();
    this.answers.push(text);
    return JSON.parse(text) as SnapshotJson;
  }

  /** The calls since the last time that this was asked; none may have been for what the cloud has not. */
  takeCalls(): Call[] {
    const calls = [...this.simulator.calls];
    const [unknown] = this.simulator.unknownPaths;
    if (unknown !== undefined) throw new Error(`the cloud has no ${unknown}`);
    this.simulator.clear();
    return calls;
  }
}

/** The environment that points the program to a simulator. */
export function cloudEnv(simulator: Pick<Simulator, 'authUrl'>): Record<string, string> {
  return { VHI_AUTH_URL: simulator.authUrl, VHI_USERNAME: USER, VHI_PASSWORD: PASSWORD };
}

export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'vhi-program-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A simulator, a folder with domains.txt, and no program yet. */
export async function withCloud<T>(
  options: RigOptions,
  body: (cloud: { simulator: Simulator; folder: string; env: Record<string, string>; args: string[] }) => Promise<T>,
): Promise<T> {
  const simulator = await startSimulator({ world: options.world, ...options.cloud });
  try {
    return await withFolder(async (folder) => {
      const file = join(folder, 'domains.txt');
      await writeFile(file, options.lines ?? linesOf(options.world), { mode: 0o600 });
      const env = { ...cloudEnv(simulator), ...options.env };
      return body({ simulator, folder, env, args: [`--domains.file=${file}`, ...(options.args ?? [])] });
    });
  } finally {
    await simulator.close();
  }
}

/** A simulator and a daemon on it, both ended at the end. */
export async function withRig(options: RigOptions, body: (rig: Rig) => Promise<void>): Promise<void> {
  await withCloud(options, async ({ simulator, folder, env, args }) => {
    const program = new Program(['--web.listen-address=127.0.0.1:0', ...args], { env });
    const rig = new Rig({ simulator, folder, program });
    try {
      rig.url = await listeningUrl(program);
      await body(rig);
    } finally {
      await program.kill();
    }
  });
}
