import type { Express } from 'express';

import { ParameterProblem } from '../dates/problem.js';
import { statementCsv } from '../statement/csv.js';
import { judgeFlavors } from '../statement/flavors.js';
import { statementOf, type StatementJson } from '../statement/statement.js';
import { excerpt } from '../text.js';
import type { Asker } from '../usage-report/desk.js';
import { rangeOf, readQuestion, type Asked } from '../usage-report/question.js';
import type { AppOptions } from './options.js';
import { queryOf, Refusal, routeQuestion } from './question.js';

const PARAMETERS = ['start', 'end', 'tz', 'domain', 'project', 'format'] as const;
type StatementOptions = Pick<AppOptions, 'settings' | 'file' | 'tariffs' | 'clock' | 'desk'>;

/** What usage between two dates costs. */
export function routeStatement(app: Express, options: StatementOptions): void {
  routeQuestion(app, options.settings, {
    path: '/api/v1/statement',
    names: PARAMETERS,
    typeOf: (url) => (queryOf(url).get('format') === 'csv' ? 'csv' : 'json'),
    answer: async ({ format = 'json', ...asked }, asker) => {
      if (format !== 'json' && format !== 'csv')
        throw new ParameterProblem('format', `"${excerpt(format, 60)}" is neither json nor csv: give one of them`);
      const statement = await answer(options, asked, asker);
      const text = format === 'csv' ? `${statementCsv(statement)}\n` : JSON.stringify(statement);
      return { isRead: statement.total !== null, text };
    },
  });
}

/** @throws Refusal; ParameterProblem; UnknownName; NotReady; UsageTooLarge; StatementTooLarge; CollectionOver */
async function answer(options: StatementOptions, asked: Asked, asker: Asker): Promise<StatementJson> {
  const { file, tariffs, clock, desk } = options;
  const state = tariffs();
  if (!state) {
    const message = 'there are no tariffs: start the exporter with --tariffs.file';
    throw new Refusal({ status: 409, code: 'no_tariffs', message });
  }
  const { book } = state;
  const question = readQuestion(asked, { file: file().list, timezone: book.timezone, now: clock.wall() });
  const report = judgeFlavors(await desk.report(question, asker), book);
  return statementOf(report, rangeOf(report, question), book);
}
