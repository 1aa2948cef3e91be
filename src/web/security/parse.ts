import type { z } from 'zod';

import { FileProblem, readYaml, unknownKey, type Path, type YamlText } from '../../yaml.js';
import { fileSchema, type FileContent } from './schema.js';

export interface ParsedFile {
  content: FileContent;
  /** The line of a key, or of the nearest one that is there. */
  lineOf: YamlText['lineOf'];
}

/**
 * The file's text, checked as far as that goes without reading the files that it names. Pure.
 * @throws FileProblem
 */
export function parseFile(text: string): ParsedFile {
  const { value, lineOf } = readYaml(text, 'typed');
  // An empty file is an empty map.
  const result = fileSchema.safeParse(value ?? {}, { reportInput: false });
  const issue = result.error?.issues[0];
  if (issue) throw schemaProblem(issue, lineOf);
  return { content: result.data as FileContent, lineOf };
}

function schemaProblem(issue: z.core.$ZodIssue, lineOf: (path: Path) => number): FileProblem {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return new FileProblem(lineOf([...path, key]), `${prefix(path)}${unknownKey(key, knownKeys(path))}`);
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
