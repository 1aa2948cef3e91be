import { excerpt } from '../text.js';
import { type Key, KEYS, isKey, nearestKey } from './keys.js';

/** Why one line does not count. Its message names the key and what to do, and holds no value that may be a password. */
export class LineProblem extends Error {
  override readonly name = 'LineProblem';
}

/** A line's words, not yet judged. */
export interface ScannedLine {
  id: string;
  values: ReadonlyMap<Key, string>;
}

interface Cursor {
  readonly text: string;
  at: number;
}

/**
 * Splits one line into its id and its values, from left to right, each character once.
 * @returns null for a blank line or a comment
 * @throws LineProblem for the first thing on the line that breaks the grammar
 */
export function scanLine(text: string): ScannedLine | null {
  const cursor = { text, at: 0 };
  if (nothingLeft(cursor)) return null;
  const id = scanId(cursor);
  const values = new Map<Key, string>();
  while (!nothingLeft(cursor)) {
    const key = scanKey(cursor, values);
    const value = cursor.text[cursor.at] === '"' ? scanQuoted(cursor, key) : scanPlain(cursor, key);
    if (value === '') throw new LineProblem(`${key} is empty, give it a value or remove it`);
    values.set(key, value);
  }
  return { id, values };
}

/** Steps over blanks; a `#` that then follows begins a comment. */
function nothingLeft(cursor: Cursor): boolean {
  take(cursor, /[ \t]*/y);
  return cursor.at === cursor.text.length || cursor.text[cursor.at] === '#';
}

/** Takes what a sticky pattern, which may match nothing, finds at the cursor. */
function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? '';
  cursor.at += found.length;
  return found;
}

function scanId(cursor: Cursor): string {
  const id = take(cursor, /[^ \t]*/y);
  const [before, ...rest] = id.split('=');
  if (rest.length > 0) {
    const shown = isKey(before ?? '') ? `${before}=` : 'key=value';
    throw new LineProblem(`the id is missing: the line begins with ${shown}, put the domain's id first`);
  }
  // Only the offending character is shown: a stray word may be a piece of a password.
  const bad = /[^A-Za-z0-9_.-]/u.exec(id)?.[0];
  if (bad) throw new LineProblem(`the id must not hold ${shownChar(bad)}, it is made of A-Z a-z 0-9 _ . -`);
  if (id.length > 64) throw new LineProblem('the id is longer than 64 characters');
  return id;
}

/** The character itself, or its code where it can't be seen. */
function shownChar(char: string): string {
  if (char === '"') return 'a quote';
  return /\s/u.test(char)
    ? `the blank U+${char.charCodeAt(0).toString(16).padStart(4, '0')}`
    : `'${excerpt(char, 40)}'`;
}

function scanKey(cursor: Cursor, values: ReadonlyMap<Key, string>): Key {
  const key = take(cursor, /[^ \t=]*/y);
  if (cursor.text[cursor.at] !== '=') throw new LineProblem(notAPair(key, [...values.keys()].at(-1)));
  cursor.at++;
  if (!isKey(key)) throw new LineProblem(unknownKey(key, values));
  if (values.has(key)) throw new LineProblem(`${key} is given twice, keep one of them`);
  return key;
}

function notAPair(word: string, after: Key | undefined): string {
  if (isKey(word)) return `${word} has no value, write ${word}=value without blanks around the =`;
  const remedy = after ? `if it belongs to ${after}, put that value in double quotes` : 'write key=value after the id';
  return `the word after ${after ?? 'the id'} is not key=value; ${remedy}`;
}

/** After these a secret may stand, also where only its place was asked for. */
const SECRET_KEY = /^(?:password|password_env|app_credential_secret_env)$/;

/** Names a key only where it can't be the tail of a password that holds a blank. */
function unknownKey(key: string, values: ReadonlyMap<Key, string>): string {
  const meant = nearestKey(key);
  const safe =
    ![...values.keys()].some((before) => SECRET_KEY.test(before)) && (meant !== null || /^[a-z_-]{1,20}$/.test(key));
  const remedy = meant ? `did you mean ${meant}?` : `the keys are ${KEYS.join(', ')}`;
  return safe
    ? `unknown key ${excerpt(key, 40)}, ${remedy}`
    : `unknown key after ${[...values.keys()].at(-1) ?? 'the id'}, ${remedy}`;
}

function scanPlain(cursor: Cursor, key: Key): string {
  const value = take(cursor, /[^ \t]*/y);
  if (value.includes('"')) {
    throw new LineProblem(`${key} holds a quote: quote the whole value and write \\" for a quote inside`);
  }
  return value;
}

function scanQuoted(cursor: Cursor, key: Key): string {
  const value = take(cursor, /"(?:[^"\\]|\\["\\])*/y);
  const end = cursor.text[cursor.at];
  if (end === '\\') {
    throw new LineProblem(`${key} holds a backslash: within quotes write \\\\ for one, and \\" for a quote`);
  }
  if (end === undefined) throw new LineProblem(`${key} has no closing quote`);
  cursor.at++;
  if (/[^ \t]/.test(cursor.text[cursor.at] ?? ' ')) {
    throw new LineProblem(`${key} goes on after its closing quote, quote the whole value or put a blank between`);
  }
  return value.slice(1).replaceAll(/\\(["\\])/g, '$1');
}
