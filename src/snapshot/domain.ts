import type { Clock } from '../clock.js';
import { CollectError, CollectionOver, type Stage } from '../errors.js';
import type { Logger } from '../log.js';
import type { Visit } from '../openstack/visit.js';
import type { DomainJob } from '../usage/job.js';
import type { Progress } from '../usage/progress.js';
import { ProjectBook } from '../usage/project-book.js';

/** The domain's projects in one collection; that one is gone is logged under the label of its line. */
export function bookOf(visit: Visit, progress: Progress, { log, label }: { log: Logger; label: string }): ProjectBook {
  return new ProjectBook(visit, progress, ({ name, id }) =>
    log.warn('a project is gone', { domain: label, project: name, project_id: id }),
  );
}

/**
 * Collects one domain: log in, learn its projects, let the strategy read. The one place where a throw becomes a result;
 * it never throws itself, so that nobody's failure is anyone else's.
 */
export async function collectDomain<Job extends DomainJob>(
  job: Job,
  strategy: (job: Job) => Promise<void>,
  { clock, log, stage = 'servers' }: { clock: Clock; log: Logger; stage?: Stage },
): Promise<void> {
  const { progress, visit, book } = job;
  try {
    await visit.login();
    progress.stage = 'projects';
    await book.open();
    progress.stage = stage;
    await visit.sharedEndpoint();
    await strategy(job);
  } catch (error) {
    // The snapshot itself tells that the domain had not finished.
    if (error instanceof CollectionOver) return;
    progress.fail(error instanceof CollectError ? error : unexpected(error, job, log));
  }
  progress.finishedAt = clock.mono();
}

/** A defect of ours: the domain says that its figures can't be trusted, and the log has what is needed to mend it. */
function unexpected(error: unknown, job: DomainJob, log: Logger): CollectError {
  const { label } = job.visit.session.domain;
  log.error('unexpected error, please report it', {
    domain: label,
    stack: error instanceof Error ? error.stack : String(error),
  });
  return new CollectError('bad_response', 'unexpected error inside the exporter, see its log', { cause: error });
}
