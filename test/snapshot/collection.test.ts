import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { CollectError, CollectionOver } from '../../src/errors.js';
import type { Ask } from '../../src/http/client.js';
import { Collection } from '../../src/snapshot/collection.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import type { Progress } from '../../src/usage/progress.js';
import { makeDomain, makeList } from '../helpers/domains.js';

const size = { vcpus: 1, ramMb: 512, flavor: 'small' };
const server = (id: string) => ({ id, projectId: 'p', status: 'ACTIVE', launched: true, ...size });
const never = new AbortController().signal;

describe('collection', () => {
  let timers: SinonFakeTimers;
  const told: string[] = [];
  const ended: Snapshot[] = [];
  const asks: Ask[] = [];
  const over: string[] = [];
  const rows: Progress[] = [];

  beforeEach(() => {
    timers = useFakeTimers();
    for (const list of [told, ended, asks, over, rows]) list.length = 0;
  });
  afterEach(() => timers.restore());

  /** A domain `slow5` takes 5 s; it reads a server each second. `bad1` fails after 1 s. */
  function collect(...labels: string[]): Collection {
    return new Collection({
      list: makeList(labels.map((label) => makeDomain(label))),
      counting: 'allocated',
      countFlavors: () => true,
      clock: { wall: () => Date.now(), mono: () => Date.now() },
      collect: async ({ label }, progress: Progress, ask: Ask) => {
        asks.push(ask);
        rows.push(progress);
        progress.stage = 'servers';
        try {
          for (let second = 1; second <= Number(/\d+/.exec(label)); second += 1) {
            await ask.life.sleep(1000);
            if (label.startsWith('slow')) progress.addServers([server(`${label} ${second}`)]);
          }
          if (label.startsWith('bad')) progress.fail(new CollectError('unavailable', 'x', { status: 500 }));
          progress.finishedAt = Date.now();
        } catch (error) {
          if (error instanceof CollectionOver) over.push(label);
          else throw error;
        }
      },
      onError: (domain, reason) => told.push(`${domain} ${reason}`),
      onEnd: (snapshot) => ended.push(snapshot),
    });
  }

  /** Joins, and keeps the answer and when it came. */
  function join(collection: Collection, timeLeft: number, left = never) {
    const waiter = { snapshot: null as Snapshot | null, at: -1, toldBefore: -1 };
    void collection.join(timeLeft, left).then((snapshot) => {
      Object.assign(waiter, { snapshot, at: Date.now(), toldBefore: told.length });
    });
    return waiter;
  }

  it('answers all who wait at once when it is complete, with the same snapshot', async () => {
    const collection = collect('slow2', 'slow3');
    const [a, b] = [join(collection, 10_000), join(collection, 20_000)];
    await timers.tickAsync(20_000);
    expect([a.at, b.at]).to.deep.equal([3000, 3000]);
    expect(a.snapshot).to.equal(b.snapshot);
    expect(a.snapshot).to.deep.include({ complete: true, durationSeconds: 3, collectedAt: 0 });
    expect(asks.map(({ holder }) => holder)).to.deep.equal(['slow2', 'slow3']);
    expect(timers.countTimers()).to.equal(0);
  });

  it('answers each at its own deadline with what is there then', async () => {
    const collection = collect('slow1', 'slow5');
    const [hasty, patient] = [join(collection, 2500), join(collection, 10_000)];
    await timers.tickAsync(2500);
    expect(hasty.at).to.equal(2500);
    const before = JSON.stringify(hasty.snapshot);
    expect(hasty.snapshot?.totals?.vcpus).to.equal(3);
    expect(hasty.snapshot?.domains.map(({ result }) => result)).to.deep.equal(['ok', 'partial']);
    expect(hasty.snapshot?.domains[1]?.errors[0]).to.include({ reason: 'timeout', stage: 'servers', count: 1 });
    expect(patient.snapshot).to.equal(null);
    await timers.tickAsync(10_000);
    expect(patient.at).to.equal(5000);
    expect(patient.snapshot).to.deep.include({ complete: true });
    expect(patient.snapshot?.totals?.vcpus).to.equal(6);
    expect(JSON.stringify(hasty.snapshot), 'a snapshot never changes').to.equal(before);
  });

  it('lets the rows go when they have been counted for the last time, and not before; the snapshot stays whole', async () => {
    const collection = collect('slow1', 'slow3');
    const [hasty, patient] = [join(collection, 2500), join(collection, 9000)];
    await timers.tickAsync(2500);
    expect(hasty.snapshot?.totals?.servers).to.equal(3);
    expect(rows.map(({ servers }) => servers.size)).to.deep.equal([1, 2]);
    await timers.tickAsync(500);
    expect(rows.map(({ servers }) => servers.size)).to.deep.equal([0, 0]);
    expect(patient.snapshot?.totals).to.deep.equal({ vcpus: 4, ramMb: 2048, servers: 4 });
    expect(patient.snapshot?.domains.map(({ servers }) => servers)).to.deep.equal([1, 3]);
    expect(patient.snapshot?.domains[1]?.byStatus).to.deep.equal(new Map([['ACTIVE', 3]]));
    expect(collection.whole).to.equal(patient.snapshot);
    const late = join(collection, 1000);
    await timers.tickAsync(0);
    expect(late.snapshot, 'nothing is counted again').to.equal(patient.snapshot);
  });

  it('ends at the latest deadline of those who wait, and everything in it', async () => {
    const collection = collect('slow9', 'slow8');
    const [first, last] = [join(collection, 2000), join(collection, 4000)];
    await timers.tickAsync(3999);
    expect([first.at, over.length, collection.isOpen]).to.deep.equal([2000, 0, true]);
    await timers.tickAsync(1);
    expect([last.at, over.length, collection.isOpen]).to.deep.equal([4000, 2, false]);
    expect(timers.countTimers()).to.equal(0);
  });

  it('tells how long the latest who waits still has, for one who joined later, too', async () => {
    const collection = collect('slow9');
    join(collection, 3000);
    await timers.tickAsync(1000);
    expect(asks[0]?.timeLeft()).to.equal(2000);
    join(collection, 7000);
    expect(asks[0]?.timeLeft()).to.equal(7000);
    await timers.tickAsync(2000);
    expect(collection.isOpen, 'the first one has gone, the second has not').to.equal(true);
  });

  it('has a deadline before the first request is made', async () => {
    const collection = collect('slow1');
    expect(asks).to.deep.equal([]);
    join(collection, 3000);
    await timers.tickAsync(0);
    expect(asks[0]?.timeLeft()).to.equal(3000);
  });

  it('goes on for the others when one who waits leaves', async () => {
    const collection = collect('slow3');
    const leaves = new AbortController();
    const [gone, stays] = [join(collection, 10_000, leaves.signal), join(collection, 10_000)];
    await timers.tickAsync(1000);
    leaves.abort();
    await timers.tickAsync(10_000);
    expect([gone.at, stays.at]).to.deep.equal([-1, 3000]);
    expect(stays.snapshot?.complete).to.equal(true);
    expect(over).to.deep.equal([]);
  });

  it('is over at once when all have left, and tells nobody', async () => {
    const collection = collect('slow3', 'bad9');
    const leave = [new AbortController(), new AbortController()];
    for (const { signal } of leave) join(collection, 10_000, signal);
    await timers.tickAsync(1000);
    leave[0]?.abort();
    await timers.tickAsync(0);
    expect(over).to.deep.equal([]);
    leave[1]?.abort();
    await timers.tickAsync(0);
    expect(over).to.have.members(['slow3', 'bad9']);
    expect([collection.isOpen, ended.length, told.length]).to.deep.equal([false, 0, 0]);
    await timers.tickAsync(20_000);
    expect([ended.length, told.length, timers.countTimers()]).to.deep.equal([0, 0, 0]);
  });

  it('is over at once for one who had left before it joined', async () => {
    const collection = collect('slow3');
    join(collection, 10_000, AbortSignal.abort());
    await timers.tickAsync(0);
    expect([over, timers.countTimers()]).to.deep.equal([['slow3'], 0]);
  });

  it('counts each error once, before the first answer that shows it', async () => {
    const collection = collect('bad1', 'slow5', 'bad3');
    const waiters = [join(collection, 2000), join(collection, 4000), join(collection, 9000)];
    await timers.tickAsync(2000);
    expect(told).to.have.members(['bad1 unavailable', 'slow5 timeout', 'bad3 timeout']);
    expect(waiters[0]?.toldBefore).to.equal(3);
    await timers.tickAsync(2000);
    expect(waiters[1]?.toldBefore).to.equal(4);
    expect(told.at(-1)).to.equal('bad3 unavailable');
    await timers.tickAsync(9000);
    expect(waiters[2]?.at).to.equal(5000);
    expect(told).to.have.length(4);
  });

  it('reports its end once, with the last answer', async () => {
    const collection = collect('slow5');
    const [, patient] = [join(collection, 2000), join(collection, 9000)];
    await timers.tickAsync(2000);
    expect(ended).to.deep.equal([]);
    await timers.tickAsync(9000);
    expect(ended).to.deep.equal([patient.snapshot]);
  });

  it('reports its end to nobody but once when several get the same last answer', async () => {
    const collection = collect('slow1');
    for (let i = 0; i < 3; i += 1) join(collection, 9000);
    await timers.tickAsync(9000);
    expect(ended).to.have.length(1);
  });

  it('reports its end with a snapshot that was cut at the last deadline', async () => {
    const collection = collect('slow5');
    const waiter = join(collection, 2000);
    await timers.tickAsync(2000);
    expect(ended).to.deep.equal([waiter.snapshot]);
    expect(ended[0]?.complete).to.equal(false);
  });

  it('answers all who wait before their time when it is told to, with what is there, and is over', async () => {
    const collection = collect('slow1', 'slow5');
    const waiters = [join(collection, 8000), join(collection, 9000)];
    await timers.tickAsync(2500);
    collection.answerNow();
    await timers.tickAsync(0);
    expect(waiters.map(({ at }) => at)).to.deep.equal([2500, 2500]);
    expect(waiters[0]?.snapshot).to.deep.include({ complete: false });
    expect(waiters[0]?.snapshot?.totals?.vcpus).to.equal(3);
    expect(waiters[0]?.snapshot?.domains[1]?.errors[0]).to.include({ reason: 'timeout', stage: 'servers' });
    await timers.tickAsync(0);
    expect([collection.isOpen, over, ended.length, timers.countTimers()]).to.deep.equal([false, ['slow5'], 1, 0]);
    collection.answerNow();
    expect(ended).to.have.length(1);
  });

  it('is complete at once where there are no domains', async () => {
    const waiter = join(collect(), 1000);
    await timers.tickAsync(0);
    expect(waiter.snapshot).to.deep.include({ complete: true, totals: { vcpus: 0, ramMb: 0, servers: 0 } });
  });
});
