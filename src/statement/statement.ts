import { setImmediate } from 'node:timers/promises';

import type { DateRange } from '../dates/range.js';
import type { ServerUsage } from '../openstack/usage-report.js';
import { rater, totalOf, type StatementLine } from '../rating/lines.js';
import { gbOf, type Piece } from '../rating/piece.js';
import { seal } from '../rating/seal.js';
import { snapshotErrors, type SnapshotError } from '../snapshot/snapshot.js';
import type { TariffBook } from '../tariffs/tariff.js';
import { grouped } from '../text.js';
import { BASIS } from '../usage-report/json.js';
import type { UsageReport } from '../usage-report/report.js';

/** `GET /api/v1/statement`, and `vhi-exporter statement --output=json`. */
export interface StatementJson {
  /** With the zone's offset, as all times here. */
  start: string;
  end: string;
  timezone: string;
  /** ISO 4217, of all amounts. */
  currency: string;
  source: 'nova';
  basis: typeof BASIS;
  complete: boolean;
  /** Of the projects that were read. */
  lines: StatementLine[];
  /** The sum of the amounts as they are shown; null when there are domains and not one could be read. */
  total: string | null;
  errors: SnapshotError[];
  /** Of all other fields, see `seal`; only of a complete one. */
  sha256?: string;
}

/** So long it keeps scrapes from being answered, at most but for one project. */
const SLICE_MS = 10;

/** Some 17 MB as JSON, which hold all else up for half a second when they are sealed. */
const MAX_LINES = 50_000;

/** A statement would have more lines than are made. */
export class StatementTooLarge extends Error {
  override readonly name = 'StatementTooLarge';

  constructor() {
    super(`more than ${grouped(MAX_LINES)} lines: ask for one domain or project, or for a shorter time`);
  }
}

/**
 * What the usage of a report costs.
 * @param range that the report is of
 * @throws StatementTooLarge
 */
export async function statementOf(report: UsageReport, range: DateRange, book: TariffBook): Promise<StatementJson> {
  const lines: StatementLine[] = [];
  const rate = rater(range, book);
  let begun = performance.now();
  for (const { domain, projects } of report.domains) {
    for (const { id, name, servers } of projects) {
      const pieces = servers.flatMap((server) => piecesOf(server, range));
      for (const line of rate({ domain, project: wellFormed(name), projectId: id }, pieces)) lines.push(line);
      if (lines.length > MAX_LINES) throw new StatementTooLarge();
      if (performance.now() - begun < SLICE_MS) continue;
      await setImmediate();
      begun = performance.now();
    }
  }
  return seal<Omit<StatementJson, 'sha256'>>({
    start: range.shown.start,
    end: range.shown.end,
    timezone: range.timezone,
    currency: book.currency.code,
    source: 'nova',
    basis: BASIS,
    complete: report.complete,
    lines,
    total: report.totals ? totalOf(lines, book.currency) : null,
    errors: snapshotErrors(report),
  });
}

/** What JSON may hold, and canonical JSON may not: half a character becomes U+FFFD. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** From its own times rather than Nova's hours, so that parts of a range add up to it. A size that Nova does not tell is no piece. */
function piecesOf(server: ServerUsage, range: DateRange): Piece[] {
  const startMs = Math.max(server.startedAt, range.startMs);
  const endMs = Math.min(server.endedAt ?? range.endMs, range.endMs);
  if (startMs >= endMs) return [];
  const { vcpus, ramMb } = server;
  const base = { flavor: null, startMs, endMs };
  return [
    ...(vcpus === null ? [] : [{ ...base, resource: 'vcpu' as const, units: vcpus }]),
    ...(ramMb === null ? [] : [{ ...base, resource: 'ram_gb' as const, units: gbOf(ramMb) }]),
    { ...base, resource: 'server', flavor: server.flavor || null, units: 1 },
  ];
}
