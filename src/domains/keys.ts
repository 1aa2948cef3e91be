/** What a line may say besides its id, in the order in which messages list it. */
export const KEYS = [
  'name',
  'project',
  'user',
  'password_env',
  'password_file',
  'password',
  'auth_url',
  'region',
  'interface',
  'compute_url',
  'ca_file',
  'insecure',
  'disabled_projects',
] as const;
export type Key = (typeof KEYS)[number];

export function isKey(text: string): text is Key {
  return (KEYS as readonly string[]).includes(text);
}

/** The key that a misspelt one was probably meant to be: a slip or two away, or shortened, or lengthened. */
export function nearestKey(text: string): Key | null {
  // Longer ones are no slips, and a hostile file shall not buy time with them.
  if (text.length > 20) return null;
  const typed = text.toLowerCase().replaceAll('-', '_');
  const ranked = KEYS.map((key) => ({ key, slips: slipsBetween(typed, key) })).sort((a, b) => a.slips - b.slips);
  const best = ranked[0];
  if (best && best.slips <= Math.max(1, Math.floor(typed.length / 3)) && best.slips <= 2) return best.key;
  const akin = KEYS.filter((key) => typed.length >= 3 && (key.startsWith(typed) || typed.startsWith(key)));
  return akin.sort((a, b) => Math.abs(a.length - typed.length) - Math.abs(b.length - typed.length))[0] ?? null;
}

/** Optimal string alignment distance: letters added, lost, changed, or swapped with their neighbour. */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const here = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      here.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (here[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [before, above] = [above, here];
  }
  return above[b.length] ?? 0;
}
