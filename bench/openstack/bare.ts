import { Agent, request } from 'node:http';

/* The least that a client can be: node:http, one request after another, bodies read and thrown away. */

/** What one or more requests cost. */
export interface BareCost {
  ms: number;
  /** Of the bodies. */
  bytes: number;
}

const VERSION = { 'OpenStack-API-Version': 'compute 2.69', Accept: 'application/json' };

function get(url: string, token: string, agent: Agent): Promise<number> {
  return new Promise((done, fail) => {
    const asked = request(url, { agent, headers: { ...VERSION, 'X-Auth-Token': token } }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.once('error', fail);
      answer.once('end', () => {
        if (answer.statusCode === 200) done(bytes);
        else fail(new Error(`${url}: HTTP ${answer.statusCode}`));
      });
    });
    asked.once('error', fail);
    asked.end();
  });
}

/** Asks one after another, by a connection that is kept open if the cloud does so. @throws Error but for a 200 */
export async function askInTurn(urls: readonly string[], token: string): Promise<BareCost> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const started = performance.now();
  let bytes = 0;
  try {
    for (const url of urls) bytes += await get(url, token, agent);
    return { ms: performance.now() - started, bytes };
  } finally {
    agent.destroy();
  }
}
