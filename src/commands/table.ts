import { styleText } from 'node:util';

import type { Result } from '../snapshot/snapshot.js';
import { printable } from '../text.js';
import { cut, width } from './width.js';

export type Color = 'green' | 'yellow' | 'red';
export type Cell = string | number | null | { text: string; color?: Color; isNumber?: boolean };

const RESULT_COLORS = { ok: 'green', partial: 'yellow', failed: 'red' } as const satisfies Record<Result, Color>;

export const resultCell = (result: Result): Cell => ({ text: result, color: RESULT_COLORS[result] });

/** Of a total: whether it is of all, or of some, or of nothing. */
export function completeCell(isComplete: boolean, isAny: boolean): Cell {
  return isComplete ? { text: 'complete', color: 'green' } : { text: 'not complete', color: isAny ? 'yellow' : 'red' };
}

export interface TableLook {
  color: boolean;
  /** Columns of the terminal; null where there is no limit. */
  columns: number | null;
  /** Titles of what may be left out where room is short, the first ones first. */
  spare?: readonly string[];
}

interface Column {
  title: string;
  cells: Cell[];
  width: number;
  isNumeric: boolean;
}

const GAP = '  ';
/** As narrow as the first column gets before others are left out for it, and after. */
const FIRST = 24;
const FIRST_AT_LEAST = 8;

/**
 * Rows under a header, aligned with two spaces between; numbers stand right. On a terminal that is too narrow for all of it,
 * columns are left out, which a line below tells, and the first one is cut.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  { color, columns: room, spare = [] }: TableLook = { color: false, columns: null },
): string {
  const columns = header.map((title, i): Column => {
    const cells = rows.map((row) => row[i] ?? null);
    const widest = Math.max(width(title), ...cells.map((cell) => width(textOf(cell))));
    return { title, cells, width: widest, isNumeric: cells.some(isNumber) };
  });
  const leftOut = room === null ? [] : fit(columns, room, spare);
  const line = (cellOf: (column: Column) => Cell): string =>
    columns
      .map((column, i) => aligned(cellOf(column), { column, color, isLast: i === columns.length - 1 }))
      .join(GAP)
      .trimEnd();
  const lines = [line(({ title }) => title), ...rows.map((_, i) => line(({ cells }) => cells[i] ?? null))];
  if (leftOut.length > 0) lines.push(`(no room for ${leftOut.join(', ')})`);
  return lines.join('\n');
}

/** Makes the columns as narrow as the room. @returns the titles of those that it took away */
function fit(columns: Column[], room: number, spare: readonly string[]): string[] {
  const [first] = columns;
  if (!first) return [];
  const excess = (): number => columns.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length) - room;
  const leftOut: string[] = [];
  for (const title of spare) {
    if (excess() <= Math.max(0, first.width - FIRST)) break;
    const index = columns.findIndex((column) => column.title === title);
    if (index > 0) leftOut.push(...columns.splice(index, 1).map((column) => column.title));
  }
  const slack = Math.max(0, first.width - FIRST_AT_LEAST);
  first.width -= Math.min(slack, Math.max(0, excess()));
  return leftOut;
}

function aligned(cell: Cell, { column, color, isLast }: { column: Column; color: boolean; isLast: boolean }): string {
  const text = cut(textOf(cell), column.width);
  const pad = ' '.repeat(column.width - width(text));
  const shown = color ? painted(text, cell) : text;
  if (column.isNumeric) return pad + shown;
  return isLast ? shown : shown + pad;
}

/** Files and clouds decide on names: no control character in one may steer the terminal. */
function textOf(cell: Cell): string {
  if (cell === null) return '-';
  return printable(typeof cell === 'object' ? cell.text : String(cell));
}

const isNumber = (cell: Cell): boolean => typeof cell === 'number' || (typeof cell === 'object' && !!cell?.isNumber);

function painted(text: string, cell: Cell): string {
  const color = typeof cell === 'object' ? cell?.color : undefined;
  // Whether to colour is decided already, by `Terminal`: styleText would look at this process' stdout again.
  return color ? styleText(color, text, { validateStream: false }) : text;
}
