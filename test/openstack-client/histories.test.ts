import { expect } from 'chai';
import fc from 'fast-check';

import { CollectError } from '../../src/errors.js';
import { Cloud, history, type Deed, type Shown, type Step } from './histories.js';

/** So many histories; CI tells ten times as many. */
const RUNS = 1500 * Number(process.env['VHI_TEST_SCALE'] ?? '1');

describe('a listing that is brought up to date by what changed', () => {
  /** What the readings met, so that a test that meets nothing can't pass. */
  const met = { byChanges: 0, inFull: 0, byReport: 0, untold: 0, archived: 0, failed: 0, during: 0, building: 0 };

  /** Notes what left the database before it was seen to be deleted. */
  function act(cloud: Cloud, lost: Set<string>, deeds: Deed[]): void {
    for (const deed of deeds) for (const id of cloud.act(deed)) lost.add(id);
  }

  async function step(cloud: Cloud, lost: Set<string>, now: Step): Promise<void> {
    if ('minutes' in now) {
      cloud.wait(now.minutes);
      return;
    }
    if ('deeds' in now) {
      act(cloud, lost, now.deeds);
      return;
    }
    const queue = 'during' in now ? [...now.during] : [];
    let left = 'failAt' in now ? now.failAt : Infinity;
    const moments = [cloud.listed()];
    const untold = cloud.untold();
    cloud.onRequest = () => {
      const next = queue.splice(0, 1);
      met.during += next.length;
      act(cloud, lost, next);
      moments.push(cloud.listed());
      for (const id of cloud.untold()) untold.add(id);
      if (left-- <= 0) throw new CollectError('network', 'cut off');
    };
    try {
      compareMoments(await cloud.read(), moments, new Set([...lost, ...untold]));
    } catch (error) {
      // A page's marker may leave the database between two pages, of a plain listing too.
      if (!(error instanceof CollectError) || !['cut off', 'HTTP 400'].includes(error.message)) throw error;
      met.failed += 1;
    }
    cloud.onRequest = () => undefined;
  }

  /** What was there all the while is shown as it was at some moment, and nothing that never was there. */
  function compareMoments({ servers }: Shown, moments: Map<string, string>[], except: Set<string>): void {
    for (const [id, text] of servers) {
      if (except.has(id)) continue;
      expect(moments.map((listed) => listed.get(id))).to.include(text);
    }
    for (const id of moments[0]!.keys()) {
      if (!except.has(id) && moments.every((listed) => listed.has(id))) expect([...servers.keys()]).to.include(id);
    }
  }

  function compare({ servers, by }: Shown, cloud: Cloud, lost: Set<string>): void {
    const listed = cloud.listed();
    if (by !== 'changes') {
      met[by === 'report' ? 'byReport' : 'inFull'] += 1;
      lost.clear();
      expect(servers).to.deep.equal(listed);
      return;
    }
    met.byChanges += 1;
    const untold = cloud.untold();
    for (const [id, text] of listed) {
      if (untold.has(id) && !servers.has(id)) met.untold += 1;
      else expect(servers.get(id), 'as it is').to.equal(text);
    }
    for (const id of servers.keys()) {
      if (listed.has(id)) continue;
      expect(lost.has(id), 'is no more').to.equal(true);
      met.archived += 1;
    }
  }

  it('shows what a full one shows, after whatever happened, but for what Nova tells nobody', async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(history, async ({ steps, ...setup }) => {
        const cloud = new Cloud(setup);
        const lost = new Set<string>();
        await cloud.read();
        for (const now of steps) {
          await step(cloud, lost, now);
          const before = cloud.bench.http.sent.length;
          compare(await cloud.read(), cloud, lost);
          if (cloud.bench.http.sent.slice(before).some(({ line }) => line.includes('status=BUILD'))) met.building += 1;
        }
        // And what it did not tell, a full one tells in time.
        cloud.wait(15);
        compare(await cloud.read(), cloud, lost);
        expect(cloud.bench.passwordLogins).to.equal(1);
      }),
      { numRuns: RUNS },
    );
    for (const [what, times] of Object.entries(met)) expect(times, what).to.be.greaterThan(0);
    expect(met.byChanges, 'by changes').to.be.greaterThan(met.inFull);
  });
});
