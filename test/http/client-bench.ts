import { CollectionOver } from '../../src/errors.js';
import { HttpClient, type Ask, type HttpClientOptions } from '../../src/http/client.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { HttpFailure, type HttpAnswer, type HttpRequest } from '../../src/http/request.js';
import { TestClock } from '../helpers/clock.js';

export interface Attempt {
  service: string;
  code: string;
  seconds: number;
}

const open: HttpClient[] = [];

/** A client of its own for one test, and what it told of its attempts. */
export function clientFor(options: Partial<HttpClientOptions> = {}): {
  client: HttpClient;
  attempts: Attempt[];
  codes: () => string[];
  clock: TestClock;
} {
  const attempts: Attempt[] = [];
  const clock = new TestClock();
  const client = new HttpClient({
    requestConcurrency: 64,
    domainConcurrency: 32,
    requestTimeoutMs: 5000,
    clock,
    observe: (attempt) => void attempts.push(attempt),
    ...options,
  });
  open.push(client);
  return { client, attempts, codes: () => attempts.map(({ code }) => code), clock };
}

export async function closeClients(): Promise<void> {
  await Promise.all(open.splice(0).map((client) => client.close()));
}

export function askFor(options: { holder?: string; life?: Lifetime; timeLeft?: number } = {}): Ask {
  const { holder = 'acme', life = new Lifetime(), timeLeft = 60_000 } = options;
  return { holder, life, timeLeft: () => timeLeft };
}

export function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { service: 'compute', method: 'GET', url, headers: {}, tls: { caFile: null, insecure: false }, ...more };
}

export function login(url: string, body: unknown = { auth: {} }): HttpRequest {
  return { ...get(url), service: 'identity', method: 'POST', body };
}

/** The failure of a request that must fail, if only when its JSON is asked for. */
export async function failureOf(answer: Promise<HttpAnswer>): Promise<HttpFailure> {
  const error: unknown = await answer
    .then(({ json }) => new Error(`answered: ${JSON.stringify(json())}`))
    .catch((caught: unknown) => caught);
  if (error instanceof HttpFailure) return error;
  throw error;
}

export async function cutOf(answer: Promise<HttpAnswer>): Promise<CollectionOver> {
  const error: unknown = await answer.then(
    () => new Error('answered'),
    (caught: unknown) => caught,
  );
  if (error instanceof CollectionOver) return error;
  throw error;
}

/** Lets other events happen until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
