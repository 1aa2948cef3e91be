import { mkdir, writeFile } from 'node:fs/promises';
import { constants, cpus } from 'node:os';
import { dirname } from 'node:path';
import { BadArgument, parseArguments, USAGE, type BenchOptions } from './arguments.js';
import { compare, comparisonText } from './compare.js';
import { measure, type CaseResult } from './measure.js';
import { reportText } from './report.js';
import { caseName, casesOf, type Case } from './scenarios.js';
import { countTargets, targetsOf, type Target } from './targets.js';

/* `npm run bench`: tables on stdout, what is under way on stderr, all of it as JSON in a file. */

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function inTurn<T>(cases: readonly Case[], run: (what: Case) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const what of cases) {
    const started = performance.now();
    say(`${caseName(what)} …`);
    results.push(await run(what));
    say(`${caseName(what)}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  return results;
}

/** The results, and the words for each count that is off. */
interface Outcome {
  json: unknown;
  text: string;
  off: string[];
}

const offOf = (what: Case, targets: readonly Target[]): string[] =>
  targets.filter(({ isCount, met }) => isCount && !met).map(({ name, text }) => `${caseName(what)}: ${name}: ${text}`);

async function measureAll(cases: readonly Case[]): Promise<Outcome> {
  const results = await inTurn(cases, measure);
  const withTargets = (result: CaseResult) => ({ ...result, targets: targetsOf(result) });
  return {
    json: results.map(withTargets),
    text: reportText(results),
    off: results.flatMap((result) => offOf(result, targetsOf(result))),
  };
}

async function compareAll(cases: readonly Case[], values: readonly number[]): Promise<Outcome> {
  const results = await inTurn(cases, (what) => compare(what, values));
  return {
    json: results,
    text: comparisonText(results),
    off: results.flatMap(({ formula, variants, ...what }) =>
      variants.flatMap(({ concurrency, warm }) => offOf(what, countTargets({ warm, formula, concurrency }))),
    ),
  };
}

async function run(options: BenchOptions): Promise<number> {
  const cases = casesOf(options);
  const started = new Date();
  const { json, text, off } = await (options.concurrency ? compareAll(cases, options.concurrency) : measureAll(cases));
  const machine = {
    node: process.version,
    platform: process.platform,
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? '',
  };
  const seconds = Math.round((Date.now() - started.getTime()) / 1000);
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(
    options.json,
    `${JSON.stringify({ at: started.toISOString(), seconds, machine, results: json }, null, 2)}\n`,
  );
  console.log(text);
  console.log(
    `\n${seconds} s on ${machine.cpus} CPUs (${machine.cpu}), Node ${machine.node}. Results: ${options.json}`,
  );
  for (const line of off) say(`count is off: ${line}`);
  return options.checkCounts && off.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

try {
  const options = parseArguments(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else process.exitCode = await run(options);
} catch (error) {
  if (!(error instanceof BadArgument)) throw error;
  say(`bench: ${error.message}`);
  process.exitCode = 2;
}
