import type { Clock } from '../clock.js';
import { cloudKey, type Domain } from '../domains/domain.js';
import type { DomainList } from '../domains/list.js';
import { CollectionOver } from '../errors.js';
import type { Ask } from '../http/client.js';
import { Lifetime } from '../http/lifetime.js';
import { FairLimiter } from '../http/limiter.js';
import type { Logger } from '../log.js';
import type { Project } from '../openstack/identity.js';
import type { Period } from '../openstack/usage-report.js';
import { bookOf, collectDomain } from '../snapshot/domain.js';
import type { Visits } from '../snapshot/visits.js';
import { grouped } from '../text.js';
import { Progress } from '../usage/progress.js';
import { SharedReports } from './cloud-report.js';
import type { UsageJob } from './job.js';
import { readDomain } from './read-domain.js';
import { takeReport, type UsageReport } from './report.js';

export interface UsageQuery extends Period {
  /** The domains that are asked for, and the file's problems, where these are a gap in the answer. */
  list: Pick<DomainList, 'domains' | 'problems'>;
  /** The project that is asked for; null: all. */
  only: ((project: Project) => boolean) | null;
  timeLeftMs: number;
  /** Aborts when the one who asked is gone. */
  left: AbortSignal;
}

export interface ReporterOptions {
  visits: Visits;
  clock: Clock;
  log: Logger;
  /** Requests that the clouds get at once from everybody. */
  requestConcurrency: number;
  /** Requests to the clouds that one report may take, logins not counted. */
  maxRequests: number;
}

/** A report takes more requests to the clouds than are allowed. */
export class UsageTooLarge extends Error {
  override readonly name = 'UsageTooLarge';
  readonly maxRequests: number;

  constructor(maxRequests: number) {
    const number = grouped(maxRequests);
    super(`more than ${number} requests to the cloud: ask for one domain or project, or raise --usage.max-requests`);
    this.maxRequests = maxRequests;
  }
}

/** All domains together are one more domain beside those that are scraped, and no scrape waits for them. */
const HOLDER = 'usage report';

/** Makes usage reports, with the identities and connections of the snapshots. */
export class UsageReporter {
  readonly #options: ReporterOptions;
  /** What ends each report that is being made. */
  readonly #open = new Set<() => void>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /**
   * Usage of all domains that are asked for. What fails one domain or project is told in the report, and harms no other; so is
   * what was not finished when the time was over. The end is now at the latest; bounds are cut to whole seconds.
   * @throws UsageTooLarge; CollectionOver when the one who asked has left; RangeError where start is not before the end
   */
  async report({ list, only, left, timeLeftMs, ...query }: UsageQuery): Promise<UsageReport> {
    const { clock, log, maxRequests } = this.#options;
    const period = periodOf(query, clock.wall());
    const life = new Lifetime();
    const over = (): void => life.end(new CollectionOver());
    const deadline = clock.mono() + timeLeftMs;
    let requests = 0;
    const onRequest = (): void => {
      requests += 1;
      if (requests > maxRequests) over();
    };
    const ask = { holder: HOLDER, life, timeLeft: () => deadline - clock.mono(), onRequest };
    const jobs = this.#jobs(list.domains, { period, only }, ask);
    const timer = setTimeout(over, timeLeftMs);
    left.addEventListener('abort', over, { once: true });
    if (left.aborted) over();
    this.#open.add(over);
    try {
      await Promise.all(jobs.map((job) => collectDomain(job, readDomain, { clock, log, stage: 'usage' })));
    } finally {
      clearTimeout(timer);
      this.#open.delete(over);
      left.removeEventListener('abort', over);
    }
    if (left.aborted) throw new CollectionOver();
    if (requests > maxRequests) throw new UsageTooLarge(maxRequests);
    return takeReport(period, jobs, list.problems, only);
  }

  /** Ends the reports that are being made, with what was read by now: the program ends. */
  answerNow(): void {
    for (const end of this.#open) end();
  }

  #jobs(domains: readonly Domain[], { period, only }: Pick<UsageJob, 'period' | 'only'>, ask: Ask): UsageJob[] {
    const { visits, log, requestConcurrency } = this.#options;
    const fanOut = Math.max(1, Math.floor(requestConcurrency / 4));
    const projects = new FairLimiter({ slots: fanOut, holders: fanOut });
    const reports = new SharedReports(period);
    const sessions = domains.map((domain) => ({ key: cloudKey(domain.cloud), session: visits.session(domain) }));
    return domains.map((domain) => {
      const visit = visits.visit(domain, ask, projects);
      const progress = new Progress();
      const key = cloudKey(domain.cloud);
      return {
        domain,
        visit,
        progress,
        book: bookOf(visit, progress, { log, label: domain.label }),
        fanOut,
        disabledProjects: domain.disabledProjects,
        period,
        only,
        reports,
        sessions: sessions.filter((other) => other.key === key).map(({ session }) => session),
        found: { servers: new Map(), end: period.end },
      };
    });
  }
}

/** @throws RangeError */
function periodOf({ start, end }: Period, now: number): Period {
  const [from, to] = [start, Math.min(end, now)].map((ms) => Math.floor(ms / 1000) * 1000) as [number, number];
  if (!(from < to)) throw new RangeError('the start of a usage report has to be before its end, and before now');
  return { start: from, end: to };
}
