import { csv, type CsvRow } from '../csv.js';
import type { ProjectUsageJson, ServerUsageJson, UsageJson } from '../usage-report/json.js';

const DOMAIN = ['domain', 'domainId', 'project', 'projectId'] as const;
const TOTALS = ['serverHours', 'vcpuHours', 'ramMbHours', 'localGbHours'] as const;
const SERVER = [
  ...(['serverId', 'name', 'flavor', 'vcpus', 'ramMb', 'localGb', 'state', 'startedAt', 'endedAt', 'hours'] as const),
];

/** A row for each project, or for each server if detailed, under the JSON's names. Pure. */
export function usageCsv({ domains }: UsageJson, detailed: boolean): string {
  const rows = domains.flatMap(({ domain, id, projects }) =>
    projects.flatMap((project) => {
      const place = [domain, id, project.project, project.projectId];
      return detailed ? serverRows(place, project) : [[...place, ...TOTALS.map((key) => project.totals[key])]];
    }),
  );
  return csv([[...DOMAIN, ...(detailed ? SERVER : TOTALS)], ...rows]);
}

function serverRows(place: readonly string[], { servers = [] }: ProjectUsageJson): CsvRow[] {
  return servers.map((server: ServerUsageJson) => [...place, ...SERVER.map((key) => server[key])]);
}
