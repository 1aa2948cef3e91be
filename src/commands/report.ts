import { ADVICE, type Reason } from '../errors.js';
import { gapsText } from '../snapshot/gaps.js';
import { snapshotErrors, type Failures, type Snapshot, type SnapshotError } from '../snapshot/snapshot.js';
import { counted, printable } from '../text.js';

/** What went wrong, and what to do about it, said once for each reason. Each reason begins with an empty line. */
export function errorReport(failures: Failures): string[] {
  const byReason = new Map<Reason, SnapshotError[]>();
  for (const error of snapshotErrors(failures)) {
    byReason.set(error.reason, [...(byReason.get(error.reason) ?? []), error]);
  }
  return [...byReason].flatMap(([reason, errors]) => [
    '',
    `${reason} (${whose(errors)})`,
    ...errors.map(errorLine),
    `what to do: ${ADVICE[reason]}`,
  ]);
}

const errorLine = ({ domain, line, stage, reason, message }: SnapshotError): string =>
  printable(`${domain ?? `line ${line}`}: ${stage}, ${reason}: ${message}`);

function whose(errors: readonly SnapshotError[]): string {
  const domains = new Set(errors.map(({ domain }) => domain).filter((domain) => domain !== null)).size;
  const lines = errors.filter(({ domain }) => domain === null).length;
  return [...(domains > 0 ? [counted(domains, 'domain')] : []), ...(lines > 0 ? [counted(lines, 'line')] : [])].join(
    ', ',
  );
}

/** The totals in a sentence, which says so where they are not all. */
export function inUse(snapshot: Snapshot): string {
  const { totals, complete, counting, domains } = snapshot;
  const gaps = gapsText(snapshot);
  if (!totals) return `Not complete: what is in use is not known (${gaps}).`;
  const { vcpus, ramMb, servers } = totals;
  const figures = `${vcpus} vCPU${vcpus === 1 ? '' : 's'} and ${ramMb} MB (${(ramMb / 1024).toFixed(1)} GiB) of RAM`;
  const by = `${servers === null ? '' : ` by ${counted(servers, 'server')}`}, counting ${counting}`;
  return complete
    ? `In use in ${counted(domains.length, 'domain')}: ${figures}${by}.`
    : `Not complete: in use are at least ${figures}${by} (${gaps}).`;
}
