import type { Logger } from '../log.js';
import type { Snapshot } from './snapshot.js';

/** Logs one line for each domain that changes between well and failing: not one per scrape. */
export class Journal {
  readonly #log: Logger;
  #failing = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  note({ domains, complete, durationSeconds }: Snapshot): void {
    const failing = new Set<string>();
    for (const { domain, result, errors } of domains) {
      const { label } = domain;
      if (errors.length > 0) {
        failing.add(label);
        if (this.#failing.has(label)) continue;
        const why = errors.map(({ stage, reason, message }) => `${stage} ${reason}: ${message}`).join(' | ');
        this.#log.warn('domain is failing', { domain: label, result, errors: why });
      } else if (this.#failing.has(label)) {
        this.#log.info('domain is well again', { domain: label });
      }
    }
    this.#failing = failing;
    this.#log.debug('collected', {
      domains: domains.length,
      failing: failing.size,
      complete,
      seconds: durationSeconds,
    });
  }
}
