import type { Answer } from '../../src/simulator/server.js';
import type { Certificate } from '../helpers/loopback.js';
import type { Cell, CellSetup } from './cell.js';
import type { StageName } from './places.js';

/** What the domain that is hit comes to, as `Cell.suffer` tells it; or why the fault can't be brought there. */
export type Expected = string | { none: string };

/** By name of a place: what each domain comes to there, that which is hit first. */
type Elsewhere = Record<string, readonly string[]>;

export interface Row {
  fault: string;
  setup?: (given: { own: Certificate; stage: StageName }) => CellSetup;
  bring: (cell: Cell, certificates: { other: Certificate }) => void;
  /** Where each domain asks for itself; what follows where they share a listing, `expected.ts` says. */
  at: Record<StageName, Expected>;
  /** Where it is another than follows from `at`. */
  elsewhere?: Elsewhere;
  /** The domain that is hit has addresses of its own. */
  apart?: true;
  /** Nothing can be asked any more before the deadline. */
  untilDeadline?: true;
  /** Where a login was told to wait: milliseconds until it may be tried again. */
  loginWaitMs?: number;
  /** A login stays unanswered beyond the scrape, until it is cut. */
  loginHangs?: true;
}

const MINUTE = 60_000;

/** Wherever the fault strikes, it is told of with this reason (and status); what was read before it counts. */
const everywhere = (reason: string): Row['at'] => ({
  login: `failed login ${reason}`,
  projects: `failed projects ${reason}`,
  rescope: `partial 5 servers ${reason}`,
  'first page': `failed servers ${reason}`,
  'later page': `partial 4 servers ${reason}`,
  limits: `failed servers ${reason}`,
});

const WELL: Row['at'] = {
  login: 'ok',
  projects: 'ok',
  rescope: 'ok',
  'first page': 'ok',
  'later page': 'ok',
  limits: 'ok',
};

const NO_PAGES = { none: 'the answer of this request has no pages' };
const NO_TOKEN = { none: 'the answer of this request holds no token' };
const NO_CATALOG = { none: 'the answer of this request holds no catalog that is used' };
const NO_TIME = { none: 'the answer of this request holds no time that anything depends on' };
const NAMED_BEFORE = {
  none: 'the name was looked up for the request before; an address that goes away in between is the fault "refused connection"',
};
/** The second listing does not even get its first page, and nothing of the first one counts then. */
const SHUT_FOR_ALL = { "everyone's later page of cloud-list": Array<string>(3).fill('failed servers network') };
const BEFORE_TOKENS = { none: 'no token is there yet' };

/** As far as the answers of the services are changed here. */
interface Body {
  token?: Token;
  projects?: unknown[];
  servers?: unknown[];
}
interface Token {
  issued_at: string;
  expires_at: string;
  project: { id: string };
  catalog?: unknown[];
}
type Edit = (answer: Answer) => Answer;

const json =
  (change: (body: Body) => unknown): Edit =>
  (answer) => ({ ...answer, body: JSON.stringify(change(JSON.parse(answer.body) as Body)) });
const header =
  (name: string, value: string): Edit =>
  (answer) => ({ ...answer, headers: { ...answer.headers, [name]: value } });
const token = (change: (token: Token) => Partial<Token>): Edit =>
  json(({ token: own }) => ({ token: own && { ...own, ...change(own) } }));
const later = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString();
const shifted = (ms: number): Edit =>
  token((own) => ({ issued_at: later(own.issued_at, ms), expires_at: later(own.expires_at, ms) }));

/** Puts another link to the next page into an answer of either service. */
const nextLink = (query: string): Edit =>
  json((body) => {
    const href = `http://inside/x${query}`;
    return body.projects ? { ...body, links: { next: href } } : { ...body, servers_links: [{ rel: 'next', href }] };
  });
/** Each row twice. */
const twice: Edit = json((body) => ({
  ...body,
  ...(body.projects ? { projects: [...body.projects, ...body.projects] } : {}),
  ...(body.servers ? { servers: [...body.servers, ...body.servers] } : {}),
}));

