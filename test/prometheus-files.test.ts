import { readFileSync, readdirSync } from 'node:fs';

import { parser } from '@prometheus-io/lezer-promql';
import { expect } from 'chai';
import { parse } from 'yaml';

import { FAMILIES } from '../src/metrics/families.js';
import { SelfMetrics } from '../src/metrics/self.js';

/* What can be said of prometheus/ without Prometheus; `npm run test:monitoring` has promtool and amtool run it. */

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface Suite {
  tests: {
    promql_expr_test?: { expr: string }[];
    alert_rule_test?: { alertname: string; exp_alerts: { exp_labels: Record<string, string> }[] }[];
  }[];
}

const rulesOf = (path: string): Rule[] =>
  (parse(read(path)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);

const ALERTS = rulesOf('prometheus/alerts.rules.yml').map((rule) => ({
  ...rule,
  name: rule.alert ?? '',
  labels: rule.labels ?? {},
  annotations: rule.annotations ?? {},
}));
const recordings = (path: string): (Rule & { name: string })[] =>
  rulesOf(path).map((rule) => ({ ...rule, name: rule.record ?? '' }));
const RECORDINGS = ['recording', 'cost'].flatMap((name) => recordings(`prometheus/${name}.rules.yml`));
const BUDGETS = recordings('prometheus/budgets.rules.yml.example');
const TESTS = readdirSync(new URL('../prometheus/tests/', import.meta.url))
  .filter((name) => name.endsWith('.test.yml'))
  .flatMap((name) => (parse(read(`prometheus/tests/${name}`)) as Suite).tests);
const TESTED_EXPRESSIONS = TESTS.flatMap(({ promql_expr_test }) => promql_expr_test ?? []).map(({ expr }) => expr);

const README = read('README.md');
const section = (heading: string): string => README.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
/** The queries of the README, a line each. */
const QUERIES = [...README.matchAll(/```promql\n([\s\S]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line !== '' && !line.startsWith('#'));

const KNOWN = new Set([
  'up',
  ...FAMILIES.map(({ name }) => name),
  ...new SelfMetrics({ build: { version: '1', nodeVersion: '1' }, withProcess: false })
    .all()
    .map((metric) => (metric as unknown as { name: string }).name),
]);

/** The metrics that an expression selects; it fails on one that is no PromQL. */
function selected(expr: string): string[] {
  const found: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expr}`);
      if (type.name === 'Identifier') found.push(expr.slice(from, to));
    },
  });
  return found;
}

const seconds = (text = ''): number => Number(/^(\d+)s$/.exec(text)?.[1]);

