import { expect } from 'chai';
import { BadArgument, parseArguments, WARM } from './arguments.js';
import { soak, soakText } from './run.js';

/* `npm run soak`: how many scrapes, and how long it idles at the end, may be given as numbers: `npm run soak -- 2000 10`. */

async function run(args: readonly string[]): Promise<void> {
  const { scrapes, idleSeconds } = parseArguments(args);
  const result = await soak({ scrapes, warm: WARM, idleMs: idleSeconds * 1000, heapGrowth: 0.1 });
  console.log(soakText(result));
  expect(result.leaks).to.deep.equal([]);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BadArgument)) throw error;
  console.error(`soak: ${error.message}`);
  process.exitCode = 2;
}
