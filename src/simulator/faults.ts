import type { Answer } from './answer.js';
import type { Route, SimRequest } from './request.js';

/** Which requests a fault hits: those for which all given fields are right. */
export interface FaultMatch {
  /** Domain of the token's project; for a login, of the user. */
  domainId?: string;
  /** The token's project; for a login, the one asked for. */
  projectId?: string;
  /** User's name. */
  user?: string;
  route?: Route | readonly Route[];
  /** Whether the request asks for all tenants. */
  allTenants?: boolean;
  /** `later`: a page asked for with a marker. */
  page?: 'first' | 'later';
  /** Requests that it hits before it is used up; without it, for ever. */
  times?: number;
}

/** How a body that is cut, or huge, would have ended: by its length, its last chunk, or the closing as uWSGI does. */
export type Framing = 'length' | 'chunked' | 'close';

/** What happens to a request. The service does not see those hit by `status`, `body`, `huge`, `junk`, `hang` and `reset`. */
export type FaultKind =
  /** Any HTTP status; without a body one as Keystone, Nova or (502, 503, 504) a proxy would send. */
  | {
      kind: 'status';
      status: number;
      body?: string;
      contentType?: string;
      retryAfter?: string | number;
      location?: string;
    }
  /** 200, or another status, with this text. */
  | { kind: 'body'; body: string; contentType?: string; status?: number }
  /** 200 with a JSON object of this many bytes, mostly blanks. */
  | { kind: 'huge'; bytes: number; framing?: 'length' | 'chunked' }
  /** No answer, until the client leaves. */
  | { kind: 'hang' }
  /** The connection is reset before an answer. */
  | { kind: 'reset' }
  /** The right answer, this many milliseconds late. */
  | { kind: 'slow'; ms: number }
  /** The right answer in pieces of so many bytes (default 64), with a pause of `ms` before each. */
  | { kind: 'drip'; ms: number; bytes?: number }
  /** The right answer, but the connection ends in the middle of the body. */
  | { kind: 'truncate'; framing?: Framing }
  /** The right answer, changed at will; what else happens at this moment may be done here too. */
  | { kind: 'edit'; edit: (answer: Answer) => Answer }
  /** These bytes as they are, then the end of the connection. */
  | { kind: 'junk'; bytes: string };

export type Fault = FaultMatch & FaultKind;

function hits(fault: Fault, request: SimRequest): boolean {
  const routes = fault.route === undefined ? [request.route] : [fault.route].flat();
  const page = request.query.has('marker') ? 'later' : 'first';
  return (
    routes.includes(request.route) &&
    (fault.domainId === undefined || fault.domainId === request.domainId) &&
    (fault.projectId === undefined || fault.projectId === request.projectId) &&
    (fault.user === undefined || fault.user === request.userName) &&
    (fault.allTenants === undefined || fault.allTenants === request.allTenants) &&
    (fault.page === undefined || fault.page === page)
  );
}

/** The faults in force. Where several match a request, the one added first counts. */
export class Faults {
  readonly #left = new Map<Fault, number>();

  /** @returns what takes the fault away again */
  add(fault: Fault): () => void {
    const own = { ...fault };
    this.#left.set(own, fault.times ?? Infinity);
    return () => {
      this.#left.delete(own);
    };
  }

  clear(): void {
    this.#left.clear();
  }

  get size(): number {
    return this.#left.size;
  }

  /** The fault that hits this request; one of its `times` is used up. */
  take(request: SimRequest): Fault | null {
    for (const [fault, left] of this.#left) {
      if (!hits(fault, request)) continue;
      if (left <= 1) this.#left.delete(fault);
      else this.#left.set(fault, left - 1);
      return fault;
    }
    return null;
  }
}
