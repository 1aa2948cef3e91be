import { z } from 'zod';

import { excerpt } from '../text.js';
import { PERIODS, RESOURCES } from './tariff.js';

/* The shape of the file, of which every value is read as text. Messages continue the name of the key. */

type Told = (value: string) => string;

const quoted = (value: string): string => `"${excerpt(value, 60)}"`;

/** One message for all that may be wrong: it is not there, holds nothing, is a list or map, or is not what it should be. */
function fault(want: string, told: Told = (value) => `${quoted(value)} is not right: write ${want}`) {
  return ({ input }: { input?: unknown }): string => {
    if (input === undefined) return `is missing: write ${want}`;
    if (input === null || input === '') return `is empty: write ${want}`;
    return typeof input === 'string' ? told(input) : `is a list or a map: write ${want}`;
  };
}

const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, {
    error: fault(`one of ${names.join(', ')}`, (value) => `${quoted(value)} is none of ${names.join(', ')}`),
  });

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** What is shown: no control characters, nor those that reorder or hide text. */
function label(want: string, max: number) {
  const error = fault(want, (value) =>
    value.length > max
      ? `is longer than ${max} characters: shorten it`
      : value.trim() === ''
        ? `is blank: write ${want}`
        : `${quoted(value)} holds characters that can't be seen: take them out`,
  );
  const isGood = (value: string): boolean => value.length <= max && value.trim() !== '' && !HIDDEN.test(value);
  return z.string({ error }).refine(isGood, { error });
}

const decimal = (example: string) => {
  const want = `a decimal such as "${example}"`;
  const error = fault(want, (value) => {
    if (/^-/.test(value)) return `${quoted(value)} is negative: write ${want}`;
    if (/^\d+(\.\d+)?$/.test(value))
      return `${quoted(value)} has more digits than 18 before and 18 behind the point, or a zero in front`;
    return `${quoted(value)} is not a decimal: write digits and at most one point, such as "${example}"`;
  });
  return z.string({ error }).regex(/^(0|[1-9]\d{0,17})(\.\d{1,18})?$/, { error });
};

const date = z
  .string({ error: fault('a date, or take the key out') })
  .min(1, { error: fault('a date, or take the key out') });

export const tariffSchema = z.strictObject(
  {
    name: label('what statements shall call it', 100),
    resource: oneOf(RESOURCES),
    price: decimal('150.50'),
    per: oneOf(PERIODS),
    start: date.optional(),
    end: date.optional(),
    domain: label("a domain's label or id, or take the key out", 255).optional(),
    project: label("a project's id, or take the key out", 255).optional(),
    flavor: label("a flavor's name, or take the key out", 255).optional(),
    free: decimal('100').optional(),
  },
  { error: 'a tariff must be a map of keys and values' },
);

const word = (want: string) => z.string({ error: fault(want) }).min(1, { error: fault(want) });

export const fileSchema = z.strictObject(
  {
    currency: word('a currency of ISO 4217 such as EUR'),
    timezone: word('an IANA time zone such as Asia/Jakarta, or take the key out').optional(),
    tariffs: z
      .array(z.unknown(), {
        error: ({ input }) =>
          input === undefined ? 'is missing: write a list of tariffs' : 'must be a list of tariffs',
      })
      .min(1, { error: 'is empty: write a tariff, or run without a tariffs file' }),
  },
  { error: 'must be a map with the keys currency, timezone and tariffs' },
);

export type TariffText = z.output<typeof tariffSchema>;
