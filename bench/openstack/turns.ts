import { cpus } from 'node:os';
import type { Scrape } from './watched.js';

/** One of those that take turns, with all that was measured of it. */
export interface Series {
  name: string;
  /** From round to round. */
  ms: number[];
  /** CPU time that the whole machine spent meanwhile: the cloud, its client, and whatever else runs. */
  cpuMs: number[];
  /** Of its last round; null where it is no scrape. */
  scrape: Scrape | null;
  /** Of Nova's answers; null where nobody counted. */
  bytes: number | null;
}

/** One that takes part: measures itself once. */
export interface Contender {
  name: string;
  run: () => Promise<{ ms: number; bytes?: number } | Scrape>;
}

/** All of them once in each round, and another one first in each: none always follows the same. */
export async function takeTurns(rounds: number, contenders: readonly Contender[]): Promise<Series[]> {
  const series = contenders.map(({ name }): Series => ({ name, ms: [], cpuMs: [], scrape: null, bytes: null }));
  const both = contenders.map(({ run }, i) => ({ run, one: series[i] }));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % both.length;
    for (const { run, one } of [...both.slice(first), ...both.slice(0, first)]) {
      const before = cpuMs();
      const measured = await run();
      one?.cpuMs.push(cpuMs() - before);
      one?.ms.push(measured.ms);
      if (one && 'asked' in measured) one.scrape = measured;
      if (one && 'bytes' in measured) one.bytes = measured.bytes ?? null;
    }
    const shown = series.map(({ name, ms }) => `${name} ${(ms.at(-1) ?? NaN).toFixed(0)}`).join(', ');
    process.stderr.write(`  round ${round + 1} of ${rounds}, ms: ${shown}\n`);
  }
  return series;
}

/** Of all processors since the machine was started. */
function cpuMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}
