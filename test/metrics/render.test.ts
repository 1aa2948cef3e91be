import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from '../../src/metrics/family.js';
import { FORMATS, renderMetrics } from '../../src/metrics/render.js';
import { SelfMetrics } from '../../src/metrics/self.js';
import { takeSnapshot } from '../../src/snapshot/snapshot.js';
import { Progress } from '../../src/usage/progress.js';
import { makeDomain } from '../helpers/domains.js';
import { COLLECTED_AT, ODD, samplePage, sampleSelf, sampleSnapshot } from './sample.js';

const [OPENMETRICS, TEXT] = FORMATS;
const BUILD = { version: '1.2.3', nodeVersion: 'v20.19.0' };
const text = (page: Page, self = sampleSelf()): Promise<string> => renderMetrics(page, self, TEXT);

/** Series as they stand on the page, without comments. */
const series = (page: string, prefix = ''): string[] =>
  page.split('\n').filter((line) => line !== '' && !line.startsWith('#') && line.startsWith(prefix));

/** Every family of the contract's table: its type and labels. */
const CONTRACT: Record<string, [type: string, ...labels: string[]]> = {
  vhi_total_vcpus_in_use: ['gauge'],
  vhi_total_ram_mb_in_use: ['gauge'],
  vhi_domain_collect_errors: ['gauge', 'domain'],
  vhi_domain_collect_error_info: ['gauge', 'domain', 'reason', 'stage'],
  vhi_snapshot_complete: ['gauge'],
  vhi_snapshot_duration_seconds: ['gauge'],
  vhi_domain_vcpus_in_use: ['gauge', 'domain'],
  vhi_domain_ram_mb_in_use: ['gauge', 'domain'],
  vhi_domain_servers: ['gauge', 'domain', 'status'],
  vhi_domain_projects: ['gauge', 'domain'],
  vhi_domain_collect_duration_seconds: ['gauge', 'domain'],
  vhi_domain_collect_failures_total: ['counter', 'domain', 'reason'],
  vhi_project_vcpus_in_use: ['gauge', 'domain', 'project', 'project_id'],
  vhi_project_ram_mb_in_use: ['gauge', 'domain', 'project', 'project_id'],
  vhi_domains_configured: ['gauge'],
  vhi_domains_file_problems: ['gauge'],
  vhi_domains_file_last_reload_successful: ['gauge'],
  vhi_domains_file_last_reload_success_timestamp_seconds: ['gauge'],
  vhi_cloud_requests_total: ['counter', 'code', 'service'],
  vhi_cloud_request_duration_seconds: ['histogram', 'le', 'service'],
  vhi_cloud_logins_total: ['counter', 'result'],
  vhi_exporter_build_info: ['gauge', 'node_version', 'version'],
};

