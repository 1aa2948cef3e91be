import type { Clock } from '../clock.js';

/** How long small pages are asked for before a whole one is tried again, in milliseconds. */
const REMEMBERED_MS = 3_600_000;

/** Which compute endpoints are asked for small pages, since whole ones took longer than a proxy in front would wait. */
export class PageSizes {
  readonly #clock: Pick<Clock, 'mono'>;
  readonly #small = new Map<string, { rows: number; until: number }>();

  constructor(clock: Pick<Clock, 'mono'>) {
    this.#clock = clock;
  }

  /** Rows to ask for; null: as many as Nova gives. */
  rows(endpoint: string): number | null {
    const small = this.#small.get(endpoint);
    if (!small) return null;
    if (this.#clock.mono() < small.until) return small.rows;
    this.#small.delete(endpoint);
    return null;
  }

  /** Notes that a page of so many rows took too long. @returns the rows to ask for from now on */
  halve(endpoint: string, rows: number): number {
    const half = Math.max(1, Math.floor(rows / 2));
    // Requests that fail together, of one size, halve it once.
    const small = Math.min(half, this.rows(endpoint) ?? half);
    this.#small.set(endpoint, { rows: small, until: this.#clock.mono() + REMEMBERED_MS });
    return small;
  }
}
