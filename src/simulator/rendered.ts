import type { Answer } from './answer.js';
import type { SimRequest } from './request.js';

/** An answer that is sent again as it was the first time. */
interface Rendered {
  /** Its body is empty: see `bytes`. */
  answer: Answer;
  bytes: Buffer;
}

/** All that an answer of an unchanged world depends on; null: it is not one to be kept. */
function keyOf({ method, path, search, token, headers, base }: SimRequest): string | null {
  if (method !== 'GET' || !token) return null;
  const version = headers['openstack-api-version'] ?? headers['x-openstack-nova-api-version'];
  return [base, path, search, token.userId, token.projectId, version].join(' ');
}

/** Good answers to GETs, kept as bytes for `renderOnce`. */
export class RenderedAnswers {
  readonly #kept = new Map<string, Rendered>();

  /**
   * The answer that was kept, or else the one made now; each token is the caller's to check.
   * @param make what the services answer
   */
  get(request: SimRequest, make: () => Answer): Rendered {
    const key = keyOf(request);
    const kept = key === null ? undefined : this.#kept.get(key);
    if (kept) return kept;
    const made = make();
    const rendered = { answer: { ...made, body: '' }, bytes: Buffer.from(made.body) };
    if (key !== null && made.status === 200) this.#kept.set(key, rendered);
    return rendered;
  }
}
