import { expect } from 'chai';

import { judgeFlavors } from '../../src/statement/flavors.js';
import type { UsageReport } from '../../src/usage-report/report.js';
import { book } from '../rating/helpers.js';
import { domain, project, report, server } from '../usage-report/sample.js';

const IDR = 'currency: IDR';
const named = { ...server, id: 'named' };
const nameless = { ...server, id: 'nameless', flavor: '' };
const usage = (): UsageReport =>
  report(
    domain('acme', [project('p1', [named, nameless]), project('p2', [nameless])]),
    domain('globex', [project('q1', [named])]),
  );

describe('a statement over servers whose flavor Nova does not name any more', () => {
  const errorsOf = (...tariffs: string[]): string[] => {
    const judged = judgeFlavors(usage(), book(IDR, ...tariffs));
    expect(judged.complete).to.equal(judged.domains.every(({ errors }) => errors.length === 0));
    return judged.domains.flatMap(({ domain: { label }, result, errors }) =>
      errors.map(({ stage, reason, count, message }) => `${label} ${result} ${stage} ${reason} ${count}: ${message}`),
    );
  };
  const large = 'name: large, resource: server, flavor: m1.large, price: 1, per: hour';
  const told = (count: number): string =>
    `acme partial usage incomplete ${count}: the price of servers goes by their flavor, and Nova does not name that of ${count} any more`;

  it('is not complete where a tariff for a flavor may be theirs', () => {
    expect(errorsOf(large)).to.deep.equal([told(2)]);
    expect(errorsOf(`${large}, domain: acme, project: p2`)).to.deep.equal([told(1)]);
  });

  it('is complete where none may be', () => {
    expect(errorsOf('name: all, resource: server, price: 1, per: hour')).to.deep.equal([]);
    expect(errorsOf(`${large}, domain: globex`)).to.deep.equal([]);
    expect(errorsOf(`${large}, end: 2026-09-30T23:59:59+07:00`)).to.deep.equal([]);
    expect(errorsOf(`${large}, start: 2026-11-01T00:00:00+07:00`)).to.deep.equal([]);
  });

  it('keeps the errors that it has', () => {
    const error = { stage: 'login', reason: 'auth', status: 401, count: 1, message: 'refused' } as const;
    const failed = domain('acme', [project('p1', [nameless])], { result: 'partial', errors: [error] });
    const judged = judgeFlavors({ ...report(failed), complete: false }, book(IDR, large));
    expect(judged.domains[0]?.errors.map(({ stage }) => stage)).to.deep.equal(['login', 'usage']);
    expect(judged.complete).to.equal(false);
  });
});
