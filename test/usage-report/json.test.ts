import { expect } from 'chai';
import fc from 'fast-check';

import { usageJson, type UsageJson } from '../../src/usage-report/json.js';
import { pageOf } from '../../src/usage-report/page.js';
import { domain, project, report, server } from './sample.js';

const jakarta = (ms: number): string => new Date(ms + 7 * 3_600_000).toISOString().replace('.000Z', '+07:00');
const options = { timezone: 'Asia/Jakarta', time: jakarta, detailed: true };

describe('a usage report as JSON', () => {
  it('is what the contract says', () => {
    const web = { ...project('ab12', [server]), name: 'web' };
    const endTime = (ms: number): string => jakarta(ms - 1000);
    const sums = { serverHours: 744, vcpuHours: 1488, ramMbHours: 3047424, localGbHours: 14880 };
    expect(usageJson(report(domain('acme', [web])), { ...options, endTime })).to.deep.equal({
      start: '2026-10-01T00:00:00+07:00',
      end: '2026-10-31T23:59:59+07:00',
      timezone: 'Asia/Jakarta',
      source: 'nova',
      basis: "hours of existence at today's flavor",
      complete: true,
      next: null,
      totals: sums,
      domains: [
        {
          domain: 'acme',
          id: 'id of acme',
          result: 'ok',
          totals: sums,
          errors: [],
          projects: [
            {
              project: 'web',
              projectId: 'ab12',
              totals: sums,
              servers: [
                {
                  ...{ serverId: 's1', name: 'web-1', flavor: 'm1.small', vcpus: 2, ramMb: 4096, localGb: 20 },
                  ...{ state: 'active', startedAt: '2026-09-30T23:00:00+07:00', endedAt: null, hours: 744 },
                },
              ],
            },
          ],
        },
      ],
      errors: [],
    });
  });

  it('has servers only in detail, and zeros of a project without usage', () => {
    const { domains } = usageJson(report(domain('acme', [project('p')])), { ...options, detailed: false });
    expect(domains[0]!.projects).to.deep.equal([
      {
        project: 'name of p',
        projectId: 'p',
        totals: { serverHours: 0, vcpuHours: 0, ramMbHours: 0, localGbHours: 0 },
      },
    ]);
  });

  it('has the errors of each domain, all of them at the end, and no totals of a domain that failed', () => {
    const error = { stage: 'login', reason: 'auth', status: 401, count: 1, message: 'refused' } as const;
    const failed = domain('acme', [], { result: 'failed', totals: null, errors: [error] });
    const json = usageJson({ ...report(failed), complete: false, problems: [{ line: 7, message: 'no id' }] }, options);
    expect(json.domains[0]).to.deep.include({ result: 'failed', totals: null, errors: [error], projects: [] });
    expect(json.errors).to.deep.equal([
      { domain: 'acme', ...error },
      { domain: null, line: 7, stage: 'config', reason: 'config', status: null, count: 1, message: 'no id' },
    ]);
  });
});

describe('pages of a usage report', () => {
  const address = (marker: string): string => `/?marker=${marker}`;
  const shown = ({ domains }: UsageJson): string[] =>
    domains.map(({ domain: label, projects }) => `${label}: ${projects.map(({ projectId }) => projectId).join(' ')}`);

  it('go over projects in file and then project-id order; totals and errors stay those of all', () => {
    const error = { stage: 'usage', reason: 'timeout', status: null, count: 1, message: 'late' } as const;
    const all = usageJson(
      report(
        domain(
          'a',
          ['1', '2', '3'].map((id) => project(id)),
        ),
        domain('b', [project('0')], { errors: [error] }),
      ),
      options,
    );
    const first = pageOf(all, { limit: 2, marker: null, address })!;
    expect([shown(first), first.next]).to.deep.equal([['a: 1 2'], '/?marker=2']);
    expect([first.totals, first.errors]).to.deep.equal([all.totals, all.errors]);
    const second = pageOf(all, { limit: 2, marker: '2', address })!;
    expect([shown(second), second.next]).to.deep.equal([['a: 3', 'b: 0'], null]);
  });

  it('are none behind a project that the report does not have', () => {
    const all = usageJson(report(domain('a', [project('1')])), options);
    expect(pageOf(all, { limit: 1, marker: '2', address })).to.equal(null);
    expect(shown(pageOf(all, { limit: 1, marker: '1', address })!)).to.deep.equal([]);
  });

  it('of any size have each project once, and each domain without projects', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (counts, limit, isShared) => {
          // Two regions of a cloud have the same projects.
          const domains = counts.map((count, at) =>
            domain(
              `d${at}`,
              Array.from({ length: count }, (_, i) => project(isShared ? `${i}` : `${at}-${i}`)),
            ),
          );
          const all = usageJson(report(...domains), options);
          const pages: UsageJson[] = [];
          for (let marker: string | null = null; ;) {
            const page: UsageJson = pageOf(all, { limit, marker, address })!;
            pages.push(page);
            if (page.next === null) break;
            marker = page.next.slice('/?marker='.length);
          }
          const ids = pages.map((page) => page.domains.flatMap(({ projects }) => projects.map((p) => p.projectId)));
          expect(ids.slice(0, -1).every(({ length }) => length === limit)).to.equal(true);
          expect(ids.flat()).to.deep.equal(
            all.domains.flatMap(({ projects }) => projects.map(({ projectId }) => projectId)),
          );
          const empty = pages.flatMap((page) => page.domains.filter(({ projects }) => projects.length === 0));
          expect(empty.map((d) => d.domain)).to.deep.equal(
            all.domains.filter(({ projects }) => projects.length === 0).map((d) => d.domain),
          );
        },
      ),
    );
  });
});
