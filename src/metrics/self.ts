import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics, type Metric } from 'prom-client';

import type { CollectObserver } from '../snapshot/collector.js';

/** Gauges whose names end in `_total`, which promtool rightly calls a mistake. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** What runs: the exporter's own version and Node's. */
export interface Build {
  version: string;
  nodeVersion: string;
}

/** What the exporter counts of itself over its life: it outlasts snapshots, and joins the registry of every page. */
export class SelfMetrics implements CollectObserver {
  readonly #failures = new Counter({
    name: 'vhi_domain_collect_failures_total',
    help: 'Errors of the domain over all collections.',
    labelNames: ['domain', 'reason'],
    registers: [],
  });
  readonly #requests = new Counter({
    name: 'vhi_cloud_requests_total',
    help: 'Requests to the cloud, one for each attempt, by HTTP status or what came instead of one.',
    labelNames: ['service', 'code'],
    registers: [],
  });
  readonly #durations = new Histogram({
    name: 'vhi_cloud_request_duration_seconds',
    help: 'Time of each attempt, its body included.',
    labelNames: ['service'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [],
  });
  readonly #logins = new Counter({
    name: 'vhi_cloud_logins_total',
    help: 'Password logins that were tried, by result.',
    labelNames: ['result'],
    registers: [],
  });
  readonly #buildInfo = new Gauge({
    name: 'vhi_exporter_build_info',
    help: 'The version of the exporter and of Node.js.',
    labelNames: ['version', 'node_version'],
    registers: [],
  });
  readonly #process: Registry | null = null;
  readonly #labels = new Map<string, Set<string>>();

  /** @param withProcess also Node's and the process's own figures, which no test can foretell */
  constructor({ build, withProcess }: { build: Build; withProcess: boolean }) {
    this.#buildInfo.set({ version: build.version, node_version: build.nodeVersion }, 1);
    if (withProcess) {
      this.#process = new Registry();
      collectDefaultMetrics({ register: this.#process });
      for (const name of MISNAMED) this.#process.removeSingleMetric(name);
    }
  }

  readonly attempt: CollectObserver['attempt'] = ({ service, code, seconds }) => {
    this.#requests.inc({ service, code });
    this.#durations.observe({ service }, seconds);
  };

  readonly login: CollectObserver['login'] = (result) => this.#logins.inc({ result });

  readonly error: CollectObserver['error'] = (domain, reason) => {
    this.#failures.inc({ domain, reason });
    this.#labels.set(domain, (this.#labels.get(domain) ?? new Set()).add(reason));
  };

  /** Drops the counters of domains that left the file. */
  keepOnly(domains: ReadonlySet<string>): void {
    for (const [domain, reasons] of this.#labels) {
      if (domains.has(domain)) continue;
      for (const reason of reasons) this.#failures.remove({ domain, reason });
      this.#labels.delete(domain);
    }
  }

  /** In the order of the page. */
  all(): Metric[] {
    const own = [this.#failures, this.#requests, this.#durations, this.#logins, this.#buildInfo] as Metric[];
    return this.#process ? [...own, ...(this.#process.getMetricsAsArray() as unknown as Metric[])] : own;
  }
}
