import { readRange, type DateRange } from '../../src/dates/range.js';
import type { StatementLine } from '../../src/rating/lines.js';
import { rater, totalOf } from '../../src/rating/lines.js';
import type { Piece, RatedProject } from '../../src/rating/piece.js';
import { parseTariffs } from '../../src/tariffs/parse.js';
import type { TariffBook } from '../../src/tariffs/tariff.js';

export const WEB: RatedProject = { domain: { label: 'acme', id: 'd1' }, project: 'web', projectId: 'ab12' };

export function book(head: string, ...tariffs: string[]): TariffBook {
  const list = tariffs.map((tariff) => `  - {${tariff}}\n`).join('');
  const parsed = parseTariffs(`${head}\ntariffs:\n${list}`, 'UTC');
  if (!parsed.book) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.book;
}

export const range = (start: string, end: string, tz = 'UTC'): DateRange =>
  readRange({ start, end, tz }, 'UTC', Date.parse('2040-01-01T00:00:00Z'));

/** What WEB used all along a range. */
export function piece(
  span: { startMs: number; endMs: number },
  resource: Piece['resource'],
  units: Piece['units'],
  flavor: string | null = null,
): OwnPiece {
  return { projectId: 'ab12', resource, flavor, startMs: span.startMs, endMs: span.endMs, units };
}

/** The lines of WEB, as `resource tariff quantity free amount`. */
export function brief(lines: readonly StatementLine[]): string[] {
  return lines.map(({ resource, tariff, quantity, free, amount }) =>
    [resource, tariff, quantity, free, amount].join(' '),
  );
}

/** A piece of one of several projects. */
export type OwnPiece = Piece & { projectId: string };

/** The lines of several projects, and their total. */
export function rate(
  over: DateRange,
  projects: readonly RatedProject[],
  pieces: readonly OwnPiece[],
  tariffs: TariffBook,
): { lines: StatementLine[]; total: string } {
  const linesOfProject = rater(over, tariffs);
  const lines = projects.flatMap((project) =>
    linesOfProject(
      project,
      pieces.filter(({ projectId }) => projectId === project.projectId),
    ),
  );
  return { lines, total: totalOf(lines, tariffs.currency) };
}

export const linesOf = (over: DateRange, pieces: readonly OwnPiece[], tariffs: TariffBook): StatementLine[] =>
  rate(over, [WEB], pieces, tariffs).lines;
