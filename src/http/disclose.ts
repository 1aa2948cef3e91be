import { Secret } from '../secret.js';
import type { HttpRequest } from './request.js';

/** A request in the words that go to the cloud, and what of them is nobody else's business. */
export interface Disclosed {
  headers: Record<string, string>;
  body: string | null;
  secrets: readonly Secret[];
}

type Words = Pick<HttpRequest, 'headers' | 'token' | 'body' | 'secrets'>;

/** How every token of Keystone begins (Fernet), be it of this login, of another project, or of another domain. */
const ANY_TOKEN = new Secret('gAAAAAB');

/** The one place where passwords and tokens become text for a cloud: as late as can be. */
export function disclose({ headers, token, body, secrets: others = [] }: Words): Disclosed {
  const secrets = token ? [...others, token] : [...others];
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

/** Whether a text of the cloud repeats a secret that it was sent, with this request or before, or a token of Keystone. */
export function isSecretIn(request: Words, text: string): boolean {
  return ANY_TOKEN.isIn(text) || disclose(request).secrets.some((secret) => secret.isIn(text));
}
