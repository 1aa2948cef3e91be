import { setImmediate } from 'node:timers/promises';

import type { DateRange } from '../dates/range.js';
import type { ServerUsage } from '../openstack/usage-report.js';
import { rate, totalOf, type StatementLine } from '../rating/lines.js';
import { gbOf, type Piece } from '../rating/piece.js';
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

/** So long it keeps scrapes from being answered, at most but for one project. */
const SLICE_MS = 10;

/**
 * What the usage of a report costs.
 * @param range that the report is of
 */
export async function statementOf(report: UsageReport, range: DateRange, book: TariffBook): Promise<StatementJson> {
  const lines: StatementLine[] = [];
  let begun = performance.now();
  for (const { domain, projects } of report.domains) {
    for (const { id, name, servers } of projects) {
      const pieces = servers.flatMap((server) => piecesOf(server, domain.label, range));
      lines.push(...rate(range, [{ domain, project: name, projectId: id }], pieces, book).lines);
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
