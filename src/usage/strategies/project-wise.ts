import pLimit from 'p-limit';

import { CollectError, CollectionOver } from '../../errors.js';
import { LoginFailure } from '../../openstack/gates.js';
import type { Project } from '../../openstack/identity.js';
import type { DomainJob } from '../job.js';
import { ViewLost } from '../strategy.js';

/**
 * The domain's projects that a token is to be had of. The list is read at every collection, since no row would tell of a
 * project that is new; what it shows to be disabled is noted.
 * @param only those that are meant
 * @throws CollectError
 */
export async function readEnabled(
  job: DomainJob,
  only: (project: Project) => boolean = () => true,
): Promise<Project[]> {
  const { book, progress } = job;
  const { stage } = progress;
  progress.stage = 'projects';
  await book.read();
  const projects = [...book.projects.values()].filter(only);
  const enabled = projects.filter((project) => project.enabled);
  noteDisabled(job, projects.length - enabled.length);
  progress.stage = stage;
  return enabled;
}

/** Does the same for each project. One project's failure is noted and harms no other. */
export async function eachProject(
  job: DomainJob,
  projects: readonly Project[],
  collect: (project: Project) => Promise<void>,
): Promise<void> {
  const { progress, visit, fanOut } = job;
  // Of a list that lacks something, and be it disabled projects, none is no figure of 0.
  if (projects.length === 0 && progress.errors.length === 0) progress.noteRead([]);
  let fatal: unknown = null;
  // No domain holds more than it could use, however long its requests wait without a slot.
  await pLimit(fanOut).map(projects, async (project) => {
    if (fatal) return;
    try {
      await visit.project(async () => {
        // Another may have failed for all meanwhile.
        if (fatal) return;
        await collect(project);
        progress.noteRead([project.id]);
      });
    } catch (error) {
      // A login that failed, a view that was lost, or the end of the collection, concerns all alike and is told once.
      const concernsAll = [LoginFailure, CollectionOver, ViewLost].some((kind) => error instanceof kind);
      if (concernsAll || !(error instanceof CollectError)) fatal ??= error;
      else progress.fail(error, { subject: `project "${project.name}"` });
    }
  });
  if (fatal) throw fatal as Error;
}

function noteDisabled({ progress, disabledProjects }: DomainJob, count: number): void {
  if (count === 0 || disabledProjects === 'ignore') return;
  const what = count === 1 ? '1 project is disabled' : `${count} projects are disabled`;
  const message = `${what}: servers in it can't be seen, and would not be in the figures (disabled_projects=ignore says that it's well)`;
  progress.fail(new CollectError('incomplete', message), { stage: 'projects', count });
}
