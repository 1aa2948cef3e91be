import { difference, requestsText } from './formula.js';
import type { CaseResult, Cost } from './measure.js';

/** One thing that a case should keep to. */
export interface Target {
  name: 'requests' | 'logins' | 'in flight' | 'warm' | 'peak RSS' | 'healthy';
  /** What was measured against what, in words. */
  text: string;
  met: boolean;
  /** A count, which is the same at each run: not a time, and not a size. */
  isCount: boolean;
}

const MAX_RATIO = { unhurried: 1.3, atOnce: 1.6 };
const MAX_RSS_MB: Readonly<Record<string, number>> = { M: 200, L: 300 };
const MAX_HEALTHY_MS = { p99: 100, worst: 300 };

/** Requests at once, cold or warm. */
export function peakOf({ cold, warm }: Pick<CaseResult, 'cold' | 'warm'>): number {
  return Math.max(cold.peakInFlight, warm.peakInFlight);
}

/** The counts, which hold for every case. */
export function countTargets(result: Pick<CaseResult, 'cold' | 'warm' | 'formula' | 'concurrency'>): Target[] {
  const { warm, formula, concurrency } = result;
  const { login = 0, rescope = 0, ...others } = warm.requests;
  const off = difference(others, formula);
  return [
    { name: 'requests', text: off ?? requestsText(formula), met: off === null, isCount: true },
    {
      name: 'logins',
      text: `${login} logins and ${rescope} new tokens in a warm scrape`,
      met: login + rescope === 0,
      isCount: true,
    },
    {
      name: 'in flight',
      text: `${peakOf(result)} at once, of ${concurrency}`,
      met: peakOf(result) <= concurrency,
      isCount: true,
    },
  ];
}

/** The ratio is set for 20 ms a call and for none. */
function ratioTarget({ scenario, latencyMs, ratio }: CaseResult): Target | null {
  const limits: Readonly<Record<number, number>> = { 0: MAX_RATIO.atOnce, 20: MAX_RATIO.unhurried };
  const limit = limits[latencyMs];
  if (limit === undefined || !['M', 'L'].includes(scenario)) return null;
  return {
    name: 'warm',
    text: `${ratio.toFixed(2)} of the floor, ${limit} at most`,
    met: ratio <= limit,
    isCount: false,
  };
}

function rssTarget({ scenario, peakRssMb }: CaseResult): Target | null {
  const limit = MAX_RSS_MB[scenario];
  if (limit === undefined || peakRssMb === null) return null;
  return {
    name: 'peak RSS',
    text: `${peakRssMb.toFixed(0)} MB, ${limit} at most`,
    met: peakRssMb <= limit,
    isCount: false,
  };
}

function healthyTarget({ scenario, cold, warm }: CaseResult): Target | null {
  if (scenario !== 'L') return null;
  const keeps = ({ healthyP99Ms, healthyWorstMs, healthyFailures }: Cost): boolean =>
    healthyP99Ms <= MAX_HEALTHY_MS.p99 && healthyWorstMs <= MAX_HEALTHY_MS.worst && healthyFailures === 0;
  const words = ({ healthyP99Ms, healthyWorstMs, healthyFailures }: Cost): string =>
    `p99 ${healthyP99Ms.toFixed(0)} ms, worst ${healthyWorstMs.toFixed(0)} ms` +
    (healthyFailures === 0 ? '' : `, ${healthyFailures} failed`);
  return {
    name: 'healthy',
    text: `warm ${words(warm)}; cold ${words(cold)}; ${MAX_HEALTHY_MS.p99} and ${MAX_HEALTHY_MS.worst} ms at most`,
    met: keeps(warm) && keeps(cold),
    isCount: false,
  };
}

/** All that the case is held to; times and sizes are told, and never a reason to fail. */
export function targetsOf(result: CaseResult): Target[] {
  const others = [ratioTarget(result), rssTarget(result), healthyTarget(result)];
  return [...countTargets(result), ...others.filter((target) => target !== null)];
}
