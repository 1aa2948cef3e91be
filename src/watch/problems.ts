/** More problems than these are only counted in the log and in the message at the start. */
export const SHOWN_PROBLEMS = 20;

/**
 * A line for each problem of a file, and one for those beyond the twentieth.
 * @param noun what a problem is called: `bad line`
 */
export function shownProblems(
  path: string,
  problems: readonly { line: number; message: string }[],
  noun: string,
): string[] {
  const lines = problems.slice(0, SHOWN_PROBLEMS).map(({ line, message }) => `${path}:${line}: ${message}`);
  const more = problems.length - lines.length;
  return more > 0 ? [...lines, `${path}: and ${more} more ${noun}${more === 1 ? '' : 's'}`] : lines;
}
