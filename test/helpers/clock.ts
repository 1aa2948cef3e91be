import type { Clock } from '../../src/clock.js';

/** A clock that stands still until it is told to move. */
export class TestClock implements Clock {
  now = 0;
  readonly epoch: number;

  constructor(epoch = Date.parse('2026-11-22T04:30:00Z')) {
    this.epoch = epoch;
  }

  readonly wall = (): number => this.epoch + this.now;
  readonly mono = (): number => this.now;

  advance(ms: number): void {
    this.now += ms;
  }
}
