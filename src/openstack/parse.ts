import { z } from 'zod';

import { CollectError } from '../errors.js';
import { excerpt } from '../text.js';

/** Milliseconds since the epoch. Without a zone it is UTC, as Nova writes, and Keystone in part. */
export const time = z
  .string()
  .transform((at) => Date.parse(/T[\d:.]+$/.test(at) ? `${at}Z` : at))
  .refine((ms) => !Number.isNaN(ms), 'not a time');

/** Empty where it is null in the cloud's database. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

/**
 * Checks an answer of a cloud.
 * @throws CollectError of reason `bad_response` that names the JSON path, such as `servers[3].flavor.vcpus`
 */
export function parseAnswer<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path ?? []).reduce<string>(
    (told, key) => (typeof key === 'number' ? `${told}[${key}]` : `${told}${told && '.'}${String(key)}`),
    '',
  );
  throw new CollectError('bad_response', excerpt(`${what}: ${path || 'body'}: ${issue?.message ?? 'wrong type'}`));
}
