import { CollectError, CollectionOver } from '../errors.js';
import type { Project } from '../openstack/identity.js';
import type { ProjectList } from '../openstack/projects.js';
import type { Fate } from '../openstack/session.js';
import type { Visit } from '../openstack/visit.js';
import type { Progress } from './progress.js';

/**
 * Which projects belong to the domain, during one collection: from memory where rows are filtered by it, and read
 * anew where a row names a project that is not in it. Only a list that was read after a row came can tell that the row
 * is foreign: its project may have been made just before it.
 */
export class ProjectBook {
  readonly #visit: Visit;
  readonly #progress: Progress;
  readonly #onGone: (project: Project) => void;
  #projects: ReadonlyMap<string, Project> = new Map();
  #read: Promise<void> | null = null;
  /** Ids that were in no list that was read after they were seen. */
  readonly #judged = new Set<string>();
  #scope: ProjectList['scope'] | null = null;
  /** Missing projects that were told of in this collection. */
  readonly #told = new Set<string>();
  /** It could not be read anew when it should have been, or is known not to be all. */
  #failed = false;

  constructor(visit: Visit, progress: Progress, onGone: (project: Project) => void) {
    this.#visit = visit;
    this.#progress = progress;
    this.#onGone = onGone;
  }

  get projects(): ReadonlyMap<string, Project> {
    return this.#projects;
  }

  /**
   * Whether these are all projects of the domain, so that any other one is foreign. Else it may be the domain's own: one
   * that the user has no role in, or that was cut off the list.
   */
  get isWhole(): boolean {
    return this.#scope === 'domain' && !this.#failed;
  }

  /** Whether the list is one of an earlier collection. */
  get isRemembered(): boolean {
    return this.#read === null;
  }

  /** The remembered list, or one read now. */
  async open(): Promise<void> {
    const { projects, projectsStale } = this.#visit.session.access;
    if (projects && !projectsStale) this.#use(projects);
    else await this.read();
  }

  /**
   * The list as it is in this collection.
   * @throws CollectError
   */
  read(): Promise<void> {
    this.#read ??= this.#readNow();
    return this.#read;
  }

  /**
   * Makes sure that ids of rows which are not in the list are not the domain's, so that they can be left out.
   * @param foreign ids that were looked up in earlier collections
   */
  async lookUp(ids: Iterable<string>, foreign: ReadonlySet<string>): Promise<void> {
    const unknown = [...ids].filter((id) => !this.#projects.has(id) && !foreign.has(id) && !this.#judged.has(id));
    if (unknown.length === 0) return;
    await this.refresh();
    for (const id of unknown) this.#judged.add(id);
  }

  /**
   * The list as it is in this collection, if it can be had: that it can't is no error, since the remembered one serves.
   * @returns whether these are all projects of the domain
   * @throws CollectionOver
   */
  async tryRead(): Promise<boolean> {
    if (this.isRemembered) {
      try {
        const read = this.#readNow('whole');
        await read;
        this.#read = read;
      } catch (error) {
        if (!(error instanceof CollectError) || error instanceof CollectionOver) throw error;
        return false;
      }
    }
    return this.isWhole;
  }

  /** The list read anew. Where that fails, the error is noted, and what is known is used. */
  async refresh(): Promise<void> {
    this.#read = this.#readNow();
    try {
      await this.#read;
    } catch (error) {
      if (!(error instanceof CollectError) || error instanceof CollectionOver) throw error;
      this.#noteUnread(error);
    }
  }

  /** @param least what is taken for a list: `whole`, or what there is, with an error */
  async #readNow(least: 'whole' | 'some' = 'some'): Promise<void> {
    const { access } = this.#visit.session;
    const known = access.projects;
    const list = await this.#visit.listProjects();
    if (list.problem) {
      if (least === 'whole') throw list.problem;
      this.#noteUnread(list.problem);
      this.#use(list);
    } else {
      access.projects = list;
      access.projectsStale = false;
      this.#use(list);
      for (const [id, project] of known?.projects ?? []) {
        if (list.projects.has(id) || access.missing.has(id)) continue;
        access.missing.set(id, { project, fate: 'untold', scope: known?.scope ?? 'user' });
      }
      await this.#askAfterMissing(list);
      this.#visit.session.keepOnly(new Set([...list.projects.keys(), ...access.missing.keys()]));
    }
  }

  /** A project in which the user has lost its role is an error, and does not silently leave the figures. */
  async #askAfterMissing({ projects, scope }: ProjectList): Promise<void> {
    const { missing } = this.#visit.session.access;
    await Promise.all(
      [...missing].map(async ([id, entry]) => {
        if (projects.has(id)) return void missing.delete(id);
        // Nothing but deletion takes a project off the list of all.
        if (scope === 'domain') entry.fate = 'gone';
        else if (entry.fate === 'untold') entry.fate = await this.#visit.fateOf(id, entry.scope);
        if (entry.fate === 'gone') {
          missing.delete(id);
          this.#onGone(entry.project);
        } else if (!this.#told.has(id)) {
          this.#told.add(id);
          this.#progress.fail(errorOf(entry.fate), { stage: 'projects', subject: `project "${entry.project.name}"` });
        }
      }),
    );
  }

  #use({ projects, scope }: ProjectList): void {
    this.#projects = projects;
    this.#scope = scope;
    this.#progress.projects = projects;
    this.#progress.projectScope = scope;
  }

  #noteUnread(error: CollectError): void {
    this.#failed = true;
    this.#visit.session.access.projectsStale = true;
    this.#progress.fail(error, { stage: 'projects' });
  }
}

function errorOf(fate: Exclude<Fate, 'gone'>): CollectError {
  switch (fate) {
    case 'without-role':
      return new CollectError(
        'forbidden',
        'the user has lost its role in it; if that is meant, start the exporter anew',
      );
    case 'hidden':
      return new CollectError(
        'incomplete',
        'the user may not list all projects of the domain any more, and has no role in it: give it one, or start the exporter anew',
      );
    case 'untold':
      return new CollectError('incomplete', 'it is not listed any more; whether it was deleted cannot be told yet');
  }
}
