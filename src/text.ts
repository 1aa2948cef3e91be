/**
 * Makes foreign text (files, clouds) safe to show: control characters, and the invisible ones that reorder or hide
 * text (bidirectional marks, line separators, zero-width), become `\u` escapes.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** {@link printable}, and no longer than `max` characters. */
export function excerpt(text: string, max = 200): string {
  const safe = printable(text);
  return safe.length <= max ? safe : `${safe.slice(0, max - 1)}…`;
}
