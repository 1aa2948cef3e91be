import { snapshotErrors, type Snapshot } from '../snapshot/snapshot.js';
import { snapshotJson } from '../web/json.js';
import { collectOnce, type CommandOptions } from './collect-once.js';
import { table } from './table.js';

/** Prints one collection. @returns the exit code: 0 complete, 1 not */
export async function runSnapshot(options: CommandOptions): Promise<number> {
  const { snapshot } = await collectOnce(options);
  const json = options.settings.output === 'json';
  options.print(json ? JSON.stringify(snapshotJson(snapshot), null, 2) : snapshotTable(snapshot));
  return snapshot.complete ? 0 : 1;
}

export function snapshotTable(snapshot: Snapshot): string {
  const { domains, totals, complete, durationSeconds } = snapshot;
  const rows = domains.map(({ domain, result, strategy, usage, servers, projects, durationSeconds: seconds }) => [
    domain.label,
    result,
    strategy,
    usage?.vcpus ?? null,
    usage?.ramMb ?? null,
    servers,
    projects,
    seconds.toFixed(2),
  ]);
  rows.push([
    'TOTAL',
    complete ? 'complete' : 'not complete',
    null,
    totals?.vcpus ?? null,
    totals?.ramMb ?? null,
    totals?.servers ?? null,
    null,
    durationSeconds.toFixed(2),
  ]);
  const header = ['DOMAIN', 'RESULT', 'STRATEGY', 'VCPUS', 'RAM MB', 'SERVERS', 'PROJECTS', 'SECONDS'];
  return [table(header, rows), ...errorLines(snapshot)].join('\n');
}

/** What went wrong, a line each, below an empty one. */
export function errorLines(snapshot: Snapshot): string[] {
  const errors = snapshotErrors(snapshot).map(
    ({ domain, line, stage, reason, message }) => `${domain ?? `line ${line}`}: ${stage}, ${reason}: ${message}`,
  );
  return errors.length > 0 ? ['', ...errors] : [];
}
