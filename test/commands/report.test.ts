import { expect } from 'chai';
import { errorReport, inUse } from '../../src/commands/report.js';
import { ADVICE } from '../../src/errors.js';
import type { DomainSnapshot, Snapshot } from '../../src/snapshot/snapshot.js';
import { makeDomain } from '../helpers/domains.js';
import { sampleSnapshot } from '../metrics/sample.js';

/** A domain that is well. */
function well(label: string): DomainSnapshot {
  const [domain] = sampleSnapshot().domains;
  return { ...domain!, domain: makeDomain(label) };
}

const refused = (label: string): DomainSnapshot => ({
  ...well(label),
  result: 'failed',
  usage: null,
  servers: null,
  errors: [{ stage: 'login', reason: 'auth', status: 401, count: 1, message: `no login for ${label}` }],
});

const snapshotOf = (domains: DomainSnapshot[], change: Partial<Snapshot> = {}): Snapshot => ({
  ...sampleSnapshot(),
  domains,
  problems: [],
  ...change,
});

describe('the report of errors', () => {
  it('is nothing where all is well', () => {
    expect(errorReport(snapshotOf([well('acme')]))).to.deep.equal([]);
  });

  it('names each error, and says what to do once for each reason', () => {
    const cut = { stage: 'servers', reason: 'timeout', status: null, count: 1, message: 'not finished' } as const;
    const slow: DomainSnapshot = { ...well('slow'), result: 'partial', errors: [cut] };
    const problems = [
      { line: 7, message: 'unknown key' },
      { line: 9, message: 'no id' },
    ];
    expect(errorReport(snapshotOf([refused('acme'), slow, refused('globex')], { problems }))).to.deep.equal([
      '',
      'auth (2 domains)',
      'acme: login, auth: no login for acme',
      'globex: login, auth: no login for globex',
      `what to do: ${ADVICE.auth}`,
      '',
      'timeout (1 domain)',
      'slow: servers, timeout: not finished',
      `what to do: ${ADVICE.timeout}`,
      '',
      'config (2 lines)',
      'line 7: config, config: unknown key',
      'line 9: config, config: no id',
      `what to do: ${ADVICE.config}`,
    ]);
  });

  it('counts a domain once for a reason, and lines apart from domains', () => {
    const error = { reason: 'config', status: null, count: 1, message: 'x' } as const;
    const errors = (['login', 'servers'] as const).map((stage) => ({ ...error, stage }));
    const twice = { ...well('acme'), errors };
    const [, heading, ...lines] = errorReport(snapshotOf([twice], { problems: [{ line: 2, message: 'y' }] }));
    expect(heading).to.equal('config (1 domain, 1 line)');
    expect(lines).to.have.length(4);
  });

  it('does not grow by advice where a hundred domains share a reason', () => {
    const lines = errorReport(snapshotOf(Array.from({ length: 100 }, (_, i) => refused(`d${i}`))));
    expect(lines).to.have.length(103);
    expect(lines[1]).to.equal('auth (100 domains)');
  });
});

describe('the sentence of what is in use', () => {
  const totals = { vcpus: 6, ramMb: 12_288, servers: 2 };

  it('tells figures that are complete', () => {
    expect(inUse(snapshotOf([well('acme')], { complete: true, totals }))).to.equal(
      'In use in 1 domain: 6 vCPUs and 12288 MB (12.0 GiB) of RAM by 2 servers, counting allocated.',
    );
  });

  it('says "at least", and why, where they are not', () => {
    const domains = [well('acme'), refused('globex'), { ...well('initech'), result: 'partial' as const }];
    const problems = [{ line: 7, message: 'unknown key' }];
    expect(inUse(snapshotOf(domains, { complete: false, totals, problems }))).to.equal(
      'Not complete: in use are at least 6 vCPUs and 12288 MB (12.0 GiB) of RAM by 2 servers, counting allocated ' +
        '(1 of 3 domains failed, 1 is partial, 1 line of the domains file is bad).',
    );
  });

  it('has no figure where not one domain could be collected', () => {
    expect(inUse(snapshotOf([refused('acme'), refused('globex')], { complete: false, totals: null }))).to.equal(
      'Not complete: what is in use is not known (2 of 2 domains failed).',
    );
  });

  it('leaves servers out where some of them are not seen', () => {
    const unseen = { vcpus: 1, ramMb: 512, servers: null };
    expect(inUse(snapshotOf([well('acme')], { complete: true, totals: unseen }))).to.equal(
      'In use in 1 domain: 1 vCPU and 512 MB (0.5 GiB) of RAM, counting allocated.',
    );
  });
});
