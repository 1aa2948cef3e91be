import { readFile } from 'node:fs/promises';
import { table } from '../src/commands/table.js';
import { number } from './report.js';

/* `npx tsx bench/profile.ts FILE.cpuprofile …`: where the time went, of the profiles that `--node-options=--cpu-prof` leaves. */

/** What of V8's format is needed. */
export interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  /** Ids of nodes, … */
  samples: number[];
  /** … and the microseconds before each. */
  timeDeltas: number[];
}

/** In whose code a sample was taken: a package, a part of Node, a folder of the program, or V8 itself. */
export function partOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName.startsWith('(') ? functionName.slice(1, -1) : 'native';
  // JSON.parse and the decoding of text have no frames of their own.
  if (functionName === 'parseJson') return 'JSON.parse';
  if (functionName === 'slice' && url === 'node:buffer') return 'decoding text';
  if (url.startsWith('node:')) return `node: ${url.replace(/^node:(internal\/)?/, '').replace(/[/].*/, '')}`;
  const [, ours] = /\/dist\/([^/]+)/.exec(url) ?? [];
  const [, theirs] = /.*\/node_modules\/([^/]+)/.exec(url) ?? [];
  return theirs ?? (ours === undefined ? url : `own: ${ours.replace(/\.js$/, '')}`);
}

/** Milliseconds by part, idle left out, the largest first. */
export function timeByPart({ nodes, samples, timeDeltas }: Profile): [part: string, ms: number][] {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [i, id] of samples.entries()) {
    const part = parts.get(id) ?? 'unknown';
    times.set(part, (times.get(part) ?? 0) + (timeDeltas[i] ?? 0) / 1000);
  }
  times.delete('idle');
  return [...times].sort(([, a], [, b]) => b - a);
}

/** The parts that took at least 1 %. */
export function profileText(profile: Profile): string {
  const times = timeByPart(profile);
  const all = times.reduce((sum, [, ms]) => sum + ms, 0);
  const rows = times
    .filter(([, ms]) => ms >= all / 100)
    .map(([part, ms]) => [part, number(ms), number((100 * ms) / all, 1)]);
  return table(['part', 'ms', '%'], [...rows, ['all that was not idle', number(all), number(100, 1)]]);
}

if (import.meta.filename === process.argv[1]) {
  for (const file of process.argv.slice(2)) {
    console.log(`${file}\n${profileText(JSON.parse(await readFile(file, 'utf8')) as Profile)}`);
  }
}