/** The families of a page in the text format, as {@link CONTRACT} writes them. */
function families(page: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [, name = '', type = ''] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const suffix = type === 'histogram' ? '_bucket' : '';
    const line = series(page, name).find((one) => /^[a-z_]+/.exec(one)?.[0] === name + suffix) ?? '';
    const labels = [...line.matchAll(/[{,]([a-z_]+)="/g)].map(([, label = '']) => label);
    found[name] = [type, ...labels.sort()];
  }
  return found;
}

describe('metrics page', () => {
  it('is the same whatever format was asked for before, those of the process included', async () => {
    const self = new SelfMetrics({ build: BUILD, withProcess: true });
    self.login('success');
    const names = async (format: (typeof FORMATS)[number]): Promise<string[]> =>
      [...(await renderMetrics(samplePage(), self, format)).matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    const first = await names(TEXT);
    expect(first).to.include.members(['vhi_cloud_logins_total', 'process_cpu_seconds_total']);
    expect(await names(OPENMETRICS)).to.include.members(['vhi_cloud_logins', 'process_cpu_seconds']);
    expect(await names(TEXT)).to.deep.equal(first);
  });

  for (const [file, format] of [
    ['metrics.prom', TEXT],
    ['metrics.openmetrics', OPENMETRICS],
  ] as const) {
    it(`is byte for byte test/golden/${file} (UPDATE_GOLDEN=1 writes it anew)`, async () => {
      const path = fileURLToPath(new URL(`../golden/${file}`, import.meta.url));
      const page = await renderMetrics(samplePage(), sampleSelf(), format);
      if (process.env['UPDATE_GOLDEN']) await writeFile(path, page);
      expect(page).to.equal(await readFile(path, 'utf8'));
    });
  }

  it('has every family of the contract with its type and labels, and no other of its own', async () => {
    const page = await text(samplePage(), sampleSelf());
    expect(families(page)).to.deep.equal(CONTRACT);
  });

  it('has the buckets of the contract', async () => {
    const lines = series(await text(samplePage()), 'vhi_cloud_request_duration_seconds_bucket');
    const buckets = lines.filter((line) => line.includes('identity')).map((line) => /le="([^"]+)"/.exec(line)?.[1]);
    expect(buckets.join(' ')).to.equal('0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 +Inf');
  });

  it('has a help text for each family that says more than its name', async () => {
    const page = await text(samplePage());
    for (const name of Object.keys(CONTRACT)) {
      expect(new RegExp(`^# HELP ${name} (.+)$`, 'm').exec(page)?.[1], name).to.match(/\w+ \w+ \w+/);
    }
    expect(page).to.match(/^# HELP vhi_total_vcpus_in_use .*SHELVED_OFFLOADED/m);
  });

  it('shows for a failed domain its errors, and no figure of usage', async () => {
    const lines = series(await text(samplePage())).filter((line) => line.includes('domain="globex"'));
    expect(lines.map((line) => /^[a-z_]+/.exec(line)?.[0])).to.have.members([
      'vhi_domain_collect_errors',
      'vhi_domain_collect_error_info',
      'vhi_domain_collect_duration_seconds',
      'vhi_domain_collect_failures_total',
    ]);
  });

  it('tells a reason once, though it came with two HTTP statuses, and counts both groups', async () => {
    const page = await text(samplePage());
    const infos = series(page, 'vhi_domain_collect_error_info').filter((line) => line.includes('unavailable'));
    expect(infos).to.have.length(1);
    expect(series(page, 'vhi_domain_collect_errors').map((line) => line.split(' ').at(-1))).to.deep.equal([
      '0',
      '3',
      '1',
      '0',
    ]);
  });

  it('has 0 for an empty domain', async () => {
    const page = await text(samplePage());
    expect(page).to.contain('\nvhi_domain_vcpus_in_use{domain="empty"} 0\n');
    expect(page).to.contain('\nvhi_domain_ram_mb_in_use{domain="empty"} 0\n');
  });

  it('has series for each project only where they are asked for', async () => {
    // Five projects; one of the partial domain was not read.
    expect(series(await text(samplePage()), 'vhi_project_')).to.have.length(2 * 4);
    expect(await text(samplePage({ withProjects: false }))).not.to.contain('vhi_project_');
  });

  it('tells when the snapshot was taken only where it may be given again', async () => {
    expect(await text(samplePage())).not.to.contain('vhi_snapshot_timestamp_seconds');
    expect(series(await text(samplePage({ withTimestamp: true })), 'vhi_snapshot_timestamp')).to.deep.equal([
      `vhi_snapshot_timestamp_seconds ${COLLECTED_AT / 1000}`,
    ]);
  });

  it('tells of the tariffs file only where there is one', async () => {
    const name = 'vhi_tariffs_file_last_reload_successful';
    expect(await text(samplePage())).not.to.contain(name);
    const book = { currency: { code: 'EUR', digits: 2 }, timezone: 'UTC', tariffs: [] };
    for (const lastReloadSuccessful of [true, false]) {
      const page = samplePage({ tariffs: { book, lastReloadSuccessful } });
      expect(series(await text(page), name)).to.deep.equal([`${name} ${lastReloadSuccessful ? 1 : 0}`]);
    }
  });

  it('has no totals, rather than 0, where not one domain could be collected', async () => {
    const progress = new Progress();
    progress.finishedAt = 0;
    const domains = [{ domain: makeDomain('acme'), progress }];
    const snapshot = takeSnapshot({ collectedAt: 0, startedAt: 0, now: 0, counting: 'quota', problems: [], domains });
    const page = await text(samplePage({ snapshot }));
    expect(page).not.to.contain('vhi_total_');
    expect(page).to.contain('\nvhi_snapshot_complete 0\n');
    expect(page).not.to.match(/^vhi_[a-z_]*in_use/m);
  });

  it('has totals of 0 for a file without a domain', async () => {
    const snapshot = takeSnapshot({
      collectedAt: 0,
      startedAt: 0,
      now: 0,
      counting: 'quota',
      problems: [],
      domains: [],
    });
    const page = await text(samplePage({ snapshot }), new SelfMetrics({ build: BUILD, withProcess: false }));
    expect(series(page, 'vhi_')).to.have.members([
      'vhi_total_vcpus_in_use 0',
      'vhi_total_ram_mb_in_use 0',
      'vhi_snapshot_complete 1',
      'vhi_snapshot_duration_seconds 0',
      'vhi_domains_configured 0',
      'vhi_domains_file_problems 0',
      'vhi_domains_file_last_reload_successful 1',
      'vhi_domains_file_last_reload_success_timestamp_seconds 1795321740',
      'vhi_exporter_build_info{version="1.2.3",node_version="v20.19.0"} 1',
    ]);
  });

  it('forgets a domain that left the file, counters too', async () => {
    const self = sampleSelf();
    const before = sampleSnapshot();
    expect(await text(samplePage({ snapshot: before }), self)).to.contain('globex');
    const domains = before.domains.filter(({ domain }) => domain.label !== 'globex' && domain.label !== ODD);
    const page = await text(samplePage({ snapshot: { ...before, domains } }), self);
    expect(page).not.to.contain('globex');
    expect(page).not.to.contain('Neil');
    expect(page).to.contain('domain="acme"');
    // Not even when it comes back: its counter begins at 0.
    const again = await text(samplePage({ snapshot: before }), self);
    expect(series(again, 'vhi_domain_collect_failures_total')).to.deep.equal([]);
  });

  it('goes on counting for domains that stay', async () => {
    const self = sampleSelf();
    await text(samplePage(), self);
    self.error('globex', 'auth');
    expect(await text(samplePage(), self)).to.contain(
      '\nvhi_domain_collect_failures_total{domain="globex",reason="auth"} 2\n',
    );
  });

  it('tells of a reload that failed', async () => {
    const page = samplePage();
    page.file = { ...page.file, lastReloadSuccessful: false };
    expect(await text(page)).to.contain('\nvhi_domains_file_last_reload_successful 0\n');
  });

  it('shows no control or bidirectional character of a cloud', async () => {
    const page = await text(samplePage());
    expect(page.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Cf}]/u);
    expect(page).to.contain('\\\\u001b[31m\\\\u202e');
  });

  it('has Node’s own figures, but none that is misnamed', async () => {
    const page = await text(samplePage(), new SelfMetrics({ build: BUILD, withProcess: true }));
    expect(page).to.contain('\nprocess_start_time_seconds ').and.to.contain('\nnodejs_eventloop_lag_seconds ');
    expect(page).not.to.match(/nodejs_active_(handles|requests|resources)_total/);
    expect(Object.keys(families(page)).filter((name) => !/^(vhi|process|nodejs)_/.test(name))).to.deep.equal([]);
  });
});
