import { StatusLine, type Screen } from './status-line.js';

/** Who reads what a command writes. */
export interface Terminal {
  /** Whether results may be coloured. */
  color: boolean;
  /** Columns that results have; null where they go to no terminal. */
  columns: number | null;
  /** Tells what goes on; null where nobody would see it. */
  status: StatusLine | null;
}

export interface Surroundings {
  stdout: { isTTY?: boolean; columns?: number };
  stderr: Screen & { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
}

/** Colours and escape codes go to terminals that know them, and to nothing else. */
export function terminalOf({ stdout, stderr, env }: Surroundings): Terminal {
  const isSmart = env['TERM'] !== 'dumb';
  return {
    color: !!stdout.isTTY && isSmart && !env['NO_COLOR'],
    // A terminal that does not know its size says 0.
    columns: (stdout.isTTY && stdout.columns) || null,
    status: stderr.isTTY && isSmart ? new StatusLine(stderr) : null,
  };
}
