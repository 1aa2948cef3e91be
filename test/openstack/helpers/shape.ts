import type { Reply } from './api.js';

/** What is compared of an answer: all of it that a program could go by, except values. */
export interface Shape {
  status: number;
  headers: string[];
  contentType: string | null;
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

/** Keys that rows have only in some states. */
const OF_SOME_STATES = new Set(['fault', 'progress']);

/**
 * @param rows `all`: the answer lists all servers of a project or a cloud, which are in the same states in both clouds;
 * `some`: a page of them, and which ones is chance
 */
export function shapeOf({ status, headers, text, json }: Reply, rows: 'all' | 'some'): Shape {
  const names = Object.keys(headers).filter((name) => !(name in MASKED));
  const keys = new Set<string>();
  collectKeys(json, '', { keys, rows });
  if (json === undefined) keys.add(text === '' ? '(empty)' : /^\s*</.test(text) ? '(HTML)' : '(text)');
  const contentType = headers['content-type'] ?? null;
  return { status, headers: names.sort(), contentType, body: [...keys].sort() };
}

interface Collected {
  keys: Set<string>;
  rows: 'all' | 'some';
}

/** Elements of a list are taken together, servers by their status. */
function collectKeys(value: unknown, path: string, into: Collected): void {
  const { keys, rows } = into;
  if (Array.isArray(value)) {
    keys.add(`${path}[]`);
    for (const item of value as unknown[]) {
      const status = path === '.servers' && rows === 'all' ? (item as { status: string }).status : '';
      collectKeys(item, `${path}[${status}]`, into);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (rows === 'some' && path === '.servers[]' && OF_SOME_STATES.has(key)) continue;
      keys.add(`${path}.${key}`);
      collectKeys(inner, `${path}.${key}`, into);
    }
  }
}
