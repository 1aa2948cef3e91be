import { ParameterProblem } from '../dates/problem.js';
import { showInstant } from '../dates/moment.js';
import { readRange, type DateRange } from '../dates/range.js';
import type { DomainList } from '../domains/list.js';
import { excerpt } from '../text.js';
import { usageJson, type UsageJson } from './json.js';
import type { UsageReport } from './report.js';
import type { UsageQuery } from './reporter.js';

/** What is asked for, as it came; undefined what was not given. */
export type Asked = Readonly<Partial<Record<'start' | 'end' | 'tz' | 'domain' | 'project', string>>>;

/** A question that can be put to the clouds. */
export interface Question extends Pick<UsageQuery, 'list' | 'only'> {
  asked: Asked;
  /** The list that the domains are of. */
  file: DomainList;
  range: DateRange;
  /** Whether the end is the time of the question, since what was asked for is in the future. */
  isUntilNow: boolean;
}

/** There is no domain or project of that name or id. The message begins with the parameter. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName';
}

/** Ids as Keystone makes them. */
const PROJECT_ID = /^[0-9a-f]{32}$/;

/**
 * Reads what is asked for. `domain` is a label or an id, `project` an id, or a name together with `domain`.
 * @param file what domains.txt holds
 * @throws ParameterProblem; UnknownName for a domain
 */
export function readQuestion(
  asked: Asked,
  { file, timezone, now }: { file: DomainList; timezone: string; now: number },
): Question {
  const range = readRange(asked, timezone, now);
  const { domain, project } = asked;
  if (domain === '') throw new ParameterProblem('domain', "is empty: give a domain's name or id");
  if (project === '') throw new ParameterProblem('project', "is empty: give a project's id, or its name with domain");
  // What looks like an id is one: a tenant may name its project like another's.
  const isId = project !== undefined && PROJECT_ID.test(project);
  if (project !== undefined && domain === undefined && !isId) {
    const message = `"${excerpt(project, 60)}" is no id of 32 hexadecimal digits: give that, or domain beside a name`;
    throw new ParameterProblem('project', message);
  }
  return {
    asked,
    file,
    range,
    isUntilNow: range.endMs === Math.floor(now / 1000) * 1000,
    list: domain === undefined ? file : listOf(domain, file),
    only: project === undefined ? null : ({ id, name }) => id === project || (name === project && !isId),
  };
}

function listOf(name: string, { domains, problems }: DomainList): UsageQuery['list'] {
  const labelled = domains.filter(({ label }) => label === name);
  if (labelled.length > 0) return { domains: labelled, problems: [] };
  const found = domains.filter(({ id }) => id === name);
  // A bad line may be of that id too.
  if (found.length > 0) return { domains: found, problems };
  throw new UnknownName(`domain: "${excerpt(name, 60)}" is no name or id of a domain in the domains file`);
}

/**
 * The range that a report is of: its end is before the one that was asked for where Nova's clock is.
 * @throws UnknownName for a project that no domain has, where all of them could be asked
 */
export function rangeOf(report: UsageReport, { asked, range, only }: Question): DateRange {
  if (only && report.complete && report.domains.length === 0) {
    throw new UnknownName(`project: "${excerpt(asked.project ?? '', 60)}" is no project that the logins can see`);
  }
  const { start: startMs, end: endMs } = report;
  const { timezone, shown } = range;
  const end = endMs === range.endMs ? shown.end : showInstant(endMs, timezone);
  return { startMs, endMs, timezone, shown: { start: showInstant(startMs, timezone), end } };
}

/**
 * The answer in the contract's JSON, all projects on one page.
 * @throws UnknownName as above
 */
export function answerOf(report: UsageReport, question: Question, detailed: boolean): UsageJson {
  const { timezone, shown } = rangeOf(report, question);
  const time = (ms: number): string => showInstant(ms, timezone);
  return usageJson(report, { timezone, time, endTime: () => shown.end, detailed });
}
