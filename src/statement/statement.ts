import type { DateRange } from '../dates/range.js';
import type { ServerUsage } from '../openstack/usage-report.js';
import { rate, type StatementLine } from '../rating/lines.js';
import { gbOf, type Piece, type RatedProject } from '../rating/piece.js';
import { seal } from '../rating/seal.js';
import { snapshotErrors, type SnapshotError } from '../snapshot/snapshot.js';
import type { TariffBook } from '../tariffs/tariff.js';
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

/**
 * What the usage of a report costs. Pure.
 * @param range that the report is of
 */
export function statementOf(report: UsageReport, range: DateRange, book: TariffBook): StatementJson {
  const projects: RatedProject[] = [];
  const pieces: Piece[] = [];
  for (const { domain, projects: own } of report.domains) {
    for (const { id, name, servers } of own) {
      projects.push({ domain, project: name, projectId: id });
      for (const server of servers) pieces.push(...piecesOf(server, domain.label, range));
    }
  }
  const { lines, total } = rate(range, projects, pieces, book);
  return seal({
    start: range.shown.start,
    end: range.shown.end,
    timezone: range.timezone,
    currency: book.currency.code,
    source: 'nova',
    basis: BASIS,
    complete: report.complete,
    lines,
    total: report.totals ? total : null,
    errors: snapshotErrors(report),
  });
}

/** From its own times rather than Nova's hours, so that parts of a range add up to it. A size that Nova does not tell is no piece. */
function piecesOf(server: ServerUsage, domain: string, range: DateRange): Piece[] {
  const startMs = Math.max(server.startedAt, range.startMs);
  const endMs = Math.min(server.endedAt ?? range.endMs, range.endMs);
  if (startMs >= endMs) return [];
  const { projectId, vcpus, ramMb } = server;
  const base = { projectId, domain, flavor: null, startMs, endMs };
  return [
    ...(vcpus === null ? [] : [{ ...base, resource: 'vcpu' as const, units: vcpus }]),
    ...(ramMb === null ? [] : [{ ...base, resource: 'ram_gb' as const, units: gbOf(ramMb) }]),
    { ...base, resource: 'server', flavor: server.flavor || null, units: 1 },
  ];
}
