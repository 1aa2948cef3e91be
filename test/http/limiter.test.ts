import { expect } from 'chai';
import fc from 'fast-check';
import { CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { FairLimiter } from '../../src/http/limiter.js';

interface Task {
  holder: string;
  life: Lifetime;
  state: 'waiting' | 'running' | 'done' | 'aborted';
  finish: () => void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A limiter under test, with a record of who runs and who waits. Grants are judged as they are made. */
class Bench {
  readonly limiter: FairLimiter;
  readonly share: number;
  readonly tasks: Task[] = [];
  readonly failures: string[] = [];

  constructor(
    readonly slots: number,
    readonly holders: number,
  ) {
    this.limiter = new FairLimiter({ slots, holders });
    this.share = Math.max(1, Math.floor(slots / 4));
  }

  /** Holders in the order in which they last got a first slot. */
  #began: string[] = [];

  of(state: Task['state'], holder?: string): Task[] {
    return this.tasks.filter((task) => task.state === state && (holder === undefined || task.holder === holder));
  }

  start(holder: string, life = new Lifetime()): Task {
    const task: Task = { holder, life, state: 'waiting', finish: () => undefined };
    this.tasks.push(task);
    this.limiter
      .run(holder, life, () => {
        this.#judge(task);
        task.state = 'running';
        return new Promise<void>((resolve) => {
          task.finish = () => {
            task.state = 'done';
            resolve();
          };
        });
      })
      .catch(() => (task.state = 'aborted'));
    return task;
  }

  #judge(task: Task): void {
    const held = this.of('running', task.holder).length;
    const active = new Set(this.of('running').map(({ holder }) => holder));
    const others = this.of('waiting').filter(({ holder }) => holder !== task.holder);
    const isFull = active.size >= this.holders;
    const fail = (what: string): void => void this.failures.push(what);
    if (!active.has(task.holder)) this.#began = [...this.#began.filter((name) => name !== task.holder), task.holder];
    if (this.of('running').length >= this.slots) fail('more than all slots');
    if (!active.has(task.holder) && isFull) fail('more than all holders');
    if (held > 0 && !isFull && others.some(({ holder }) => !active.has(holder))) fail('before a first slot');
    if (held >= this.share && others.length > 0) fail('more than a quarter while another waits');
    if (this.of('waiting', task.holder)[0] !== task) fail('out of order within a holder');
  }

  /** Whether somebody waits although a slot could be given. */
  get isIdleInVain(): boolean {
    const waiting = new Set(this.of('waiting').map(({ holder }) => holder));
    if (waiting.size === 0 || this.of('running').length >= this.slots) return false;
    const active = new Set(this.of('running').map(({ holder }) => holder));
    const isQueued = [...waiting].some((holder) => !active.has(holder));
    if (active.size < this.holders && isQueued) return true;
    // The one who has been at it longest makes room for those who have not begun.
    const leaving = isQueued ? this.#began.find((holder) => active.has(holder)) : null;
    return [...waiting].some(
      (holder) =>
        active.has(holder) &&
        holder !== leaving &&
        (waiting.size === 1 || this.of('running', holder).length < this.share),
    );
  }
}

type Step = { do: 'arrive'; holder: string } | { do: 'finish' | 'abort'; pick: number };
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('arrive' as const),
        holder: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('finish' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), pick: fc.nat() }) },
  ),
  { maxLength: 60 },
);
const limits = fc.record({ slots: fc.integer({ min: 1, max: 12 }), holders: fc.integer({ min: 1, max: 5 }) });

async function play(bench: Bench, step: Step): Promise<void> {
  if (step.do === 'arrive') bench.start(step.holder);
  else {
    const among = step.do === 'finish' ? bench.of('running') : [...bench.of('waiting'), ...bench.of('running')];
    const task = among[step.pick % Math.max(1, among.length)];
    if (step.do === 'finish') task?.finish();
    else if (task) {
      // At once, since the slots that this one leaves to others are given before it hears of its end.
      if (task.state === 'waiting') task.state = 'aborted';
      task.life.end(new CollectionOver());
    }
  }
  await turn();
  expect(bench.failures).to.deep.equal([]);
  expect(bench.limiter.used).to.equal(bench.of('running').length).and.to.be.at.most(bench.slots);
  expect(new Set(bench.of('running').map(({ holder }) => holder)).size).to.be.at.most(bench.holders);
  expect(bench.isIdleInVain, 'a slot is kept back for nobody').to.equal(false);
}

