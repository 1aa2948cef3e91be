import { readFile } from 'node:fs/promises';

import { expect } from 'chai';
import { parse } from 'yaml';

import { FAMILIES } from '../../src/metrics/families.js';
import { dashboardQueries, labelValues } from '../grafana/expressions.js';
import { numbers, type Result, type Rule, type Span } from './helpers/api.js';
import { dayAt, RULES_DAYS } from './helpers/backfill.js';
import { type Domain, LABELS, LARGE, SECRETS, type Totals } from './helpers/cloud.js';
import * as config from './helpers/config.js';
import { AMTOOL, PROMTOOL, run } from './helpers/processes.js';
import { BUDGET, type Costs } from './helpers/tariffs.js';
import {
  BROKEN_DAY,
  BUDGET_ALERT,
  DROP_ALERT,
  HISTORY_DAYS,
  type Stage,
  STAGES,
  TARIFFS_ALERT,
  Timeline,
} from './helpers/timeline.js';

/* A real Prometheus and a real Alertmanager run what the project ships, on the real program, through all that can happen. */

const MINUTES = 60_000;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** Of amounts of some millions; Prometheus adds floats. */
const CENT = 0.01;
/** Short enough that no state falls between two steps. */
const FINE_STEP = 15;

/** Values of a parsed file by their path. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, `${path}/${key}`)]));
}

function difference({ shipped, changed }: config.Changed): Record<string, unknown> {
  const [before, after] = [leaves(parse(shipped)), leaves(parse(changed))];
  expect([...after.keys()]).to.deep.equal([...before.keys()]);
  return Object.fromEntries([...after].filter(([path, value]) => before.get(path) !== value));
}

/** All samples of all series, each with its labels. */
function flat(results: Result[]): { at: number; value: number; labels: Record<string, string> }[] {
  return results.flatMap((result) => numbers(result).map((sample) => ({ ...sample, labels: result.metric })));
}

/** Sums by time. */
function sums(results: Result[]): Map<number, number> {
  const totals = new Map<number, number>();
  for (const { at, value } of flat(results)) totals.set(at, (totals.get(at) ?? 0) + value);
  return totals;
}

/** What each domain but these costs. */
const entries = (costs: Costs, without: readonly Domain[] = []): [label: string, cost: number][] =>
  (Object.keys(costs) as Domain[])
    .filter((domain) => !without.includes(domain))
    .map((domain) => [LABELS[domain], costs[domain]]);

const sumOf = (costs: Costs, without?: readonly Domain[]): number =>
  entries(costs, without).reduce((sum, [, cost]) => sum + cost, 0);

