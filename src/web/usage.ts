import type { Express, Request } from 'express';

import { ParameterProblem } from '../dates/problem.js';
import { CollectionOver } from '../errors.js';
import { scrapeTimeLeft } from '../snapshot/deadline.js';
import { excerpt, nearest } from '../text.js';
import { NotReady } from '../usage-report/desk.js';
import type { UsageJson } from '../usage-report/json.js';
import { pageOf } from '../usage-report/page.js';
import { answerOf, readQuestion, UnknownName, type Question } from '../usage-report/question.js';
import { UsageTooLarge } from '../usage-report/reporter.js';
import type { AppOptions } from './app.js';
import { fail, leaving, route, type Failure } from './route.js';
import { SharedBody } from './shared-body.js';

const PATH = '/api/v1/usage';
const PARAMETERS = ['start', 'end', 'tz', 'domain', 'project', 'detailed', 'limit', 'marker'] as const;
type Parameters = Readonly<Partial<Record<(typeof PARAMETERS)[number], string>>>;

interface Page {
  limit: number;
  marker: string | null;
}

type UsageOptions = Pick<AppOptions, 'settings' | 'file' | 'tariffs' | 'clock' | 'desk'>;

/** Usage between two dates. */
export function routeUsage(app: Express, options: UsageOptions): void {
  route(app, PATH, {
    head: (_req, res) => void res.type('json').vary('Accept-Encoding').end(),
    get: async (req, res) => {
      const left = leaving(req, res);
      try {
        const usage = await answer(options, req, left);
        res.status(usage.totals ? 200 : 503).type('json');
        await new SharedBody(Promise.resolve(JSON.stringify(usage))).send(req, res);
      } catch (error) {
        // Nobody is there to answer.
        if (error instanceof CollectionOver && left.aborted) return;
        const failure = failureOf(error);
        if (!failure) throw error;
        fail(req, res, failure);
      }
    },
  });
}

/** @throws ParameterProblem; UnknownName; NotReady; UsageTooLarge; CollectionOver */
async function answer(options: UsageOptions, req: Request, left: AbortSignal): Promise<UsageJson> {
  const { settings, file, tariffs, clock, desk } = options;
  const parameters = readParameters(req.url);
  const detailed = readDetailed(parameters.detailed);
  const page = readPage(parameters);
  const timezone = tariffs()?.book.timezone ?? settings.timezone;
  const question = readQuestion(parameters, { file: file().list, timezone, now: clock.wall() });
  const timeLeftMs = scrapeTimeLeft(req.get('X-Prometheus-Scrape-Timeout-Seconds'), settings.collect);
  const report = await desk.report(question, { timeLeftMs, left });
  const usage = answerOf(report, question, detailed);
  if (page.limit === Infinity && page.marker === null) return usage;
  const shown = pageOf(usage, { ...page, address: addressOf(parameters, question, report.end) });
  if (shown) return shown;
  if (!report.complete) throw new NotReady();
  throw new ParameterProblem('marker', `"${excerpt(page.marker ?? '', 60)}" is no project here: follow next`);
}

/** Of the page behind a project. All pages have the end of the first one. */
function addressOf(parameters: Parameters, { isUntilNow }: Question, end: number): (marker: string) => string {
  const fixed = isUntilNow ? { ...parameters, end: new Date(end).toISOString().replace('.000Z', 'Z') } : parameters;
  return (marker) => `${PATH}?${new URLSearchParams({ ...fixed, marker }).toString()}`;
}

/** @throws ParameterProblem for one that there is not, and for one that is there twice */
function readParameters(url: string): Parameters {
  const found: Partial<Record<string, string>> = {};
  for (const [name, value] of new URL(url, 'http://localhost').searchParams) {
    if (!(PARAMETERS as readonly string[]).includes(name)) {
      const near = nearest(name.slice(0, 40), PARAMETERS);
      const hint = near ? `did you mean ${near}?` : `there are ${PARAMETERS.join(', ')}`;
      throw new ParameterProblem(excerpt(name, 40), `is no parameter: ${hint}`);
    }
    if (found[name] !== undefined) throw new ParameterProblem(name, 'is given more than once: give it once');
    found[name] = value;
  }
  return found;
}

function readDetailed(text = '0'): boolean {
  if (text === '1' || text === '0') return text === '1';
  throw new ParameterProblem('detailed', `"${excerpt(text, 60)}" is neither 1 nor 0: give 1 for each server`);
}

function readPage({ limit, marker }: Parameters): Page {
  if (limit !== undefined && !/^0*[1-9]\d{0,5}$/.test(limit)) {
    throw new ParameterProblem('limit', `"${excerpt(limit, 60)}" is no number of projects: give 1 to 999999`);
  }
  if (marker === '') throw new ParameterProblem('marker', 'is empty: give the id of the last project of a page');
  return { limit: limit === undefined ? Infinity : Number(limit), marker: marker ?? null };
}

/** null for a defect of ours. */
function failureOf(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null;
  const { message } = error;
  if (error instanceof ParameterProblem) return { status: 400, code: 'bad_parameter', message };
  if (error instanceof UnknownName) return { status: 404, code: 'not_found', message };
  if (error instanceof UsageTooLarge) return { status: 422, code: 'too_large', message };
  if (error instanceof NotReady) return { status: 503, code: 'not_ready', message };
  return null;
}
