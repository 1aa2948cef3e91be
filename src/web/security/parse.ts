import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair } from 'yaml';
import type { z } from 'zod';

import { nearest } from '../../text.js';
import { fileSchema, type FileContent } from './schema.js';

type Path = readonly PropertyKey[];

/** What is wrong with the file, and on which of its lines. Holds none of its values that may be secrets. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
  readonly line: number;
  /** The same without the path of another file. */
  readonly brief: string;

  constructor(line: number, message: string, brief = message) {
    super(message);
    this.line = line;
    this.brief = brief;
  }
}

export interface ParsedFile {
  content: FileContent;
  /** The line of a key, or of the nearest one that is there. */
  lineOf: (path: Path) => number;
}

/**
 * The file's text, checked as far as that goes without reading the files that it names. Pure.
 * @throws FileProblem
 */
export function parseFile(text: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    // A user's name such as 007 or True stays as it is written.
    stringKeys: true,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new FileProblem(lines.linePos(problem.pos[0]).line, yamlProblem(problem.code));
  const lineOf = (path: Path): number => lines.linePos(offsetOf(document, path)).line;
  const result = fileSchema.safeParse(plainOf(document), { reportInput: false });
  const issue = result.error?.issues[0];
  if (issue) throw schemaProblem(issue, lineOf);
  return { content: result.data as FileContent, lineOf };
}

/** The parser's own messages may quote the text. */
function yamlProblem(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is there already';
  if (code === 'TAB_AS_INDENT') return 'YAML is indented by blanks, not by tabs';
  if (code === 'MULTIPLE_DOCS') return 'the file must be one YAML document';
  return `this is not the YAML that it should be (${code}): mind indentation, and quote values with special characters`;
}

/** An empty file is an empty map. */
function plainOf(document: Document): unknown {
  try {
    return (document.toJS() as unknown) ?? {};
  } catch {
    throw new FileProblem(
      1,
      'an alias (*name) leads to no anchor (&name), or there are too many: write the value itself',
    );
  }
}

function schemaProblem(issue: z.core.$ZodIssue, lineOf: (path: Path) => number): FileProblem {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = knownKeys(path);
    const near = nearest(key, known);
    // Something else than a word may be a secret in the wrong place.
    const name = /^[A-Za-z0-9_-]{1,40}$/.test(key) ? `key ${key}` : 'key';
    const hint = near ? `did you mean ${near}?` : `the keys here are ${known.join(', ')}`;
    return new FileProblem(lineOf([...path, key]), `${prefix(path)}unknown ${name}: ${hint}`);
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return new FileProblem(lineOf(path), `${prefix(path)}${message}`);
}

/** Without the users' names: hash and name may have been swapped. */
function prefix(path: Path): string {
  const [section] = path;
  const names = section === 'basic_auth_users' ? [section] : path.filter((name) => typeof name === 'string');
  return names.length > 0 ? `${names.join('.')}: ` : '';
}

function knownKeys(path: Path): string[] {
  let schema: unknown = fileSchema;
  for (const name of path) schema = (inner(schema) as { shape?: Record<PropertyKey, unknown> }).shape?.[name];
  return Object.keys((inner(schema) as { shape?: object }).shape ?? {});
}

/** Below `optional` and `default`. */
function inner(schema: unknown): unknown {
  const { def } = (schema ?? {}) as { def?: { innerType?: unknown } };
  return def?.innerType ? inner(def.innerType) : (schema ?? {});
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  for (const name of path) {
    if (isSeq(node)) {
      node = node.items[Number(name)];
      offset = rangeStart(node) ?? offset;
      continue;
    }
    const pair: Pair | undefined = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name)
      : undefined;
    if (!pair) break;
    offset = rangeStart(pair.key) ?? offset;
    node = pair.value;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0];
}
