import { expect } from 'chai';
import fc from 'fast-check';
import { mean, median, percentile, spreadOf, worst } from '../../bench/statistics.js';

describe('bench: statistics', () => {
  it('takes the nearest rank as a percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.95)).to.equal(95);
    expect(percentile(hundred, 0.99)).to.equal(99);
    expect(percentile(hundred, 1)).to.equal(100);
    expect(percentile([7], 0.95)).to.equal(7);
    expect(percentile([1, 2, 3], 0.95)).to.equal(3);
    expect(percentile([3, 1, 2], 0)).to.equal(1);
  });

  it('sorts numbers as numbers, and leaves the list as it is', () => {
    const values = [10, 9, 100];
    expect(percentile(values, 0.5)).to.equal(10);
    expect(values).to.deep.equal([10, 9, 100]);
  });

  it('takes the middle as the median', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(median([5])).to.equal(5);
  });

  it('tells nothing of nothing', () => {
    for (const of of [median, mean, worst]) expect(of([])).to.be.NaN;
    expect(spreadOf([]).count).to.equal(0);
  });

  it('keeps its figures in order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const { count, median: middle, p95, p99, worst: last } = spreadOf(values);
        expect(count).to.equal(values.length);
        expect(middle).to.be.at.most(last);
        expect(p95).to.be.at.most(p99);
        expect(p99).to.be.at.most(last);
        expect(values).to.include(p95);
        expect(last).to.equal(Math.max(...values));
      }),
    );
  });
});
