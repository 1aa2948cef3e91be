import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';

import { CollectError } from '../errors.js';

/** How a server's certificate is judged; per cloud, never for the whole process. */
export interface Tls {
  /** PEM file of the only CAs to trust; null: the system's. */
  caFile: string | null;
  insecure: boolean;
}

export type Agent = http.Agent | https.Agent;

/** Keep-alive connections, one pool for each way of judging certificates. */
export class Agents {
  readonly #maxSockets: number;
  readonly #pools = new Map<string, Promise<Agent>>();

  constructor(maxSockets: number) {
    this.#maxSockets = maxSockets;
  }

  /** @throws CollectError of reason `config` when the CA file can't be read */
  pooled(url: string, tls: Tls): Promise<Agent> {
    const key = poolKey(url, tls);
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = createAgent(url, tls, { keepAlive: true, maxSockets: this.#maxSockets, scheduling: 'lifo' });
      this.#pools.set(key, pool);
      pool.catch(() => this.#pools.delete(key));
    }
    return pool;
  }

  /** An agent whose connection has not been used before, for the request that met a stale one. */
  fresh(url: string, tls: Tls): Promise<Agent> {
    return createAgent(url, tls, { keepAlive: false });
  }

  /**
   * Lets the next request read the CA file anew: a certificate that was refused may have been replaced, and the file with
   * it. Requests under way keep the pool that they have.
   */
  rereadCa(url: string, tls: Tls): void {
    if (tls.caFile !== null) this.#pools.delete(poolKey(url, tls));
  }

  async close(): Promise<void> {
    const pools = await Promise.allSettled(this.#pools.values());
    this.#pools.clear();
    for (const pool of pools) if (pool.status === 'fulfilled') pool.value.destroy();
  }
}

const isHttps = (url: string): boolean => url.startsWith('https:');

const poolKey = (url: string, { caFile, insecure }: Tls): string =>
  isHttps(url) ? `https ${insecure} ${caFile ?? ''}` : 'http';

async function createAgent(url: string, tls: Tls, options: http.AgentOptions): Promise<Agent> {
  if (!isHttps(url)) return new http.Agent(options);
  const ca = tls.caFile === null ? {} : { ca: await readCaFile(tls.caFile) };
  return new https.Agent({ ...options, ...ca, rejectUnauthorized: !tls.insecure });
}

async function readCaFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CollectError('config', `the CA file cannot be read (${code})`, { cause });
  }
}
