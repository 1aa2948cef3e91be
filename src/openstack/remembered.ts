import type { Clock } from '../clock.js';

const HOUR_MS = 3_600_000;

/**
 * What was learnt of each compute endpoint the hard way, kept for an hour: what it could not do may have been a passing
 * weakness, such as an upgrade.
 */
export class Remembered<Value> {
  readonly #clock: Pick<Clock, 'mono'>;
  readonly #values = new Map<string, { value: Value; until: number }>();

  constructor(clock: Pick<Clock, 'mono'>) {
    this.#clock = clock;
  }

  get(endpoint: string): Value | null {
    const known = this.#values.get(endpoint);
    if (!known) return null;
    if (this.#clock.mono() < known.until) return known.value;
    this.#values.delete(endpoint);
    return null;
  }

  set(endpoint: string, value: Value): void {
    this.#values.set(endpoint, { value, until: this.#clock.mono() + HOUR_MS });
  }
}
