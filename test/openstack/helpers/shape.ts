import type { Reply } from './api.js';

/** What is compared of an answer: all of it that a program could go by, except values. */
export interface Shape {
  status: number;
  headers: string[];
  /** Paths of all keys, such as `servers[].flavor.vcpus`; of another body than JSON, its kind. */
  body: string[];
}

/** Headers that tell of the connection or of the web server in front, and not of Keystone or Nova. */
const MASKED: Readonly<Record<string, string>> = {
  connection: 'of one connection; uWSGI closes each, the simulator keeps them',
  'keep-alive': 'as connection',
  'transfer-encoding': 'as connection',
  'content-length': "Debian's uWSGI options take it out of every answer",
  date: 'sent by web servers; uWSGI without a proxy in front sends none',
};

export function shapeOf({ status, headers, text, json }: Reply): Shape {
  const names = Object.keys(headers).filter((name) => !(name in MASKED));
  const keys = new Set<string>();
  collectKeys(json, '', keys);
  if (json === undefined) keys.add(text === '' ? '(empty)' : /^\s*</.test(text) ? '(HTML)' : '(text)');
  return { status, headers: names.sort(), body: [...keys].sort() };
}

/** Elements of a list are taken together: which servers have a fault is chance, that one has is not. */
function collectKeys(value: unknown, path: string, keys: Set<string>): void {
  if (Array.isArray(value)) {
    keys.add(`${path}[]`);
    for (const item of value) collectKeys(item, `${path}[]`, keys);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      keys.add(`${path}.${key}`);
      collectKeys(inner, `${path}.${key}`, keys);
    }
  }
}
