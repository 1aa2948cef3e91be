import { validateHeaderValue } from 'node:http';
import { z } from 'zod';

import { duration } from '../../settings/values.js';
import { CLIENT_AUTH_TYPES } from './config.js';
import { CIPHERS, CURVES, TLS13_CIPHERS, VERSIONS } from './names.js';

/* The shape of the file. No message holds a value: it might be a secret in the wrong place. */

const text = z.string({ error: 'must be text' }).min(1, { error: 'is empty: fill it, or take it out' });
const flag = z.boolean({ error: 'must be true or false' });
const oneOf = <const T extends readonly [string, ...string[]]>(...names: T) =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` });
const listOf = <T extends z.ZodType>(item: T) =>
  z.array(item, { error: 'must be a list' }).min(1, { error: 'is empty: name one, or take it out' });
const SECTION = { error: 'must be a map of keys and values' };

const version = z
  .string({ error: 'must be TLS12 or TLS13' })
  .refine((name) => !/^TLS1[01]$/.test(name), {
    error: 'is a version that is broken and not spoken: TLS12 or TLS13',
    abort: true,
  })
  .pipe(z.enum(Object.keys(VERSIONS) as (keyof typeof VERSIONS)[], { error: 'must be TLS12 or TLS13' }));

const cipher = z
  .string({ error: 'must be the name of a cipher suite' })
  .refine((name) => Object.hasOwn(CIPHERS, name) || TLS13_CIPHERS.includes(name), {
    error: `is not a cipher suite that is supported; those of TLS 1.2 are ${Object.keys(CIPHERS).join(', ')}`,
  });

const tls = z.strictObject(
  {
    cert_file: text.optional(),
    key_file: text.optional(),
    client_ca_file: text.optional(),
    cert: text.optional(),
    key: text.optional(),
    client_ca: text.optional(),
    client_auth_type: oneOf(...CLIENT_AUTH_TYPES).default('NoClientCert'),
    client_allowed_sans: listOf(text).optional(),
    min_version: version.default('TLS12'),
    max_version: version.default('TLS13'),
    cipher_suites: listOf(cipher).optional(),
    curve_preferences: listOf(oneOf(...(Object.keys(CURVES) as [string, ...string[]]))).optional(),
    prefer_server_cipher_suites: flag.default(true),
  },
  SECTION,
);

/** Blank means that the header is not sent. */
const header = z
  .string({ error: 'must be text' })
  .refine(isHeaderValue, { error: 'holds a character that no header may' });

const headers = z.strictObject(
  {
    'Content-Security-Policy': header.optional(),
    'Strict-Transport-Security': header.optional(),
    'X-Content-Type-Options': z.enum(['nosniff', ''], { error: 'must be nosniff' }).optional(),
    'X-Frame-Options': z.enum(['deny', 'sameorigin', ''], { error: 'must be deny or sameorigin' }).optional(),
    'X-XSS-Protection': header.optional(),
  },
  SECTION,
);

/** A cost of 10 takes a tenth of a second, and each step doubles it. */
const MAX_COST = 18;

const users = z
  .record(
    z
      .string()
      .min(1, { error: 'has a user without a name' })
      // RFC 7617: the first colon ends the name.
      .regex(/^[^:\p{Cc}]*$/u, { error: 'has a name with a colon or a control character, which nobody could send' }),
    z
      .string({ error: 'must be a bcrypt hash' })
      .regex(/^\$2[abxy]?\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/, {
        error: 'is not a bcrypt hash: make one of the password, such as by htpasswd -nBC 10 NAME',
        abort: true,
      })
      .refine((hash) => costOf(hash) <= MAX_COST, {
        error: `has a cost over ${MAX_COST}: each login would take minutes`,
      }),
    SECTION,
  )
  .refine((all) => Object.keys(all).length > 0, {
    error: 'is empty, which would let everybody in: name a user, or take it out',
  });

const interval = z
  .union([z.literal(0), z.string()], { error: 'must be a duration such as 1s' })
  .transform((value, context) => {
    if (value === 0) return 0;
    try {
      return duration(value);
    } catch (error) {
      context.issues.push({ code: 'custom', message: (error as Error).message, input: value });
      return z.NEVER;
    }
  });

export const fileSchema = z.strictObject(
  {
    tls_server_config: tls.optional(),
    http_server_config: z
      .strictObject({ http2: flag.default(false), headers: headers.default({}) }, SECTION)
      .optional(),
    basic_auth_users: users.optional(),
    rate_limit: z
      .strictObject(
        {
          interval,
          burst: z
            .int({ error: 'must be a whole number from 1 on' })
            .min(1, { error: 'must be a whole number from 1 on' }),
        },
        SECTION,
      )
      .optional(),
  },
  SECTION,
);

export type FileContent = z.output<typeof fileSchema>;
export type TlsContent = NonNullable<FileContent['tls_server_config']>;

function isHeaderValue(value: string): boolean {
  try {
    validateHeaderValue('X', value);
    return true;
  } catch {
    return false;
  }
}

function costOf(hash: string): number {
  return Number(hash.split('$')[2]);
}
