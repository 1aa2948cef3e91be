import type { Tariff } from './tariff.js';

/** From its start on, and up to its last second. */
export function isInForce({ startMs, endMs }: Tariff, atMs: number): boolean {
  return (startMs === null || startMs <= atMs) && (endMs === null || atMs < endMs);
}
