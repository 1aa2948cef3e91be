/** After so many scrapes the daemon is taken to hold all that it ever needs. */
export const WARM = 500;

/** A bad argument: its message is all that the user is told, and the exit code is 2. */
export class BadArgument extends Error {}

/** @throws BadArgument */
export function parseArguments(args: readonly string[]): { scrapes: number; idleSeconds: number } {
  if (args.length > 2) throw new BadArgument(`two numbers at most, scrapes and idle seconds, not ${args.length}`);
  const [scrapes = 10_000, idleSeconds = 60] = args.map(wholeNumber);
  if (scrapes <= WARM) throw new BadArgument(`scrapes: more than ${WARM}, after which leaks are looked for`);
  return { scrapes, idleSeconds };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new BadArgument(`"${text}" is not a whole number`);
  return value;
}
