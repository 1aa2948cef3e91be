import fetch, { FetchError, type Response } from 'node-fetch';

import type { Clock } from '../clock.js';
import { CollectError, type Reason } from '../errors.js';
import type { Secret } from '../secret.js';
import { excerpt } from '../text.js';
import type { Agent, Agents, Tls } from './agents.js';
import { disclose, isSecretIn } from './disclose.js';
import { decode, parseJson, parseTurn, TooManyValues } from './json.js';
import { Lifetime } from './lifetime.js';
import type { Failure } from './retry.js';
import { isReset, reasonOfStatus, retryAfterMs } from './status.js';

export type Service = 'identity' | 'compute';

export interface HttpRequest {
  service: Service;
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Sent as X-Auth-Token. */
  token?: Secret;
  /** Not sent: what an answer may repeat all the same, such as the password of the login. */
  secrets?: readonly Secret[];
  /** Sent as JSON, a Secret in it as its text. */
  body?: unknown;
  /** A password is in it: an answer may repeat that in any form, so that not a word of it is told. */
  isLogin?: boolean;
  tls: Tls;
}

export interface HttpAnswer {
  header: (name: string) => string | null;
  /**
   * The JSON of the body, not checked; to be asked for once, at once. What comes of it is large and of no use soon, and must
   * not be the value of a promise: a function that waited long is old to V8, which keeps what it gave back until it next looks
   * through all that is old.
   * @throws HttpFailure
   */
  json: () => unknown;
}

/** One attempt, for the metrics. `code` is an HTTP status, `timeout`, `network` or `aborted`. */
export type AttemptObserver = (attempt: { service: Service; code: string; seconds: number }) => void;

export interface AttemptContext {
  agents: Agents;
  clock: Clock;
  timeoutMs: number;
  observe: AttemptObserver;
}

/** A request that brought no usable answer. */
export class HttpFailure extends CollectError {
  readonly failure: Failure;

  constructor(reason: Reason, message: string, failure: Failure, cause?: unknown) {
    super(reason, message, failure.kind === 'status' ? { status: failure.status, cause } : { cause });
    this.failure = failure;
  }
}

/** After decompression. A page of 1,000 servers takes about 1.4 MB. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** A longer answer of an error is no service's own word. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * One attempt of one request, within one timeout.
 * @param life ends the attempt early; null lets it run to its timeout
 * @throws HttpFailure; CollectError of reason `config` for the CA file; or the reason of the lifetime's end
 */
export async function attempt(
  request: HttpRequest,
  context: AttemptContext,
  life: Lifetime | null,
  fresh: boolean,
): Promise<HttpAnswer> {
  life?.check();
  const { clock, timeoutMs } = context;
  const span = new Lifetime();
  const noAnswer = (): Error =>
    new HttpFailure('timeout', `${name(request)}: no answer in ${timeoutMs / 1000} s`, OTHER);
  const timer = setTimeout(() => span.end(noAnswer()), timeoutMs);
  const off = life?.onEnd((reason) => span.end(reason));
  let answer;
  try {
    const agent = await agentFor(request, context, span, fresh);
    answer = await exchange(request, { ...context, agent }, span);
  } finally {
    clearTimeout(timer);
    off?.();
  }
  await parseTurn(sizeOf(answer.body));
  return readAnswer(request, answer.response, answer.body, clock.wall());
}

/** The CA file is read first, which on a mount that hangs takes for ever. */
async function agentFor(
  { url, tls }: HttpRequest,
  { agents, timeoutMs }: AttemptContext,
  span: Lifetime,
  fresh: boolean,
): Promise<Agent> {
  try {
    return await span.race(fresh ? agents.fresh(url, tls) : agents.pooled(url, tls));
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    throw new CollectError('config', `the CA file cannot be read (not in ${timeoutMs / 1000} s)`);
  }
}

/**
 * From the first byte sent to the last one received: what the metrics call a request. It has an AbortController of its
 * own: thousands of requests listening on one signal would leak and warn.
 */
async function exchange(
  request: HttpRequest,
  { agent, agents, clock, observe }: AttemptContext & { agent: Agent },
  span: Lifetime,
): Promise<{ response: Response; body: Uint8Array[] }> {
  span.check();
  const controller = new AbortController();
  const off = span.onEnd((reason) => controller.abort(reason));
  const started = clock.mono();
  let code = 'network';
  let status: number | null = null;
  const { headers, body: sent } = disclose(request);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { Accept: 'application/json', ...headers },
      body: sent,
      // Never followed, since it would carry X-Auth-Token to another host; `error` would hide its status.
      redirect: 'manual',
      agent,
      signal: controller.signal,
    });
    status = response.status;
    const body = await readBody(response);
    code = String(status);
    return { response, body };
  } catch (error) {
    if (controller.signal.aborted) {
      code = controller.signal.reason instanceof HttpFailure ? 'timeout' : 'aborted';
      throw controller.signal.reason;
    }
    const failed = asFetchError(error);
    if (status !== null && fault(failed) !== null) code = String(status);
    if (isTlsError(failed)) agents.rereadCa(request.url, request.tls);
    throw fetchFailure(request, failed);
  } finally {
    off();
    observe({ service: request.service, code, seconds: (clock.mono() - started) / 1000 });
  }
}

