import http from 'node:http';
import fetch from 'node-fetch';
import pLimit from 'p-limit';
import { attend } from './child.js';
import type { ReadyStep } from './plan.js';

/* The floor: the least that any exporter with the same libraries does for the same requests. And below it what the wire takes. */

interface Body {
  servers?: {
    id: string;
    tenant_id: string;
    status: string;
    flavor: { vcpus: number; ram: number };
    'OS-SRV-USG:launched_at': string | null;
  }[];
}

let steps: ReadyStep[] = [];
let concurrency = 1;
let agent = new http.Agent();

/** Sends the steps in their order, each as soon as what it waits for is there. @returns milliseconds */
async function replay(send: (step: ReadyStep) => Promise<void>): Promise<number> {
  const limit = pLimit(concurrency);
  const done: Promise<void>[] = [];
  const started = performance.now();
  for (const step of steps) {
    const turn = (): Promise<void> => limit(send, step);
    const before = step.after === null ? undefined : done[step.after];
    done.push(before ? before.then(turn) : turn());
  }
  await Promise.all(done);
  return performance.now() - started;
}

const handlers = {
  load(plan: { steps: ReadyStep[]; concurrency: number }): void {
    ({ steps, concurrency } = plan);
    agent = new http.Agent({ keepAlive: true, maxSockets: concurrency, scheduling: 'lifo' });
  },

  /** node-fetch, JSON, and six fields of each row. @returns how many servers there were: rows may come twice */
  async floor(): Promise<{ ms: number; servers: number; cpuSeconds: number }> {
    const rows: { id: string }[] = [];
    const cpu = process.cpuUsage();
    const ms = await replay(async ({ url, method, headers, body }) => {
      const response = await fetch(url, { method, headers, body, agent });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const { servers = [] } = JSON.parse(await response.text()) as Body;
      for (const { id, tenant_id, status, flavor, 'OS-SRV-USG:launched_at': launched } of servers) {
        const row = { id, tenant_id, status, vcpus: flavor.vcpus, ram: flavor.ram, launched };
        rows.push(row);
      }
    });
    const { user, system } = process.cpuUsage(cpu);
    return { ms, servers: new Set(rows.map(({ id }) => id)).size, cpuSeconds: (user + system) / 1e6 };
  },

  /** node:http, and the bytes are thrown away. */
  async discard(): Promise<{ ms: number }> {
    const ms = await replay(
      ({ url, method, headers, body }) =>
        new Promise((resolve, reject) => {
          const request = http.request(url, { method, headers, agent }, (response) => {
            response.on('end', resolve).on('error', reject).resume();
          });
          request.on('error', reject).end(body);
        }),
    );
    return { ms };
  },
};

export type FloorProcess = typeof handlers;
attend(handlers);
