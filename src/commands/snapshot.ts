import type { DomainSnapshot, Snapshot } from '../snapshot/snapshot.js';
import { snapshotJson } from '../web/json.js';
import { collectOnce, type CommandOptions } from './collect-once.js';
import { errorReport, inUse } from './report.js';
import { resultCell, table, type Cell, type TableLook } from './table.js';

/** Prints one collection. @returns the exit code: 0 complete, 1 not */
export async function runSnapshot(options: CommandOptions): Promise<number> {
  const { snapshot } = await collectOnce(options);
  const { settings, terminal, print } = options;
  print(
    settings.output === 'json' ? JSON.stringify(snapshotJson(snapshot), null, 2) : snapshotText(snapshot, terminal),
  );
  return snapshot.complete ? 0 : 1;
}

const HEADER = ['DOMAIN', 'RESULT', 'STRATEGY', 'VCPUS', 'RAM MB', 'SERVERS', 'PROJECTS', 'SECONDS'];
const SPARE = ['STRATEGY', 'SECONDS', 'PROJECTS', 'SERVERS'];

/** A table, what went wrong, and at last, for it stays in sight, what is in use. */
export function snapshotText(snapshot: Snapshot, look: Omit<TableLook, 'spare'>): string {
  const rows = [...snapshot.domains.map(domainRow), totalRow(snapshot)];
  return [table(HEADER, rows, { ...look, spare: SPARE }), ...errorReport(snapshot), '', inUse(snapshot)].join('\n');
}

function domainRow({ domain, result, strategy, usage, servers, projects, durationSeconds }: DomainSnapshot): Cell[] {
  const figures = [usage?.vcpus ?? null, usage?.ramMb ?? null, servers, projects];
  return [domain.label, resultCell(result), strategy, ...figures, seconds(durationSeconds)];
}

function totalRow({ totals, complete, durationSeconds }: Snapshot): Cell[] {
  const result: Cell = complete
    ? { text: 'complete', color: 'green' }
    : { text: 'not complete', color: totals ? 'yellow' : 'red' };
  const figures = [totals?.vcpus ?? null, totals?.ramMb ?? null, totals?.servers ?? null, null];
  return ['TOTAL', result, null, ...figures, seconds(durationSeconds)];
}

const seconds = (duration: number): Cell => ({ text: duration.toFixed(2), isNumber: true });
