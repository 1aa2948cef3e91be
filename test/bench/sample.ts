import type { CaseResult, Cost } from '../../bench/measure.js';
import { spreadOf } from '../../bench/statistics.js';

export function cost(change: Partial<Cost> = {}): Cost {
  return {
    ms: spreadOf([130]),
    requests: { servers: 1000 },
    bytes: 130_000_000,
    cpuSeconds: 2.5,
    peakInFlight: 64,
    cloudBusy: 0.25,
    lagP99Ms: 30,
    lagWorstMs: 40,
    healthyCount: 100,
    healthyFailures: 0,
    healthyP99Ms: 100,
    healthyWorstMs: 300,
    pollerP99Ms: 1,
    pollerWorstMs: 2,
    ...change,
  };
}

/** A case that just meets all of its targets. */
export function result(change: Partial<CaseResult> = {}): CaseResult {
  return {
    scenario: 'L',
    strategy: 'domain-list',
    latencyMs: 20,
    budgetMs: 1000,
    minRounds: 1,
    nodeOptions: [],
    rounds: 1,
    concurrency: 64,
    cold: cost({ requests: { login: 1000, projects: 1000, servers: 2000 } }),
    warm: cost(),
    formula: { servers: 1000 },
    peakRssMb: 300,
    floor: { ms: spreadOf([100]), cpuSeconds: 2 },
    discard: { ms: spreadOf([65]) },
    ratio: 1.3,
    simulator: { requestsPerSecond: 4000, mbPerSecond: 300 },
    others: null,
    ...change,
  };
}
