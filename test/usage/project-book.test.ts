import { expect } from 'chai';
import { CollectError } from '../../src/errors.js';
import type { ProjectList } from '../../src/openstack/projects.js';
import type { Fate } from '../../src/openstack/session.js';
import type { Visit } from '../../src/openstack/visit.js';
import { Progress } from '../../src/usage/progress.js';
import { ProjectBook } from '../../src/usage/project-book.js';

function list(ids: string[], problem: CollectError | null = null, scope: ProjectList['scope'] = 'domain'): ProjectList {
  const projects = new Map(ids.map((id) => [id, { id, name: `name of ${id}`, enabled: true, domainId: 'd' }]));
  return { projects, scope, problem };
}

/** A cloud whose project list is the next of these answers. */
class Stage {
  readonly access = { projects: null as ProjectList | null, projectsStale: true, missing: new Map() };
  /** What becomes of missing projects, one after the other. */
  readonly fates: Fate[] = [];
  readonly kept: string[][] = [];
  readonly gone: string[] = [];
  readonly answers: (ProjectList | Error)[];
  progress = new Progress();
  reads = 0;

  constructor(...answers: (ProjectList | Error)[]) {
    this.answers = answers;
  }

  /** The book of a new collection. */
  book(): ProjectBook {
    this.progress = new Progress();
    const listProjects = (): Promise<ProjectList> => {
      this.reads += 1;
      const answer = this.answers.shift() ?? new Error('read once too often');
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const keepOnly = (ids: Set<string>): void => void this.kept.push([...ids]);
    const fateOf = (): Promise<Fate> => Promise.resolve(this.fates.shift()!);
    const visit = { session: { access: this.access, keepOnly }, listProjects, fateOf } as unknown as Visit;
    return new ProjectBook(visit, this.progress, ({ id }) => void this.gone.push(id));
  }
}

const failure = new CollectError('unavailable', 'no list', { status: 500 });

describe('project book', () => {
  it('reads the list at first, and remembers it for the next collection', async () => {
    const stage = new Stage(list(['a', 'b']));
    await stage.book().open();
    const book = stage.book();
    await book.open();
    expect([...book.projects.keys()]).to.deep.equal(['a', 'b']);
    expect(stage.progress.projects?.size).to.equal(2);
    expect(stage.progress.projectScope).to.equal('domain');
    expect(stage.reads).to.equal(1);
  });

  it('reads it anew where it is stale', async () => {
    const stage = new Stage(list(['a']), list(['a', 'b']));
    await stage.book().open();
    stage.access.projectsStale = true;
    const book = stage.book();
    await book.open();
    expect([...book.projects.keys()]).to.deep.equal(['a', 'b']);
    expect(stage.access.projectsStale).to.equal(false);
  });

  it('reads it once for all who ask for the list of this collection', async () => {
    const stage = new Stage(list(['a']));
    const book = stage.book();
    await Promise.all([book.read(), book.read(), book.open()]);
    expect(stage.reads).to.equal(1);
  });

  it('reads it anew for a row that came after it, since the project may have been made meanwhile, and once for each id', async () => {
    const stage = new Stage(list(['a']), list(['a', 'new']), list(['a', 'new', 'newer']));
    const book = stage.book();
    await book.read();
    await book.lookUp(['new', 'foreign'], new Set());
    expect(book.projects.has('new')).to.equal(true);
    await book.lookUp(['foreign'], new Set());
    expect(stage.reads).to.equal(2);
    await book.lookUp(['foreign', 'newer'], new Set());
    expect(book.projects.has('newer')).to.equal(true);
    expect(stage.reads).to.equal(3);
  });

  it('looks up only ids that are neither the domain’s nor known to be foreign', async () => {
    const stage = new Stage(list(['a']), list(['a', 'new']));
    await stage.book().open();
    const book = stage.book();
    await book.open();
    await book.lookUp(['a', 'foreign'], new Set(['foreign']));
    expect(stage.reads).to.equal(1);
    await book.lookUp(['a', 'new'], new Set(['foreign']));
    expect(stage.reads).to.equal(2);
    expect(book.projects.has('new')).to.equal(true);
  });

  it('goes on with what is known where a refresh fails, says so, and reads anew the next time', async () => {
    const stage = new Stage(list(['a']), failure, list(['a', 'b']));
    await stage.book().open();
    const book = stage.book();
    await book.open();
    await book.refresh();
    expect([...book.projects.keys()]).to.deep.equal(['a']);
    expect(book.isWhole).to.equal(false);
    expect(stage.progress.errors[0]).to.include({ stage: 'projects', reason: 'unavailable', status: 500 });
    const next = stage.book();
    await next.open();
    expect(next.projects.size).to.equal(2);
    expect(next.isWhole).to.equal(true);
  });

  it('throws where there is nothing to go on with', async () => {
    const error: unknown = await new Stage(failure)
      .book()
      .open()
      .catch((caught: unknown) => caught);
    expect(error).to.equal(failure);
  });

  it('uses a list with a hole in it, but does not believe it the next time, nor call anything gone', async () => {
    const cut = new CollectError('incomplete', 'cut short');
    const stage = new Stage(list(['a', 'b']), list(['a'], cut), list(['a', 'b']));
    await stage.book().open();
    stage.access.projectsStale = true;
    const book = stage.book();
    await book.open();
    expect([...book.projects.keys()]).to.deep.equal(['a']);
    expect([book.isWhole, stage.progress.errors.length, stage.gone]).to.deep.equal([false, 1, []]);
    const next = stage.book();
    await next.open();
    expect(next.projects.size).to.equal(2);
  });

  it('tells of each project that is gone, once', async () => {
    const stage = new Stage(list(['a', 'b']), list(['a']), list(['a']));
    await stage.book().open();
    await stage.book().read();
    await stage.book().read();
    expect(stage.gone).to.deep.equal(['b']);
  });

  it('does not hide a defect as an error of the cloud', async () => {
    const stage = new Stage(list(['a']), new TypeError('defect'));
    await stage.book().open();
    const error: unknown = await stage
      .book()
      .refresh()
      .catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(TypeError);
  });

  describe('of the user’s own projects', () => {
    const own = (...ids: string[]): ProjectList => list(ids, null, 'user');
    const told = (stage: Stage): string[] =>
      stage.progress.errors.map(({ stage: at, reason, count }) => `${at} ${reason} ${count}`);

    it('is an error for one without its role, as long as it is not listed again', async () => {
      const stage = new Stage(own('a', 'b'), own('a'), own('a'), own('a', 'b'), own('a', 'b'));
      stage.fates.push('without-role');
      const seen: string[][] = [];
      for (let collection = 1; collection <= 5; collection += 1) {
        await stage.book().read();
        seen.push(told(stage));
      }
      expect(seen).to.deep.equal([[], ['projects forbidden 1'], ['projects forbidden 1'], [], []]);
      expect(stage.gone).to.deep.equal([]);
      expect(stage.kept[1]).to.deep.equal(['a', 'b']);
    });

    it('is incomplete until it can be told what became of one, and nothing when it was deleted', async () => {
      const stage = new Stage(own('a', 'b'), own('a'), own('a'), own('a'), own('a'));
      stage.fates.push('untold', 'untold', 'gone');
      const seen: string[][] = [];
      for (let collection = 1; collection <= 5; collection += 1) {
        await stage.book().read();
        seen.push(told(stage));
      }
      expect(seen).to.deep.equal([[], ['projects incomplete 1'], ['projects incomplete 1'], [], []]);
      expect(stage.gone).to.deep.equal(['b']);
      expect(stage.kept.at(-1)).to.deep.equal(['a']);
    });

    it('counts one error in a collection that reads the list twice', async () => {
      const stage = new Stage(own('a', 'b'), own('a'), own('a'));
      stage.fates.push('without-role');
      await stage.book().read();
      const book = stage.book();
      await book.read();
      await book.refresh();
      expect(told(stage)).to.deep.equal(['projects forbidden 1']);
    });

    it('is well again once all of the domain’s projects are listed, without it', async () => {
      const stage = new Stage(own('a', 'b'), own('a'), list(['a']));
      stage.fates.push('without-role');
      for (let collection = 1; collection <= 3; collection += 1) await stage.book().read();
      expect(told(stage)).to.deep.equal([]);
      expect(stage.gone).to.deep.equal(['b']);
    });
  });
});
