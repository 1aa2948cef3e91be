import http from 'node:http';
import https from 'node:https';

import { readBounded } from '../files.js';

/** How a server's certificate is judged; per cloud, never for the whole process. */
export interface Tls {
  /** PEM file of the only CAs to trust; null: the system's. */
  caFile: string | null;
  insecure: boolean;
}

export type Agent = http.Agent | https.Agent;

/** Keep-alive connections to all hosts whose certificates are judged in one way. */
interface Pool {
  agent: Agent;
  /** What the CA file held; null without one. */
  ca: Buffer | null;
  /** A certificate was refused since the file was read. */
  isDoubted: boolean;
}

const MAX_CA_BYTES = 1024 * 1024;

const readCaFile = (path: string): Promise<Buffer> => readBounded(path, 'CA file', MAX_CA_BYTES);

/** Keep-alive connections, one pool for each way of judging certificates. */
export class Agents {
  readonly #maxSockets: number;
  readonly #readCa: (path: string) => Promise<Buffer>;
  readonly #pools = new Map<string, Pool>();
  /** CA files that are being read: each but once, however long it takes. */
  readonly #pending = new Map<string, Promise<Pool>>();
  /** Agents of another CA file's day, with requests that are still under way. */
  readonly #retired = new Set<Agent>();

  constructor(maxSockets: number, readCa = readCaFile) {
    this.#maxSockets = maxSockets;
    this.#readCa = readCa;
  }

  /** @throws CollectError of reason `config` when the CA file can't be read */
  async pooled(url: string, tls: Tls): Promise<Agent> {
    return (await this.#pool(url, tls)).agent;
  }

  /** An agent whose connection has not been used before, for the request that met a stale one. */
  async fresh(url: string, tls: Tls): Promise<Agent> {
    const { ca } = await this.#pool(url, tls);
    return createAgent(url, tls, ca, { keepAlive: false });
  }

  /**
   * Lets the next request read the CA file anew: a certificate that was refused may have been replaced, and the file with
   * it. Requests under way keep the connections that they have; idle ones end if the file is another.
   */
  rereadCa(url: string, tls: Tls): void {
    const pool = this.#pools.get(poolKey(url, tls));
    if (pool && tls.caFile !== null) pool.isDoubted = true;
  }

  /** Does not wait for a CA file that is being read, which may take for ever. */
  close(): Promise<void> {
    for (const { agent } of this.#pools.values()) agent.destroy();
    for (const agent of this.#retired) agent.destroy();
    this.#pools.clear();
    this.#retired.clear();
    return Promise.resolve();
  }

  async #pool(url: string, tls: Tls): Promise<Pool> {
    const key = poolKey(url, tls);
    const pool = this.#pools.get(key);
    let pending = this.#pending.get(key);
    if (!pending) {
      if (pool && !pool.isDoubted) return pool;
      pending = this.#open(key, url, tls).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }

  async #open(key: string, url: string, tls: Tls): Promise<Pool> {
    const old = this.#pools.get(key);
    if (old) old.isDoubted = false;
    try {
      const ca = tls.caFile !== null && isHttps(url) ? await this.#readCa(tls.caFile) : null;
      if (old && sameBytes(old.ca, ca)) return old;
      const options = { keepAlive: true, maxSockets: this.#maxSockets, scheduling: 'lifo' } as const;
      const pool = { agent: createAgent(url, tls, ca, options), ca, isDoubted: false };
      if (old) this.#retire(old.agent);
      this.#pools.set(key, pool);
      return pool;
    } catch (error) {
      this.#pools.delete(key);
      if (old) this.#retire(old.agent);
      throw error;
    }
  }

  #retire(agent: Agent): void {
    endIdle(agent);
    for (const earlier of this.#retired) if (Object.keys(earlier.sockets).length === 0) this.#retired.delete(earlier);
    this.#retired.add(agent);
  }
}

const isHttps = (url: string): boolean => url.startsWith('https:');

const poolKey = (url: string, { caFile, insecure }: Tls): string =>
  isHttps(url) ? `https ${insecure} ${caFile ?? ''}` : 'http';

const sameBytes = (a: Buffer | null, b: Buffer | null): boolean => (a && b ? a.equals(b) : a === b);

function createAgent(url: string, tls: Tls, ca: Buffer | null, options: http.AgentOptions): Agent {
  if (!isHttps(url)) return new http.Agent(options);
  return new https.Agent({ ...options, ...(ca && { ca }), rejectUnauthorized: !tls.insecure });
}

/** Ends the connections that carry no request, and from now on each one with its request. */
function endIdle(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
