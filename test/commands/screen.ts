import { stripVTControlCharacters } from 'node:util';

/**
 * The lines that a person sees on an endless terminal after all this was written; colours are left out.
 */
export function showOn(written: string): string[] {
  const lines: string[][] = [[]];
  let column = 0;
  const ERASE = '\u001b[K';
  // What is left of an erasure is a character that no program writes.
  const text = stripVTControlCharacters(written.replaceAll(ERASE, '\ufdd0'));
  for (const character of text) {
    const line = lines.at(-1)!;
    if (character === '\n') {
      lines.push([]);
      column = 0;
    } else if (character === '\r') column = 0;
    else if (character === '\ufdd0') line.length = Math.min(line.length, column);
    else {
      line[column] = character;
      column += 1;
    }
  }
  return lines.map((line) => line.join(''));
}
