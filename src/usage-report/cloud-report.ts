import { cloudKey } from '../domains/domain.js';
import { CollectError, CollectionOver } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { LoginFailure } from '../openstack/gates.js';
import type { Session } from '../openstack/session.js';
import { readExistence } from '../openstack/relaunched.js';
import { probeUsage, type NovaReport, type Period } from '../openstack/usage-report.js';
import type { Visit } from '../openstack/visit.js';

/** Nova's report of all tenants, as one login was given it. */
export interface CloudReport extends NovaReport {
  reader: Session;
  /** The project of that login, of which any login is told. */
  ownProject: string;
}

/** The first login that reads it, and the next one, which repeats it once. */
const MAX_PASSES = 2;

/**
 * The report of all tenants of one cloud, read once for all domains whose own login is allowed to have it. That it can't be
 * read fails nobody: each domain is then asked for by itself.
 */
class SharedReport {
  readonly #period: Period;
  readonly #tried = new Set<Session>();
  #reading: Promise<CloudReport> | null = null;

  constructor(period: Period) {
    this.#period = period;
  }

  /**
   * @param visit of a login that is allowed to have it
   * @returns null where it can't be had
   * @throws CollectionOver; CollectError where the cloud asks to be left alone
   */
  async get(visit: Visit): Promise<CloudReport | null> {
    for (;;) {
      if (!this.#reading) {
        if (this.#tried.size >= MAX_PASSES || this.#tried.has(visit.session)) return null;
        this.#tried.add(visit.session);
        this.#reading = this.#read(visit);
      }
      const reading = this.#reading;
      try {
        return await reading;
      } catch (error) {
        if (!(error instanceof CollectError) || error instanceof CollectionOver || error.reason === 'rate_limited')
          throw error;
        if (this.#reading === reading) this.#reading = null;
        // Who has not tried yet goes first.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async #read(visit: Visit): Promise<CloudReport> {
    const ownProject = (await visit.login()).token.projectId;
    const report = await readExistence(visit, this.#period, { project: null, asker: null });
    return { ...report, reader: visit.session, ownProject };
  }
}

/** The shared reports of one collection, one for each cloud and compute endpoint. */
export class SharedReports {
  readonly #period: Period;
  readonly #reports = new Map<string, SharedReport>();

  constructor(period: Period) {
    this.#period = period;
  }

  /** That of a domain's cloud and compute endpoint. */
  async of(visit: Visit): Promise<SharedReport> {
    const key = `${cloudKey(visit.session.domain.cloud)} ${await visit.sharedEndpoint()}`;
    const report = this.#reports.get(key) ?? new SharedReport(this.#period);
    this.#reports.set(key, report);
    return report;
  }
}

/**
 * Whether a report of all tenants is proven to show a domain, since Nova answers 200 whether it shows all or little: it shows
 * servers of one of the domain's projects that is not the reader's own. Of the reader's domain servers of another domain prove
 * as much, and so does that the domain has no other project.
 * @param projects all of the domain
 * @param others projects of other domains
 */
export function isProven(
  { reader, ownProject, servers }: CloudReport,
  session: Session,
  projects: ReadonlyMap<string, unknown>,
  others: (id: string) => boolean,
): boolean {
  const isOwn = reader === session;
  if (isOwn && projects.size === 1 && projects.has(ownProject)) return true;
  return [...servers.keys()].some((id) => id !== ownProject && (projects.has(id) || (isOwn && others(id))));
}

/** Whom Nova refuses all tenants' servers, or shows none of them, is no administrator. */
export const mightList = ({ access: { view, listsUsage } }: Session): boolean =>
  view !== 'denied' && view !== 'unproven' && listsUsage !== false;

/**
 * Whether the login is allowed to have the report of all tenants: asked with one row of it, once for each login. What else goes
 * wrong there is no answer, and told of by the requests that follow.
 * @throws LoginFailure; CollectionOver
 */
export async function mayList(visit: Visit, period: Period): Promise<boolean> {
  const { access } = visit.session;
  if (!mightList(visit.session)) return false;
  if (access.listsUsage !== null) return access.listsUsage;
  try {
    await probeUsage(visit, period);
    access.listsUsage = true;
  } catch (error) {
    if (!(error instanceof CollectError) || error instanceof CollectionOver || error instanceof LoginFailure)
      throw error;
    if (!(error instanceof HttpFailure && error.status === 403)) return false;
    access.listsUsage = false;
  }
  return access.listsUsage;
}
