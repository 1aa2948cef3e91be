import { CollectError } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { readExistence } from '../openstack/relaunched.js';
import type { NovaReport, ServerUsage } from '../openstack/usage-report.js';
import { eachProject, readEnabled } from '../usage/strategies/project-wise.js';
import { isProven, mayList, mightList, type CloudReport } from './cloud-report.js';
import type { UsageJob } from './job.js';

/** A domain whose login is the only one that may list all has so many projects asked for one by one, rather than a cloud of others' read. */
const FEW_PROJECTS = 32;

/** Nova's clock may be so far behind ours before that is an error. */
const MAX_SKEW_MS = 60_000;

/**
 * Reads one domain's usage: out of the report of all tenants, where its login may have that and it is proven to show the domain;
 * else project by project, by that login where it may, else with a token of each.
 * @throws CollectError for what fails the domain as a whole
 */
export async function readDomain(job: UsageJob): Promise<void> {
  const { visit, book, progress, period } = job;
  progress.stage = 'projects';
  await book.read();
  progress.stage = 'usage';
  const { projectId: ownProject } = (await visit.login()).token;
  const isOwnAlone = book.projects.size === 1 && book.projects.has(ownProject);
  const isAdmin = !isOwnAlone && (await mayList(visit, period));
  const report = isAdmin && isShared(job) ? await (await job.reports.of(visit)).get(visit) : null;
  if (report && shows(report, job)) {
    note(job, report);
    for (const id of book.projects.keys()) add(job, id, report.servers.get(id) ?? []);
    progress.noteRead(book.projects.keys());
  } else {
    const only = job.only ?? (() => true);
    const projects = isAdmin ? [...book.projects.values()].filter(only) : await readEnabled(job, only);
    await eachProject(job, projects, ({ id }) => readProject(job, id));
  }
  const late = period.end - job.found.end;
  if (late > MAX_SKEW_MS) {
    const message = `Nova's clock is ${Math.round(late / 1000)} seconds behind: its report ends so much earlier`;
    progress.fail(new CollectError('incomplete', message));
  }
}

/** Of a domain whose projects are not all known, those that are can be had out of it all the same. */
function isShared({ only, book, sessions }: UsageJob): boolean {
  const isAlone = sessions.filter(mightList).length === 1;
  return !only && (!isAlone || book.projects.size > FEW_PROJECTS);
}

function shows(report: CloudReport, { visit: { session }, book, sessions }: UsageJob): boolean {
  const others = sessions.filter(({ domain }) => domain.id !== session.domain.id);
  const isOthers = (id: string): boolean => others.some(({ access }) => access.projects?.projects.has(id));
  return isProven(report, session, book.projects, isOthers);
}

/** @throws CollectError */
async function readProject(job: UsageJob, id: string): Promise<void> {
  const { visit, period } = job;
  const isAdmin = visit.session.access.listsUsage === true;
  let report: NovaReport;
  try {
    report = await readExistence(visit, period, { project: id, asker: isAdmin ? null : id });
  } catch (error) {
    if (!isAdmin || !(error instanceof HttpFailure && error.status === 403)) throw error;
    report = await readExistence(visit, period, { project: id, asker: id });
  }
  note(job, report);
  add(job, id, report.servers.get(id) ?? []);
}

function note({ found }: UsageJob, { end }: NovaReport): void {
  found.end = Math.min(found.end, end);
}

function add({ found, progress, book }: UsageJob, id: string, servers: readonly ServerUsage[]): void {
  found.servers.set(id, servers);
  const sizeless = servers.filter(({ vcpus, ramMb, localGb }) => vcpus === null || ramMb === null || localGb === null);
  if (sizeless.length === 0) return;
  const error = new CollectError('incomplete', 'Nova tells no size of servers, which are in the hours alone');
  progress.fail(error, { subject: `project "${book.projects.get(id)?.name ?? id}"`, count: sizeless.length });
}
