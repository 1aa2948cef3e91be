import { type Answer, computeError, unexpectedError } from './answer.js';
import { checkLimit } from './nova-query.js';
import { parseUsageTime } from './strptime.js';

/** The query of a usage, understood. */
export interface UsageQuery {
  /** Milliseconds since the epoch, with fractions; a start in the future is later than the end. */
  start: number;
  end: number;
  detailed: boolean;
  limit: number;
  marker: string | null;
}

/** Nova gives times to its cells as text, and can't read the year of such again. */
const FIRST_YEAR = Date.UTC(1000, 0);
const PERIOD = ['start', 'end'];
const PAGING = ['limit', 'marker'];

/** Parameters that Nova knows; others are dropped, and from 2.75 refused. */
export function knownNames(minor: number, isOfAll: boolean): ReadonlySet<string> {
  return new Set([...PERIOD, ...(isOfAll ? ['detailed'] : []), ...(minor >= 40 ? PAGING : [])]);
}

/** What is wrong with a query whoever asks. @returns null: nothing */
export function refuseUsageQuery(query: URLSearchParams, minor: number, known: ReadonlySet<string>): Answer | null {
  const limits = known.has('limit') ? query.getAll('limit') : [];
  const refused = limits.map(checkLimit).find((answer) => answer !== null);
  if (refused) return refused;
  const unknown = [...new Set(query.keys())].filter((name) => !known.has(name)).sort();
  if (minor < 75 || unknown.length === 0) return null;
  const list = unknown.map((name) => `'${name}'`).join(', ');
  const verb = unknown.length === 1 ? 'was' : 'were';
  return computeError(400, `Additional properties are not allowed (${list} ${verb} unexpected)`);
}

/** The first that is not empty counts, unlike with `limit` and `marker`. */
function first(query: URLSearchParams, name: string): string | undefined {
  return query.getAll(name).find((value) => value !== '');
}

/**
 * Reads the rest of a query that is not refused for all; an answer instead is the refusal.
 * @param now what a time is that is not given, and the latest end
 */
export function parseUsageQuery(
  query: URLSearchParams,
  known: ReadonlySet<string>,
  { now, maxLimit }: { now: number; maxLimit: number },
): UsageQuery | Answer {
  const [from, to] = [first(query, 'start'), first(query, 'end')];
  const start = from === undefined ? now : parseUsageTime(from);
  const end = to === undefined ? now : parseUsageTime(to);
  if (start === null || end === null) {
    return computeError(400, 'Invalid datetime string: Datetime is in invalid format');
  }
  // The clock here may stand still, but the real one has moved on when Nova looks at it for the end.
  const isBefore = start < end || (to === undefined && start === now);
  if (!isBefore) {
    return computeError(400, 'Invalid start time. The start time cannot occur after the end time.');
  }
  if (start < FIRST_YEAR) return unexpectedError('ValueError');
  const limit = known.has('limit') ? query.getAll('limit').at(-1) : undefined;
  const marker = known.has('marker') ? query.getAll('marker').at(-1) : undefined;
  return {
    start,
    end: Math.min(end, now),
    detailed: first(query, 'detailed') === '1',
    limit: Math.min(limit === undefined ? maxLimit : Number(limit), maxLimit),
    marker: marker ?? null,
  };
}
