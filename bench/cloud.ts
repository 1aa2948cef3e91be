import pLimit from 'p-limit';
import { startSimulator, type Simulator } from '../src/simulator/server.js';
import { linesOf, PASSWORD, USER } from '../test/program/rig.js';
import { attend } from './child.js';
import type { Requests } from './formula.js';
import { planOf, readyStep, tokenKey, type ReadyStep, type Step } from './plan.js';
import type { BenchStrategy, Size } from './scenarios.js';
import { benchWorld, type Truth } from './world.js';

/* The simulated cloud, in a process of its own. */

/** No token may end, and no connection, while a case is measured. */
const TOKEN_SECONDS = 24 * 3600;
const KEEP_ALIVE_MS = 3_600_000;
const LOGINS_AT_ONCE = 16;

/** What the cloud saw since it was told to forget. */
export interface Seen {
  requests: Requests;
  /** Of all answers' bodies. */
  bytes: number;
  peakInFlight: number;
  /** Part of the time in which the simulator's event loop had something to do, from 0 to 1: near 1, it is the bottleneck. */
  busy: number;
}

let simulator: Simulator | null = null;
let slow = { domainId: '', ms: 0 };
/** Servers that changed since the start. */
let changes = 0;
let mark = performance.eventLoopUtilization();

function running(): Simulator {
  if (!simulator) throw new Error('the cloud was not started');
  return simulator;
}

function forget(): void {
  running().clear();
  mark = performance.eventLoopUtilization();
}

/** Sets how long answers wait; the slow domain's wait longer wherever any do. */
function pace(latencyMs: number): void {
  const { options, faults } = running();
  options.latencyMs = latencyMs;
  faults.clear();
}

/** A token of the step's project, by a login of its own: the record holds no token. */
async function tokenFor({ domainId, projectId }: Step): Promise<string> {
  const user = { name: USER, domain: { id: domainId }, password: PASSWORD };
  const auth = { identity: { methods: ['password'], password: { user } }, scope: { project: { id: projectId } } };
  const response = await fetch(`${running().authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  await response.text();
  const token = response.headers.get('x-subject-token');
  if (token === null) throw new Error(`no token for a project: HTTP ${response.status}`);
  return token;
}

const handlers = {
  /** @returns the auth URL, the lines of domains.txt, and what a scrape has to tell */
  async start(plan: { size: Size; strategy: BenchStrategy; slowMs: number; changed: number }) {
    const { world, truth } = benchWorld(plan.size, plan.strategy);
    simulator = await startSimulator({
      world,
      tokenSeconds: TOKEN_SECONDS,
      keepAliveMs: KEEP_ALIVE_MS,
      renderOnce: plan.changed === 0,
    });
    // Nothing of it is new.
    world.advance(3_600_000);
    const last = [...world.domains.values()].at(-1);
    slow = { domainId: last?.id ?? '', ms: plan.slowMs };
    const started: Started = { authUrl: simulator.authUrl, lines: linesOf(world), truth, slowDomain: last?.name ?? '' };
    return started;
  },

  /** From now on each answer waits so many milliseconds, and those to the slow domain longer. */
  pace(latencyMs: number): void {
    pace(latencyMs);
    if (slow.ms > 0) running().faults.add({ kind: 'slow', ms: slow.ms, domainId: slow.domainId });
  },

  /** A minute goes by, in which so many servers were stopped or started: what they use stays as it is. */
  change(count: number): void {
    const { world } = running();
    world.advance(60_000);
    const servers = world.servers.listed({ kind: 'cloud' });
    for (let i = 0; i < count; i += 1) {
      const server = servers[(changes++ * 7919) % servers.length];
      if (server) world.changeServer(server.id, { status: server.status === 'ACTIVE' ? 'SHUTOFF' : 'ACTIVE' });
    }
  },

  /** Nobody waits any more: for what is not measured. */
  hurry(): void {
    pace(0);
  },

  forget,

  seen(): Seen {
    const { counts, calls, peakInFlight, unknownPaths } = running();
    const [unknown] = unknownPaths;
    if (unknown !== undefined) throw new Error(`the cloud has no ${unknown}`);
    const requests: Requests = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    const bytes = calls.reduce((sum, call) => sum + call.bytes, 0);
    return { requests, bytes, peakInFlight, busy: performance.eventLoopUtilization(mark).utilization };
  },

  /** What was asked since the last `forget`, ready to be asked again. */
  async plan(): Promise<ReadyStep[]> {
    const steps = planOf(running().calls);
    const origin = new URL(running().authUrl).origin;
    const owners = new Map(steps.map((step) => [tokenKey(step), step]));
    const limit = pLimit(LOGINS_AT_ONCE);
    const tokens = new Map<string, string>();
    await Promise.all([...owners].map(([key, step]) => limit(async () => void tokens.set(key, await tokenFor(step)))));
    forget();
    return steps.map((step) => readyStep(step, origin, tokens.get(tokenKey(step)) ?? ''));
  },
};

interface Started {
  authUrl: string;
  lines: string;
  truth: Truth;
  /** Its label; the slow one, where one is slow. */
  slowDomain: string;
}

export type CloudProcess = typeof handlers;
attend(handlers);
