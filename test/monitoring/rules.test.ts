import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROMTOOL = process.env['PROMTOOL'] ?? 'promtool';
const AMTOOL = process.env['AMTOOL'] ?? 'amtool';
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

  it('are taken in by the shipped prometheus.yml as it lies there', async () => {
    const said = await say(PROMTOOL, 'check', 'config', 'prometheus.yml.example');
    expect(said).to.include('2 rule files found');
    expect(said).to.include(`SUCCESS: ${alerts} rules found`).and.to.include(`SUCCESS: ${recordings} rules found`);
  });

  it('have nothing that promtool warns of', async () => {
    const args = ['check', 'rules', '--lint=all', '--lint-fatal'];
    const said = await say(PROMTOOL, ...args, 'prometheus/alerts.rules.yml', 'prometheus/recording.rules.yml');
    expect(said)
      .to.match(/SUCCESS/)
      .and.not.match(/duplicate|FAILED/);
  });

  for (const path of TESTS) {
    it(`do what ${path} expects`, async () => {
      expect(await say(PROMTOOL, 'test', 'rules', path)).to.match(/SUCCESS/);
    });
  }

  after(() => {
    const total = TESTS.reduce((sum, path) => sum + cases(path), 0);
    console.log(`alerts tested: ${alerts}, recording rules tested: ${recordings}, promtool cases: ${total}`);
  });
});

describe('The example for Alertmanager', () => {
  const CONFIG = 'prometheus/alertmanager.yml.example';

  it('is one that Alertmanager takes', async () => {
    expect(await say(AMTOOL, 'check-config', CONFIG)).to.match(/SUCCESS[\s\S]*3 inhibit rules[\s\S]*1 receivers/);
  });

  it('sends every alert to its receiver', async () => {
    const route = await say(AMTOOL, 'config', 'routes', 'test', `--config.file=${CONFIG}`, 'alertname=VhiExporterDown');
    expect(route.trim()).to.equal('vhi');
  });
});
