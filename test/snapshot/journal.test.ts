import { expect } from 'chai';
import { Journal } from '../../src/snapshot/journal.js';
import type { DomainSnapshot, Snapshot } from '../../src/snapshot/snapshot.js';
import { makeDomain } from '../helpers/domains.js';
import { RecordingLogger } from '../helpers/log.js';

function snapshot(state: Record<string, 'well' | 'failing'>): Snapshot {
  const domains = Object.entries(state).map(([label, health]): DomainSnapshot => ({
    domain: makeDomain(label),
    result: health === 'well' ? 'ok' : 'failed',
    strategy: null,
    listedAt: null,
    usage: null,
    servers: null,
    byStatus: null,
    byProject: [],
    projects: null,
    projectScope: null,
    durationSeconds: 1,
    errors: health === 'well' ? [] : [{ stage: 'login', reason: 'auth', status: 401, count: 1, message: 'refused' }],
  }));
  const complete = domains.every(({ result }) => result === 'ok');
  return { collectedAt: 0, durationSeconds: 1, complete, counting: 'allocated', totals: null, domains, problems: [] };
}

describe('journal', () => {
  /** The lines above debug after each of these snapshots. */
  function lines(...states: Record<string, 'well' | 'failing'>[]): string[][] {
    const log = new RecordingLogger();
    const journal = new Journal(log);
    return states.map((state) => {
      log.lines.length = 0;
      journal.note(snapshot(state));
      const shown = log.lines.filter(({ level }) => level !== 'debug');
      return shown.map(({ level, message, fields }) => `${level} ${message} ${String(fields['domain'])}`);
    });
  }

  it('has a line for each domain that changes, and none for a scrape without a change', () => {
    expect(
      lines(
        { a: 'well', b: 'failing' },
        { a: 'well', b: 'failing' },
        { a: 'failing', b: 'failing' },
        { a: 'well', b: 'well' },
        { a: 'well', b: 'well' },
      ),
    ).to.deep.equal([
      ['warn domain is failing b'],
      [],
      ['warn domain is failing a'],
      ['info domain is well again a', 'info domain is well again b'],
      [],
    ]);
  });

  it('says nothing of a domain that left the file, and tells anew of one that comes back failing', () => {
    expect(lines({ a: 'failing' }, {}, { a: 'failing' })).to.deep.equal([
      ['warn domain is failing a'],
      [],
      ['warn domain is failing a'],
    ]);
  });

  it('names stage, reason and message', () => {
    const log = new RecordingLogger();
    new Journal(log).note(snapshot({ a: 'failing' }));
    expect(log.lines[0]?.fields).to.deep.equal({ domain: 'a', result: 'failed', errors: 'login auth: refused' });
  });

  it('has a line for each scrape at debug', () => {
    const log = new RecordingLogger();
    const journal = new Journal(log);
    for (let i = 0; i < 2; i += 1) journal.note(snapshot({ a: 'well' }));
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).to.deep.equal([
      'debug collected',
      'debug collected',
    ]);
  });
});
