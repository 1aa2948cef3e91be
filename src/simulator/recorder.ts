import { ROUTES, type Route, type SimRequest } from './request.js';

/** One request, without any secret. It is there from its arrival on; `status` to `ms` follow with the answer. */
export interface Call {
  seq: number;
  /** Arrival, by the simulator's clock, in milliseconds. */
  at: number;
  method: string;
  /** Without the query. */
  path: string;
  /** Without the `?`. */
  query: string;
  route: Route;
  domainId: string | null;
  projectId: string | null;
  user: string | null;
  /** Null until answered, and for ever if the connection ended without an answer. */
  status: number | null;
  /** As asked for; null: no header. */
  microversion: string | null;
  /** Bytes of the body that were handed to the connection. */
  bytes: number;
  /** From arrival to the end of the answer, by the machine's clock. */
  ms: number | null;
  allTenants: boolean;
  marker: string | null;
  limit: string | null;
}

function microversion(request: SimRequest): string | null {
  const header = request.headers['openstack-api-version'] ?? request.headers['x-openstack-nova-api-version'];
  return header === undefined ? null : String(header).replace(/^compute\s+/, '');
}

/** One that is unknown is a fault in a test already; a cloud that runs for long must not gather them. */
const MAX_UNKNOWN = 100;

/** What was asked, how often, and how much at once. */
export class Recorder {
  readonly calls: Call[] = [];
  readonly counts = Object.fromEntries(ROUTES.map((route) => [route, 0])) as Record<Route, number>;
  /** `GET /v3/…` of requests that no real client of these services should make: the first of them. */
  readonly unknownPaths: string[] = [];
  inFlight = 0;
  peakInFlight = 0;
  #seq = 0;

  begin(request: SimRequest, at: number, keep: boolean): Call {
    const call: Call = {
      seq: ++this.#seq,
      at,
      method: request.method,
      path: request.path,
      query: request.search,
      route: request.route,
      domainId: request.domainId,
      projectId: request.projectId,
      user: request.userName,
      status: null,
      microversion: microversion(request),
      bytes: 0,
      ms: null,
      allTenants: request.allTenants,
      marker: request.query.get('marker'),
      limit: request.query.get('limit'),
    };
    if (keep) this.calls.push(call);
    this.counts[request.route] += 1;
    this.inFlight += 1;
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight);
    return call;
  }

  unknown({ method, path, search }: SimRequest): void {
    if (this.unknownPaths.length < MAX_UNKNOWN)
      this.unknownPaths.push(`${method} ${path}${search ? `?${search}` : ''}`);
  }

  end(): void {
    this.inFlight -= 1;
  }

  /** Forgets all but what is in flight now. */
  clear(): void {
    this.calls.length = 0;
    this.unknownPaths.length = 0;
    for (const route of ROUTES) this.counts[route] = 0;
    this.peakInFlight = this.inFlight;
  }
}
