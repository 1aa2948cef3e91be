import { readFileSync } from 'node:fs';

/* The tables of docs/coming-from.md. */

export interface Row {
  id: string;
  there: string;
  here: string;
  /** Addresses that the row shows to ask for. */
  requests: string[];
  /** Of the answers to them. */
  status: number;
  /** PromQL that it shows. */
  queries: string[];
  /** Fields that it shows, such as `domains[].projects[].project`. */
  paths: string[];
  /** The row whose answer has these fields; its own where it names none. */
  of: string;
  isNotHere: boolean;
}

export interface Section {
  text: string;
  rows: Row[];
  /** The tariffs file that it shows. */
  tariffs: string | null;
}

const TEXT = readFileSync(new URL('../../docs/coming-from.md', import.meta.url), 'utf8');

/** What is under a heading, up to the next one. */
export function section(heading: string): Section {
  const text = TEXT.split('\n## ').find((part) => part.startsWith(`${heading}\n`));
  if (text === undefined) throw new Error(`docs/coming-from.md has no heading "${heading}"`);
  const [, tariffs = null] = /```yaml\n([^`]+)```/.exec(text) ?? [];
  const rows = text.split('\n').filter((line) => /^\| [A-Z]\d/.test(line));
  return { text, rows: rows.map(rowOf), tariffs };
}

/** All that the text links to. */
export const links = (): string[] => [...TEXT.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

/** Every `N1` that the text refers to. */
export const references = (): string[] => [...TEXT.matchAll(/\b[NBC]\d+\b/g)].map(([id]) => id);

/** A field of an answer: one of its own, or one further down. */
const FIELD = /^(start|end|total|currency|next|errors|[a-zA-Z]+(\[\])?(\.[a-zA-Z]+(\[\])?)+)$/;

function rowOf(line: string): Row {
  const cells = line.split('|').map((cell) => cell.trim());
  const [, id = '', there = '', here = ''] = cells;
  if (cells.length !== 5) throw new Error(`docs/coming-from.md: a row has not three cells: ${line}`);
  const code = [...here.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  return {
    ...{ id, there, here },
    requests: code.filter((span) => span.startsWith('GET ')).map((span) => span.slice(4)),
    status: Number(/`: ([45]\d\d)\b/.exec(here)?.[1] ?? 200),
    queries: code.filter((span) => span.includes('vhi_')),
    paths: code.filter((span) => FIELD.test(span)),
    of: / of ([NBC]\d+)/.exec(here)?.[1] ?? id,
    isNotHere: here.startsWith('not here'),
  };
}

/** All values of a field in an answer, in its order: `[]` stands for each member of a list. */
export function valuesAt(body: unknown, path: string): unknown[] {
  let values: unknown[] = [body];
  for (const step of path.split('.')) {
    const key = step.replace('[]', '');
    values = values.map((value) => (value as Record<string, unknown>)[key]);
    if (step.endsWith('[]')) values = values.flat();
  }
  return values;
}
