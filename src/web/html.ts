import { printable } from '../text.js';

/** Text that is HTML already, and needs no escaping. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Part[];

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function partText(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(partText).join('');
  return printable(String(part)).replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
}

const tightened = new WeakMap<TemplateStringsArray, string[]>();

/** Without the indentation, which is half of a page of a thousand rows. Where a line breaks, a blank may be. */
function tighten(strings: TemplateStringsArray): string[] {
  const known = tightened.get(strings);
  if (known) return known;
  const tight = strings.map((string) => string.replace(/\s*\n\s*/g, '\n'));
  tightened.set(strings, tight);
  return tight;
}

/** A template whose values are escaped unless they are HTML themselves. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(tighten(strings).reduce((text, string, i) => text + partText(values[i - 1] ?? '') + string));
}
