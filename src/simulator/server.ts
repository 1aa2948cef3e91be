import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Faults } from './faults.js';
import { handle } from './handler.js';
import { type CloudOptions, DEFAULT_OPTIONS } from './options.js';
import { type Call, Recorder } from './recorder.js';
import { RenderedAnswers } from './rendered.js';
import type { Route } from './request.js';
import { TokenStore } from './tokens.js';
import type { World } from './world.js';

export type { Answer } from './answer.js';
export type { CloudOptions } from './options.js';
export { Faults } from './faults.js';
export type { Fault, FaultKind, FaultMatch, Framing } from './faults.js';
export type { Call } from './recorder.js';
export type { Route } from './request.js';

export interface SimulatorSettings extends Partial<CloudOptions> {
  world: World;
  /** Default: any free port of 127.0.0.1. */
  listen?: { host: string; port: number };
  /** Milliseconds; decides when tokens end. Default: the real clock. */
  now?: () => number;
}

/** A running cloud. Keystone is at `authUrl`, Nova at `computeUrl`, both on one port. */
export interface Simulator {
  /** `http://127.0.0.1:port/v3` */
  readonly authUrl: string;
  /** `http://127.0.0.1:port/v2.1` */
  readonly computeUrl: string;
  readonly port: number;
  readonly world: World;
  readonly faults: Faults;
  /** May be changed at any time. */
  readonly options: CloudOptions;
  /** Requests in the order of their arrival. */
  readonly calls: readonly Call[];
  readonly counts: Readonly<Record<Route, number>>;
  /** Requests that were for nothing this cloud has, the first 100: a test should find none. */
  readonly unknownPaths: readonly string[];
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Forgets calls, counts and unknown paths. */
  clear(): void;
  /** Makes tokens worthless, as a password change does: a user's (by id), or all. */
  revokeTokens(userId?: string): void;
  /** Ends every connection at once, answered or not. */
  close(): Promise<void>;
}

/** @throws Error of `listen`, such as EADDRINUSE */
function listening(server: HttpServer, at: { host: string; port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Starts a simulated cloud over `world`, which may be changed while it runs. */
export async function startSimulator(settings: SimulatorSettings): Promise<Simulator> {
  const { world, listen = { host: '127.0.0.1', port: 0 }, now = Date.now, ...given } = settings;
  const options: CloudOptions = { ...DEFAULT_OPTIONS, ...given };
  const tokens = new TokenStore(now);
  const faults = new Faults();
  const recorder = new Recorder();
  const rendered = new RenderedAnswers();
  const parts = { cloud: { world, tokens, options }, faults, recorder, rendered, now };
  const server = createServer((request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      // A client that leaves while it still sends is no fault of ours; anything else is, and must be seen.
      if (!request.errored) process.emitWarning(error instanceof Error ? error : String(error));
      response.destroy();
    });
  });
  server.keepAliveTimeout = options.keepAliveMs;
  const { port } = await listening(server, listen);
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return {
    authUrl: `http://${host}:${port}/v3`,
    computeUrl: `http://${host}:${port}/v2.1`,
    port,
    world,
    faults,
    options,
    calls: recorder.calls,
    counts: recorder.counts,
    unknownPaths: recorder.unknownPaths,
    get inFlight() {
      return recorder.inFlight;
    },
    get peakInFlight() {
      return recorder.peakInFlight;
    },
    clear: () => {
      recorder.clear();
    },
    revokeTokens: (userId) => {
      tokens.revokeAll(userId);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
