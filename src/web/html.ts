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

/** A template whose values are escaped unless they are HTML themselves. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(strings.reduce((text, string, i) => text + partText(values[i - 1] ?? '') + string));
}
