import type { Express, Request } from 'express';

import { ParameterProblem } from '../dates/problem.js';
import { CollectionOver } from '../errors.js';
import { scrapeTimeLeft } from '../snapshot/deadline.js';
import { StatementTooLarge } from '../statement/statement.js';
import { excerpt, nearest } from '../text.js';
import { NotReady, type Asker } from '../usage-report/desk.js';
import { UnknownName } from '../usage-report/question.js';
import { UsageTooLarge } from '../usage-report/reporter.js';
import type { AppOptions } from './options.js';
import { fail, leaving, route, type Failure } from './route.js';
import { SharedBody } from './shared-body.js';

/** The parameters as they came: undefined when one is not there. */
export type Parameters<Name extends string> = Readonly<Partial<Record<Name, string>>>;

interface Answer {
  /** Whether anything could be read; else it is 503. */
  isRead: boolean;
  text: string;
}

/** What usage between two dates is asked for with. */
export interface QuestionRoute<Name extends string> {
  path: string;
  names: readonly Name[];
  /** Of the answer, as Express names it. */
  typeOf: (url: string) => 'json' | 'csv';
  /** @throws ParameterProblem; UnknownName; NotReady; UsageTooLarge; StatementTooLarge; CollectionOver; Refusal */
  answer: (parameters: Parameters<Name>, asker: Asker) => Promise<Answer>;
}

/** A question that can't be answered as the exporter is set up. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Answers a question about what was used, or tells what is wrong with it. */
export function routeQuestion<Name extends string>(
  app: Express,
  { collect }: Pick<AppOptions['settings'], 'collect'>,
  { path, names, typeOf, answer }: QuestionRoute<Name>,
): void {
  const ask = async (req: Request, left: AbortSignal): Promise<Answer> => {
    const parameters = readParameters(req.url, names);
    const timeLeftMs = scrapeTimeLeft(req.get('X-Prometheus-Scrape-Timeout-Seconds'), collect);
    return answer(parameters, { timeLeftMs, left });
  };
  route(app, path, {
    head: (req, res) => void res.type(typeOf(req.url)).vary('Accept-Encoding').end(),
    get: async (req, res) => {
      const left = leaving(req, res);
      try {
        const { isRead, text } = await ask(req, left);
        res.status(isRead ? 200 : 503).type(typeOf(req.url));
        await new SharedBody(Promise.resolve(text)).send(req, res);
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

/** What is before it may be no address, and is not needed. */
export function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(/\?(.*)/s.exec(url)?.[1]);
}

/** @throws ParameterProblem for one that there is not, and for one that is there twice */
function readParameters<Name extends string>(url: string, names: readonly Name[]): Parameters<Name> {
  const found: Partial<Record<string, string>> = {};
  for (const [name, value] of queryOf(url)) {
    if (!(names as readonly string[]).includes(name)) {
      const near = nearest(name.slice(0, 40), names);
      const hint = near ? `did you mean ${near}?` : `there are ${names.join(', ')}`;
      throw new ParameterProblem(excerpt(name, 40), `is no parameter: ${hint}`);
    }
    if (found[name] !== undefined) throw new ParameterProblem(name, 'is given more than once: give it once');
    found[name] = value;
  }
  return found as Parameters<Name>;
}

/** null for a defect of ours. */
function failureOf(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null;
  const { message } = error;
  if (error instanceof ParameterProblem) return { status: 400, code: 'bad_parameter', message };
  if (error instanceof UnknownName) return { status: 404, code: 'not_found', message };
  if (error instanceof UsageTooLarge || error instanceof StatementTooLarge)
    return { status: 422, code: 'too_large', message };
  if (error instanceof NotReady) return { status: 503, code: 'not_ready', message };
  return error instanceof Refusal ? error.failure : null;
}
