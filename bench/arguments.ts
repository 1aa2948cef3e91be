import { parseArgs } from 'node:util';
import { SCENARIO_CHOICES, SCENARIO_NAMES, scenariosOf, STRATEGIES, type Choice } from './scenarios.js';

/** A bad argument: its message is all that the user is told, and the exit code is 2. */
export class BadArgument extends Error {}

export interface BenchOptions extends Choice {
  help: boolean;
  /** Exit code 1 where a count is off. */
  checkCounts: boolean;
  /** Values of `--collect.request-concurrency` to be compared; null: the usual run. */
  concurrency: readonly number[] | null;
  /** File for the results, relative to the folder that npm runs in. */
  json: string;
}

export const USAGE = `npm run bench -- [options]

  --scenario NAME,…     ${SCENARIO_NAMES.join(', ')} (default: all of these);
                        growth (eight worlds, and a table of them), XL (a million servers, takes minutes and gigabytes)
  --strategy NAME,…     ${STRATEGIES.join(', ')} (default: as planned for the scenario)
  --latency MS,…        of each answer of the cloud (default: as planned for the scenario)
  --rounds N            measured for each case (default: as many as fit into the scenario's time)
  --full                every strategy at 0, 20 and 100 ms, with more rounds
  --concurrency N,…     compares values of --collect.request-concurrency side by side, without a floor
  --node-options="…"    of the Node that runs the exporter: --max-semi-space-size=4, --cpu-prof --cpu-prof-dir=dist/profiles
  --check-counts        ends with exit code 1 where a request is too many or too few, whatever the times
  --json FILE           results (default: dist/bench.json)
  --help`;

const OPTIONS = {
  scenario: { type: 'string' },
  strategy: { type: 'string' },
  latency: { type: 'string' },
  rounds: { type: 'string' },
  full: { type: 'boolean', default: false },
  concurrency: { type: 'string' },
  'node-options': { type: 'string', default: '' },
  'check-counts': { type: 'boolean', default: false },
  json: { type: 'string', default: 'dist/bench.json' },
  help: { type: 'boolean', default: false },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // Its further sentences are about dashes that nobody wrote.
    throw new BadArgument((error as Error).message.replace(/\.\s.*$/s, ''), { cause: error });
  }
}

/** The parts of a list with commas, each once. */
function parts(flag: string, text: string): string[] {
  const list = text.split(',').map((part) => part.trim());
  const twice = list.find((part, i) => list.indexOf(part) !== i);
  if (twice !== undefined) throw new BadArgument(`--${flag}: "${twice}" is there twice`);
  return list;
}

function namesOf<T extends string>(flag: string, text: string | undefined, allowed: readonly T[]): T[] | null {
  if (text === undefined) return null;
  return parts(flag, text).map((part) => {
    const name = allowed.find((one) => one === part);
    if (name === undefined) throw new BadArgument(`--${flag}: "${part}" is none of ${allowed.join(', ')}`);
    return name;
  });
}

function numberOf(flag: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number < least || number > 100_000) {
    throw new BadArgument(`--${flag}: "${text}" is no whole number from ${least} to 100000`);
  }
  return number;
}

function numbersOf(flag: string, text: string | undefined, least: number): number[] | null {
  return text === undefined ? null : parts(flag, text).map((part) => numberOf(flag, part, least));
}

/** @throws BadArgument */
export function parseArguments(args: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const [stray] = positionals;
  if (stray !== undefined) throw new BadArgument(`"${stray}" is no option; see --help`);
  if (values.json === '') throw new BadArgument('--json: a file is missing');
  const scenarios = namesOf('scenario', values.scenario, SCENARIO_CHOICES) ?? SCENARIO_NAMES;
  return {
    help: values.help,
    scenarios: scenarios.flatMap(scenariosOf),
    strategies: namesOf('strategy', values.strategy, STRATEGIES),
    latencies: numbersOf('latency', values.latency, 0),
    rounds: values.rounds === undefined ? null : numberOf('rounds', values.rounds, 1),
    nodeOptions: values['node-options'].split(' ').filter((option) => option !== ''),
    full: values.full,
    checkCounts: values['check-counts'],
    concurrency: numbersOf('concurrency', values.concurrency, 1),
    json: values.json,
  };
}
