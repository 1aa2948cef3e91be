import { Temporal } from 'temporal-polyfill';

import { excerpt } from '../text.js';
import { DateProblem } from './problem.js';

/** A stretch of time in milliseconds since the epoch, its end excluded. */
export interface Span {
  startMs: number;
  endMs: number;
}

/** What a date stands for: an instant, or a day of which it depends on the use whether its start or end is meant. */
export type Moment =
  | { kind: 'instant'; ms: number }
  /** The first instant of the day, and of the next one. */
  | ({ kind: 'day' } & Span);

export const FORMS =
  'an instant such as 2026-10-01T00:00:00Z or 2026-10-01T00:00:00+07:00, a wall clock such as 2026-10-01T00:00:00, or a date such as 2026-10-01';
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:[0-5]\d)(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2}(?::?\d{2})?)?$/;
/** What is left of an offset's `+` when an address holds it as it is. */
const LOST_PLUS = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) (\d{2}:?\d{2})$/;
/** What is earlier is a slip, and far before any cloud. */
const FIRST_YEAR = 1900;

/**
 * Reads `2026-10-01T00:00:00Z` (or `+0700`, `+07:00`) as an instant, `2026-10-01T00:00:00` as the wall clock of a zone,
 * and `2026-10-01` as a day of it; a blank may stand for the T. A wall clock that a change of clocks skips or doubles
 * takes the offset before the change. Fractions of a second are cut off. Results are milliseconds since the epoch.
 * @throws DateProblem
 */
export function readMoment(text: string, zone: string): Moment {
  const lost = LOST_PLUS.exec(text);
  if (lost) {
    throw new DateProblem(
      `${quoted(text)} has a blank before its offset: in an address, write + as %2B, so ${lost[1]}%2B${lost[2]}`,
    );
  }
  const [, date, time, offset] = TIME.exec(text) ?? [];
  if (!DATE.test(date ?? text)) throw new DateProblem(`${quoted(text)} is not a date: give ${FORMS}`);
  if (Number(text.slice(0, 4)) < FIRST_YEAR) {
    throw new DateProblem(`${quoted(text)} is too early: give a year from ${FIRST_YEAR} on`);
  }
  try {
    if (date === undefined || time === undefined) return dayOf(Temporal.PlainDate.from(text), zone);
    const clock = `${date}T${time}`;
    const ms = offset
      ? Temporal.Instant.from(clock + offset).epochMilliseconds
      : wallClock(Temporal.PlainDateTime.from(clock), zone);
    return { kind: 'instant', ms };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DateProblem(`${quoted(text)} is a day, time or offset that there is not: give ${FORMS}`);
  }
}

/** `2026-10-01T00:00:00+07:00`: an instant, in milliseconds since the epoch, by the clocks of a zone. */
export function showInstant(ms: number, zone: string): string {
  const shown = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  // Not rounded to minutes, as its own text would be: some offsets of old had seconds.
  return `${shown.toPlainDateTime().toString()}${shown.offset}`;
}

/** The calendar month of a zone in which an instant lies; its end is the start of the next one. */
export function monthOf(ms: number, zone: string): Span {
  const date = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDate();
  const first = date.with({ day: 1 });
  return { startMs: midnight(first, zone), endMs: midnight(first.add({ months: 1 }), zone) };
}

function dayOf(date: Temporal.PlainDate, zone: string): Moment {
  return { kind: 'day', startMs: midnight(date, zone), endMs: midnight(date.add({ days: 1 }), zone) };
}

function midnight(date: Temporal.PlainDate, zone: string): number {
  return wallClock(date.toPlainDateTime(), zone);
}

function wallClock(clock: Temporal.PlainDateTime, zone: string): number {
  // `compatible` is the offset before the change, both for skipped clocks and for doubled ones.
  return clock.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
}

function quoted(text: string): string {
  return `"${excerpt(text, 60)}"`;
}
