import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';

/** JSON of which there is one text for one value. Source: https://www.rfc-editor.org/rfc/rfc8785 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('what has no JSON has no canonical one');
  return text;
}

/**
 * A statement with the SHA-256 of its canonical JSON in lower-case hex, so that two extracts can be told to be the same.
 * An incomplete one has none. The time of the request must not be among its fields.
 */
export function seal<T extends { complete: boolean }>(statement: T & { sha256?: never }): T & { sha256?: string } {
  if (!statement.complete) return statement;
  return { ...statement, sha256: createHash('sha256').update(canonicalJson(statement)).digest('hex') };
}
