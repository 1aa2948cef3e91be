import type { Clock } from '../clock.js';

const HOUR_MS = 3_600_000;

/**
 * What was learnt the hard way of an endpoint, or of a listing, kept for an hour or less: what could not be done may have been a
 * passing weakness, such as an upgrade.
 */
export class Remembered<Value> {
  readonly #clock: Pick<Clock, 'mono'>;
  readonly #values = new Map<string, { value: Value; until: number }>();

  constructor(clock: Pick<Clock, 'mono'>) {
    this.#clock = clock;
  }

  get(key: string): Value | null {
    const known = this.#values.get(key);
    if (!known) return null;
    if (this.#clock.mono() < known.until) return known.value;
    this.#values.delete(key);
    return null;
  }

  set(key: string, value: Value, ms = HOUR_MS): void {
    this.#values.set(key, { value, until: this.#clock.mono() + ms });
  }
}
