import { addFigures, projectFigures, serversByStatus, type Expected } from '../../test/openstack/helpers/expected.js';
import { Page } from '../../test/openstack/helpers/metrics.js';
import { startExporter, type Exporter } from '../../test/openstack/helpers/program.js';

/* The real program on the real cloud: how long its scrapes take, what they ask for, and whether they are right. */

export const SERVICES = ['identity', 'compute'] as const;

/** What a scrape asked of one service: attempts, and the sum of their times. */
export interface Asked {
  requests: number;
  ms: number;
}

export interface Scrape {
  /** From the request to the last byte. */
  ms: number;
  asked: Record<(typeof SERVICES)[number], Asked>;
  /** The domain that took longest. */
  slowest: { domain: string; ms: number };
}

export interface WatchedOptions {
  /** In words for whoever reads what was wrong. */
  title: string;
  expected: Expected;
  args: readonly string[];
  /** In place of the one of the catalog. */
  nova?: string;
}

/** Longer than any scrape of the bench. */
const HEADERS = { 'X-Prometheus-Scrape-Timeout-Seconds': '120', Connection: 'close' };

const NOTHING: Scrape['asked'] = { identity: { requests: 0, ms: 0 }, compute: { requests: 0, ms: 0 } };

export class Watched {
  readonly #options: WatchedOptions;
  readonly #exporter: Exporter;
  /** Where each figure that is not exact is told. */
  readonly #wrong: string[];
  #askedBefore = NOTHING;

  private constructor(options: WatchedOptions, exporter: Exporter, wrong: string[]) {
    this.#options = options;
    this.#exporter = exporter;
    this.#wrong = wrong;
  }

  /** Starts the program; it has not asked the cloud for anything yet. */
  static async start(options: WatchedOptions, wrong: string[]): Promise<Watched> {
    const { expected, args, nova } = options;
    const url = nova === undefined ? [] : [`--cloud.compute-url=${nova}/v2.1`];
    const counting = '--collect.counting=allocated';
    const settings = { authUrl: expected.auth_url, domains: expected.domains, args: [counting, ...url, ...args] };
    return new Watched(options, await startExporter(settings), wrong);
  }

  /** A scrape, whose figures are compared with what the cloud holds. */
  async scrape(): Promise<Scrape> {
    const started = performance.now();
    const response = await fetch(`${this.#exporter.url}/metrics`, { headers: HEADERS });
    const text = await response.text();
    const ms = performance.now() - started;
    if (response.status !== 200) throw new Error(`${this.#options.title}: /metrics answers ${response.status}`);
    const page = new Page(text);
    this.#check(page);
    const all = askedBy(page);
    const asked = difference(all, this.#askedBefore);
    this.#askedBefore = all;
    return { ms, asked, slowest: slowestOf(page) };
  }

  stop(): Promise<void> {
    return this.#exporter.stop();
  }

  #check(page: Page): void {
    const { title, expected } = this.#options;
    const check = (name: string, told: unknown, right: unknown): void => {
      const [one, other] = [JSON.stringify(told), JSON.stringify(right)];
      if (one !== other) this.#wrong.push(`${title}: ${name} is ${one} instead of ${other}`);
    };
    const figures = expected.domains.map(({ projects }) =>
      addFigures(projects.map((project) => projectFigures(project, 'allocated'))),
    );
    const total = addFigures(figures);
    check('complete', page.value('vhi_snapshot_complete'), 1);
    check('vCPUs', page.value('vhi_total_vcpus_in_use'), total.vcpus);
    check('MB', page.value('vhi_total_ram_mb_in_use'), total.ramMb);
    expected.domains.forEach(({ name, projects }, i) => {
      const labels = { domain: name };
      check(`${name}: vCPUs`, page.value('vhi_domain_vcpus_in_use', labels), figures[i]?.vcpus);
      check(`${name}: MB`, page.value('vhi_domain_ram_mb_in_use', labels), figures[i]?.ramMb);
      const told = page.all('vhi_domain_servers').filter((sample) => sample.labels['domain'] === name);
      const counts = told.map(({ labels: { status = '' }, value }): [string, number] => [status, value]);
      const right = Object.entries(serversByStatus(projects));
      check(`${name}: servers`, sorted(counts), sorted(right));
    });
  }
}

const sorted = (counts: [string, number][]): [string, number][] =>
  counts.filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1));

/** All since the program's start. */
function askedBy(page: Page): Scrape['asked'] {
  const of = (service: string): Asked => {
    const counts = page.all('vhi_cloud_requests_total').filter(({ labels }) => labels['service'] === service);
    const seconds = page.value('vhi_cloud_request_duration_seconds_sum', { service }) ?? 0;
    return { requests: counts.reduce((sum, { value }) => sum + value, 0), ms: 1000 * seconds };
  };
  return { identity: of('identity'), compute: of('compute') };
}

function difference(after: Scrape['asked'], before: Scrape['asked']): Scrape['asked'] {
  const of = (service: keyof Scrape['asked']): Asked => ({
    requests: after[service].requests - before[service].requests,
    ms: after[service].ms - before[service].ms,
  });
  return { identity: of('identity'), compute: of('compute') };
}

function slowestOf(page: Page): Scrape['slowest'] {
  let slowest = { domain: '', ms: 0 };
  for (const { labels, value } of page.all('vhi_domain_collect_duration_seconds')) {
    if (1000 * value > slowest.ms) slowest = { domain: labels['domain'] ?? '', ms: 1000 * value };
  }
  return slowest;
}
