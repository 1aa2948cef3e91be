import { mkdir, writeFile } from 'node:fs/promises';
import { constants, cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { stopAllExporters } from '../../test/openstack/helpers/program.js';
import { expectCloud, fill, NoCloud } from './cloud.js';
import { listings, type Listings } from './listing.js';
import { race, type Race } from './race.js';
import { listingsText, raceText } from './report.js';

/* `npm run bench:openstack`: tables on stdout, what is under way on stderr, all of it as JSON in a file. */

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const PARTS = ['race', 'listing', 'both'] as const;

const USAGE = `npm run bench:openstack -- [options]

  --part NAME    ${PARTS.join(', ')} (default: both)
  --rounds N     (default: 5)
  --json FILE    results (default: dist/bench-openstack.json)
  --help`;

interface Options {
  part: (typeof PARTS)[number];
  rounds: number;
  json: string;
}

/** A bad argument: its message is all that the user is told. */
class BadArgument extends Error {}

/** null: the user wants help. @throws BadArgument */
function optionsOf(args: string[]): Options | null {
  const options = {
    part: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string', default: 'dist/bench-openstack.json' },
    help: { type: 'boolean', default: false },
  } as const;
  const { values } = parsed(() => parseArgs({ args, options }));
  const part = PARTS.find((name) => name === values.part);
  const rounds = Number(values.rounds);
  if (part === undefined) throw new BadArgument(`--part: "${values.part}" is none of ${PARTS.join(', ')}`);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new BadArgument(`--rounds: "${values.rounds}" is no number from 1`);
  return values.help ? null : { part, rounds, json: values.json };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new BadArgument((error as Error).message, { cause: error });
  }
}

interface Results {
  race: Race | null;
  listings: Listings | null;
  /** Figures of the exporter that were not exact. */
  wrong: string[];
}

async function measure({ part, rounds }: Options): Promise<Results> {
  const results: Results = { race: null, listings: null, wrong: [] };
  await expectCloud();
  say('filling the cloud …');
  const filled = await fill();
  if (part !== 'listing') {
    say('the race …');
    results.race = await race(filled, rounds, results.wrong);
  }
  if (part !== 'race') {
    say('the listing …');
    results.listings = await listings(filled, rounds, results.wrong);
  }
  return results;
}

/** @returns the exit code: 1 only where a figure is not exact, whatever the times */
async function run(options: Options): Promise<number> {
  const started = new Date();
  const results = await measure(options);
  const seconds = Math.round((Date.now() - started.getTime()) / 1000);
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '' };
  await mkdir(dirname(options.json), { recursive: true });
  const file = { at: started.toISOString(), seconds, machine, ...results };
  await writeFile(options.json, `${JSON.stringify(file, null, 2)}\n`);
  const texts = [results.race && raceText(results.race), results.listings && listingsText(results.listings)];
  console.log(texts.filter((text) => text !== null).join('\n\n'));
  console.log(
    `\n${seconds} s on ${machine.cpus} CPUs (${machine.cpu}), Node ${machine.node}. Results: ${options.json}`,
  );
  for (const line of results.wrong) say(`not exact: ${line}`);
  return results.wrong.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAllExporters().finally(() => process.exit(128 + constants.signals[signal])));
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options) process.exitCode = await run(options);
  else console.log(USAGE);
} catch (error) {
  const isTold = error instanceof BadArgument || error instanceof NoCloud;
  say(`bench:openstack: ${isTold ? error.message : error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 2;
} finally {
  await stopAllExporters();
}
