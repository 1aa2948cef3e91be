import type { Express } from 'express';

import { ParameterProblem } from '../dates/problem.js';
import { excerpt } from '../text.js';
import { NotReady, type Asker } from '../usage-report/desk.js';
import type { UsageJson } from '../usage-report/json.js';
import { KeptReport } from '../usage-report/kept-report.js';
import { pageOf } from '../usage-report/page.js';
import { answerOf, readQuestion, type Question } from '../usage-report/question.js';
import type { AppOptions } from './options.js';
import { routeQuestion, type Parameters } from './question.js';

const PATH = '/api/v1/usage';
const PARAMETERS = ['start', 'end', 'tz', 'domain', 'project', 'detailed', 'limit', 'marker'] as const;
type UsageParameters = Parameters<(typeof PARAMETERS)[number]>;

interface Page {
  limit: number;
  marker: string | null;
}

type UsageOptions = Pick<AppOptions, 'settings' | 'file' | 'tariffs' | 'clock' | 'desk'>;

/** Usage between two dates. */
export function routeUsage(app: Express, options: UsageOptions): void {
  const kept = new KeptReport();
  routeQuestion(app, options.settings, {
    path: PATH,
    names: PARAMETERS,
    typeOf: () => 'json',
    answer: async (parameters, asker) => {
      const usage = await answer({ ...options, kept }, parameters, asker);
      return { isRead: usage.totals !== null, text: JSON.stringify(usage) };
    },
  });
}

/** @throws ParameterProblem; UnknownName; NotReady; UsageTooLarge; CollectionOver */
async function answer(
  { settings, file, tariffs, clock, desk, kept }: UsageOptions & { kept: KeptReport },
  parameters: UsageParameters,
  asker: Asker,
): Promise<UsageJson> {
  const detailed = readDetailed(parameters.detailed);
  const page = readPage(parameters);
  const timezone = tariffs()?.book.timezone ?? settings.timezone;
  const question = readQuestion(parameters, { file: file().list, timezone, now: clock.wall() });
  const isOnPages = page.limit !== Infinity || page.marker !== null;
  const report = (page.marker === null ? null : kept.find(question)) ?? (await desk.report(question, asker));
  const usage = answerOf(report, question, detailed);
  if (!isOnPages) return usage;
  kept.keep(question, report);
  const shown = pageOf(usage, { ...page, address: addressOf(parameters, question, report.end) });
  if (shown) return shown;
  if (!report.complete) throw new NotReady();
  throw new ParameterProblem('marker', `"${excerpt(page.marker ?? '', 60)}" is no project here: follow next`);
}

/** Of the page behind a project. All pages have the end of the first one. */
function addressOf(parameters: UsageParameters, { isUntilNow }: Question, end: number): (marker: string) => string {
  const fixed = isUntilNow ? { ...parameters, end: new Date(end).toISOString().replace('.000Z', 'Z') } : parameters;
  return (marker) => `${PATH}?${new URLSearchParams({ ...fixed, marker }).toString()}`;
}

function readDetailed(text = '0'): boolean {
  if (text === '1' || text === '0') return text === '1';
  throw new ParameterProblem('detailed', `"${excerpt(text, 60)}" is neither 1 nor 0: give 1 for each server`);
}

function readPage({ limit, marker }: UsageParameters): Page {
  if (limit !== undefined && !/^0*[1-9]\d{0,5}$/.test(limit)) {
    throw new ParameterProblem('limit', `"${excerpt(limit, 60)}" is no number of projects: give 1 to 999999`);
  }
  if (marker === '') throw new ParameterProblem('marker', 'is empty: give the id of the last project of a page');
  return { limit: limit === undefined ? Infinity : Number(limit), marker: marker ?? null };
}
