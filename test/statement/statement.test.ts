import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import type { DateRange } from '../../src/dates/range.js';
import type { ServerUsage } from '../../src/openstack/usage-report.js';
import { statementCsv } from '../../src/statement/csv.js';
import { statementOf, StatementTooLarge, type StatementJson } from '../../src/statement/statement.js';
import type { UsageReport } from '../../src/usage-report/report.js';
import { book, brief, range } from '../rating/helpers.js';
import { domain, END, project, report, server, START } from '../usage-report/sample.js';

const golden = (name: string): string => readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8');

const OCTOBER = range('2026-10-01', '2026-10-31', 'Asia/Jakarta');
const PRICES = book(
  'currency: IDR\ntimezone: Asia/Jakarta',
  'name: vCPU, resource: vcpu, price: "150.50", per: hour, free: "100"',
  'name: RAM, resource: ram_gb, price: "37200", per: month, start: "2026-10-16"',
  'name: "=small", resource: server, flavor: m1.small, price: "0.005", per: hour',
);
const of = (usage: UsageReport, over: DateRange = OCTOBER): Promise<StatementJson> => statementOf(usage, over, PRICES);
const web = (...servers: Partial<ServerUsage>[]): UsageReport =>
  report(
    domain('acme', [
      project(
        'ab12',
        servers.map((change, at) => ({ ...server, id: `s${at}`, ...change })),
      ),
    ]),
  );

describe('a statement', () => {
  const busy = report(domain('acme', [project('ab12', [server]), project('cd34')]), domain('globex', []));

  it('is what the contract says, to the last byte', async () => {
    expect(`${JSON.stringify(await of(busy), null, 2)}\n`).to.equal(golden('statement.json'));
  });

  it('is what the contract says as CSV, without formulas', async () => {
    expect(`${statementCsv(await of(busy))}\n`).to.equal(golden('statement.csv'));
  });

  it('shows half a character of a name as U+FFFD, which has a canonical form', async () => {
    const usage = report(domain('acme', [{ ...project('ab12', [server]), name: 'x\ud800y' }]));
    const { lines, sha256 } = await of(usage);
    expect(lines[0]!.project).to.equal('x\ufffdy');
    expect(sha256).to.match(/^[0-9a-f]{64}$/);
  });

  it('counts each server from its start to its end, as far as they are in the range', async () => {
    const hour = 3_600_000;
    const { lines } = await of(
      web(
        { startedAt: START + hour, endedAt: START + 3 * hour },
        { startedAt: START - hour, endedAt: START },
        { startedAt: END - hour, endedAt: END + hour },
      ),
    );
    expect(brief(lines).filter((line) => !line.startsWith('ram_gb'))).to.deep.equal([
      'vcpu vCPU 6.000000 6.000000 0.00',
      'server =small 3.000000 0.000000 0.02',
    ]);
  });

  it('is refused where it would have more lines than are made, and says what to ask for instead', async () => {
    const prices = book('currency: IDR', 'name: a, resource: vcpu, price: 1, per: hour');
    const projects = Array.from({ length: 16_667 }, (_, at) => project(`p${at}`));
    const failure = await statementOf(report(domain('acme', projects)), OCTOBER, prices).catch((e: unknown) => e);
    expect(failure).to.be.instanceOf(StatementTooLarge);
    expect((failure as Error).message).to.match(/^more than 50,000 lines: ask for one domain or project, or for /);
  });

  it('ends where Nova’s clock does, and does not count what began later', async () => {
    const end = END - 24 * 3_600_000;
    const early: DateRange = { ...OCTOBER, endMs: end, shown: { ...OCTOBER.shown, end: '2026-10-31T00:00:00+07:00' } };
    const statement = await of({ ...web({}, { startedAt: end + 1000 }), end }, early);
    expect(statement.end).to.equal('2026-10-31T00:00:00+07:00');
    expect(statement.lines.map(({ to }) => to)).to.include(statement.end);
    expect(statement.lines[0]!.quantity).to.equal('1440.000000');
  });

  it('takes RAM as GB of 1,024 MB exactly, and a flavor that is gone for one without a tariff', async () => {
    const { lines } = await of(web({ ramMb: 1, flavor: '' }));
    // 384 hours of half of the month, by 1,024.
    expect(brief(lines))
      .to.include('ram_gb RAM 0.375000 0.000000 18.75')
      .and.to.include('server  744.000000 0.000000 0');
  });

  it('has no line of a size that Nova does not tell but at zero, and says that it is not complete', async () => {
    const error = { stage: 'usage', reason: 'incomplete', status: null, count: 1, message: 'no size' } as const;
    const sizeless = { ...web({ vcpus: null, ramMb: null }), complete: false };
    const statement = await of({
      ...sizeless,
      domains: sizeless.domains.map((one) => ({ ...one, result: 'partial', errors: [error] })),
    });
    expect(statement).to.deep.include({ complete: false, errors: [{ domain: 'acme', ...error }], total: '3.72' });
    expect(statement).not.to.have.property('sha256');
    expect(brief(statement.lines)).to.include('vcpu vCPU 0.000000 0.000000 0.00');
  });

  it('has a total of what could be read, and none where nothing could', async () => {
    const failed = domain('globex', [], { result: 'failed', totals: null });
    const some = await of({ ...report(domain('acme', [project('ab12', [server])]), failed), complete: false });
    expect([some.complete, some.total !== null, some.lines.length > 0]).to.deep.equal([false, true, true]);
    expect(statementCsv(some)).to.match(/\n"total of what could be read, not complete",,,,,,,,IDR,,,,,\d+\.\d\d$/);
    const none = await of({ ...report(failed), totals: null, complete: false });
    expect([none.total, none.lines]).to.deep.equal([null, []]);
    expect(statementCsv(none)).to.match(/\n"total of what could be read, not complete",,,,,,,,IDR,,,,,$/);
  });

  it('of no domain at all is zero, and complete', async () => {
    expect(await of(report())).to.deep.include({ complete: true, lines: [], total: '0.00' });
  });
});
