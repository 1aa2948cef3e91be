import { expect } from 'chai';
import fc from 'fast-check';

import { CollectError, CollectionOver } from '../../src/errors.js';
import { Cloud, type Collection, type Shown, type Target } from './histories-cloud.js';
import { history, sharedHistory, type Deed, type History, type Step } from './histories.js';

/** So many histories; CI tells ten times as many. */
const RUNS = 1500 * Number(process.env['VHI_TEST_SCALE'] ?? '1');
const SHARED_RUNS = Math.round(RUNS / 3);

/** What the readings of all histories met, so that a test that meets nothing can't pass. */
class Met {
  byChanges = 0;
  byReport = 0;
  inFull = 0;
  told = 0;
  untold = 0;
  archived = 0;
  failed = 0;
  during = 0;
  building = 0;
}

/** Behind so many requests another collection begins. */
const SECOND_AT = 3;

interface Scene {
  queue: Deed[];
  /** What the nth request fails of; null: it does not. */
  failure: (nth: number) => CollectError | null;
  /** Of each collection: see `Cloud.read`. */
  some: number[];
}

type Moment = Map<Target, Map<string, string>>;

/** One history as it is told. */
class Told {
  readonly #cloud: Cloud;
  readonly #met: Met;
  /** What left the database before it was seen to be deleted. */
  readonly #lost: ReadonlyMap<Target, Set<string>>;

  constructor(cloud: Cloud, met: Met) {
    this.#cloud = cloud;
    this.#met = met;
    this.#lost = new Map(cloud.targets.map((target) => [target, new Set()]));
  }

  async step(now: Step): Promise<void> {
    if ('some' in now) {
      this.#act(now.deeds);
      this.#cloud.wait(now.minutes);
      await this.#collect({ queue: [], failure: () => null, some: [now.some] });
    } else if ('role' in now) this.#cloud.setRole(now.role);
    else if ('minutes' in now) this.#cloud.wait(now.minutes);
    else if ('deeds' in now) this.#act(now.deeds);
    else if ('during' in now) {
      await this.#collect({ queue: [...now.during], failure: () => null, some: now.isTwice ? [-1, -1] : [-1] });
    } else {
      const { failAt, isOnce, isOver } = now;
      const error = isOver ? new CollectionOver() : new CollectError('network', 'cut off');
      const failure = (nth: number) => (nth === failAt || (!isOnce && nth > failAt) ? error : null);
      await this.#collect({ queue: [], failure, some: [-1] });
    }
  }

  /** A collection in which nothing happens. @returns by what each reading came to its figures */
  async compare(): Promise<Shown['by'][]> {
    const { sent } = this.#cloud.bench.http;
    const before = sent.length;
    const by: Shown['by'][] = [];
    for (const [target, result] of await this.#cloud.read()) {
      if (result.status === 'rejected') throw result.reason as Error;
      this.#compareOne(target, result.value);
      by.push(result.value.by);
    }
    if (sent.slice(before).some(({ line }) => line.includes('status=BUILD'))) this.#met.building += 1;
    return by;
  }

