import { csv } from '../csv.js';
import type { StatementLine } from '../rating/lines.js';
import type { StatementJson } from './statement.js';

const COLUMNS = [
  ...(['domain', 'project', 'projectId', 'resource', 'flavor', 'tariff', 'from', 'to'] as const),
  ...(['unit', 'quantity', 'free', 'price', 'per', 'amount'] as const),
] satisfies (keyof StatementLine)[];

/** The lines under the JSON's names, and the total with its currency as the last row, which says so if it is not complete. Pure. */
export function statementCsv({ lines, total, currency, complete }: StatementJson): string {
  const last: Partial<Record<keyof StatementLine, string | null>> = {
    domain: complete ? 'total' : 'total of what could be read, not complete',
    unit: currency,
    amount: total,
  };
  const rows = [...lines, last].map((row) => COLUMNS.map((column) => row[column] ?? null));
  return csv([COLUMNS, ...rows]);
}
