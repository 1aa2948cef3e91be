import { type Simulator, type SimulatorSettings, startSimulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';

/* A bare HTTP client and a small world, shared by the tests of the simulator. */

interface Link {
  rel: string;
  href: string;
}

/** All that an answer may hold; a test that names what is not there fails. */
interface Body {
  servers: { id: string; name: string; status: string; updated: string; flavor: Record<string, unknown> }[];
  servers_links: Link[] | undefined;
  limits: { absolute: Record<string, number> };
  projects: { id: string; name: string }[];
  domains: { id: string; name: string }[];
  links: { next: string };
  truncated: boolean | undefined;
  catalog: CatalogEntry[];
  token: {
    issued_at: string;
    expires_at: string;
    project: unknown;
    domain: unknown;
    roles: { name: string }[];
    catalog: CatalogEntry[];
    methods: string[];
    application_credential: { id: string; name: string; restricted: boolean } | undefined;
  };
  version: { version: string };
  tenant_usage: Usage;
  tenant_usage_links: Link[] | undefined;
  tenant_usages: Usage[] | undefined;
  tenant_usages_links: Link[] | undefined;
  badRequest: { message: string };
  forbidden: { message: string };
  computeFault: { message: string };
  error: { message: string };
}

interface Usage {
  tenant_id: string;
  server_usages: { name: string; instance_id: string; tenant_id: string; state: string; hours: number }[] | undefined;
  total_hours: number;
  start: string;
  stop: string;
}

interface CatalogEntry {
  type: string;
  endpoints: { region: string; url: string }[];
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  json: Body;
}

/** Undefined for what is no JSON: looking into it fails the test. */
function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined as unknown as Body;
  }
}

export async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

export function post(url: string, body: unknown): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text });
}

/** Body of a password login, to the domain's project of the same name unless told otherwise. */
export function loginBody(domainId: string, user = 'boss', password = 'right', project = 'main'): unknown {
  const domain = { id: domainId };
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { name: user, domain, password } } },
      scope: { project: { name: project, domain } },
    },
  };
}

export function applicationBody(id: string, secret: string): { auth: Record<string, unknown> } {
  return { auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } } };
}

export function rescopeBody(token: string, projectId: string): unknown {
  return { auth: { identity: { methods: ['token'], token: { id: token } }, scope: { project: { id: projectId } } } };
}

export async function login(sim: Simulator, domainId: string): Promise<string> {
  const reply = await post(`${sim.authUrl}/auth/tokens`, loginBody(domainId));
  return reply.headers.get('x-subject-token') ?? `refused with ${reply.status}`;
}

export function get(url: string, token: string, version?: string): Promise<Reply> {
  const headers: Record<string, string> = { 'X-Auth-Token': token };
  if (version) headers['OpenStack-API-Version'] = `compute ${version}`;
  return ask(url, { headers });
}

export function names(reply: Reply): string[] {
  return reply.json.servers.map((server) => server.name);
}

export interface Stage {
  world: World;
  sim: Simulator;
  /** Moves the simulator's clock. */
  clock: { now: number };
  /** Ids: two domains, in each the projects `main` and `side` and the user `boss`. */
  acme: { id: string; main: string; side: string };
  globex: { id: string; main: string; side: string };
}

function addDomain(world: World, name: string, role: string): Stage['acme'] {
  const { id } = world.addDomain({ name });
  const main = world.addProject({ domainId: id, name: 'main' }).id;
  const side = world.addProject({ domainId: id, name: 'side' }).id;
  world.addUser({ domainId: id, name: 'boss', password: 'right', roles: { [main]: role, [side]: role } });
  for (const [project, label] of [
    [main, 'main'],
    [side, 'side'],
  ] as const) {
    world.addServer({ projectId: project, name: `${name}-${label}`, vcpus: 2, ramMb: 4096 });
  }
  return { id, main, side };
}

const running: Simulator[] = [];

/** Two domains whose users hold `role`, behind a simulator that `stopAll` ends. */
export async function stage(role = 'member', settings: Partial<SimulatorSettings> = {}): Promise<Stage> {
  const world = new World({ seed: 'test' });
  const acme = addDomain(world, 'acme', role);
  const globex = addDomain(world, 'globex', role);
  const clock = { now: Date.UTC(2026, 10, 22) };
  const sim = await startSimulator({ world, now: () => clock.now, ...settings });
  running.push(sim);
  return { world, sim, clock, acme, globex };
}

export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((sim) => sim.close()));
}

/** Waits for something that other events of this process bring about. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
