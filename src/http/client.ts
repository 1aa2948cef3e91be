import type { Clock } from '../clock.js';
import { Agents } from './agents.js';
import type { Lifetime } from './lifetime.js';
import { FairLimiter } from './limiter.js';
import { attempt, HttpFailure, type AttemptObserver, type HttpAnswer, type HttpRequest } from './request.js';
import { retryDelay, type Repeatable } from './retry.js';

/** On whose behalf a request is made, and how long it may take. */
export interface Ask {
  /** Whose share of the slots it counts against: a domain's label. */
  holder: string;
  /** The collection's: over when nobody waits for it any more. */
  life: Lifetime;
  /** Milliseconds until the collection's deadline. */
  timeLeft(): number;
  /** Told of each request before it is sent, but for logins, which are others' too; may end the lifetime. */
  onRequest?: () => void;
}

export interface HttpClientOptions {
  requestConcurrency: number;
  domainConcurrency: number;
  requestTimeoutMs: number;
  clock: Clock;
  observe: AttemptObserver;
}

/** Sends requests to one cloud: bounded, fair, each repeated at most once. */
export class HttpClient {
  readonly #limiter: FairLimiter;
  readonly #agents: Agents;
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#limiter = new FairLimiter({ slots: options.requestConcurrency, holders: options.domainConcurrency });
    this.#agents = new Agents(options.requestConcurrency);
  }

  /**
   * A GET ends with the collection; a login that was sent runs to its timeout, since its token serves the next one.
   * @throws HttpFailure; or the reason of the end of the ask's lifetime
   */
  async send(request: HttpRequest, ask: Ask, repeatable: Repeatable): Promise<HttpAnswer> {
    const { requestTimeoutMs: timeoutMs, clock, observe } = this.#options;
    const context = { agents: this.#agents, timeoutMs, clock, observe };
    const life = repeatable === 'login' ? null : ask.life;
    const once = (fresh: boolean): Promise<HttpAnswer> => {
      if (repeatable === 'get') ask.onRequest?.();
      return this.#limiter.run(ask.holder, ask.life, () => attempt(request, context, life, fresh));
    };
    try {
      return await once(false);
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const delay = retryDelay(error.failure, repeatable, ask.timeLeft());
      if (delay === null) throw error;
      await ask.life.sleep(delay);
      return once(error.failure.kind === 'network');
    }
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#limiter.used;
  }

  /** Whether more than one request would be sent at once. */
  get hasRoom(): boolean {
    return this.#limiter.used + 1 < this.#options.requestConcurrency;
  }

  close(): Promise<void> {
    return this.#agents.close();
  }
}
