import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { parse, stringify } from 'yaml';

import { ALERTMANAGER, AMTOOL, Daemon, eventually, freePorts, PROMTOOL } from './helpers/processes.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = readdirSync(`${ROOT}prometheus/tests`)
  .filter((name) => name.endsWith('.test.yml'))
  .map((name) => `prometheus/tests/${name}`);

/** What the program prints; an error when the program is missing, or its exit code is not 0. */
function say(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: ROOT }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}

const read = (path: string): unknown => parse(readFileSync(`${ROOT}${path}`, 'utf8'));

const rules = (path: string): number =>
  (read(path) as { groups: { rules: unknown[] }[] }).groups.reduce((sum, group) => sum + group.rules.length, 0);

interface Cases {
  alert_rule_test?: unknown[];
  promql_expr_test?: unknown[];
}

const cases = (path: string): number =>
  (read(path) as { tests: Cases[] }).tests.reduce(
    (sum, test) => sum + (test.alert_rule_test?.length ?? 0) + (test.promql_expr_test?.length ?? 0),
    0,
  );

describe('The rules for Prometheus', () => {
  const alerts = rules('prometheus/alerts.rules.yml');
  const recordings = rules('prometheus/recording.rules.yml');
  const costs = rules('prometheus/cost.rules.yml');

  it('are taken in by the shipped prometheus.yml as it lies there', async () => {
    const said = await say(PROMTOOL, 'check', 'config', 'prometheus.yml.example');
    expect(said).to.include('3 rule files found');
    for (const count of [alerts, costs, recordings]) expect(said).to.include(`SUCCESS: ${count} rules found`);
  });

  it('have nothing that promtool warns of', async () => {
    const args = ['check', 'rules', '--lint=all', '--lint-fatal'];
    const files = ['alerts.rules.yml', 'cost.rules.yml', 'recording.rules.yml', 'budgets.rules.yml.example'];
    const said = await say(PROMTOOL, ...args, ...files.map((name) => `prometheus/${name}`));
    expect(said)
      .to.match(/SUCCESS/)
      .and.not.match(/duplicate|FAILED/);
  });

  for (const path of TESTS) {
    it(`do what ${path} expects`, async () => {
      expect(await say(PROMTOOL, 'test', 'rules', path)).to.match(/SUCCESS/);
    });
  }

  it('go by the months of another zone once the one number was changed as the README says', async () => {
    const [, script = ''] =
      /sed -i '(.+)' prometheus\/cost\.rules\.yml/.exec(readFileSync(`${ROOT}README.md`, 'utf8')) ?? [];
    const told = (expr: string, hours: number, value: number): object => ({
      expr,
      eval_time: `${hours}h`,
      exp_samples: [{ labels: expr, value }],
    });
    // January of 1970 has 744 hours, and ends 7 hours earlier there.
    const promql_expr_test = [
      told('calendar:vhi_hour:month', 737, 197001),
      told('calendar:vhi_full_hour:month', 737, 197001),
      told('calendar:vhi_month:hours_left', 737, 0),
      told('calendar:vhi_hour:month', 738, 197002),
      told('calendar:vhi_full_hour:month', 738, 197002),
      told('calendar:vhi_month:hours_left', 738, 671),
    ];
    const folder = await mkdtemp(join(tmpdir(), 'zone-'));
    try {
      await writeFile(join(folder, 'cost.rules.yml'), await say('sed', script, 'prometheus/cost.rules.yml'));
      const suite = {
        rule_files: ['cost.rules.yml'],
        evaluation_interval: '1h',
        tests: [{ interval: '1h', promql_expr_test }],
      };
      await writeFile(join(folder, 'zone.test.yml'), stringify(suite));
      expect(await say(PROMTOOL, 'test', 'rules', join(folder, 'zone.test.yml'))).to.match(/SUCCESS/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  after(() => {
    const total = TESTS.reduce((sum, path) => sum + cases(path), 0);
    console.log(`alerts tested: ${alerts}, recording rules tested: ${recordings + costs}, promtool cases: ${total}`);
  });
});

describe('The example for Alertmanager', () => {
  const CONFIG = 'prometheus/alertmanager.yml.example';
  let url: string;
  let folder: string;
  let alertmanager: Daemon | undefined;

  before(async () => {
    const [port] = await freePorts(1);
    url = `http://127.0.0.1:${port}`;
    folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
    alertmanager = new Daemon(ALERTMANAGER, [
      `--config.file=${ROOT}${CONFIG}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
    await alertmanager.ready(url);
  });

  after(async () => {
    await alertmanager?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  type Labels = Record<string, string>;
  const failing = (severity: string, domain: string, instance: string): Labels => ({
    ...{ alertname: 'VhiDomainFailing', job: 'vhi' },
    ...{ severity, domain, instance },
  });
  const alert = (alertname: string, instance: string): Labels => ({ alertname, job: 'vhi', instance });

  async function send(alerts: Labels[]): Promise<void> {
    const body = JSON.stringify(alerts.map((labels) => ({ labels })));
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body });
    expect(status).to.equal(200);
  }

  const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${url}/api/v2/${path}`)).json()) as T;

  /** The alerts of an exporter, by what Alertmanager will do with them. */
  async function told(instance: string, count: number): Promise<{ sent: string[]; held: string[] }> {
    interface Held {
      labels: Labels;
      status: { inhibitedBy: string[] };
    }
    const alerts = await eventually(`${count} alerts of ${instance}`, 10_000, async () => {
      const found = await ask<Held[]>(`alerts?filter=${encodeURIComponent(`instance="${instance}"`)}`);
      return found.length === count ? found : null;
    });
    const names = (held: boolean): string[] =>
      alerts
        .filter(({ status }) => status.inhibitedBy.length > 0 === held)
        .map(({ labels }) => [labels['alertname'], labels['severity'], labels['domain']].filter(Boolean).join(' '))
        .sort();
    return { sent: names(false), held: names(true) };
  }

  it('is one that amtool finds right', async () => {
    expect(await say(AMTOOL, 'check-config', CONFIG)).to.match(/SUCCESS[\s\S]*3 inhibit rules[\s\S]*1 receivers/);
  });

  it('holds back the warning of a domain that is critical, and of no other', async () => {
    await send([
      failing('warning', 'acme', 'a:10180'),
      failing('critical', 'acme', 'a:10180'),
      failing('warning', 'globex', 'a:10180'),
      failing('warning', 'acme', 'b:10180'),
    ]);
    expect(await told('a:10180', 3)).to.deep.equal({
      sent: ['VhiDomainFailing critical acme', 'VhiDomainFailing warning globex'],
      held: ['VhiDomainFailing warning acme'],
    });
    expect(await told('b:10180', 1)).to.deep.equal({ sent: ['VhiDomainFailing warning acme'], held: [] });
  });

  it('tells of all domains at once when all fail, and still of the file', async () => {
    await send([
      alert('VhiAllDomainsFailing', 'c:10180'),
      failing('critical', 'acme', 'c:10180'),
      ...['VhiSnapshotIncomplete', 'VhiScrapeNearTimeout', 'VhiDomainsFileProblems'].map((name) =>
        alert(name, 'c:10180'),
      ),
    ]);
    expect(await told('c:10180', 5)).to.deep.equal({
      sent: ['VhiAllDomainsFailing', 'VhiDomainsFileProblems'],
      held: ['VhiDomainFailing critical acme', 'VhiScrapeNearTimeout', 'VhiSnapshotIncomplete'],
    });
  });

  it('tells of nothing else while the exporter is down', async () => {
    await send([
      alert('VhiExporterDown', 'd:10180'),
      alert('VhiAllDomainsFailing', 'd:10180'),
      alert('VhiDomainsFileProblems', 'd:10180'),
      failing('critical', 'acme', 'd:10180'),
    ]);
    expect(await told('d:10180', 4)).to.deep.equal({
      sent: ['VhiExporterDown'],
      held: ['VhiAllDomainsFailing', 'VhiDomainFailing critical acme', 'VhiDomainsFileProblems'],
    });
  });

  it('sends a thousand domains that fail at once as one message', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => failing('warning', `domain ${i}`, i % 2 ? 'e:1' : 'f:1'));
    await send(labels);
    interface Group {
      labels: Labels;
      receiver: { name: string };
      alerts: unknown[];
    }
    const filter = encodeURIComponent('instance=~"[ef]:1"');
    const groups = await eventually('a thousand alerts', 10_000, async () => {
      const found = await ask<Group[]>(`alerts/groups?filter=${filter}`);
      return found.flatMap(({ alerts }) => alerts).length === labels.length ? found : null;
    });
    expect(groups.map(({ receiver }) => receiver.name)).to.deep.equal(['vhi']);
    expect(groups.map(({ labels }) => labels)).to.deep.equal([{ alertname: 'VhiDomainFailing', job: 'vhi' }]);
  });
});
