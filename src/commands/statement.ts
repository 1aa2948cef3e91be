import { SettingError } from '../errors.js';
import { statementCsv } from '../statement/csv.js';
import { judgeFlavors } from '../statement/flavors.js';
import { statementOf, type StatementJson } from '../statement/statement.js';
import { readTariffsFile } from '../tariffs/file.js';
import { strangerLines } from '../tariffs/strangers.js';
import { rangeOf } from '../usage-report/question.js';
import type { UsageReport } from '../usage-report/report.js';
import { askUsage, type AskingOptions } from './ask-usage.js';
import { completeCell, table, type Cell, type TableLook } from './table.js';

/**
 * Prints what usage between two dates costs.
 * @returns the exit code: 0 complete, 1 not
 * @throws SettingError for a question that can't be put, and without tariffs; UsageTooLarge; StatementTooLarge
 */
export async function runStatement(options: AskingOptions): Promise<number> {
  const { settings, log, terminal } = options;
  const { tariffsFile, timezone: zone, output } = settings;
  if (tariffsFile === null) throw new SettingError('--tariffs.file is missing: a statement needs a file with tariffs');
  const { book } = await readTariffsFile(tariffsFile, { zone, log });
  const judge = (report: UsageReport): UsageReport => judgeFlavors(report, book);
  return askUsage(options, { timezone: book.timezone, missing: 'amounts', judge }, async (report, question) => {
    for (const line of strangerLines(tariffsFile, book, question.file.domains)) log.warn(line);
    const statement = await statementOf(report, rangeOf(report, question), book);
    if (output === 'json') return JSON.stringify(statement, null, 2);
    return output === 'csv' ? statementCsv(statement) : statementText(statement, terminal);
  });
}

const SPARE = ['FREE', 'TO', 'FROM'];

/** A row for each line, with its times where one is not of the whole, the total, and what the figures are. */
export function statementText(statement: StatementJson, look: Omit<TableLook, 'spare'>): string {
  const { start, end, timezone, basis, currency, complete, lines, total, sha256 } = statement;
  const isCut = lines.some(({ from, to }) => from !== start || to !== end);
  const columns = ['DOMAIN', 'PROJECT', 'RESOURCE', 'TARIFF', ...(isCut ? ['FROM', 'TO'] : [])];
  const rows = lines.map((line): Cell[] => [
    ...[line.domain, line.project, line.resource + (line.flavor === null ? '' : ` (${line.flavor})`), line.tariff],
    ...(isCut ? [line.from, line.to] : []),
    ...[figure(line.quantity), figure(line.free)],
    line.price === null ? null : figure(`${line.price} / ${line.per}`),
    figure(line.amount),
  ]);
  const blank = Array.from({ length: columns.length + 1 }, () => null);
  const last = ['TOTAL', completeCell(complete, total !== null), ...blank, total === null ? null : figure(total)];
  return [
    table([...columns, 'QUANTITY', 'FREE', 'PRICE PER', `AMOUNT ${currency}`], [...rows, last], {
      ...look,
      spare: SPARE,
    }),
    '',
    `${start} to ${end} (${timezone}): ${basis}.`,
    ...(sha256 === undefined ? [] : [`SHA-256 ${sha256}`]),
  ].join('\n');
}

const figure = (text: string): Cell => ({ text, isNumber: true });
