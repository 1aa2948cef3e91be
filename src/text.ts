import { closest, distance } from 'fastest-levenshtein';

/**
 * Makes foreign text (files, clouds) safe to show: control characters, and the invisible ones that reorder or hide
 * text (bidirectional marks, line separators, zero-width), become `\u` escapes; user and password of a URL are left out.
 */
export function printable(text: string): string {
  // Up to the last @, since a password that was not encoded may hold one, or a slash. A URL that was taken for a path has
  // but one slash.
  const safe = text.includes('@') ? text.replace(/(https?:\/+|:\/\/)[^\s"'<>]*@/g, '$1<secret>@') : text;
  return safe.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Where a URL's password may end that begins in what is shown. */
const MARGIN = 1000;

/** {@link printable}, and no longer than `max` characters. */
export function excerpt(text: string, max = 200): string {
  // What is far behind can't be shown, and may be megabytes.
  const safe = printable(text.slice(0, max + MARGIN));
  if (safe.length <= max && text.length <= max + MARGIN) return safe;
  // A character outside the BMP is not cut in two.
  return `${safe.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The candidate that a typo most likely meant, or null when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0) return null;
  const best = closest(word, candidates);
  return distance(word, best) <= Math.max(1, Math.floor(best.length / 3)) ? best : null;
}

const WHOLE = new Intl.NumberFormat('en');

/** 3649536 → 3,649,536 */
export function grouped(value: number): string {
  return WHOLE.format(value);
}

/** 1 domain, 2 domains */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
