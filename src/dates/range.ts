import { DateProblem, ParameterProblem } from './problem.js';
import { FORMS, readMoment, showInstant, type Moment, type Span } from './moment.js';
import { readZone } from './zone.js';

/** The range that a request asks for, in whole seconds. */
export interface DateRange extends Span {
  timezone: string;
  /** As answers tell it: with the zone's offset, a date's end as its last second. */
  shown: { start: string; end: string };
}

/** The parameters as they came: undefined when one is not there. */
export type RangeParameters = Readonly<Partial<Record<'start' | 'end' | 'tz', unknown>>>;

/**
 * Reads a request's `start`, `end` and `tz`. A date as end is the whole day; an end in the future is cut to now.
 * @param zone of requests without `tz`
 * @throws ParameterProblem
 */
export function readRange(parameters: RangeParameters, zone: string, nowMs: number): DateRange {
  const timezone = parameters.tz === undefined ? zone : parameter(parameters, 'tz', readZone);
  const moment = (name: 'start' | 'end'): Moment =>
    parameter(parameters, name, (text) => {
      if (text === '') throw new DateProblem(`is missing: give ${FORMS}`);
      return readMoment(text, timezone);
    });
  const [start, end] = [moment('start'), moment('end')];
  const startMs = start.kind === 'day' ? start.startMs : start.ms;
  const askedMs = end.kind === 'day' ? end.endMs : end.ms;
  const now = Math.floor(nowMs / 1000) * 1000;
  const endMs = Math.min(askedMs, now);
  const show = (ms: number): string => showInstant(ms, timezone);
  if (startMs >= askedMs) throw notBefore(show(startMs), show(askedMs));
  if (startMs >= endMs) {
    throw new ParameterProblem('start', `${show(startMs)} is not past yet, it is ${show(now)}: give an earlier one`);
  }
  const isWholeDay = end.kind === 'day' && endMs === askedMs;
  return { startMs, endMs, timezone, shown: { start: show(startMs), end: show(isWholeDay ? endMs - 1000 : endMs) } };
}

function notBefore(start: string, end: string): ParameterProblem {
  return new ParameterProblem('start', `${start} is not before the end, ${end}: give a start that is before it`);
}

function parameter<T>(parameters: RangeParameters, name: keyof RangeParameters, read: (text: string) => T): T {
  const value = parameters[name];
  try {
    if (value !== undefined && typeof value !== 'string') throw new DateProblem('give it once');
    return read(value ?? '');
  } catch (error) {
    if (!(error instanceof DateProblem)) throw error;
    throw new ParameterProblem(name, error.message);
  }
}
