import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, htmlError } from './answer.js';
import { originOf } from './catalog.js';
import type { Cloud } from './cloud.js';
import { type Delivery, drip, faultAnswer, send, sendHuge, sendTruncated, wait } from './deliver.js';
import { describeRequest } from './describe.js';
import type { Fault, Faults } from './faults.js';
import { keystone } from './keystone.js';
import { nova } from './nova.js';
import type { Recorder } from './recorder.js';
import type { RenderedAnswers } from './rendered.js';
import type { SimRequest } from './request.js';

export interface HandlerParts {
  cloud: Cloud;
  faults: Faults;
  recorder: Recorder;
  rendered: RenderedAnswers;
  now: () => number;
}

/** Keystone's own limit on a request's body. */
const MAX_BODY = 114688;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function serve(parts: HandlerParts, request: SimRequest, seq: number): Answer {
  let answer: Answer;
  if (request.service === 'identity') answer = keystone(parts.cloud, request);
  else if (request.service === 'compute') answer = nova(parts.cloud, request);
  else answer = htmlError(404, 'Not Found');
  // 501 is a parameter that the real services have and this one has not.
  if (request.route === 'unknown' || answer.status === 501) parts.recorder.unknown(request);
  const id = `req-00000000-0000-4000-8000-${seq.toString(16).padStart(12, '0')}`;
  answer.headers['x-openstack-request-id'] = id;
  if (request.service === 'compute') {
    answer.headers['x-compute-request-id'] = id;
    // The clock that its rows are stamped by.
    answer.headers['Date'] = new Date(parts.cloud.world.now).toUTCString();
  }
  return answer;
}

/** The right answer to a request. */
interface Whole {
  make: () => Answer;
  /** As it is; with `renderOnce` the one that was made first. */
  send: () => void;
}

/** Answers as the fault says. */
async function spoil(delivery: Delivery, fault: Fault, request: SimRequest, whole: Whole): Promise<void> {
  switch (fault.kind) {
    case 'hang':
      return;
    case 'reset':
      delivery.response.socket?.resetAndDestroy();
      return;
    case 'status':
    case 'body':
      send(delivery, faultAnswer(fault, request));
      return;
    case 'huge':
      return sendHuge(delivery, fault.bytes, fault.framing ?? 'chunked');
    case 'slow':
      if (await wait(delivery.response, fault.ms)) whole.send();
      return;
    case 'drip':
      return drip(delivery, whole.make(), fault);
    case 'truncate':
      sendTruncated(delivery, whole.make(), fault.framing ?? 'length');
      return;
    case 'edit':
      send(delivery, fault.edit(whole.make()));
      return;
    case 'junk':
      delivery.response.socket?.end(fault.bytes);
  }
}

/** Answers one HTTP request of the simulated cloud. */
export async function handle(parts: HandlerParts, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { cloud, recorder } = parts;
  const started = performance.now();
  const body = await readBody(incoming);
  // Gone already: its `close` was missed.
  if (response.destroyed) return;
  const base = cloud.options.linkBase ?? originOf(incoming);
  const request = describeRequest(incoming, body, { world: cloud.world, tokens: cloud.tokens, base });
  const call = recorder.begin(request, parts.now(), cloud.options.record);
  response.once('close', () => {
    call.ms = performance.now() - started;
    recorder.end();
  });
  const delivery = { response, call };
  if (!(await wait(response, cloud.options.latencyMs))) return;
  const make = (): Answer => serve(parts, request, call.seq);
  const whole: Whole = {
    make,
    send: () => {
      const kept = cloud.options.renderOnce ? parts.rendered.get(request, make) : null;
      if (kept) send(delivery, kept.answer, kept.bytes);
      else send(delivery, make());
    },
  };
  const fault = parts.faults.take(request);
  if (fault) await spoil(delivery, fault, request, whole);
  else whole.send();
}
