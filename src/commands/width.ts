import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns that a text takes on a terminal: a wide character takes two, a combining mark none. */
export const width = (text: string): number => stringWidth(text);

/** The text, or as much of its two ends as goes into so many columns: names are often told apart by their ends. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const characters = [...graphemes.segment(text)].map(({ segment }) => segment);
  const head = start(characters, Math.ceil((columns - 1) / 2));
  const tail = start(characters.reverse(), Math.max(0, columns - 1 - width(head.join(''))));
  return columns > 0 ? `${head.join('')}…${tail.reverse().join('')}` : '';
}

/** As many characters as go into so many columns. */
function start(characters: readonly string[], columns: number): string[] {
  let left = columns;
  const end = characters.findIndex((character) => (left -= width(character)) < 0);
  return characters.slice(0, Math.max(0, end));
}
