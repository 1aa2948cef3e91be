import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Program } from '../../helpers/program.js';
import { numbers, Prometheus, type Result, type Span } from './api.js';
import { backfill, backfillRules, type History, historyOf, OPEN_METRICS } from './backfill.js';
import { Cloud, type Totals } from './cloud.js';
import { install, interval, type Ports, recordingRules, timeout } from './config.js';
import { ALERTMANAGER, Daemon, eventually, freePorts, PROMETHEUS, startExporter } from './processes.js';
import { BROKEN_TARIFFS, type Costs, costsOf, FIRST, RAISED, tariffsText } from './tariffs.js';
import { type Notification, Webhook } from './webhook.js';

/* What happens while Prometheus watches: one state of cloud, exporter and file after the other, each scraped at least once. */

export const STAGES = ['well', 'failing', 'outage', 'edited', 'lost', 'down', 'again', 'dropped'] as const;
export type Stage = (typeof STAGES)[number];

export const DROP_ALERT = 'VhiTotalDropped';
export const TARIFFS_ALERT = 'VhiTariffsFileNotReloaded';
export const BUDGET_ALERT = 'VhiDomainOverBudget';
const COST_ALERTS = [BUDGET_ALERT, 'VhiDomainSpendJumped', 'VhiTariffMissing'];
export const HISTORY_DAYS = 8;
/** Counted from 0, the oldest. */
export const BROKEN_DAY = 6;
/** An edit of domains.txt or of the tariffs is in force a second after the last write. */
const EDIT_S = 1.5;

/** What the last block of each round of backfilling holds: the next round builds on it. */
const ROUNDS = [
  ['calendar:vhi_clock:seconds', 'instance:vhi_total_vcpus_in_use:complete'],
  ['calendar:vhi_month:hours_left', 'instance:vhi_total_vcpu_hours:1h'],
  ['instance:vhi_total_cost:1h'],
  ['instance:vhi_total_cost_hours:month_to_date'],
  ['instance:vhi_total_cost:month_forecast'],
];

const now = (): number => Date.now() / 1000;

/** Everything that runs, and what was written down on the way. */
export class Timeline {
  readonly cloud: Cloud;
  readonly prometheus: Prometheus;
  readonly folder: string;
  readonly configs: { prometheus: string; alertmanager: string };
  readonly ports: Ports;
  readonly webhook = new Webhook();
  /** From when a state was in force until the next one was arranged. */
  readonly stages = {} as Record<Stage, Span>;
  /** A text page of the exporter in each state in which it runs. */
  readonly pages: Partial<Record<Stage, string>> = {};
  /** What the cloud held in the states that are complete. */
  readonly held: Partial<Record<Stage, Totals>> = {};
  /** What an hour of each domain costs in the cloud of that state, at the prices of that state. */
  readonly costs = {} as Record<Stage, Costs>;
  readonly historyHeld: Totals[] = [];
  readonly historyCosts: Costs[] = [];
  history!: History;
  delivered!: Notification;
  /** Seconds from the deletion of the servers to the webhook. */
  deliveredAfter = 0;
  #end = 0;
  #prices = FIRST;
  readonly #began = performance.now();
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly #prometheusPort: number;
  #exporter: Program | null = null;
  #rules: Promise<void> = Promise.resolve();

  private constructor(parts: {
    cloud: Cloud;
    folder: string;
    ports: Ports;
    prometheusPort: number;
    configs: Timeline['configs'];
  }) {
    this.cloud = parts.cloud;
    this.folder = parts.folder;
    this.ports = parts.ports;
    this.configs = parts.configs;
    this.#prometheusPort = parts.prometheusPort;
    this.prometheus = new Prometheus(`http://127.0.0.1:${parts.prometheusPort}`);
  }

