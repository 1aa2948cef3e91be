import { createHmac, randomBytes } from 'node:crypto';

import pLimit, { type LimitFunction } from 'p-limit';

import type { Clock } from '../clock.js';
import type { Domain } from '../domains/domain.js';
import { CollectError, CollectionOver } from '../errors.js';
import type { Lifetime } from '../http/lifetime.js';
import { HttpFailure } from '../http/request.js';
import type { Secret } from '../secret.js';
import { accountOf, refusalMessage, scopeOf } from './login.js';

/** However long Keystone asks to wait: a header that is off by a digit may not switch a domain off for a day. */
const MAX_BUSY_MS = 60 * 60_000;

/** When a refused secret is tried again: after the first refusal, the second, and each further one. */
const WAITS_MS = [5 * 60_000, 60 * 60_000, 6 * 60 * 60_000];

interface Refusal {
  count: number;
  /** Monotonic. */
  nextTry: number;
  /** The project that each line asked for, if any; a line that asks for another one now has been edited. */
  projects: Map<string, string>;
}

interface Gate {
  /** One login in flight per credential. */
  queue: LimitFunction;
  refusal: Refusal | null;
  /** Keystone asked for patience (`Retry-After`): monotonic end, and what it answered. */
  busy: { until: number; error: CollectError } | null;
}

/** A login that did not come about; whatever was asked for, its stage is `login`. */
export class LoginFailure extends CollectError {
  constructor(error: CollectError) {
    super(error.reason, error.message, { cause: error, status: error.status });
  }
}

/**
 * Stands before every login, so that no account gets locked by scraping often: one gate for each credential (auth URL, and
 * user domain, user, password, or application credential and secret), shared by the lines that use it, kept across scrapes.
 */
export class LoginGates {
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();
  /** The map's keys hold secrets only under a key that leaves with the process. */
  readonly #hashKey = randomBytes(32);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs a login unless the same credential was refused a short while ago.
   * @throws LoginFailure; or, without having tried, the reason of the lifetime's end
   */
  async pass<T>(domain: Domain, secret: Secret, life: Lifetime, login: () => Promise<T>): Promise<T> {
    const gate = this.#gate(domain, secret);
    return gate.queue(async () => {
      life.check();
      this.#check(gate, domain);
      try {
        const result = await login();
        gate.refusal = null;
        gate.busy = null;
        return result;
      } catch (error) {
        throw this.#note(gate, domain, error);
      }
    });
  }

  #gate(domain: Domain, secret: Secret): Gate {
    const hash = createHmac('sha256', this.#hashKey)
      .update(JSON.stringify([accountOf(domain), secret.reveal()]))
      .digest('base64');
    let gate = this.#gates.get(hash);
    if (!gate) {
      gate = { queue: pLimit(1), refusal: null, busy: null };
      this.#gates.set(hash, gate);
    }
    return gate;
  }

  #check(gate: Gate, domain: Domain): void {
    const now = this.#clock.mono();
    if (gate.busy && now < gate.busy.until) throw new LoginFailure(gate.busy.error);
    const { refusal } = gate;
    if (!refusal || now >= refusal.nextTry) return;
    const line = lineOf(domain);
    const before = refusal.projects.get(line);
    if (before !== undefined && before !== scopeOf(domain)) {
      gate.refusal = null;
      return;
    }
    refusal.projects.set(line, scopeOf(domain));
    throw this.#refused(refusal, domain);
  }

  #note(gate: Gate, domain: Domain, error: unknown): unknown {
    if (!(error instanceof CollectError) || error instanceof CollectionOver) return error;
    if (!(error instanceof HttpFailure)) return new LoginFailure(error);
    if (error.status === 401) {
      const count = (gate.refusal?.count ?? 0) + 1;
      const wait = WAITS_MS[Math.min(count, WAITS_MS.length) - 1] ?? 0;
      const projects = gate.refusal?.projects ?? new Map<string, string>();
      projects.set(lineOf(domain), scopeOf(domain));
      gate.refusal = { count, nextTry: this.#clock.mono() + wait, projects };
      return this.#refused(gate.refusal, domain);
    }
    if (error.failure.kind === 'status' && error.failure.retryAfterMs !== null) {
      gate.busy = { until: this.#clock.mono() + Math.min(error.failure.retryAfterMs, MAX_BUSY_MS), error };
    }
    return new LoginFailure(error);
  }

  #refused({ nextTry }: Refusal, { credential }: Domain): LoginFailure {
    const next = new Date(this.#clock.wall() + Math.max(0, nextTry - this.#clock.mono()));
    const at = next.toISOString().replace(/\.\d+Z$/, 'Z');
    return new LoginFailure(new CollectError('auth', refusalMessage(credential, at), { status: 401 }));
  }
}

/** Lines that share a credential share the user's domain too, so that a region tells them apart. */
const lineOf = ({ cloud, label }: Domain): string => (cloud.region === null ? label : `${cloud.region} ${label}`);
