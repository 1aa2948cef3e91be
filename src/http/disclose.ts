import { Secret } from '../secret.js';
import type { HttpRequest } from './request.js';

/** A request in the words that go to the cloud, and what of them is nobody else's business. */
export interface Disclosed {
  headers: Record<string, string>;
  body: string | null;
  secrets: readonly Secret[];
}

/** The one place where passwords and tokens become text for a cloud: as late as can be. */
export function disclose({ headers, token, body }: Pick<HttpRequest, 'headers' | 'token' | 'body'>): Disclosed {
  const secrets = token ? [token] : [];
  /** JSON has made `<secret>` of the value already; its holder has the Secret still. */
  function textOf(this: Record<string, unknown>, key: string, value: unknown): unknown {
    const given = this[key];
    if (!(given instanceof Secret)) return value;
    secrets.push(given);
    return given.reveal();
  }
  const text = body === undefined ? null : JSON.stringify(body, textOf);
  return {
    headers: {
      ...(text === null ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
      ...(token ? { 'X-Auth-Token': token.reveal() } : {}),
    },
    body: text,
    secrets,
  };
}