describe('What the project ships, in a real Prometheus and a real Alertmanager', () => {
  let timeline: Timeline;
  let rules: Rule[];
  let span: Span;
  /** What the last lines of the output tell. */
  const told: string[] = [];

  before(async function () {
    this.timeout(20 * MINUTES);
    timeline = await Timeline.prepare();
    await timeline.run();
    ({ span } = timeline);
    rules = (await timeline.prometheus.ruleGroups()).flatMap((group) => group.rules);
  });
  after(async () => {
    for (const line of told) console.log(line);
    await (timeline as Timeline | undefined)?.stop();
  });

  const prometheus = () => timeline.prometheus;
  const range = (query: string, step = FINE_STEP) => prometheus().range(query, span, Math.min(step, config.interval));
  const all = (selector: string) => prometheus().samples(selector, span);
  const ofScrapes = async (stage: Stage, selector: string) => flat(await timeline.during(stage, selector));

  /** The values that a series without further labels has in a state, in each of its scrapes. */
  async function valuesIn(stage: Stage, selector: string): Promise<number[]> {
    return (await ofScrapes(stage, selector)).map(({ value }) => value);
  }

  /** The queries that have no result, or are refused; `look` tells how many series there are. */
  async function failing<T>(
    items: readonly T[],
    name: (item: T) => string,
    look: (item: T) => Promise<number>,
  ): Promise<string[]> {
    const failed: string[] = [];
    for (const item of items) {
      const why = await look(item).then(
        (count) => (count > 0 ? null : 'empty'),
        (error: unknown) => (error as Error).message,
      );
      if (why !== null) failed.push(`${name(item)}: ${why}`);
    }
    return failed;
  }

  describe('The configuration', () => {
    it('is the shipped one but for addresses and the clock of months, every 60 s with 50 s to answer', async () => {
      const { ports } = timeline;
      const changes = await config.prometheusConfig(ports);
      expect(difference(changes)).to.deep.equal({
        '/scrape_configs/0/static_configs/0/targets/0': `127.0.0.1:${ports.exporter}`,
        '/alerting/alertmanagers/0/static_configs/0/targets/0': `127.0.0.1:${ports.alertmanager}`,
      });
      const [url, ...others] = Object.values(difference(await config.alertmanagerConfig(ports)));
      expect(url).to.match(new RegExp(`^http://127\\.0\\.0\\.1:${ports.webhook}/`));
      expect(others).to.deep.equal([]);
      // On the 15th of a month there is nothing to set.
      const clock = Object.keys(difference(await config.costRules()));
      expect(clock.filter((path) => path !== '/groups/0/rules/0/expr')).to.deep.equal([]);
      if (config.isShortened) return;
      expect(await readFile(timeline.configs.prometheus, 'utf8')).to.equal(changes.changed);
      const [target] = await prometheus().targets();
      expect(target).to.include({ scrapeInterval: '1m', scrapeTimeout: '50s' });
    });

    it('passes promtool and amtool, as it is and as it was changed', async () => {
      for (const path of [config.SHIPPED_CONFIG, timeline.configs.prometheus]) {
        const { code, said } = await run(PROMTOOL, ['check', 'config', path]);
        expect(code, said).to.equal(0);
        expect(said).to.match(/recording\.rules\.yml\s+SUCCESS: \d+ rules found/);
        expect(said).to.match(/alerts\.rules\.yml\s+SUCCESS: \d+ rules found/);
        expect(said).to.match(/cost\.rules\.yml\s+SUCCESS: \d+ rules found/);
      }
      for (const path of [config.SHIPPED_ALERTMANAGER, timeline.configs.alertmanager]) {
        const { code, said } = await run(AMTOOL, ['check-config', path]);
        expect(code, said).to.equal(0);
        expect(said).to.match(/SUCCESS/);
      }
    });

    it('has Prometheus send its alerts to that Alertmanager', async () => {
      const urls = await prometheus().alertmanagers();
      expect(urls).to.deep.equal([`http://127.0.0.1:${timeline.ports.alertmanager}/api/v2/alerts`]);
    });
  });

  describe('The scrape', () => {
    it('is well, with the one target that the configuration names', async () => {
      const targets = await prometheus().targets();
      expect(targets.map(({ labels }) => labels)).to.deep.equal([timeline.labels]);
      expect(targets[0]).to.include({ health: 'up', lastError: '' });
    });

    it('is in OpenMetrics, with type and help of every family', async () => {
      const metadata = await prometheus().metadata(`{${timeline.target}}`);
      const types = new Map(metadata.map(({ metric, type }) => [metric, type]));
      const helps = new Map(metadata.map(({ metric, help }) => [metric, help]));
      const page = timeline.pages.dropped!;
      for (const { name } of FAMILIES.filter((family) => page.includes(`# TYPE ${family.name} `))) {
        expect(types.get(name), name).to.equal('gauge');
        expect(page, name).to.include(`# HELP ${name} ${helps.get(name)}\n`);
      }
      // In OpenMetrics a counter's family lacks the `_total` that it has in the text format.
      expect(types.get('vhi_cloud_requests')).to.equal('counter');
      expect(types.get('vhi_cloud_logins')).to.equal('counter');
      expect(types.has('vhi_cloud_requests_total')).to.be.false;
      expect(types.get('vhi_cloud_request_duration_seconds')).to.equal('histogram');
    });

    it('is answered before its timeout, also while a domain is too slow for it', async () => {
      const durations = await valuesIn('failing', 'scrape_duration_seconds{job="vhi"}');
      expect(durations).to.have.length.of.at.least(2);
      for (const seconds of durations) expect(seconds).to.be.within(config.timeout * 0.8, config.timeout);
      expect(await valuesIn('failing', 'up{job="vhi"}')).to.satisfy((ups: number[]) => ups.every((up) => up === 1));
    });

    it('stores all samples of the page, and no others', async () => {
      const lines = (stage: Stage) => timeline.pages[stage]!.split('\n').filter((line) => /^\w/.test(line)).length;
      for (const stage of ['well', 'edited', 'dropped'] as const) {
        const [scraped] = (await valuesIn(stage, 'scrape_samples_scraped{job="vhi"}')).slice(-1);
        // The page is of a moment later: kinds of garbage collections and of answers may have joined.
        expect(lines(stage), stage).to.be.within(scraped!, scraped! + 30);
        expect(await valuesIn(stage, 'scrape_samples_post_metric_relabeling{job="vhi"}')).to.include(scraped);
      }
    });

    it('gives pages in which promtool finds nothing but the units in the given names', async () => {
      const allowed = /^vhi_(total|domain|project)_ram_mb_in_use metric names should not contain abbreviated units$/;
      const stages = STAGES.filter((stage) => stage !== 'down');
      expect(Object.keys(timeline.pages)).to.deep.equal(stages);
      for (const stage of stages) {
        const { said } = await run(PROMTOOL, ['check', 'metrics'], timeline.pages[stage]);
        const complaints = said.split('\n').filter((line) => line !== '');
        expect(
          complaints.filter((line) => !allowed.test(line)),
          stage,
        ).to.deep.equal([]);
        // Without a figure there is no family that it could complain of.
        expect(complaints, stage).to.have.length(stage === 'outage' ? 0 : 3);
      }
    });
  });

  describe('The figures', () => {
    for (const stage of ['well', 'again', 'dropped'] as const) {
      it(`are what the cloud holds in the state "${stage}", in every scrape of it`, async () => {
        const { vcpus, ramMb } = timeline.held[stage]!;
        expect(new Set(await valuesIn(stage, 'vhi_total_vcpus_in_use'))).to.deep.equal(new Set([vcpus]));
        expect(new Set(await valuesIn(stage, 'vhi_total_ram_mb_in_use'))).to.deep.equal(new Set([ramMb]));
        expect(new Set(await valuesIn(stage, 'vhi_snapshot_complete'))).to.deep.equal(new Set([1]));
      });
    }

    it('of the domains add up to the total in each scrape, and those of the projects to the domain', async () => {
      for (const unit of ['vcpus', 'ram_mb']) {
        const totals = sums(await all(`vhi_total_${unit}_in_use`));
        // As many as the states with a total wait for.
        expect(totals.size).to.be.at.least(8);
        expect(sums(await all(`vhi_domain_${unit}_in_use`))).to.deep.equal(totals);
        expect(sums(await all(`vhi_project_${unit}_in_use`))).to.deep.equal(totals);
      }
    });

    it('are told to be partial in every scrape in which a domain fails or a line is bad', async () => {
      for (const stage of ['failing', 'edited', 'lost'] as const) {
        const complete = await valuesIn(stage, 'vhi_snapshot_complete');
        expect(new Set(complete), stage).to.deep.equal(new Set([0]));
        expect(await valuesIn(stage, 'vhi_total_vcpus_in_use'), stage).to.have.length(complete.length);
      }
    });

    it('are absent, and not 0, where not one domain could be collected', async () => {
      const configured = await valuesIn('outage', 'vhi_domains_configured');
      expect(new Set(configured)).to.deep.equal(new Set([Object.keys(LABELS).length]));
      for (const name of ['vhi_total_vcpus_in_use', 'vhi_total_ram_mb_in_use', 'vhi_domain_vcpus_in_use']) {
        expect(await valuesIn('outage', name), name).to.deep.equal([]);
      }
      expect(new Set(await valuesIn('outage', 'vhi_snapshot_complete'))).to.deep.equal(new Set([0]));
    });

    it('come with the reason of each failure', async () => {
      const reasons = async (stage: Stage): Promise<Record<string, string>> => {
        const found = await ofScrapes(stage, 'vhi_domain_collect_error_info');
        return Object.fromEntries(
          found.map(({ labels: { domain = '', stage: at, reason } }) => [domain, `${at} ${reason}`]),
        );
      };
      expect(await reasons('well')).to.deep.equal({});
      expect(await reasons('failing')).to.deep.equal({
        [LABELS.globex]: 'login auth',
        initech: 'servers timeout',
        umbrella: 'servers unavailable',
      });
      expect(Object.keys(await reasons('outage'))).to.have.members(Object.values(LABELS));
      expect(await reasons('edited')).to.deep.equal({ [LABELS.globex]: 'servers unavailable', stark: 'login network' });
      expect(await reasons('again')).to.deep.equal({});
      expect(await reasons('dropped')).to.deep.equal({});
    });

    it('of a domain that left the file are gone with the next scrape', async () => {
      const selector = '{__name__=~"vhi_.+|.+:complete",domain="vandelay"}';
      expect(await timeline.during('outage', selector)).not.to.deep.equal([]);
      const later = { start: timeline.stages.edited.start, end: span.end };
      expect(await prometheus().samples(selector, later)).to.deep.equal([]);
      expect(await prometheus().samples('vhi_domain_collect_errors{domain="stark"}', later)).not.to.deep.equal([]);
    });

    it('tell of the file: a bad line, a new one, and that it is lost', async () => {
      const domains = Object.keys(LABELS).length;
      expect(new Set(await valuesIn('edited', 'vhi_domains_file_problems'))).to.deep.equal(new Set([1]));
      for (const stage of ['edited', 'lost'] as const) {
        // One went, one came, and the bad line is none.
        expect(new Set(await valuesIn(stage, 'vhi_domains_configured')), stage).to.deep.equal(new Set([domains]));
        const reloaded = await valuesIn(stage, 'vhi_domains_file_last_reload_successful');
        expect(new Set(reloaded), stage).to.deep.equal(new Set([stage === 'edited' ? 1 : 0]));
      }
      expect(new Set(await valuesIn('again', 'vhi_domains_file_last_reload_successful'))).to.deep.equal(new Set([1]));
      expect(new Set(await valuesIn('again', 'vhi_domains_configured'))).to.deep.equal(new Set([domains - 1]));
    });

    it('are missing while the exporter is down, which is seen, as is its restart', async () => {
      expect(new Set(await valuesIn('down', 'up{job="vhi"}'))).to.deep.equal(new Set([0]));
      expect(await timeline.during('down', '{__name__=~"vhi_.+"}')).to.deep.equal([]);
      const started = flat(await all('process_start_time_seconds{job="vhi"}')).map(({ value }) => value);
      expect(new Set(started).size).to.equal(2);
    });

    it('of failures count up', async () => {
      const highest = async (selector: string) => Math.max(0, ...flat(await all(selector)).map(({ value }) => value));
      for (const selector of [
        'vhi_domain_collect_failures_total{domain="Globex \\"Corp\\"",reason="auth"}',
        'vhi_domain_collect_failures_total{domain="initech",reason="timeout"}',
        'vhi_domain_collect_failures_total{domain="umbrella",reason="unavailable"}',
      ]) {
        expect(await highest(selector), selector).to.be.at.least(2);
      }
      expect(await highest('vhi_domain_collect_failures_total{domain="stark",reason="network"}')).to.be.at.least(1);
      // One refused login is all: the account must not be locked.
      expect(await highest('vhi_cloud_logins_total{result="auth"}')).to.equal(1);
      expect(await highest('vhi_cloud_requests_total{code="503"}')).to.be.at.least(1);
      expect(await highest('vhi_cloud_requests_total{code="network"}')).to.be.at.least(1);
    });

    it('of a week and a day ago are those of the pages that were stored then', async () => {
      const { history, historyHeld } = timeline;
      for (const [offset, days] of [
        ['1w', 7],
        ['1d', 1],
      ] as const) {
        const found = await prometheus().query(`vhi_total_vcpus_in_use offset ${offset}`, span.end);
        const { vcpus } = historyHeld[dayAt(history, span.end - days * DAY)]!;
        expect(
          found.map(({ value }) => Number(value![1])),
          offset,
        ).to.deep.equal([vcpus]);
      }
    });
  });

  describe('The recording rules', () => {
    it('and the alerts are all in health', () => {
      expect(rules.map(({ type }) => type)).to.include.members(['recording', 'alerting']);
      const ill = rules.filter(({ health, lastError }) => health !== 'ok' || lastError);
      expect(ill).to.deep.equal([]);
    });

    it('have a sample for each rule, and a result for what each rule and alert asks', async () => {
      const empty = await failing(
        rules,
        ({ name, query }) => `${name} = ${query}`,
        async ({ query }) => (await range(query)).length,
      );
      const recordings = rules.filter(({ type }) => type === 'recording');
      const names = [...new Set(recordings.map(({ name }) => name))];
      empty.push(...(await failing(names, String, async (name) => (await all(name)).length)));
      expect(empty).to.deep.equal([]);
      told.push(
        `alert expressions run: ${rules.length - recordings.length}, recording rules run: ${recordings.length}`,
      );
    });

    it('record complete totals of complete snapshots only, and of each of them', async () => {
      const [ups, durations, completes] = await Promise.all(
        ['up{job="vhi"}', 'scrape_duration_seconds{job="vhi"}', 'vhi_snapshot_complete'].map(async (selector) => {
          const samples = flat(await all(selector));
          return new Map(samples.map(({ at, value }) => [at, value]));
        }),
      );
      // The ratio is recorded at each evaluation, whatever happens.
      const evaluations = flat(await all('instance:vhi_complete:ratio_1h')).map(({ at }) => at);
      expect(evaluations).to.have.length.of.at.least(8);
      const count = { recorded: 0, missing: 0 };
      for (const unit of ['vcpus', 'ram_mb']) {
        const totals = new Map(flat(await all(`vhi_total_${unit}_in_use`)).map(({ at, value }) => [at, value]));
        const recorded = flat(await all(`instance:vhi_total_${unit}_in_use:complete`));
        const values = new Map(recorded.map(({ at, value }) => [at, value]));
        // Rules that are evaluated while a scrape ends may see it or not.
        const blur = config.interval / 12;
        // A rule sees the scrapes that have come to an end, and a scrape's samples bear the time of its beginning.
        const scrapes = [...ups!.keys()].map((at) => ({ end: at + durations!.get(at)!, at }));
        for (const time of evaluations) {
          const before = scrapes.filter(({ end }) => end < time - blur).slice(-1);
          const seen = [...before, ...scrapes.filter(({ end }) => Math.abs(end - time) <= blur)];
          const expected = seen.map(({ at }) => (completes!.get(at) === 1 ? totals.get(at) : undefined));
          if (expected.length === 0) continue;
          expect(expected, `${unit} at ${time}`).to.include(values.get(time));
          count[values.has(time) ? 'recorded' : 'missing'] += 1;
        }
      }
      expect(count.recorded).to.be.at.least(4);
      expect(count.missing).to.be.at.least(6);
    });

    it('could be computed for the days before, as the README says', async () => {
      const { history, historyHeld } = timeline;
      const length = (history.end - history.start) / HISTORY_DAYS;
      for (let day = HISTORY_DAYS - RULES_DAYS + 1; day < HISTORY_DAYS; day++) {
        const noon = history.start + (day + 0.5) * length;
        const value = async (name: string) =>
          (await prometheus().query(name, noon)).map((result) => Number(result.value![1]));
        const isBroken = day === BROKEN_DAY;
        const { vcpus, ramMb } = historyHeld[day]!;
        expect(await value('instance:vhi_total_vcpu_hours:1h')).to.deep.equal(isBroken ? [] : [vcpus]);
        expect(await value('instance:vhi_total_ram_mb_hours:1h')).to.deep.equal(isBroken ? [] : [ramMb]);
        expect(await value('instance:vhi_complete:ratio_1h')).to.deep.equal([isBroken ? 0 : 1]);
        expect(await value('count(domain:vhi_vcpu_hours:1h)')).to.deep.equal([isBroken ? 5 : 6]);
      }
    });
  });

  describe('The cost', () => {
    /** Domains that fail, or are not in domains.txt any more. */
    const UNKNOWN: Record<Exclude<Stage, 'down'>, readonly Domain[]> = {
      well: [],
      failing: ['globex', 'initech', 'umbrella'],
      outage: Object.keys(LABELS) as Domain[],
      edited: ['globex', 'vandelay'],
      lost: ['globex', 'vandelay'],
      again: ['vandelay'],
      dropped: ['vandelay'],
    };
    const COMPLETE: readonly string[] = ['well', 'again', 'dropped'];

    for (const [stage, unknown] of Object.entries(UNKNOWN) as [keyof typeof UNKNOWN, readonly Domain[]][]) {
      it(`of an hour is the prices times what is in use in each scrape of the state "${stage}", or unknown`, async () => {
        const scrapes = await valuesIn(stage, 'up{job="vhi"}');
        const known = entries(timeline.costs[stage], unknown);
        const found = await ofScrapes(stage, 'vhi_domain_cost_per_hour{currency="IDR"}');
        expect(found).to.have.length(scrapes.length * known.length);
        for (const [label, cost] of known) {
          const values = found.filter(({ labels }) => labels['domain'] === label).map(({ value }) => value);
          expect(values, label).to.have.length(scrapes.length);
          for (const value of values) expect(value, label).to.be.closeTo(cost, CENT);
        }
        const totals = await valuesIn(stage, 'vhi_total_cost_per_hour{currency="IDR"}');
        expect(totals).to.have.length(COMPLETE.includes(stage) ? scrapes.length : 0);
        for (const total of totals) expect(total).to.be.closeTo(sumOf(timeline.costs[stage], unknown), CENT);
      });
    }

    it('goes by the last good tariffs while the file is broken, and by the new ones once it is mended', async () => {
      const reloaded = async (stage: Stage) =>
        new Set(await valuesIn(stage, 'vhi_tariffs_file_last_reload_successful'));
      for (const stage of ['well', 'failing', 'outage', 'edited'] as const) {
        expect(await reloaded(stage), stage).to.deep.equal(new Set([0]));
      }
      for (const stage of ['lost', 'again', 'dropped'] as const) {
        expect(await reloaded(stage), stage).to.deep.equal(new Set([1]));
      }
      expect(timeline.costs.lost.globex).to.be.above(1.9 * timeline.costs.well.globex);
      expect(timeline.costs.lost.initech).to.equal(timeline.costs.well.initech);
    });

    it('of the month, by the rules, is that of its hours, and the forecast adds those that are left', async () => {
      const last = async (series: string) => {
        const [result, ...more] = await all(`${series}{domain="initech",currency="IDR",month="${config.month}"}`);
        expect(more, series).to.deep.equal([]);
        return numbers(result!).at(-1)!;
      };
      // The one domain whose prices and servers stay as they are.
      const { initech } = timeline.costs.well;
      const hours = (await last('domain:vhi_cost_hours:month_to_date')).value;
      expect(hours).to.be.within(RULES_DAYS * 24, RULES_DAYS * 24 + 3);
      const soFar = (await last('domain:vhi_cost:month_to_date')).value;
      expect(soFar).to.be.closeTo(hours * initech, CENT);
      const forecast = await last('domain:vhi_cost:month_forecast');
      expect(forecast.value).to.be.closeTo(soFar + config.hoursLeft(forecast.at) * initech, CENT);
    });
  });

  describe('The PromQL of the README', () => {
    /** The first instant after what was in place before; the README's is the end of a month. */
    const instant = () => Math.floor(timeline.history.end / HOUR) * HOUR;
    let queries: string[];

    before(async () => {
      const blocks = (await readFile(config.README, 'utf8')).matchAll(/^```promql\n(.*?)^```$/gms);
      const lines = [...blocks].flatMap(([, block = '']) => block.split('\n'));
      queries = lines
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.replace(/@ \d+/g, `@ ${instant()}`).replace(/month="\d+"/g, `month="${config.month}"`));
    });

    it('has a result for each query', async () => {
      expect(queries).to.have.length.of.at.least(5);
      expect(await failing(queries, String, async (query) => (await range(query)).length)).to.deep.equal([]);
    });

    /** The one value of the query of the README that asks this of a total. */
    async function answer(start: string, series: string): Promise<number> {
      const query = queries.find((text) => text.startsWith(start) && text.includes(series));
      const [result, ...more] = await prometheus().query(query!, span.end);
      expect(more, query).to.deep.equal([]);
      return Number(result!.value![1]);
    }

    for (const [what, series, known] of [
      ['hours', 'instance:vhi_total_vcpu_hours:1h', () => timeline.historyHeld.map(({ vcpus }) => vcpus)],
      ['cost', 'instance:vhi_total_cost:1h', () => timeline.historyCosts.map((costs) => sumOf(costs))],
    ] as const) {
      it(`adds the ${what} up to a bill, and tells how many hours there were`, async () => {
        const hours = await answer('count_over_time', series);
        // One day of them had no complete total, nor had the hours at its borders the whole of it.
        expect(hours).to.be.within((RULES_DAYS - 1) * 24 - 2, (RULES_DAYS - 1) * 24 + 2);
        const values = known().slice(-RULES_DAYS);
        expect((await answer('sum_over_time', series)) / hours).to.be.within(Math.min(...values), Math.max(...values));
      });
    }
  });

  describe('The alerts', () => {
    it('have each been pending or firing, and the drop of the total only once there was one', async () => {
      const names = [...new Set(rules.filter(({ type }) => type === 'alerting').map(({ name }) => name))];
      const silent = await failing(names, String, async (name) => (await all(`ALERTS{alertname="${name}"}`)).length);
      expect(silent).to.deep.equal([]);
      for (const { at } of flat(await all(`ALERTS{alertname="${DROP_ALERT}"}`))) {
        expect(at).to.be.above(timeline.stages.dropped.start);
      }
    });

    it('of the tariffs file fires while that is broken, and is over with the first scrape after it was mended', async () => {
      const fired = flat(await all(`ALERTS{alertname="${TARIFFS_ALERT}",alertstate="firing"}`)).map(({ at }) => at);
      expect(fired).not.to.deep.equal([]);
      const [mended] = await ofScrapes('lost', 'vhi_tariffs_file_last_reload_successful');
      // A rule that is evaluated while a scrape ends may see it or not.
      expect(Math.max(...fired)).to.be.below(mended!.at + config.interval / 12);
    });

    it('of cost come with the raise of prices, for what it made dearer, too dear, or free', async () => {
      const of = async (name: string) => {
        const found = flat(await all(`ALERTS{alertname="${name}"}`));
        for (const { at } of found) expect(at, name).to.be.above(timeline.stages.edited.end);
        return found.map(({ labels }) => labels);
      };
      const domains = async (name: string) => [...new Set((await of(name)).map(({ domain }) => domain))];
      expect(await domains('VhiDomainSpendJumped')).to.have.members(['acme', LABELS.globex, 'umbrella']);
      expect(await domains(BUDGET_ALERT)).to.deep.equal([LABELS.globex]);
      for (const labels of await of('VhiTariffMissing')) {
        expect(labels).to.include({ resource: 'server', flavor: LARGE });
      }
      const [alert] = rules.find(({ name }) => name === BUDGET_ALERT)!.alerts!;
      expect(alert!.annotations['description']).to.include(`its budget is ${BUDGET.toFixed(2)}.`);
    });

    it('travel through Alertmanager to the webhook, with all that a reader needs and no secret', () => {
      const { text, receiver, status, alerts } = timeline.delivered;
      expect({ receiver, status }).to.deep.equal({ receiver: 'vhi', status: 'firing' });
      const drops = alerts.filter(({ labels }) => labels['alertname'] === DROP_ALERT);
      expect(drops.map(({ labels }) => labels['resource'])).to.have.members(['vcpus', 'ram']);
      for (const { labels, annotations } of drops) {
        expect(labels).to.include({ ...timeline.labels, severity: 'warning' });
        expect(annotations['summary']).to.match(/fell by more than 30 %/);
        expect(annotations['description']).to.match(
          new RegExp(`^All domains of ${timeline.labels.instance} together use [1-6]\\d\\.?\\d*% of the `),
        );
        expect(annotations['runbook_url']).to.match(/README\.md#vhitotaldropped$/);
      }
      for (const secret of SECRETS) expect(text).not.to.include(secret);
      told.push(`alert delivered by Alertmanager after ${Math.round(timeline.deliveredAfter)} s`);
    });
  });

  describe('The dashboards', () => {
    // The domain that was well, failed and partial in turn; the quotes in its name have to survive all the quoting.
    const queries = () => {
      // A day reaches back to the hours that were backfilled.
      const days = { __range: '1d', __range_s: String(DAY) };
      const values = { ...timeline.labels, domain: LABELS.globex, scrape_timeout: String(config.timeout), ...days };
      return dashboardQueries(values);
    };
    const ofPanel = (title: string, of = 'overview') =>
      queries()
        .filter(({ dashboard, panel }) => dashboard === of && panel === title)
        .map(({ expr }) => expr);

    it('have a result for each query and each variable', async () => {
      const empty = await failing(
        queries(),
        ({ dashboard, panel, kind, expr }) => `${dashboard} / ${panel} (${kind}): ${expr}`,
        async ({ kind, expr }) => {
          if (kind === 'variable') {
            const { label, selector } = labelValues(expr);
            return (await prometheus().labelValues(label, selector, span)).length;
          }
          // An instant query is asked all along the window: what fails now has a result only while it fails.
          return kind === 'instant' ? (await range(expr)).length : (await range(expr, 60)).length;
        },
      );
      expect(empty).to.deep.equal([]);
      const panels = new Set(queries().map(({ dashboard, panel }) => `${dashboard} ${panel}`));
      told.push(`panels checked: ${panels.size}, queries run: ${queries().length}`);
    });

    it('show a total as complete or as partial, and none where there is none', async () => {
      const titles = ['vCPUs in use', 'vCPUs in use over time'];
      for (const title of titles) {
        const [whole, partial, ...others] = ofPanel(title);
        expect(others, title).to.deep.equal([]);
        for (const stage of STAGES) {
          const [last] = (await ofScrapes(stage, 'up{job="vhi"}')).slice(-1);
          const shown = async (query: string) =>
            (await prometheus().query(query, last!.at)).map(({ value }) => Number(value![1]));
          const held = timeline.held[stage];
          expect(await shown(whole!), `${title}: ${stage}`).to.deep.equal(held ? [held.vcpus] : []);
          const has = held === undefined && stage !== 'outage' && stage !== 'down';
          expect(await shown(partial!), `${title}: ${stage}`).to.have.length(has ? 1 : 0);
        }
      }
    });

    it('show what 30 days cost, and the share of each domain, only while the cost of all is known', async () => {
      const [total, share, ...others] = ['Cost of 30 days', 'Share of the cost'].flatMap((title) =>
        ofPanel(title, 'cost'),
      );
      expect(others).to.deep.equal([]);
      for (const stage of STAGES) {
        const [last] = (await ofScrapes(stage, 'up{job="vhi"}')).slice(-1);
        const totals = await prometheus().query(total!, last!.at);
        const shares = await prometheus().query(share!, last!.at);
        const gone: Domain[] = stage === 'well' ? [] : ['vandelay'];
        const known = timeline.held[stage] ? entries(timeline.costs[stage], gone) : [];
        const sum = sumOf(timeline.costs[stage], gone);
        expect(totals, stage).to.have.length(known.length > 0 ? 1 : 0);
        for (const found of totals.flatMap(numbers)) expect(found.value, stage).to.be.closeTo(720 * sum, 720 * CENT);
        expect(shares, stage).to.have.length(known.length);
        for (const { metric, value } of shares) {
          const [, cost] = known.find(([label]) => label === metric['domain'])!;
          expect(Number(value![1]), metric['domain']).to.be.closeTo(cost / sum, 1e-9);
        }
      }
    });

    it('compare the total with that of a day and of a week ago', async () => {
      const { history, historyHeld, held } = timeline;
      for (const [title, of] of [
        ['vCPUs: change', ({ vcpus }: Totals) => vcpus],
        ['RAM: change', ({ ramMb }: Totals) => ramMb],
      ] as const) {
        const changes = ofPanel(title).map(async (query) => (await prometheus().query(query, span.end))[0]?.value?.[1]);
        const before = [1, 7].map((days) => historyHeld[dayAt(history, span.end - days * DAY)]!);
        expect((await Promise.all(changes)).map(Number), title).to.have.members(
          before.map((then) => of(held.dropped!) - of(then)),
        );
      }
    });
  });
});
