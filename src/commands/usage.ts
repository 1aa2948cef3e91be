import { systemClock } from '../clock.js';
import { ParameterProblem } from '../dates/problem.js';
import { readDomainsFile } from '../domains/watch.js';
import { SettingError } from '../errors.js';
import type { Logger } from '../log.js';
import { Passwords } from '../openstack/password.js';
import type { Settings } from '../settings/settings.js';
import { Visits } from '../snapshot/visits.js';
import { readTariffsFile } from '../tariffs/file.js';
import type { UsageJson } from '../usage-report/json.js';
import { answerOf, readQuestion, UnknownName } from '../usage-report/question.js';
import { UsageReporter, type UsageQuery } from '../usage-report/reporter.js';
import type { UsageReport } from '../usage-report/report.js';
import type { UsageTotals } from '../usage-report/totals.js';
import type { CommandOptions } from './collect-once.js';
import { errorReport } from './report.js';
import { resultCell, table, type Cell, type TableLook } from './table.js';
import { usageCsv } from './usage-csv.js';

export interface UsageOptions extends CommandOptions {
  /** Writes what is missing in the answer to stderr. */
  tell: (text: string) => void;
}

/**
 * Prints what was used between two dates.
 * @returns the exit code: 0 complete, 1 not
 * @throws SettingError for a question that can't be put; UsageTooLarge
 */
export async function runUsage(options: UsageOptions): Promise<number> {
  const { settings, log, terminal, print, tell } = options;
  const { asked, detailed } = settings.usage;
  const now = systemClock.wall();
  const timezone = await timezoneOf(settings, log);
  const file = await readDomainsFile(settings.domainsFile, { defaults: settings.defaults, log });
  const question = asFlags(() => readQuestion(asked, { file: file.list, timezone, now }));
  const { range, list, only } = question;
  const report = await make(options, { start: range.startMs, end: range.endMs, list, only });
  const usage = asFlags(() => answerOf(report, question, detailed));
  if (settings.output === 'json') print(JSON.stringify(usage, null, 2));
  else if (settings.output === 'csv') print(usageCsv(usage, detailed));
  else print(usageText(usage, terminal, detailed));
  if (!report.complete) tell(['Not complete: hours are missing.', ...errorReport(report)].join('\n'));
  return report.complete ? 0 : 1;
}

/** That of the tariffs, if there are any. */
async function timezoneOf({ tariffsFile, timezone: zone }: Settings, log: Logger): Promise<string> {
  return tariffsFile === null ? zone : (await readTariffsFile(tariffsFile, { zone, log })).book.timezone;
}

/** @throws SettingError that names the flag of a parameter that is wrong */
function asFlags<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ParameterProblem || error instanceof UnknownName) throw new SettingError(`--${error.message}`);
    throw error;
  }
}

async function make(
  { settings, log, variables, terminal }: CommandOptions,
  query: Pick<UsageQuery, 'start' | 'end' | 'list' | 'only'>,
): Promise<UsageReport> {
  const { collect, usage } = settings;
  const nothing = (): void => undefined;
  const visits = new Visits({
    settings: collect,
    passwords: new Passwords(variables),
    clock: systemClock,
    random: Math.random,
    log,
    observer: { attempt: nothing, login: nothing },
  });
  const { requestConcurrency, timeoutMs: timeLeftMs } = collect;
  const { maxRequests } = usage;
  const reporter = new UsageReporter({ visits, clock: systemClock, log, requestConcurrency, maxRequests });
  try {
    const task = reporter.report({ ...query, timeLeftMs, left: new AbortController().signal });
    return await (terminal.status?.during(task, (columns) => 'reading usage'.slice(0, columns)) ?? task);
  } finally {
    await visits.close();
  }
}

const HOURS = ['SERVER HOURS', 'VCPU HOURS', 'RAM MB HOURS', 'DISK GB HOURS'];
const SPARE = ['STATE', 'FLAVOR', 'DISK GB HOURS', 'RESULT'];

/** A row for each project, or each server, the totals, and what the figures are. */
export function usageText(usage: UsageJson, look: Omit<TableLook, 'spare'>, detailed: boolean): string {
  const header = ['DOMAIN', 'RESULT', 'PROJECT', ...(detailed ? ['SERVER', 'FLAVOR', 'STATE'] : []), ...HOURS];
  const rows = usage.domains.flatMap((domain) => domainRows(domain, detailed));
  const result: Cell = usage.complete
    ? { text: 'complete', color: 'green' }
    : { text: 'not complete', color: usage.totals ? 'yellow' : 'red' };
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
