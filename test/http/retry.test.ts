import { expect } from 'chai';
import fc from 'fast-check';
import { REASONS } from '../../src/errors.js';
import { retryDelay, type Failure, type Repeatable } from '../../src/http/retry.js';
import { reasonOfStatus, retryAfterMs } from '../../src/http/status.js';

const status = (code: number, seconds: number | null = null): Failure => ({
  kind: 'status',
  status: code,
  retryAfterMs: seconds === null ? null : seconds * 1000,
});
const network = (code: string | null): Failure => ({ kind: 'network', code });
const MINUTE = 60_000;

describe('retryDelay', () => {
  const table: [what: string, failure: Failure, repeatable: Repeatable, timeLeft: number, delay: number | null][] = [
    ['a GET on a reset connection at once', network('ECONNRESET'), 'get', MINUTE, 0],
    ['a GET on a broken pipe at once', network('EPIPE'), 'get', MINUTE, 0],
    ['a GET whose body broke off at once', network('ERR_STREAM_PREMATURE_CLOSE'), 'get', MINUTE, 0],
    ['no GET that was refused a connection', network('ECONNREFUSED'), 'get', MINUTE, null],
    ['no GET whose host has no address', network('ENOTFOUND'), 'get', MINUTE, null],
    ['no GET whose certificate is bad', network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'get', MINUTE, null],
    ['no GET that failed without a code', network(null), 'get', MINUTE, null],
    ['a GET after the Retry-After of 429', status(429, 3), 'get', MINUTE, 3000],
    ['a GET after the Retry-After of 503', status(503, 0), 'get', MINUTE, 0],
    ['a GET a second after 429 without Retry-After', status(429), 'get', MINUTE, 1000],
    ['a GET a second after 503 without Retry-After', status(503), 'get', MINUTE, 1000],
    ['no GET whose Retry-After is as long as the time left', status(429, 60), 'get', MINUTE, null],
    ['no GET whose Retry-After is longer than the time left', status(503, 61), 'get', MINUTE, null],
    ['no GET for which a second is too long', status(503), 'get', 900, null],
    ['no GET after the end', network('ECONNRESET'), 'get', 0, null],
    ...[400, 401, 403, 404, 406, 408, 500, 502, 504].map((code): [string, Failure, Repeatable, number, null] => [
      `no GET after ${code}`,
      status(code, 1),
      'get',
      MINUTE,
      null,
    ]),
    ['no GET after a time-out or a bad body', { kind: 'other' }, 'get', MINUTE, null],
    ['a login that was refused a connection', network('ECONNREFUSED'), 'login', MINUTE, 1000],
    ['no login for which a second is too long', network('ECONNREFUSED'), 'login', 1000, null],
    ['no login on a reset connection', network('ECONNRESET'), 'login', MINUTE, null],
    ['no login on a broken pipe', network('EPIPE'), 'login', MINUTE, null],
    ['no login whose answer broke off', network('ERR_STREAM_PREMATURE_CLOSE'), 'login', MINUTE, null],
    ['no login after 429', status(429, 0), 'login', MINUTE, null],
    ['no login after 503', status(503), 'login', MINUTE, null],
    ['no login after 401', status(401), 'login', MINUTE, null],
    ['no login after a time-out', { kind: 'other' }, 'login', MINUTE, null],
  ];
  for (const [what, failure, repeatable, timeLeft, delay] of table) {
    it(`repeats ${what}`, () => {
      expect(retryDelay(failure, repeatable, timeLeft)).to.equal(delay);
    });
  }
});

describe('reasonOfStatus', () => {
  const table: Record<number, string> = {
    300: 'bad_response',
    302: 'bad_response',
    400: 'bad_response',
    401: 'auth',
    403: 'forbidden',
    404: 'not_found',
    406: 'bad_response',
    409: 'bad_response',
    413: 'bad_response',
    429: 'rate_limited',
    500: 'unavailable',
    501: 'unavailable',
    502: 'unavailable',
    503: 'unavailable',
    504: 'unavailable',
    599: 'unavailable',
  };
  for (const [code, reason] of Object.entries(table)) {
    it(`says ${reason} of ${code}`, () => {
      expect(reasonOfStatus(Number(code))).to.equal(reason);
    });
  }

  it('knows a reason for every status', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), (code) => {
        expect(REASONS).to.include(reasonOfStatus(code));
      }),
    );
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-22T04:30:00Z');
  const table: [header: string | null, ms: number | null][] = [
    [null, null],
    ['', null],
    ['soon', null],
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['-1', null],
    ['1.5', null],
    ['Sun, 22 Nov 2026 04:30:10 GMT', 10_000],
    ['Sunday, 22-Nov-26 04:30:10 GMT', 10_000],
    ['Sun, 22 Nov 2026 04:29:00 GMT', 0],
  ];
  for (const [header, ms] of table) {
    it(`reads ${JSON.stringify(header)} as ${ms}`, () => {
      expect(retryAfterMs(header, now)).to.equal(ms);
    });
  }
});
