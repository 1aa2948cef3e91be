import type { Reason } from '../errors.js';

const REASON_OF_STATUS: Partial<Record<number, Reason>> = {
  401: 'auth',
  403: 'forbidden',
  404: 'not_found',
  429: 'rate_limited',
};

/** The reason that an HTTP status other than 2xx stands for. */
export function reasonOfStatus(status: number): Reason {
  return REASON_OF_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'bad_response');
}

/** Codes of a connection that broke after it was made, so that a repeated GET may well succeed. */
const RESET: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'HPE_INVALID_EOF_STATE',
]);

export const isReset = (code: string | null): boolean => code !== null && RESET.has(code);

/**
 * `Retry-After` in milliseconds, from seconds or an HTTP date; null where there is none or it can't be read.
 * @param now wall clock, milliseconds since the epoch
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // `Date.parse` makes a date of "-1" or "1.5" too; HTTP dates begin with the day's name.
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
