import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair } from 'yaml';

import { nearest } from './text.js';

export type Path = readonly PropertyKey[];

/** What is wrong with a YAML file, and on which of its lines. Holds none of its values that may be secrets. */
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

export interface YamlText {
  /** null when the text is empty. */
  value: unknown;
  /** The line of a key, or of the nearest one that is there. */
  lineOf: (path: Path) => number;
}

/**
 * A text that is one YAML document. Keys are always text. Pure.
 * @param values `text` leaves every scalar as it is written, so that no number of it passes through a float
 * @throws FileProblem
 */
export function readYaml(text: string, values: 'typed' | 'text'): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    schema: values === 'text' ? 'failsafe' : 'core',
    // A user's name such as 007 or True stays as it is written.
    stringKeys: true,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new FileProblem(lines.linePos(problem.pos[0]).line, problemText(problem.code));
  return { value: plainOf(document), lineOf: (path) => lines.linePos(offsetOf(document, path)).line };
}

/** What to tell of a key that is not known: the one that was meant, or those that there are. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  // Something else than a word may be a secret in the wrong place.
  const name = /^[A-Za-z0-9_-]{1,40}$/.test(key) ? `key ${key}` : 'key';
  return `unknown ${name}: ${near ? `did you mean ${near}?` : `the keys here are ${known.join(', ')}`}`;
}

/** The parser's own messages may quote the text. */
function problemText(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is there already';
  if (code === 'TAB_AS_INDENT') return 'YAML is indented by blanks, not by tabs';
  if (code === 'MULTIPLE_DOCS') return 'the file must be one YAML document';
  return `this is not the YAML that it should be (${code}): mind indentation, and quote values with special characters`;
}

function plainOf(document: Document): unknown {
  try {
    return document.toJS() as unknown;
  } catch {
    throw new FileProblem(
      1,
      'an alias (*name) leads to no anchor (&name), or there are too many: write the value itself',
    );
  }
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
