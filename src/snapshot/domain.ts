import type { Clock } from '../clock.js';
import { CollectError, CollectionOver } from '../errors.js';
import type { Logger } from '../log.js';
import type { Job, Strategy } from '../usage/job.js';

/**
 * Collects one domain: log in, learn its projects, let the strategy read. The one place where a throw becomes a result;
 * it never throws itself, so that nobody's failure is anyone else's.
 */
export async function collectDomain(
  job: Job,
  strategy: Strategy,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<void> {
  const { progress, visit, book } = job;
  try {
    await visit.login();
    progress.stage = 'projects';
    await book.open();
    progress.stage = 'servers';
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
function unexpected(error: unknown, job: Job, log: Logger): CollectError {
  const { label } = job.visit.session.domain;
  log.error('unexpected error, please report it', {
    domain: label,
    stack: error instanceof Error ? error.stack : String(error),
  });
  return new CollectError('bad_response', 'unexpected error inside the exporter, see its log', { cause: error });
}
