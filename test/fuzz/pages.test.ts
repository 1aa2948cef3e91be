import { expect } from 'chai';
import fc from 'fast-check';
import { CollectError, REASONS } from '../../src/errors.js';
import { FORMATS, renderMetrics } from '../../src/metrics/render.js';
import { SelfMetrics } from '../../src/metrics/self.js';
import { takeSnapshot, type Snapshot } from '../../src/snapshot/snapshot.js';
import { printable } from '../../src/text.js';
import { Progress } from '../../src/usage/progress.js';
import { snapshotJson } from '../../src/web/json.js';
import { statusPage } from '../../src/web/status/page.js';
import { makeDomain } from '../helpers/domains.js';
import { samplePage } from '../metrics/sample.js';
import { parseExposition, type Sample } from './exposition.js';

/** What clouds and files may call things, weighted towards what formats care about. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', '\\', '\n', '\r', '{', '}', ',', '=', ' ', '#', '\\n', '\\"', '\u0000', '\u2028', '\u202e'),
      fc.constantFrom(
        '<',
        '>',
        '&',
        "'",
        '<script>',
        '</main>',
        '-->',
        '&lt;',
        'onload=',
        '\ud800',
        '😀',
        '# EOF\n',
        '${a}',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

interface DomainPlan {
  label: string;
  id: string;
  projects: { name: string; servers: { status: string; vcpus: number; ramMb: number }[] }[];
  errors: { reason: (typeof REASONS)[number]; message: string; status: number | null }[];
}

const plan: fc.Arbitrary<DomainPlan> = fc.record({
  label: text,
  id: text,
  projects: fc.array(
    fc.record({
      name: text,
      servers: fc.array(
        fc.record({
          status: fc.oneof(fc.constantFrom('ACTIVE', 'SHUTOFF', 'UNKNOWN', 'ERROR'), text),
          vcpus: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
          ramMb: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 3 },
  ),
  errors: fc.array(
    fc.record({ reason: fc.constantFrom(...REASONS), message: text, status: fc.constantFrom(null, 401, 503) }),
    { maxLength: 2 },
  ),
});
const plans = fc.array(plan, { maxLength: 3 });

/** The snapshot of what is planned; labels as the file lets them through. */
function snapshotOf(domains: DomainPlan[], problem: string | null): Snapshot {
  return takeSnapshot({
    collectedAt: Date.parse('2026-11-22T04:30:00Z'),
    startedAt: 0,
    now: 1234,
    counting: 'quota',
    problems: problem === null ? [] : [{ line: 7, message: problem }],
    domains: domains.map(({ label, id, projects, errors }, d) => {
      const progress = new Progress();
      Object.assign(progress, { strategy: 'project-list', finishedAt: 1000, stage: 'servers', projectScope: 'user' });
      progress.projects = new Map(
        projects.map(({ name }, p) => [`${d}-${p}`, { id: `${d}-${p}`, name, enabled: true, domainId: id }]),
      );
      progress.noteRead(progress.projects.keys());
      projects.forEach(({ servers }, p) =>
        progress.addServers(
          servers.map((server, s) => ({
            ...server,
            id: `${d}-${p}-${s}`,
            projectId: `${d}-${p}`,
            launched: true,
            flavor: 'm1',
          })),
        ),
      );
      for (const { reason, message, status } of errors) progress.fail(new CollectError(reason, message, { status }));
      return { domain: makeDomain(`${d} ${printable(label)}`, { id }), progress };
    }),
  });
}

