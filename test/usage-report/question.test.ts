import { expect } from 'chai';

import { readQuestion } from '../../src/usage-report/question.js';
import { makeDomain, makeList } from '../helpers/domains.js';

const DAYS = { start: '2026-01-01', end: '2026-01-05' };
const ID = 'ab'.repeat(16);

/** Whether a project is one that is asked for. */
const takes = (project: string, id: string, name: string): boolean | undefined => {
  const file = makeList([makeDomain('acme')]);
  const asked = { ...DAYS, domain: 'acme', project };
  return readQuestion(asked, { file, timezone: 'UTC', now: Date.parse('2026-02-01') }).only?.({
    ...{ id, name, enabled: true, domainId: 'acme' },
  });
};

describe('the project that is asked for', () => {
  it('is the one of that id, or of that name', () => {
    expect(takes(ID, ID, 'web')).to.equal(true);
    expect(takes('web', ID, 'web')).to.equal(true);
    expect(takes('db', ID, 'web')).to.equal(false);
  });

  it('is not one that a tenant has named like the id of another', () => {
    expect(takes(ID, 'cd'.repeat(16), ID)).to.equal(false);
  });
});

describe('a domain that is asked for by its id', () => {
  const file = makeList([makeDomain('acme', { id: 'd1' })], [{ line: 2, message: 'bad' }]);
  const problemsOf = (domain: string): number =>
    readQuestion({ ...DAYS, domain }, { file, timezone: 'UTC', now: Date.parse('2026-02-01') }).list.problems.length;

  it('may have a bad line as well, which is a gap in the answer; one of that name can’t', () => {
    expect([problemsOf('d1'), problemsOf('acme')]).to.deep.equal([1, 0]);
  });
});
