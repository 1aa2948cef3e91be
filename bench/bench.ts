import { mkdir, writeFile } from 'node:fs/promises';
import { constants, cpus } from 'node:os';
import { dirname } from 'node:path';
import { BadArgument, parseArguments, USAGE, type BenchOptions } from './arguments.js';
import { compare, comparisonText, type Comparison } from './compare.js';
import { measure, type CaseResult } from './measure.js';
import { reportText } from './report.js';
import { caseName, casesOf, type Case } from './scenarios.js';
import { countTargets, targetsOf, type Target } from './targets.js';

/* `npm run bench`: tables on stdout, what is under way on stderr, all of it as JSON in a file. */

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** What came of the cases. */
interface Outcome {
  json: unknown;
  text: string;
  /** The words for each count that is off. */
  off: string[];
}

/** One that fails does not take the others' results away. @returns results, and what went wrong */
async function inTurn<T>(
  cases: readonly Case[],
  run: (what: Case) => Promise<T>,
): Promise<{ results: T[]; failures: string[] }> {
  const results: T[] = [];
  const failures: string[] = [];
  for (const what of cases) {
    const started = performance.now();
    say(`${caseName(what)} …`);
    try {
      results.push(await run(what));
      say(`${caseName(what)}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
    } catch (error) {
      failures.push(`${caseName(what)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { results, failures };
}

const offOf = (what: Case, targets: readonly Target[]): string[] =>
  targets.filter(({ isCount, met }) => isCount && !met).map(({ name, text }) => `${caseName(what)}: ${name}: ${text}`);

function outcomeOf(results: readonly CaseResult[]): Outcome {
  return {
    json: results.map((result) => ({ ...result, targets: targetsOf(result) })),
    text: reportText(results),
    off: results.flatMap((result) => offOf(result, targetsOf(result))),
  };
}

function comparisonOf(results: readonly Comparison[]): Outcome {
  return {
    json: results,
    text: comparisonText(results),
    off: results.flatMap(({ formula, variants, ...what }) =>
      variants.flatMap((variant) => offOf(what, countTargets({ ...variant, formula }))),
    ),
  };
}

async function outcome(options: BenchOptions): Promise<Outcome & { failures: string[] }> {
  const { concurrency } = options;
  const cases = casesOf(options);
  if (concurrency) {
    const { results, failures } = await inTurn(cases, (what) => compare(what, concurrency));
    return { ...comparisonOf(results), failures };
  }
  const { results, failures } = await inTurn(cases, async (what) => {
    const result = await measure(what);
    const { warm, floor, ratio, rounds } = result;
    say(
      `  warm ${warm.ms.median.toFixed(0)} ms, floor ${floor.ms.median.toFixed(0)} ms, ratio ${ratio.toFixed(2)} (${rounds} rounds)`,
    );
    return result;
  });
  return { ...outcomeOf(results), failures };
}

async function run(options: BenchOptions): Promise<number> {
  const started = new Date();
  const { json, text, off, failures } = await outcome(options);
  const cpu = cpus();
  const machine = { node: process.version, platform: process.platform, cpus: cpu.length, cpu: cpu[0]?.model ?? '' };
  const seconds = Math.round((Date.now() - started.getTime()) / 1000);
  const file = { at: started.toISOString(), seconds, machine, results: json, failures };
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify(file, null, 2)}\n`);
  console.log(text);
  console.log(
    `\n${seconds} s on ${machine.cpus} CPUs (${machine.cpu}), Node ${machine.node}. Results: ${options.json}`,
  );
  for (const line of failures) say(`failed: ${line}`);
  for (const line of off) say(`count is off: ${line}`);
  return failures.length > 0 || (options.checkCounts && off.length > 0) ? 1 : 0;
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
