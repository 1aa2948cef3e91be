import { expect } from 'chai';
import sinon from 'sinon';
import { CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';

/** What became of a promise so far. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise.catch((error: unknown) => error), Promise.resolve('pending')]);
}

describe('Lifetime', () => {
  const reason = new CollectionOver();

  it('is not over until it ends, and throws the reason from then on', () => {
    const life = new Lifetime();
    expect(life.isOver).to.equal(false);
    expect(() => life.check()).not.to.throw();
    life.end(reason);
    expect(life.isOver).to.equal(true);
    expect(() => life.check()).to.throw(reason);
  });

  it('ends once: a second reason changes nothing and calls nobody', () => {
    const life = new Lifetime();
    const listener = sinon.spy();
    life.onEnd(listener);
    life.end(reason);
    life.end(new Error('another'));
    sinon.assert.calledOnceWithExactly(listener, reason);
    expect(() => life.check()).to.throw(reason);
  });

  it('does not call a listener that was taken off', () => {
    const life = new Lifetime();
    const [left, stays] = [sinon.spy(), sinon.spy()];
    const off = life.onEnd(left);
    life.onEnd(stays);
    off();
    off();
    life.end(reason);
    sinon.assert.notCalled(left);
    sinon.assert.calledOnce(stays);
  });

  it('calls the others when a listener takes itself or the next one off', () => {
    const life = new Lifetime();
    const called: string[] = [];
    const offFirst = life.onEnd(() => {
      called.push('first');
      offFirst();
      offSecond();
    });
    const offSecond = life.onEnd(() => void called.push('second'));
    life.onEnd(() => void called.push('third'));
    life.end(reason);
    expect(called).to.deep.equal(['first', 'third']);
  });

  it('gives the outcome of a promise that is done before the end, and leaves no listener behind', async () => {
    const life = new Lifetime();
    expect(await life.race(Promise.resolve(7))).to.equal(7);
    const failure = new Error('no');
    expect(await outcome(life.race(Promise.reject(failure)))).to.equal('pending');
    expect(await life.race(Promise.reject(failure)).catch((error: unknown) => error)).to.equal(failure);
    life.end(reason);
  });

  it('stops waiting for a promise at the end', async () => {
    const life = new Lifetime();
    const waiting = life.race(new Promise(() => undefined));
    life.end(reason);
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason);
  });

  it('does not wait for a promise when the end has come before', async () => {
    const life = new Lifetime();
    life.end(reason);
    const raced = life.race(new Promise(() => undefined)).catch((error: unknown) => error);
    expect(await Promise.race([raced, new Promise((resolve) => setImmediate(resolve, 'still waits'))])).to.equal(
      reason,
    );
  });

  describe('with a clock', () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });
    afterEach(() => {
      clock.restore();
    });

    it('sleeps as long as it is told', async () => {
      const sleep = new Lifetime().sleep(1000);
      await clock.tickAsync(999);
      expect(await outcome(sleep)).to.equal('pending');
      await clock.tickAsync(1);
      await sleep;
    });

    it('wakes up at the end with its reason, and leaves no timer behind', async () => {
      const life = new Lifetime();
      const sleep = life.sleep(1000).catch((error: unknown) => error);
      life.end(reason);
      expect(await sleep).to.equal(reason);
      expect(clock.countTimers()).to.equal(0);
    });

    it('does not fall asleep after the end', async () => {
      const life = new Lifetime();
      life.end(reason);
      expect(await life.sleep(1000).catch((error: unknown) => error)).to.equal(reason);
      expect(clock.countTimers()).to.equal(0);
    });
  });
});
