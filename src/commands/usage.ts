import type { Logger } from '../log.js';
import type { Settings } from '../settings/settings.js';
import { readTariffsFile } from '../tariffs/file.js';
import type { UsageJson } from '../usage-report/json.js';
import { answerOf } from '../usage-report/question.js';
import type { UsageTotals } from '../usage-report/totals.js';
import { askUsage, type AskingOptions } from './ask-usage.js';
import { completeCell, resultCell, table, type Cell, type TableLook } from './table.js';
import { usageCsv } from './usage-csv.js';

/**
 * Prints what was used between two dates.
 * @returns the exit code: 0 complete, 1 not
 * @throws SettingError for a question that can't be put; UsageTooLarge
 */
export async function runUsage(options: AskingOptions): Promise<number> {
  const { settings, log } = options;
  const { output, usage } = settings;
  const timezone = await timezoneOf(settings, log);
  return askUsage(options, { timezone, missing: 'hours' }, (report, question) => {
    const answer = answerOf(report, question, usage.detailed);
    if (output === 'json') return JSON.stringify(answer, null, 2);
    return output === 'csv' ? usageCsv(answer, usage.detailed) : usageText(answer, options.terminal, usage.detailed);
  });
}

/** That of the tariffs, if there are any. */
async function timezoneOf({ tariffsFile, timezone: zone }: Settings, log: Logger): Promise<string> {
  return tariffsFile === null ? zone : (await readTariffsFile(tariffsFile, { zone, log })).book.timezone;
}

const HOURS = ['SERVER HOURS', 'VCPU HOURS', 'RAM MB HOURS', 'DISK GB HOURS'];
const SPARE = ['STATE', 'FLAVOR', 'DISK GB HOURS', 'RESULT'];

/** A row for each project, or each server, the totals, and what the figures are. */
export function usageText(usage: UsageJson, look: Omit<TableLook, 'spare'>, detailed: boolean): string {
  const header = ['DOMAIN', 'RESULT', 'PROJECT', ...(detailed ? ['SERVER', 'FLAVOR', 'STATE'] : []), ...HOURS];
  const rows = usage.domains.flatMap((domain) => domainRows(domain, detailed));
  const result = completeCell(usage.complete, usage.totals !== null);
  const total = ['TOTAL', result, null, ...(detailed ? [null, null, null] : []), ...hourCells(usage.totals)];
  const period = `${usage.start} to ${usage.end} (${usage.timezone}): ${usage.basis}.`;
  return [table(header, [...rows, total], { ...look, spare: SPARE }), '', period].join('\n');
}

function domainRows({ domain, result, projects, totals }: UsageJson['domains'][number], detailed: boolean): Cell[][] {
  const start = [domain, resultCell(result)];
  const blank = detailed ? [null, null, null] : [];
  if (projects.length === 0) return [[...start, null, ...blank, ...hourCells(totals)]];
  return projects.flatMap(({ project, totals: sums, servers = [] }) => {
    if (!detailed || servers.length === 0) return [[...start, project, ...blank, ...hourCells(sums)]];
    return servers.map(({ name, flavor, state, hours, vcpus, ramMb, localGb }) => {
      const sizes = [1, vcpus, ramMb, localGb].map((size) => (size === null ? null : hourCell(hours * size)));
      return [...start, project, name, flavor, state, ...sizes];
    });
  });
}

const hourCell = (hours: number): Cell => ({ text: hours.toFixed(2), isNumber: true });

function hourCells(totals: UsageTotals | null): Cell[] {
  if (!totals) return [null, null, null, null];
  const { serverHours, vcpuHours, ramMbHours, localGbHours } = totals;
  return [serverHours, vcpuHours, ramMbHours, localGbHours].map(hourCell);
}