  static async prepare(): Promise<Timeline> {
    const [exporter, alertmanager, webhook, prometheusPort] = (await freePorts(4)) as [number, number, number, number];
    const ports = { exporter, alertmanager, webhook };
    const folder = await mkdtemp(join(tmpdir(), 'vhi-prometheus-'));
    try {
      const configs = await install(folder, ports);
      const cloud = await Cloud.start();
      const timeline = new Timeline({ cloud, folder, ports, prometheusPort, configs });
      timeline.#closers.push(() => cloud.stop());
      return timeline;
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** The live part, from the first state to the alert's delivery. */
  get span(): Span {
    return { start: this.stages.well.start, end: this.#end };
  }

  get target(): string {
    return `job="vhi",instance="127.0.0.1:${this.ports.exporter}"`;
  }

  /** `job` and `instance` as Prometheus attaches them. */
  get labels(): { job: string; instance: string } {
    return { job: 'vhi', instance: `127.0.0.1:${this.ports.exporter}` };
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  async run(): Promise<void> {
    await this.cloud.writeTariffs(tariffsText(this.#prices));
    await this.#startExporter();
    await this.#takeHistory();
    await this.#startMonitoring();
    await this.#play();
  }

  async stop(): Promise<void> {
    // All of them, whatever becomes of one.
    const ends = await Promise.allSettled([this.#stopExporter(), ...this.#closers.map((close) => close())]);
    await rm(this.folder, { recursive: true, force: true });
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #tell(text: string): void {
    const seconds = Math.round((performance.now() - this.#began) / 1000);
    console.log(`    [${String(seconds).padStart(4)} s] ${text}`);
  }

  async #startExporter(): Promise<void> {
    const args = [`--domains.file=${this.cloud.file}`, `--web.listen-address=127.0.0.1:${this.ports.exporter}`];
    const program = startExporter(
      ['serve', ...args, `--tariffs.file=${this.cloud.tariffs}`, '--collect.projects', '--collect.min-interval=1ms'],
      this.cloud.env,
    );
    this.#exporter = program;
    await program.saw('stderr', /msg=listening/);
  }

  async #stopExporter(): Promise<void> {
    const program = this.#exporter;
    if (!program) return;
    this.#exporter = null;
    await program.kill();
  }

  /** A page as a scraper with this little time gets it. */
  async page(accept: string, seconds: number): Promise<string> {
    const headers = { Accept: accept, 'X-Prometheus-Scrape-Timeout-Seconds': String(seconds) };
    const response = await fetch(`http://${this.labels.instance}/metrics`, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}: ${text}`);
    return text;
  }

  async #takeHistory(): Promise<void> {
    const pages: string[] = [];
    for (let day = 0; day < HISTORY_DAYS; day++) {
      this.cloud.grow();
      if (day === BROKEN_DAY) this.cloud.breakProject('umbrella');
      pages.push(await this.page(OPEN_METRICS, timeout));
      this.historyHeld.push(this.cloud.inUse());
      this.historyCosts.push(costsOf(this.cloud, this.#prices));
      this.cloud.mend();
    }
    this.cloud.grow();
    this.history = historyOf(pages);
    await mkdir(this.#data);
    const samples = await backfill(this.history, this.#data, this.target);
    this.#tell(`${HISTORY_DAYS} days of history are in place: ${samples} samples`);
  }

  async #startMonitoring(): Promise<void> {
    await this.webhook.start(this.ports.webhook);
    this.#closers.push(() => this.webhook.stop());
    const alertmanager = new Daemon(ALERTMANAGER, [
      `--config.file=${this.configs.alertmanager}`,
      `--storage.path=${join(this.folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${this.ports.alertmanager}`,
      '--cluster.listen-address=',
    ]);
    this.#closers.push(() => alertmanager.stop());
    const prometheus = new Daemon(PROMETHEUS, [
      `--config.file=${this.configs.prometheus}`,
      `--storage.tsdb.path=${this.#data}`,
      `--web.listen-address=127.0.0.1:${this.#prometheusPort}`,
    ]);
    this.#closers.push(() => prometheus.stop());
    await alertmanager.ready(`http://127.0.0.1:${this.ports.alertmanager}`);
    await prometheus.ready(this.prometheus.url);
    this.#tell('Prometheus and Alertmanager run');
    this.#rules = this.#backfillRules();
    // It is awaited before the end of the window; until then a failure is not unhandled.
    this.#rules.catch(() => undefined);
  }

  /** Rules that build on other rules find them only once their blocks are in: hence so many times. */
  async #backfillRules(): Promise<void> {
    const rules = recordingRules(this.folder);
    for (const [i, names] of ROUNDS.entries()) {
      await backfillRules(this.history, { url: this.prometheus.url, data: this.#data, rules });
      this.#tell(`the recording rules' history is computed, time ${i + 1} of ${ROUNDS.length}`);
      for (const name of names) {
        await eventually(`Prometheus has loaded the blocks of ${name}`, 180_000, async () => {
          const found = await this.prometheus.query(name, this.history.end);
          return found.length > 0;
        });
      }
    }
  }

  async #play(): Promise<void> {
    const { cloud } = this;
    // Its alert waits for 5 minutes. Until it is mended the first prices stay.
    const broken = () => cloud.writeTariffs(BROKEN_TARIFFS);
    await this.#stage('well', { scrapes: 2, alerts: [], settle: EDIT_S }, broken);
    const failing = ['VhiDomainFailing', 'VhiSnapshotIncomplete', 'VhiScrapeNearTimeout'];
    await this.#stage('failing', { scrapes: 2, alerts: failing }, () => {
      cloud.changeGlobexPassword();
      cloud.slowDown(timeout * 300);
      cloud.breakProject('umbrella');
    });
    await this.#stage('outage', { scrapes: 1, alerts: ['VhiAllDomainsFailing'] }, () => {
      cloud.mend();
      cloud.breakAll();
    });
    await this.#stage('edited', { scrapes: 1, alerts: ['VhiDomainsFileProblems'], settle: EDIT_S }, async () => {
      cloud.mend();
      cloud.breakProject('globex');
      await cloud.tellGlobexPassword();
      await cloud.writeLines(`${cloud.lines('vandelay')}${cloud.starkLine}wayne nam=wayne\n`);
    });
    await this.#sees(TARIFFS_ALERT, 'firing');
    await this.#stage('lost', { scrapes: 1, alerts: ['VhiDomainsFileNotReloaded'], settle: EDIT_S }, async () => {
      this.#prices = RAISED;
      await cloud.writeTariffs(tariffsText(this.#prices));
      await cloud.loseFile();
    });
    await this.#stage('down', { scrapes: 1, alerts: ['VhiExporterDown'] }, async () => {
      await this.#stopExporter();
      cloud.mend();
      await cloud.writeLines(cloud.lines('vandelay'));
    });
    await this.#stage('again', { scrapes: 1, alerts: [] }, () => this.#startExporter());
    await this.#stage('dropped', { scrapes: 1, alerts: ['VhiDomainProjectsDropped', DROP_ALERT] }, () => {
      cloud.deleteProject();
      cloud.deleteServers('acme');
    });
    await this.#rules;
    for (const alert of COST_ALERTS) await this.#sees(alert);
    await this.#delivery();
  }

  async #stage(
    name: Stage,
    { scrapes, alerts, settle = 0 }: { scrapes: number; alerts: readonly string[]; settle?: number },
    arrange: () => unknown,
  ): Promise<void> {
    await arrange();
    const start = now() + settle;
    this.#tell(`${name}: arranged`);
    this.#noteHeld(name);
    const late = (scrapes + 1) * interval + timeout + 10;
    await eventually(`${scrapes} scrapes of the state "${name}"`, late * 1000, async () => {
      const ups = await this.prometheus.samples('up{job="vhi"}', { start: start - 1, end: now() });
      return ups.flatMap(numbers).filter(({ at }) => at > start).length >= scrapes;
    });
    for (const alert of alerts) await this.#sees(alert);
    this.stages[name] = { start, end: now() };
    if (name !== 'down') this.pages[name] = await this.page('text/plain', 2);
    this.#tell(`${name}: scraped by Prometheus${alerts.length === 0 ? '' : `, which minds: ${alerts.join(', ')}`}`);
  }

  /** Waits for an alert that is in this state, or pending or firing. */
  async #sees(alert: string, state?: 'firing'): Promise<void> {
    const late = 2 * (3 * interval + timeout + 10);
    await eventually(`${alert} is ${state ?? 'pending or firing'}`, late * 1000, async () => {
      const rules = (await this.prometheus.ruleGroups()).flatMap((group) => group.rules);
      const alerts = rules.filter(({ name }) => name === alert).flatMap((rule) => rule.alerts ?? []);
      return alerts.some((one) => state === undefined || one.state === state);
    });
  }

  #noteHeld(name: Stage): void {
    const { cloud } = this;
    this.costs[name] = costsOf(cloud, this.#prices);
    if (name === 'well') this.held[name] = cloud.inUse();
    if (name === 'again' || name === 'dropped') this.held[name] = remaining(cloud.inUse(), cloud.inUse('vandelay'));
  }

  async #delivery(): Promise<void> {
    const since = this.stages.dropped.start;
    this.delivered = await eventually(`the webhook has ${DROP_ALERT}`, 5 * 60_000, () =>
      Promise.resolve(this.webhook.of(DROP_ALERT)),
    ).catch(async (cause: unknown) => {
      const rules = (await this.prometheus.ruleGroups()).flatMap((group) => group.rules);
      const states = rules
        .filter(({ name }) => name === DROP_ALERT)
        .map(({ alerts, lastError }) => ({ alerts, lastError }));
      throw new Error(`${DROP_ALERT} did not arrive; Prometheus says ${JSON.stringify(states)}`, { cause });
    });
    this.deliveredAfter = this.delivered.at - since;
    this.#end = now();
    this.#tell(`${DROP_ALERT} has arrived at the webhook`);
  }

  /** The samples of a selector in one state, as they were stored. */
  async during(stage: Stage, selector: string): Promise<Result[]> {
    return this.prometheus.samples(selector, this.stages[stage]);
  }
}

function remaining(all: Totals, gone: Totals): Totals {
  return { vcpus: all.vcpus - gone.vcpus, ramMb: all.ramMb - gone.ramMb };
}