const OTHER: Failure = { kind: 'other' };

/** How messages name a request: method and path, never the query or the host. */
function name(request: HttpRequest): string {
  const { pathname } = new URL(request.url);
  // Nova's address comes from the cloud, which may have put there what it likes.
  return `${request.method} ${isSecretIn(request, pathname) ? '/…' : excerpt(pathname)}`;
}

function readAnswer(request: HttpRequest, response: Response, chunks: Uint8Array[], now: number): HttpAnswer {
  const { status, headers } = response;
  if (status < 200 || status > 299) {
    // A date is by the cloud's clock, which may be minutes off ours.
    const cloudNow = Date.parse(headers.get('date') ?? '');
    const retryAfter = retryAfterMs(headers.get('retry-after'), Number.isNaN(cloudNow) ? now : cloudNow);
    const said = cloudMessage(request, chunks);
    const redirect = status >= 300 && status < 400 ? ' (a redirect is not followed)' : '';
    throw new HttpFailure(
      reasonOfStatus(status),
      `${name(request)}: HTTP ${status}${redirect}${said ? `: ${said}` : ''}`,
      { kind: 'status', status, retryAfterMs: retryAfter },
    );
  }
  return { header: (header) => headers.get(header), json: () => jsonOf(request, chunks) };
}

function jsonOf(request: HttpRequest, chunks: Uint8Array[]): unknown {
  try {
    return parseJson(Buffer.concat(chunks.splice(0)));
  } catch (cause) {
    const what = cause instanceof TooManyValues ? 'holds too many values' : 'is not JSON, or was cut off';
    throw new HttpFailure('bad_response', `${name(request)}: the answer ${what}`, OTHER, cause);
  }
}

async function readBody({ body }: Response): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new FetchError('', 'max-size');
    chunks.push(chunk);
  }
  return chunks;
}

const sizeOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, { length }) => sum + length, 0);

/** What the cloud says of its error: the `message` one level down, as all OpenStack services write it. */
function cloudMessage(request: HttpRequest, chunks: Uint8Array[]): string {
  if (request.isLogin || sizeOf(chunks) > MAX_ERROR_BYTES) return '';
  let message: unknown;
  try {
    const [first] = Object.values(
      JSON.parse(decode(Buffer.concat(chunks))) as Record<string, { message?: unknown } | null>,
    );
    message = first?.message;
  } catch {
    return ''; // HTML of a proxy: the status says as much.
  }
  if (typeof message !== 'string') return '';
  return isSecretIn(request, message) ? '(what the cloud says repeats a secret, and is not shown)' : excerpt(message);
}

/**
 * As node-fetch would tell of it: what the connection or zlib throws while a body is read comes as it is.
 * @throws the error, where it is neither's
 */
function asFetchError(error: unknown): FetchError {
  if (error instanceof FetchError) return error;
  const isSystem =
    error instanceof Error && 'code' in error && typeof error.code === 'string' && !(error instanceof TypeError);
  if (!isSystem) throw error;
  return new FetchError(error.message, 'system', { code: error.code });
}

const errorCode = (error: FetchError): string | null => error.code ?? null;

function isTlsError(error: FetchError): boolean {
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(errorCode(error) ?? '');
}

/** What is wrong with an answer that came, but can't be used; null where none came. */
function fault(error: FetchError): string | null {
  const code = errorCode(error) ?? '';
  if (error.type === 'max-size') return `is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB`;
  if (code.startsWith('HPE_') && !isReset(code)) return `is not HTTP (${code})`;
  // Codes of zlib, and of Brotli, whose own begin with an underscore.
  return /^(Z_|ERR__)/.test(code) ? "can't be decompressed" : null;
}

function fetchFailure(request: HttpRequest, error: FetchError): HttpFailure {
  const unusable = fault(error);
  if (unusable !== null) {
    return new HttpFailure('bad_response', `${name(request)}: the answer ${unusable}`, OTHER, error);
  }
  const code = errorCode(error);
  const what = isReset(code)
    ? 'the connection broke'
    : isTlsError(error)
      ? 'the certificate is not trusted'
      : 'no connection';
  return new HttpFailure(
    'network',
    `${name(request)}: ${what} (${code ?? error.type})`,
    { kind: 'network', code },
    error,
  );
}
