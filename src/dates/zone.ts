import { Temporal } from 'temporal-polyfill';

import { excerpt, nearest } from '../text.js';
import { DateProblem } from './problem.js';

const FORM = 'an IANA time zone such as Asia/Jakarta or UTC';

/**
 * The name of a time zone as the IANA database writes it, whatever its case.
 * @throws DateProblem
 */
export function readZone(text: string): string {
  // Temporal would read offsets and whole date-times as well.
  const isName = /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(text);
  const name = isName ? canonical(text) : null;
  if (name !== null) return name;
  const given = `"${excerpt(text, 60)}"`;
  const plus = text.replaceAll(' ', '+');
  if (plus !== text && canonical(plus) !== null) {
    throw new DateProblem(`${given} is not a time zone: in an address, write the + of ${plus} as %2B`);
  }
  const near = isName ? nearest(text, Intl.supportedValuesOf('timeZone')) : null;
  throw new DateProblem(`${given} is not a time zone: ${near ? `did you mean ${near}?` : `give ${FORM}`}`);
}

function canonical(name: string): string | null {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
