import type { CollectionProgress } from '../snapshot/collection.js';
import { printable } from '../text.js';
import { width } from './width.js';

const NAMES = 3;

/** How far a collection is, in so many columns: `collecting 37/100 domains, 4.2 s; open: acme, globex and 61 more`. */
export function progressText({ done, all, elapsedSeconds, open }: CollectionProgress, columns: number): string {
  const figures = `${done}/${all} domains, ${elapsedSeconds.toFixed(1)} s`;
  const names = open.slice(0, NAMES).map((label) => printable(label));
  const naming = names.map((_, i) => {
    const named = names.slice(0, names.length - i);
    const more = open.length - named.length;
    return `collecting ${figures}; open: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  });
  const shorter = [`collecting ${figures}`, figures, `${done}/${all}`];
  return [...naming, ...shorter].find((text) => width(text) <= columns) ?? '';
}
