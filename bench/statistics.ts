/* Figures out of many measurements. */

/**
 * The smallest value that is not exceeded by the given part of all (nearest rank).
 * @param part from 0 up to 1
 * @returns NaN where there are no values
 */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** The middle one, or the mean of the two in the middle; NaN where there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  return (low + high) / 2;
}

/** NaN where there are no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The largest; NaN where there are no values. */
export function worst(values: readonly number[]): number {
  return percentile(values, 1);
}

/** A series in short; in the unit of its values. */
export interface Spread {
  count: number;
  median: number;
  p95: number;
  p99: number;
  worst: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return {
    count: values.length,
    median: median(values),
    p95: percentile(values, 0.95),
    p99: percentile(values, 0.99),
    worst: worst(values),
  };
}
