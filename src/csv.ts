import { stringify } from 'csv-stringify/sync';

export type CsvRow = readonly (string | number | null)[];

/**
 * Rows as CSV, without a line's end behind the last one. Tenants name projects and servers: what a spreadsheet would take for a
 * formula gets an apostrophe before it. Pure.
 */
export function csv(rows: readonly CsvRow[]): string {
  return stringify([...rows], { escape_formulas: true }).replace(/\n$/, '');
}
