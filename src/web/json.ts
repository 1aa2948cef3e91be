import { snapshotErrors, type Result, type Snapshot, type SnapshotError } from '../snapshot/snapshot.js';

/** `GET /api/v1/snapshot`, and `vhi-exporter snapshot --output=json`. RAM in MiB. */
export interface SnapshotJson {
  collectedAt: string;
  durationSeconds: number;
  complete: boolean;
  counting: string;
  totals: { vcpus: number; ramMb: number; servers: number | null } | null;
  domains: {
    domain: string;
    id: string;
    result: Result;
    strategy: string | null;
    vcpus: number | null;
    ramMb: number | null;
    servers: number | null;
    projects: number | null;
    durationSeconds: number;
    errors: Omit<SnapshotError, 'domain'>[];
  }[];
  errors: SnapshotError[];
}

export function snapshotJson(snapshot: Snapshot): SnapshotJson {
  const { collectedAt, durationSeconds, complete, counting, totals, domains } = snapshot;
  return {
    collectedAt: new Date(collectedAt).toISOString(),
    durationSeconds,
    complete,
    counting,
    totals,
    domains: domains.map(
      ({ domain, result, strategy, usage, servers, projects, durationSeconds: seconds, errors }) => ({
        domain: domain.label,
        id: domain.id,
        result,
        strategy,
        vcpus: usage?.vcpus ?? null,
        ramMb: usage?.ramMb ?? null,
        servers,
        projects,
        durationSeconds: seconds,
        errors: [...errors],
      }),
    ),
    errors: snapshotErrors(snapshot),
  };
}