describe('prometheus.yml.example', () => {
  const { scrape_configs } = parse(read('prometheus.yml.example')) as {
    scrape_configs: { job_name: string; scrape_interval: string; scrape_timeout: string }[];
  };
  const [job] = scrape_configs;

  it('looks for the rules where they are once the README was followed', () => {
    const [, install = ''] = README.split('**Install**: ');
    const [, copied] = /^copy the folder \[`([^`]+)`\]\(\w+\) beside prometheus\.yml/.exec(install) ?? [];
    const { rule_files } = parse(read('prometheus.yml.example')) as { rule_files: string[] };
    expect(rule_files).to.deep.equal([`${copied}*.rules.yml`]);
    const rules = readdirSync(new URL(`../${copied}`, import.meta.url)).filter((name) => name.endsWith('.rules.yml'));
    expect(rules).to.have.members(['alerts.rules.yml', 'cost.rules.yml', 'recording.rules.yml']);
  });

  it('gives a scrape more time than the default, and less than the interval', () => {
    expect(scrape_configs).to.have.length(1);
    expect(seconds(job?.scrape_timeout)).to.be.greaterThan(10).and.at.most(seconds(job?.scrape_interval));
  });

  it('names the job, and sets the time, that the alerts rest on', () => {
    const exprOf = (alert: string): string => ALERTS.find(({ name }) => name === alert)?.expr ?? '';
    expect(exprOf('VhiExporterDown').match(/job="[^"]*"/g)).to.deep.equal(Array(2).fill(`job="${job?.job_name}"`));
    expect(exprOf('VhiScrapeNearTimeout')).to.match(/ > \d+$/);
    expect(Number(/\d+$/.exec(exprOf('VhiScrapeNearTimeout')))).to.equal(0.8 * seconds(job?.scrape_timeout));
  });
});

describe('the rules', () => {
  it('have names of their own', () => {
    const alerts = ALERTS.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
    const names = [...alerts, ...RECORDINGS.map(({ name }) => name)];
    expect(names.length).to.be.greaterThan(15);
    expect([...new Set(names)]).to.deep.equal(names);
    for (const { name } of ALERTS) expect(name).to.match(/^Vhi[A-Z]\w+$/);
    for (const { name } of RECORDINGS) expect(name).to.match(/^(instance|domain|calendar):vhi_\w+:\w+$/);
  });

  it('select only metrics that there are, or that are recorded before', () => {
    const recorded = new Set<string>();
    for (const { name, expr } of RECORDINGS) {
      const metrics = selected(expr);
      if (name !== 'calendar:vhi_clock:seconds') expect(metrics, name).not.to.be.empty;
      for (const metric of metrics) if (!recorded.has(metric)) expect(KNOWN, name).to.include(metric);
      recorded.add(name);
    }
  });

  it('alert by what the exporter itself says, in the descriptions too, but for budgets', () => {
    for (const { name, expr, annotations } of ALERTS) {
      const told = [...JSON.stringify(annotations).matchAll(/\b(\w+:)?vhi_[\w:]+/g)].map(([metric]) => metric);
      const metrics = [...selected(expr), ...told];
      expect(metrics, name).not.to.be.empty;
      const known = name === 'VhiDomainOverBudget' ? [...RECORDINGS, ...BUDGETS].map((rule) => rule.name) : [...KNOWN];
      for (const metric of metrics) expect(known, name).to.include(metric);
    }
  });

  it('are all tested, each alert both firing and silent', () => {
    for (const { name } of RECORDINGS) expect(TESTED_EXPRESSIONS.join('\n')).to.include(name);
    const cases = TESTS.flatMap(({ alert_rule_test }) => alert_rule_test ?? []);
    for (const { name, labels } of ALERTS) {
      const own = cases.filter(({ alertname }) => alertname === name);
      const fired = own
        .flatMap(({ exp_alerts }) => exp_alerts)
        .filter(({ exp_labels }) => Object.entries(labels).every(([label, value]) => exp_labels[label] === value));
      expect(fired, `${name} ${JSON.stringify(labels)} fires`).not.to.be.empty;
      expect(
        own.filter(({ exp_alerts }) => exp_alerts.length === 0),
        `${name} is silent`,
      ).to.have.length.at.least(2);
    }
  });
});

describe('an alert', () => {
  const headings = [...section('Alerts').matchAll(/^### (\w+)$/gm)].map(([, heading = '']) => heading);

  it('has a severity, a summary, a description, and a heading of the README to link to', () => {
    for (const { name, labels, annotations } of ALERTS) {
      expect(labels['severity'], name).to.be.oneOf(['warning', 'critical']);
      expect(annotations).to.have.all.keys('summary', 'description', 'runbook_url');
      for (const text of Object.values(annotations)) expect(text, name).to.match(/\S{3}/);
      expect(annotations['runbook_url']).to.equal(`https://vhi-exporter.example/README.md#${name.toLowerCase()}`);
      expect(headings).to.include(name);
    }
  });

  it('is there for each heading', () => {
    expect(headings).to.have.members([...new Set(ALERTS.map(({ name }) => name))]);
  });

  it('is there for each name in the example for Alertmanager', () => {
    const names = read('prometheus/alertmanager.yml.example').match(/Vhi\w{2,}/g) ?? [];
    expect(names).to.include.members(['VhiDomainFailing', 'VhiExporterDown']);
    expect(headings).to.include.members(names);
  });
});

describe('the queries of the README', () => {
  it('select only metrics that there are', () => {
    const recorded = new Set(RECORDINGS.map(({ name }) => name));
    expect(QUERIES).to.have.length.at.least(5);
    for (const query of QUERIES)
      for (const metric of selected(query)) expect(KNOWN.has(metric) || recorded.has(metric), metric).to.be.true;
  });

  it('are those that promtool tests, but for the month', () => {
    const anyMonth = (text: string): string => text.replaceAll(/@ \d+/g, '@').replaceAll(/month="\d+"/g, 'month');
    const tested = anyMonth(TESTED_EXPRESSIONS.join('\n'));
    for (const query of QUERIES) {
      // A month ends where one begins: at midnight, on a first.
      for (const [, end] of query.matchAll(/@ (\d+)/g))
        expect(new Date(Number(end) * 1000).toISOString()).to.match(/-01T00:00:00\.000Z$/);
      expect(tested).to.include(anyMonth(query));
    }
  });

  it('stand beside a table of every recorded series', () => {
    const table = section('Recording rules')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => line.split('|')[1]?.match(/[^`\s,|]+/g) ?? []);
    expect(table).to.have.members(RECORDINGS.map(({ name }) => name));
  });
});