/** Tags and names of attributes, in order; foreign text must not change them. */
function skeleton(page: string): string[] {
  const withoutOwn = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '<$1></$1>');
  const tags = withoutOwn.match(/<[^>]*>/g) ?? [];
  const between = withoutOwn.replace(/<[^>]*>/g, '');
  expect(between).not.to.match(/[<>]|&(?!(amp|lt|gt|quot|#39);)/);
  return tags.map((tag) => tag.replace(/="[^"]*"/g, '=""').replace(/\s+/g, ' '));
}

const statusText = (snapshot: Snapshot): string => {
  const { file } = samplePage({ snapshot });
  return statusPage({ snapshot, file, now: snapshot.collectedAt + 5000, version: '1.2.3', metricsPath: '/metrics' })
    .text;
};

describe('What is rendered, whatever things are called', () => {
  for (const format of FORMATS) {
    const kind = format.startsWith('application/openmetrics') ? 'openmetrics' : 'text';
    it(`is a page of metrics that keeps to the grammar (${kind}), with each name and figure as it is`, async () => {
      await fc.assert(
        fc.asyncProperty(plans, async (domains) => {
          const self = new SelfMetrics({ build: { version: '1.2.3', nodeVersion: 'v20' }, withProcess: false });
          const snapshot = snapshotOf(domains, null);
          for (const { domain } of snapshot.domains) self.error(domain.label, 'auth');
          const page = await renderMetrics(samplePage({ snapshot }), self, format);
          // As it goes over the wire.
          const { samples } = parseExposition(Buffer.from(page).toString('utf8'), kind);
          const of = (name: string): Sample[] => samples.filter((sample) => sample.name === name);
          expect(samples.every(({ value }) => Number.isFinite(value) && value >= 0)).to.equal(true);
          const vcpus = snapshot.domains.flatMap(({ domain, usage }) =>
            usage ? [{ name: 'vhi_domain_vcpus_in_use', labels: { domain: domain.label }, value: usage.vcpus }] : [],
          );
          expect(of('vhi_domain_vcpus_in_use')).to.deep.equal(vcpus);
          expect(of('vhi_total_vcpus_in_use').map(({ value }) => value)).to.deep.equal(
            snapshot.totals ? [snapshot.totals.vcpus] : [],
          );
          expect(of('vhi_domain_collect_errors').map(({ labels }) => labels['domain'])).to.deep.equal(
            snapshot.domains.map(({ domain }) => domain.label),
          );
          expect(of('vhi_project_ram_mb_in_use')).to.deep.equal(
            snapshot.domains.flatMap(({ domain, byProject }) =>
              byProject.map(({ id, name, ramMb }) => ({
                name: 'vhi_project_ram_mb_in_use',
                labels: { domain: domain.label, project: printable(name), project_id: id },
                value: ramMb,
              })),
            ),
          );
          const counted = of('vhi_domain_servers').reduce((sum, { value }) => sum + value, 0);
          const all = domains.flatMap(({ projects }) => projects.flatMap(({ servers }) => servers));
          expect(counted).to.equal(all.length);
        }),
        { numRuns: 150 },
      );
    });
  }

  it('is a status page whose tags are its own, and which nothing foreign adds to or ends', () => {
    fc.assert(
      fc.property(plans, fc.option(text), (domains, problem) => {
        const plain = domains.map((one) => ({
          ...one,
          label: 'x',
          id: 'x',
          projects: one.projects.map((project) => ({ ...project, name: 'x' })),
          errors: one.errors.map((error) => ({ ...error, message: 'x' })),
        }));
        const page = statusText(snapshotOf(domains, problem));
        expect(skeleton(page)).to.deep.equal(skeleton(statusText(snapshotOf(plain, problem === null ? null : 'x'))));
        expect(page).not.to.match(/[\p{Cf}\u2028\u2029]|(?!\n)\p{Cc}/u);
      }),
      { numRuns: 300 },
    );
  });

  it('is JSON that holds what the snapshot does', () => {
    fc.assert(
      fc.property(plans, fc.option(text), (domains, problem) => {
        const snapshot = snapshotOf(domains, problem);
        const json = snapshotJson(snapshot);
        expect(JSON.parse(JSON.stringify(json))).to.deep.equal(json);
        expect(json.domains.map(({ domain }) => domain)).to.deep.equal(
          snapshot.domains.map(({ domain }) => domain.label),
        );
      }),
    );
  });

  it('is told right by the reader that these tests use', () => {
    const bad = ['a{b="c} 1\n', 'a{b="\\x"} 1\n', 'a 1', 'a{b="c" 1\n', 'a{b="c",b="d"} 1\n', 'a one\n', 'a 1\na 1\n'];
    for (const page of bad) {
      expect(() => parseExposition(`# TYPE a gauge\n${page}`, 'text'), page).to.throw(Error);
    }
    const good = '# HELP a b\\\\c\n# TYPE a gauge\na{b="\\"\\\\\\n",c="}"} 1.5e-7\na +Inf\n';
    expect(parseExposition(good, 'text').samples).to.deep.equal([
      { name: 'a', labels: { b: '"\\\n', c: '}' }, value: 1.5e-7 },
      { name: 'a', labels: {}, value: Infinity },
    ]);
    expect(() => parseExposition(good, 'openmetrics')).to.throw('# EOF');
    expect(() => parseExposition('a 1\n', 'text')).to.throw('no type');
  });
});
