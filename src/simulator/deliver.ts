import type { ServerResponse } from 'node:http';
import {
  type Answer,
  computeError,
  computeUnauthorized,
  htmlError,
  identityError,
  identityUnauthorized,
} from './answer.js';
import type { Fault, Framing } from './faults.js';
import type { Call } from './recorder.js';
import type { SimRequest } from './request.js';

/** Answers a request over its connection; every wait ends when the connection does. */
export interface Delivery {
  response: ServerResponse;
  call: Call;
}

const PROXY_TITLES: Readonly<Record<number, string>> = {
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Time-out',
};

/** Resolves after `ms`, or at once when the client is gone; false then. */
export function wait(response: ServerResponse, ms: number): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  if (ms <= 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const gone = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      response.off('close', gone);
      resolve(true);
    }, ms);
    response.once('close', gone);
  });
}

function writeHead(delivery: Delivery, answer: Answer, bytes: number | null): void {
  const { response, call } = delivery;
  call.status = answer.status;
  const length = bytes === null || answer.status === 204 ? {} : { 'Content-Length': String(bytes) };
  response.writeHead(answer.status, { ...answer.headers, ...length });
}

/** The whole answer, as it should be. */
export function send(delivery: Delivery, answer: Answer, body: Buffer = Buffer.from(answer.body)): void {
  writeHead(delivery, answer, body.length);
  delivery.call.bytes = body.length;
  delivery.response.end(body);
}

function usualAnswer(status: number, request: SimRequest): Answer {
  const title = PROXY_TITLES[status];
  if (title !== undefined) return htmlError(status, title);
  const compute = request.service === 'compute';
  const authUrl = `${request.base}/v3`;
  if (status === 401) return compute ? computeUnauthorized(authUrl) : identityUnauthorized(authUrl);
  const message = `Simulated fault ${status}.`;
  return compute ? computeError(status, message) : identityError(status, 'Fault', message);
}

/** The answer of a `status` or `body` fault. */
export function faultAnswer(fault: Fault & { kind: 'status' | 'body' }, request: SimRequest): Answer {
  if (fault.kind === 'body') {
    const headers = { 'Content-Type': fault.contentType ?? 'application/json' };
    return { status: fault.status ?? 200, headers, body: fault.body };
  }
  const usual = usualAnswer(fault.status, request);
  const headers = { ...usual.headers };
  if (fault.contentType !== undefined) headers['Content-Type'] = fault.contentType;
  if (fault.retryAfter !== undefined) headers['Retry-After'] = String(fault.retryAfter);
  if (fault.location !== undefined) headers['Location'] = fault.location;
  return { status: fault.status, headers, body: fault.body ?? usual.body };
}

/** Half of the body, then the end of the connection. */
export function sendTruncated(delivery: Delivery, answer: Answer, framing: Framing): void {
  const { response, call } = delivery;
  const body = Buffer.from(answer.body);
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (framing === 'close') {
    // What Debian's uWSGI does: neither length nor chunks, so that a cut answer looks like a whole one.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
  }
  writeHead(delivery, answer, framing === 'length' ? body.length : null);
  call.bytes = half.length;
  const { socket } = response;
  if (framing === 'close') response.end(half);
  // A plain FIN after the bytes: the client has read the half when it learns that no more will come.
  else response.write(half, () => socket?.end());
}

/** The body in small pieces with pauses. */
export async function drip(delivery: Delivery, answer: Answer, pace: { ms: number; bytes?: number }): Promise<void> {
  const { response, call } = delivery;
  const body = Buffer.from(answer.body);
  const size = pace.bytes ?? 64;
  writeHead(delivery, answer, body.length);
  response.flushHeaders();
  for (let at = 0; at < body.length; at += size) {
    if (!(await wait(response, pace.ms))) return;
    const piece = body.subarray(at, at + size);
    call.bytes += piece.length;
    response.write(piece);
  }
  response.end();
}

/** An object of `bytes` bytes, written no faster than the client reads. */
export async function sendHuge(delivery: Delivery, bytes: number, framing: 'length' | 'chunked'): Promise<void> {
  const { response, call } = delivery;
  const answer: Answer = { status: 200, headers: { 'Content-Type': 'application/json' }, body: '' };
  writeHead(delivery, answer, framing === 'length' ? bytes : null);
  const blank = Buffer.alloc(64 * 1024, ' ');
  response.write('{');
  call.bytes = 1;
  while (call.bytes < bytes - 1) {
    const piece = blank.subarray(0, Math.min(blank.length, bytes - 1 - call.bytes));
    call.bytes += piece.length;
    if (response.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.once('drain', go).once('close', go);
    });
    if (response.destroyed) return;
  }
  call.bytes += 1;
  response.end('}');
}