  #act(deeds: Deed[]): void {
    const gone = deeds.flatMap((deed) => this.#cloud.act(deed));
    for (const lost of this.#lost.values()) for (const id of gone) lost.add(id);
  }

  /** A collection before whose requests something happens; others begin in the midst of it. */
  async #collect({ queue, failure, some: [first, ...more] }: Scene): Promise<void> {
    const cloud = this.#cloud;
    const moments = [this.#moment()];
    const untold = cloud.untold();
    const others: Promise<Collection>[] = [];
    let nth = 0;
    cloud.onRequest = () => {
      if (nth === SECOND_AT) for (const bits of more) others.push(cloud.read(bits));
      const next = queue.splice(0, 1);
      this.#met.during += next.length;
      this.#act(next);
      if (more.length > 0) cloud.wait(1 / 60);
      moments.push(this.#moment());
      for (const id of cloud.untold()) untold.add(id);
      const error = failure(nth++);
      if (error) throw error;
    };
    const collections = [await cloud.read(first), ...(await Promise.all(others))];
    cloud.onRequest = () => undefined;
    for (const [target, result] of collections.flatMap((collection) => [...collection])) {
      const except = new Set([...this.#lost.get(target)!, ...untold]);
      const listed = moments.map((moment) => moment.get(target)!);
      if (result.status === 'fulfilled') compareMoments(result.value, listed, except);
      else this.#noteFailure(result.reason);
    }
  }

  /** A page's marker may leave the database between two pages, of a plain listing too. */
  #noteFailure(error: unknown): void {
    const isMeant = error instanceof CollectError && ['cut off', 'HTTP 400'].includes(error.message);
    if (!isMeant && !(error instanceof CollectionOver)) throw error;
    this.#met.failed += 1;
  }

  #moment(): Moment {
    return new Map(this.#cloud.targets.map((target) => [target, this.#cloud.listed(target)]));
  }

  #compareOne(target: Target, { servers, by, isTold, isProven }: Shown): void {
    const met = this.#met;
    const lost = this.#lost.get(target)!;
    const listed = this.#cloud.listed(target);
    expect(isProven || this.#cloud.isWithoutChanges, 'confirmed').to.equal(true);
    if (by !== 'changes') {
      met[by === 'report' ? 'byReport' : 'inFull'] += 1;
      lost.clear();
      expect(servers).to.deep.equal(listed);
      return;
    }
    met.byChanges += 1;
    if (isTold) met.told += 1;
    const untold = this.#cloud.untold();
    for (const [id, text] of listed) {
      // Who asks for all always looks them up.
      if (untold.has(id) && !servers.has(id) && !isTold) met.untold += 1;
      else expect(servers.get(id), 'as it is').to.equal(text);
    }
    for (const id of servers.keys()) {
      if (listed.has(id)) continue;
      expect(lost.has(id), 'is no more').to.equal(true);
      met.archived += 1;
    }
  }
}

/** What was there all the while is shown as it was at some moment, and nothing that never was there. */
function compareMoments({ servers, isProven }: Shown, moments: Map<string, string>[], except: Set<string>): void {
  // Nobody is shown it: the cloud is listed as a whole then.
  if (!isProven) return;
  for (const [id, text] of servers) {
    if (except.has(id)) continue;
    expect(moments.map((listed) => listed.get(id))).to.include(text);
  }
  for (const id of moments[0]!.keys()) {
    if (!except.has(id) && moments.every((listed) => listed.has(id))) expect([...servers.keys()]).to.include(id);
  }
}

/** @returns what the readings met */
async function tell(histories: fc.Arbitrary<History>, numRuns: number): Promise<Met> {
  const met = new Met();
  const told = fc.asyncProperty(histories, async ({ steps, ...setup }) => {
    const cloud = new Cloud(setup);
    const history = new Told(cloud, met);
    await history.compare();
    for (const now of steps) {
      await history.step(now);
      await history.compare();
    }
    // And what it did not tell, a full one tells in time.
    cloud.wait(15);
    expect(await history.compare()).not.to.include('changes');
    expect(cloud.bench.passwordLogins).to.be.at.most(cloud.logins);
  });
  await fc.assert(told, { numRuns });
  return met;
}

describe('a listing that is brought up to date by what changed', () => {
  it('shows what a full one shows, after whatever happened, but for what Nova tells nobody', async function () {
    this.timeout(600_000);
    const { told, ...met } = await tell(history, RUNS);
    expect(told, 'told').to.equal(0);
    for (const [what, times] of Object.entries(met)) expect(times, what).to.be.greaterThan(0);
    expect(met.byChanges, 'by changes').to.be.greaterThan(met.inFull);
  });

  it('does so where a login that sees the whole cloud tells others what changed, or picks projects out of it', async function () {
    this.timeout(600_000);
    const met = await tell(sharedHistory, SHARED_RUNS);
    for (const [what, times] of Object.entries(met)) expect(times, what).to.be.greaterThan(0);
    expect(met.byChanges, 'by changes').to.be.greaterThan(met.inFull);
  });
});