describe('FairLimiter', () => {
  it('keeps its limits and its order whatever comes, goes and is cut, and serves everyone in the end', async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps, async ({ slots, holders }, list) => {
        const bench = new Bench(slots, holders);
        for (const step of list) await play(bench, step);
        while (bench.of('running').length > 0) await play(bench, { do: 'finish', pick: 0 });
        expect(bench.of('waiting')).to.deep.equal([]);
        expect(bench.limiter.used).to.equal(0);
      }),
      { numRuns: 120 },
    );
  });

  it('works with both limits at 1, one task after the other and holders in turn', async () => {
    const bench = new Bench(1, 1);
    for (const holder of ['a', 'a', 'a', 'b', 'b', 'c']) bench.start(holder);
    const order: string[] = [];
    for (;;) {
      await turn();
      const [task, second] = bench.of('running');
      if (!task) break;
      expect(second).to.equal(undefined);
      order.push(task.holder);
      task.finish();
    }
    expect(order.join('')).to.equal('abcaba');
  });

  it('lets those who have not begun take turns with those who never run out of work', async () => {
    const bench = new Bench(8, 2);
    for (const holder of ['a', 'b', 'c', 'd']) for (let i = 0; i < 50; i++) bench.start(holder);
    const served = new Set<string>();
    for (let i = 0; i < 12; i++) {
      await turn();
      for (const { holder } of bench.of('running')) served.add(holder);
      bench.of('running')[0]?.finish();
    }
    expect([...served].sort()).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('gives a holder that is alone every slot', async () => {
    const bench = new Bench(64, 32);
    for (let i = 0; i < 100; i++) bench.start('a');
    await turn();
    expect(bench.of('running')).to.have.length(64);
  });

  it('gives back, slot by slot, what a holder had alone, once others wait', async () => {
    const bench = new Bench(8, 4);
    for (let i = 0; i < 30; i++) bench.start('a');
    await turn();
    for (let i = 0; i < 10; i++) bench.start('b');
    for (let i = 0; i < 6; i++) {
      bench.of('running', 'a')[0]!.finish();
      await turn();
    }
    expect(bench.of('running', 'a')).to.have.length(2);
    expect(bench.of('running', 'b')).to.have.length(2);
  });

  it('lets a thousand requests of one holder hang without keeping another waiting', async () => {
    const bench = new Bench(64, 32);
    bench.start('healthy');
    for (let i = 0; i < 1000; i++) bench.start('hanging');
    await turn();
    expect(bench.of('running', 'hanging')).to.have.length(63);
    bench.start('other');
    bench.of('running', 'healthy')[0]!.finish();
    await turn();
    expect(bench.of('running', 'other')).to.have.length(1);
  });

  it('forgets one who stops waiting: he holds nothing, and the next one goes on', async () => {
    const bench = new Bench(1, 1);
    const first = bench.start('a');
    const left = bench.start('b');
    const next = bench.start('c');
    await turn();
    left.life.end(new CollectionOver());
    await turn();
    expect([left.state, next.state]).to.deep.equal(['aborted', 'waiting']);
    first.finish();
    await turn();
    expect([next.state, bench.limiter.used]).to.deep.equal(['running', 1]);
  });

  it('gives what the last other who waited left behind to the one who is alone now', async () => {
    const bench = new Bench(4, 4);
    for (const holder of ['a', 'b', 'a', 'b', 'a']) bench.start(holder);
    const left = bench.start('b');
    await turn();
    for (const holder of ['a', 'b']) bench.of('running', holder)[0]!.finish();
    await turn();
    expect(bench.of('waiting')).to.have.length(2);
    left.life.end(new CollectionOver());
    await turn();
    expect([bench.of('running', 'a').length, bench.of('waiting').length]).to.deep.equal([2, 0]);
  });

  it('never begins a task whose lifetime is over, with the reason of its end', async () => {
    const limiter = new FairLimiter({ slots: 1, holders: 1 });
    const life = new Lifetime();
    const reason = new CollectionOver();
    life.end(reason);
    const error: unknown = await limiter
      .run('a', life, () => Promise.reject(new Error('began')))
      .catch((caught: unknown) => caught);
    expect(error).to.equal(reason);
    expect(limiter.used).to.equal(0);
  });

  it('begins none of those who wait together when their common lifetime ends', async () => {
    const bench = new Bench(4, 4);
    const life = new Lifetime();
    for (const holder of ['a', 'b', 'a', 'b', 'a', 'b']) bench.start(holder, life);
    await turn();
    for (const holder of ['a', 'b']) bench.of('running', holder)[0]!.finish();
    await turn();
    // Neither may have more than its share while the other waits; when one goes, the other would be alone.
    expect([bench.of('running').length, bench.of('waiting').length]).to.deep.equal([2, 2]);
    life.end(new CollectionOver());
    await turn();
    expect([bench.of('running').length, bench.of('aborted').length]).to.deep.equal([2, 2]);
    expect(bench.limiter.used).to.equal(2);
  });

  it('does not cut a task that runs', async () => {
    const bench = new Bench(1, 1);
    const task = bench.start('a');
    await turn();
    task.life.end(new CollectionOver());
    await turn();
    expect(task.state).to.equal('running');
    task.finish();
    await turn();
    expect(task.state).to.equal('done');
  });

  it('frees the slot of a task that fails', async () => {
    const limiter = new FairLimiter({ slots: 1, holders: 1 });
    const failure = new Error('no');
    const error: unknown = await limiter
      .run('a', new Lifetime(), () => Promise.reject(failure))
      .catch((caught: unknown) => caught);
    expect(error).to.equal(failure);
    expect(await limiter.run('b', new Lifetime(), () => Promise.resolve(1))).to.equal(1);
    expect(limiter.used).to.equal(0);
  });

  it('serves holders at their first slot in the order in which they came', async () => {
    const bench = new Bench(2, 2);
    bench.start('a');
    bench.start('b');
    for (const holder of ['c', 'd', 'e']) bench.start(holder);
    const order: string[] = [];
    for (let i = 0; i < 3; i++) {
      await turn();
      bench.of('running')[0]!.finish();
      await turn();
      order.push(bench.of('running').at(-1)!.holder);
    }
    expect(order).to.deep.equal(['c', 'd', 'e']);
  });
});
