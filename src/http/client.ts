import type { Clock } from '../clock.js';
import { Agents } from './agents.js';
import { FairLimiter } from './limiter.js';
import { attempt, HttpFailure, type AttemptObserver, type HttpAnswer, type HttpRequest } from './request.js';
import { retryDelay, type Repeatable } from './retry.js';

/** On whose behalf a request is made, and how long it may take. */
export interface Ask {
  /** Whose share of the slots it counts against: a domain's label. */
  holder: string;
  /** Aborts when nobody waits for the collection any more; its reason is a CollectError. */
  signal: AbortSignal;
  /** Milliseconds until the collection's deadline. */
  timeLeft(): number;
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
   * @throws HttpFailure; or the ask's abort reason
   */
  async send(request: HttpRequest, ask: Ask, repeatable: Repeatable): Promise<HttpAnswer> {
    const { requestTimeoutMs: timeoutMs, clock, observe } = this.#options;
    const context = { agents: this.#agents, timeoutMs, clock, observe };
    const signal = repeatable === 'login' ? null : ask.signal;
    const once = (fresh: boolean): Promise<HttpAnswer> =>
      this.#limiter.run(ask.holder, ask.signal, () => attempt(request, context, signal, fresh));
    try {
      return await once(false);
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const delay = retryDelay(error.failure, repeatable, ask.timeLeft());
      if (delay === null) throw error;
      await sleep(delay, ask.signal);
      return once(error.failure.kind === 'network');
    }
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#limiter.used;
  }

  close(): Promise<void> {
    return this.#agents.close();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