/** Later pages lead to the page that they are. */
function circle(cell: Cell): void {
  let marker = '';
  cell.edit((answer) => {
    marker = /marker=([^"&]+)/.exec(answer.body)?.[1] ?? '';
    return answer;
  }, 'first');
  cell.edit((answer) => nextLink(`?marker=${marker}`)(answer), 'later');
}

/** Pages that bring the first one's rows again and again, each with a link that was not there before. */
function forEver(cell: Cell): void {
  let first: Answer | null = null;
  let number = 0;
  const link: Edit = (answer) => nextLink(`?marker=m${++number}`)(answer);
  cell.edit((answer) => (cell.place.stage === 'projects' ? link(answer) : (first = answer)), 'first');
  cell.edit((answer) => link(first ?? answer), 'later');
}

const status = (number: number, reason: string, more: object = {}): Row => ({
  fault: `${number}`,
  bring: (cell) => cell.hit({ kind: 'status', status: number, ...more }),
  at: everywhere(`${reason} ${number}`),
});
const DEEP = 100_000;
const nested = '['.repeat(DEEP) + ']'.repeat(DEEP);

/** The fault matrix. What is expected follows the contract and the README's table of reasons, cell by cell. */
export const ROWS: readonly Row[] = [
  // Connections.
  {
    fault: 'refused connection',
    setup: () => ({ doors: 'plain' }),
    bring: (cell) => cell.before(() => cell.door.shut()),
    at: everywhere('network'),
    apart: true,
    elsewhere: SHUT_FOR_ALL,
  },
  {
    fault: 'DNS failure',
    bring: (cell) => {
      // Longer than a name may be: known to be wrong without asking anybody.
      const host = `http://${'x'.repeat(64)}.invalid`;
      cell.wrong = cell.service === 'identity' ? { authUrl: `${host}/v3` } : { computeUrl: `${host}/v2.1` };
    },
    at: { ...everywhere('network'), projects: NAMED_BEFORE, rescope: NAMED_BEFORE, 'later page': NAMED_BEFORE },
    apart: true,
  },
  {
    fault: 'TLS failure',
    setup: ({ own }) => ({ doors: own }),
    bring: (cell, { other }) => cell.before(() => cell.door.show(other)),
    at: everywhere('network'),
    apart: true,
    elsewhere: SHUT_FOR_ALL,
  },
  { fault: 'reset', bring: (cell) => cell.hit({ kind: 'reset' }), at: everywhere('network') },
  {
    fault: 'reset once',
    bring: (cell) => cell.hit({ kind: 'reset', times: 1 }),
    // A login is never sent twice: the first one may have been counted.
    at: { ...WELL, login: 'failed login network' },
  },
  // Time.
  {
    fault: 'hang',
    // An answer that waited for the request's own time would be far too late.
    setup: ({ stage }) => ({
      deadline: 5000,
      requestTimeoutMs: 30_000,
      ...(stage === 'login' ? { doors: 'plain' } : {}),
    }),
    bring: (cell) => cell.hit({ kind: 'hang' }),
    at: everywhere('timeout'),
    untilDeadline: true,
    loginHangs: true,
  },
  {
    fault: 'hang beyond the time of a request',
    setup: () => ({ requestTimeoutMs: 5000 }),
    bring: (cell) => cell.hit({ kind: 'hang' }),
    at: everywhere('timeout'),
  },
  {
    fault: 'slow drip',
    setup: () => ({ requestTimeoutMs: 5000 }),
    bring: (cell) => cell.hit({ kind: 'drip', ms: 100, bytes: 1 }),
    at: everywhere('timeout'),
  },
  { fault: 'drip that ends in time', bring: (cell) => cell.hit({ kind: 'drip', ms: 1, bytes: 100 }), at: WELL },
  { fault: 'late, but in time', bring: (cell) => cell.hit({ kind: 'slow', ms: 300 }), at: WELL },
  // Statuses.
  status(300, 'bad_response', { location: '/elsewhere' }),
  status(302, 'bad_response', { location: '/elsewhere' }),
  {
    ...status(401, 'auth'),
    at: {
      ...everywhere('auth 401'),
      // Keystone's answer for a project without a role.
      rescope: 'partial 5 servers forbidden 401',
    },
    loginWaitMs: 5 * MINUTE,
  },
  // The list of all of the domain's projects is refused: the user's own one serves instead.
  {
    ...status(403, 'forbidden'),
    at: { ...everywhere('forbidden 403'), projects: 'ok' },
    // Which of the cloud's servers are of a project of its own that it is not told of, it can't know.
    elsewhere: { 'projects of cloud-list': ['partial 8 servers incomplete', 'ok'] },
  },
  {
    ...status(404, 'not_found'),
    // Keystone's answer to one who comes with a token that is worth nothing.
    at: { ...everywhere('not_found 404'), rescope: 'partial 5 servers forbidden 404' },
  },
  status(409, 'bad_response'),
  status(413, 'bad_response'),
  status(418, 'bad_response'),
  { ...status(429, 'rate_limited'), fault: '429 without Retry-After' },
  {
    ...status(429, 'rate_limited', { retryAfter: 120 }),
    fault: '429 with a Retry-After beyond the deadline',
    loginWaitMs: 2 * MINUTE,
  },
  {
    fault: '429 once, with a Retry-After that fits',
    bring: (cell) => cell.hit({ kind: 'status', status: 429, retryAfter: 0, times: 1 }),
    at: { ...WELL, login: 'failed login rate_limited 429' },
  },
  status(500, 'unavailable'),
  status(502, 'unavailable'),
  { ...status(503, 'unavailable'), fault: '503 without Retry-After' },
  {
    ...status(503, 'unavailable', { retryAfter: 120 }),
    fault: '503 with a Retry-After beyond the deadline',
    loginWaitMs: 2 * MINUTE,
  },
  {
    fault: '503 once',
    bring: (cell) => cell.hit({ kind: 'status', status: 503, times: 1 }),
    at: { ...WELL, login: 'failed login unavailable 503' },
  },
  status(504, 'unavailable'),
  // Bodies.
  {
    fault: 'truncated, with a length',
    bring: (cell) => cell.hit({ kind: 'truncate', framing: 'length' }),
    at: everywhere('network'),
  },
  {
    fault: 'truncated, in chunks',
    bring: (cell) => cell.hit({ kind: 'truncate', framing: 'chunked' }),
    at: everywhere('network'),
  },
  {
    fault: 'truncated without a trace',
    bring: (cell) => cell.hit({ kind: 'truncate', framing: 'close' }),
    at: everywhere('bad_response'),
  },
  { fault: 'empty body', bring: (cell) => cell.hit({ kind: 'body', body: '' }), at: everywhere('bad_response') },
  {
    fault: '204',
    bring: (cell) => cell.hit({ kind: 'body', body: '', status: 204 }),
    at: everywhere('bad_response'),
  },
  // JSON of the right form is what counts, whatever it is called.
  { fault: 'wrong content type', bring: (cell) => cell.edit(header('Content-Type', 'text/html')), at: WELL },
  {
    fault: 'HTML instead of JSON',
    bring: (cell) => cell.hit({ kind: 'body', body: '<html>Welcome</html>', contentType: 'text/html' }),
    at: everywhere('bad_response'),
  },
  {
    fault: 'huge',
    bring: (cell) => cell.hit({ kind: 'huge', bytes: 33 * 1024 * 1024, framing: 'chunked' }),
    at: everywhere('bad_response'),
  },
  {
    fault: 'too many values',
    bring: (cell) => cell.hit({ kind: 'body', body: '['.repeat(3_100_000) }),
    at: everywhere('bad_response'),
  },
  {
    fault: 'deeply nested JSON',
    bring: (cell) => cell.hit({ kind: 'body', body: nested }),
    at: everywhere('bad_response'),
  },
  {
    fault: 'deeply nested JSON in a field that nobody needs',
    bring: (cell) => cell.edit((answer) => ({ ...answer, body: `${answer.body.slice(0, -1)}, "extra": ${nested}}` })),
    at: WELL,
  },
  {
    fault: 'no HTTP',
    bring: (cell) => cell.hit({ kind: 'junk', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' }),
    at: everywhere('bad_response'),
  },
  {
    fault: 'not compressed as it says',
    bring: (cell) => cell.edit(header('Content-Encoding', 'gzip')),
    at: everywhere('bad_response'),
  },
  // Pages.
  {
    fault: 'next link in a circle',
    setup: () => ({ projectPageSize: 1 }),
    bring: circle,
    at: {
      login: NO_PAGES,
      projects: 'partial 8 projects bad_response',
      rescope: NO_PAGES,
      'first page': { none: 'no page was asked for before it that its link could lead back to' },
      'later page': 'partial 8 servers bad_response',
      limits: NO_PAGES,
    },
  },
  {
    fault: 'next link without a marker',
    bring: (cell) => cell.edit(nextLink('')),
    at: {
      login: NO_PAGES,
      projects: 'partial 8 projects bad_response',
      rescope: NO_PAGES,
      'first page': 'failed servers bad_response',
      'later page': 'partial 4 servers bad_response',
      limits: NO_PAGES,
    },
  },
  {
    fault: 'next links for ever',
    bring: forEver,
    at: {
      login: NO_PAGES,
      projects: 'partial 8 projects bad_response',
      rescope: NO_PAGES,
      'first page': { none: 'the pages that it leads to are later ones' },
      'later page': 'partial 4 servers bad_response',
      limits: NO_PAGES,
    },
  },
  {
    fault: 'rows twice',
    bring: (cell) => cell.edit(twice),
    at: { ...WELL, login: NO_PAGES, rescope: NO_PAGES, limits: NO_PAGES },
  },
  {
    fault: 'catalog without Nova',
    bring: (cell) => cell.edit(token(() => ({ catalog: [] }))),
    at: {
      login: 'failed servers not_found',
      projects: NO_CATALOG,
      rescope: NO_CATALOG,
      'first page': NO_CATALOG,
      'later page': NO_CATALOG,
      limits: NO_CATALOG,
    },
  },
  // Tokens.
  {
    fault: 'no token in the header',
    bring: (cell) =>
      cell.edit(({ headers, ...answer }) => {
        const rest = Object.entries(headers).filter(([name]) => name !== 'X-Subject-Token');
        return { ...answer, headers: Object.fromEntries(rest) };
      }),
    at: {
      ...everywhere('bad_response'),
      projects: NO_TOKEN,
      'first page': NO_TOKEN,
      'later page': NO_TOKEN,
      limits: NO_TOKEN,
    },
  },
  {
    fault: 'token of another project',
    bring: (cell) => cell.edit(token(() => ({ project: { id: '0'.repeat(32) } }))),
    at: {
      login: { none: 'which project the name in the line stands for is known to Keystone alone' },
      projects: NO_TOKEN,
      rescope: 'partial 5 servers bad_response',
      'first page': NO_TOKEN,
      'later page': NO_TOKEN,
      limits: NO_TOKEN,
    },
  },
  {
    fault: 'expired tokens',
    bring: (cell) => cell.before(() => (cell.ahead += 120 * MINUTE)),
    at: { ...WELL, login: BEFORE_TOKENS },
  },
  {
    fault: 'revoked tokens',
    bring: (cell) => cell.before(() => cell.revokeTokens()),
    at: { ...WELL, login: BEFORE_TOKENS },
  },
  // Clocks.
  ...[-10, 10].map((minutes): Row => ({
    fault: `Keystone's clock off by ${minutes} minutes`,
    bring: (cell) => cell.edit(shifted(minutes * MINUTE)),
    at: {
      login: 'ok',
      projects: NO_TIME,
      rescope: 'ok',
      'first page': NO_TIME,
      'later page': NO_TIME,
      limits: NO_TIME,
    },
  })),
  {
    fault: 'expires_at in the past',
    bring: (cell) => cell.edit(token((own) => ({ expires_at: later(own.issued_at, -10 * MINUTE) }))),
    at: {
      login: 'failed login bad_response',
      projects: NO_TIME,
      // It serves the request that it was asked for; the next one asks for another.
      rescope: 'ok',
      'first page': NO_TIME,
      'later page': NO_TIME,
      limits: NO_TIME,
    },
  },
  {
    fault: 'expires_at in the far future',
    bring: (cell) => cell.edit(token(() => ({ expires_at: '9999-12-31T23:59:59.000000Z' }))),
    at: {
      login: 'ok',
      projects: NO_TIME,
      rescope: 'ok',
      'first page': NO_TIME,
      'later page': NO_TIME,
      limits: NO_TIME,
    },
  },
  {
    fault: 'Date off by 10 minutes',
    bring: (cell) => cell.edit(header('Date', new Date(Date.now() - 10 * MINUTE).toUTCString())),
    at: WELL,
  },
  {
    fault: 'our own clock off by 10 minutes',
    bring: (cell) => cell.before(() => (cell.clock.wrong = 10 * MINUTE)),
    at: WELL,
  },
];
