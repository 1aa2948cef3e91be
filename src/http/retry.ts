import { isReset } from './status.js';

/** How one attempt failed. */
export type Failure =
  | { kind: 'status'; status: number; retryAfterMs: number | null }
  /** No usable answer; `code` is Node's error code, where there is one. */
  | { kind: 'network'; code: string | null }
  | { kind: 'other' };

/** What may be repeated: a GET, or a login, of which the cloud must never see more than were needed. */
export type Repeatable = 'get' | 'login';

const WAIT_MS = 1000;

/**
 * Milliseconds to wait before the one retry of a request, or null: don't.
 * 502 and 504 are not repeated as they were: the listing asks for smaller pages instead.
 */
export function retryDelay(failure: Failure, repeatable: Repeatable, timeLeftMs: number): number | null {
  const delay = wantedDelay(failure, repeatable);
  return delay !== null && delay < timeLeftMs ? delay : null;
}

function wantedDelay(failure: Failure, repeatable: Repeatable): number | null {
  if (repeatable === 'login') {
    // Refused before a byte was sent: Keystone can't have counted it as a wrong password.
    return failure.kind === 'network' && failure.code === 'ECONNREFUSED' ? WAIT_MS : null;
  }
  if (failure.kind === 'network') return isReset(failure.code) ? 0 : null;
  if (failure.kind === 'status' && (failure.status === 429 || failure.status === 503)) {
    return failure.retryAfterMs ?? WAIT_MS;
  }
  return null;
}
