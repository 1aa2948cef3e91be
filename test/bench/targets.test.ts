import { expect } from 'chai';
import type { CaseResult } from '../../bench/measure.js';
import { countTargets, targetsOf } from '../../bench/targets.js';
import { cost, result } from './sample.js';

/** Names of the targets that are not met. */
const missed = (change: Partial<CaseResult>): string[] =>
  targetsOf(result(change))
    .filter(({ met }) => !met)
    .map(({ name }) => name);
const held = (change: Partial<CaseResult>): string[] => targetsOf(result(change)).map(({ name }) => name);

const COUNTS = ['requests', 'logins', 'in flight'];

describe('bench: targets', () => {
  it('are met up to their very limit', () => {
    expect(held({})).to.deep.equal([...COUNTS, 'warm', 'peak RSS', 'healthy']);
    expect(missed({})).to.deep.equal([]);
  });

  it('hold for the cases that they were set for', () => {
    expect(held({ scenario: 'S' })).to.deep.equal(COUNTS);
    expect(held({ scenario: 'one' })).to.deep.equal(COUNTS);
    expect(held({ scenario: 'M', peakRssMb: 200 })).to.deep.equal([...COUNTS, 'warm', 'peak RSS']);
    expect(held({ latencyMs: 100 })).to.deep.equal([...COUNTS, 'peak RSS', 'healthy']);
    expect(held({ peakRssMb: null })).not.to.include('peak RSS');
  });

  it('are missed beyond it', () => {
    expect(missed({ ratio: 1.31 })).to.deep.equal(['warm']);
    expect(missed({ ratio: 1.6, latencyMs: 0 })).to.deep.equal([]);
    expect(missed({ ratio: 1.61, latencyMs: 0 })).to.deep.equal(['warm']);
    expect(missed({ peakRssMb: 301 })).to.deep.equal(['peak RSS']);
    expect(missed({ scenario: 'M', peakRssMb: 201 })).to.deep.equal(['peak RSS']);
    expect(missed({ warm: cost({ healthyP99Ms: 101 }) })).to.deep.equal(['healthy']);
    expect(missed({ cold: cost({ healthyWorstMs: 301 }) })).to.deep.equal(['healthy']);
    expect(missed({ warm: cost({ healthyFailures: 1 }) })).to.deep.equal(['healthy']);
  });

  it('see a request too many or too few, a login, a new token, and too much at once', () => {
    expect(missed({ warm: cost({ requests: { servers: 1001 } }) })).to.deep.equal(['requests']);
    expect(missed({ warm: cost({ requests: { servers: 999 } }) })).to.deep.equal(['requests']);
    expect(missed({ warm: cost({ requests: { servers: 1000, version: 1 } }) })).to.deep.equal(['requests']);
    expect(missed({ warm: cost({ requests: { servers: 1000, login: 1 } }) })).to.deep.equal(['logins']);
    expect(missed({ warm: cost({ requests: { servers: 1000, rescope: 1 } }) })).to.deep.equal(['logins']);
    expect(missed({ warm: cost({ peakInFlight: 65 }) })).to.deep.equal(['in flight']);
    expect(missed({ cold: cost({ peakInFlight: 65 }) })).to.deep.equal(['in flight']);
  });

  it('are told apart from times: counts alone make a run fail', () => {
    for (const target of targetsOf(result())) expect(target.isCount).to.equal(COUNTS.includes(target.name));
    expect(countTargets(result()).map(({ text }) => text)).to.deep.equal([
      '1000 servers',
      '0 logins and 0 new tokens in a warm scrape',
      '64 at once, of 64',
    ]);
  });
});
