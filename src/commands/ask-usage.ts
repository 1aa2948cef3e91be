import { systemClock } from '../clock.js';
import { ParameterProblem } from '../dates/problem.js';
import { readDomainsFile } from '../domains/watch.js';
import { SettingError } from '../errors.js';
import { Passwords } from '../openstack/password.js';
import { Visits } from '../snapshot/visits.js';
import { readQuestion, UnknownName, type Question } from '../usage-report/question.js';
import { UsageReporter, type UsageQuery } from '../usage-report/reporter.js';
import type { UsageReport } from '../usage-report/report.js';
import type { CommandOptions } from './collect-once.js';
import { errorReport } from './report.js';

export interface AskingOptions extends CommandOptions {
  /** Writes what is missing in the answer to stderr. */
  tell: (text: string) => void;
}

interface Asking {
  timezone: string;
  missing: string;
  judge?: (report: UsageReport) => UsageReport;
}

/** What a command makes of a report, and prints. @throws ParameterProblem; UnknownName */
export type Printing = (report: UsageReport, question: Question) => string | Promise<string>;

/**
 * Asks the clouds what the flags ask for, and prints what becomes of it.
 * @param timezone of dates that bring none
 * @param missing what an incomplete answer lacks, in a word
 * @param judge what else makes it incomplete
 * @returns the exit code: 0 complete, 1 not
 * @throws SettingError for a question that can't be put; UsageTooLarge
 */
export async function askUsage(
  options: AskingOptions,
  { timezone, missing, judge = (report) => report }: Asking,
  printing: Printing,
): Promise<number> {
  const { settings, log, print, tell } = options;
  const now = systemClock.wall();
  const file = await readDomainsFile(settings.domainsFile, { defaults: settings.defaults, log });
  const question = await asFlags(() => readQuestion(settings.usage.asked, { file: file.list, timezone, now }));
  const { range, list, only } = question;
  const report = judge(await make(options, { start: range.startMs, end: range.endMs, list, only }));
  print(await asFlags(() => printing(report, question)));
  if (!report.complete) tell([`Not complete: ${missing} are missing.`, ...errorReport(report)].join('\n'));
  return report.complete ? 0 : 1;
}

/** @throws SettingError that names the flag of a parameter that is wrong */
async function asFlags<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
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
