import { expect } from 'chai';
import type { Credential, Domain, PasswordSource } from '../../src/domains/domain.js';
import { CollectError } from '../../src/errors.js';
import type { Ask, HttpClient } from '../../src/http/client.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { disclose } from '../../src/http/disclose.js';
import { HttpFailure, type HttpAnswer, type HttpRequest } from '../../src/http/request.js';
import type { Failure, Repeatable } from '../../src/http/retry.js';
import { reasonOfStatus } from '../../src/http/status.js';
import { Secret } from '../../src/secret.js';

/* A cloud in a function, instead of the HTTP client. */

export const AUTH = 'https://cloud.example:5000/v3';
export const NOVA = 'https://cloud.example:8774/v2.1';

export interface Sent {
  request: HttpRequest;
  ask: Ask;
  repeatable: Repeatable;
  /** `GET /path?query` below the service's base address. */
  line: string;
  token: string | undefined;
}

export type Responder = (sent: Sent) => HttpAnswer | Promise<HttpAnswer>;

export class FakeHttp {
  readonly sent: Sent[] = [];
  respond: Responder;

  constructor(respond: Responder) {
    this.respond = respond;
  }

  get lines(): string[] {
    return this.sent.map(({ line }) => line);
  }

  get client(): HttpClient {
    const send = async (request: HttpRequest, ask: Ask, repeatable: Repeatable): Promise<HttpAnswer> => {
      const line = `${request.method} ${request.url.replace(AUTH, '').replace(NOVA, '')}`;
      const { headers, body } = disclose(request);
      const plain = body === null ? request : { ...request, body: JSON.parse(body) as unknown };
      const sent = { request: plain, ask, repeatable, line, token: headers['X-Auth-Token'] };
      this.sent.push(sent);
      await new Promise((resolve) => setImmediate(resolve));
      return this.respond(sent);
    };
    return { send } as unknown as HttpClient;
  }
}

export function answer(body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  return { json: () => body, header: (name) => headers[name.toLowerCase()] ?? null };
}

/** What the HTTP client throws for a status. */
export function refusal(status: number, retryAfterMs: number | null = null): HttpFailure {
  return new HttpFailure(reasonOfStatus(status), `HTTP ${status}`, { kind: 'status', status, retryAfterMs });
}

export function broken(failure: Failure = { kind: 'network', code: 'ECONNRESET' }): HttpFailure {
  return new HttpFailure(failure.kind === 'network' ? 'network' : 'timeout', 'broken', failure);
}

export function fail(error: Error): never {
  throw error;
}

export const compute = (url = NOVA, region = 'R1', kind = 'public') => ({
  type: 'compute',
  endpoints: [{ interface: kind, url, region, region_id: region }],
});

export function tokenAnswer(token: string, projectId = 'home', seconds = 3600, domainId = 'd1'): HttpAnswer {
  const issued = Date.parse('2026-11-22T04:30:00Z');
  return answer(
    {
      token: {
        issued_at: new Date(issued).toISOString(),
        expires_at: new Date(issued + seconds * 1000).toISOString(),
        project: { id: projectId, name: projectId, domain: { id: domainId, name: domainId } },
        catalog: [compute()],
      },
    },
    { 'x-subject-token': token },
  );
}

interface DomainChange extends Partial<Domain> {
  region?: string | null;
  authUrl?: string;
  user?: string;
  password?: PasswordSource;
  project?: string;
}

export function domain(change: DomainChange = {}): Domain {
  const { region = null, authUrl = AUTH, user = 'boss-of-acme', password, project = 'acme-admin', ...rest } = change;
  const inline: PasswordSource = { kind: 'inline', secret: new Secret('hunter2') };
  return {
    line: 1,
    id: 'd1',
    label: 'acme',
    credential: { kind: 'password', user, password: password ?? inline, project },
    cloud: { authUrl, region, interface: 'public', computeUrl: null, caFile: null, insecure: false },
    disabledProjects: 'error',
    ...rest,
  };
}

/** Of a line that logs in by application credential. */
export const application = (id = 'c1', secret = 's3cret'): Credential => ({
  kind: 'application',
  id,
  secret: { kind: 'inline', secret: new Secret(secret) },
});

export function ask(life = new Lifetime()): Ask {
  return { holder: 'acme', life, timeLeft: () => 60_000 };
}

/** The typed failure that a promise must end in. */
export async function failure(promise: Promise<unknown>): Promise<CollectError> {
  const error: unknown = await promise.then(
    () => new Error('did not fail'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof CollectError)) throw error;
  return error;
}

/** The typed failure that a function must throw. */
export function thrown(act: () => unknown): CollectError {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(CollectError);
    return error as CollectError;
  }
  throw new Error('did not throw');
}

/** A promise with its handles outside. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((res, rej) => ([resolve, reject] = [res, rej]));
  return { promise, resolve, reject };
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
