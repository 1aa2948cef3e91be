import type { z } from 'zod';

import { CollectError } from '../errors.js';
import { excerpt } from '../text.js';

/**
 * Checks an answer of a cloud.
 * @throws CollectError of reason `bad_response` that names the JSON path, such as `servers[3].flavor.vcpus`
 */
export function parseAnswer<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path ?? []).reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`),
    '',
  );
  throw new CollectError('bad_response', excerpt(`${what}: ${path || 'body'}: ${issue?.message ?? 'wrong type'}`));
}
