import { stringify } from 'csv-stringify/sync';

import type { ProjectUsageJson, ServerUsageJson, UsageJson } from '../usage-report/json.js';

const DOMAIN = ['domain', 'domainId', 'project', 'projectId'] as const;
const TOTALS = ['serverHours', 'vcpuHours', 'ramMbHours', 'localGbHours'] as const;
const SERVER = [
  ...(['serverId', 'name', 'flavor', 'vcpus', 'ramMb', 'localGb', 'state', 'startedAt', 'endedAt', 'hours'] as const),
];

/**
 * A row for each project, or for each server if detailed, under the JSON's names. Tenants name projects and servers: what a
 * spreadsheet would take for a formula gets an apostrophe before it. Pure.
 */
export function usageCsv({ domains }: UsageJson, detailed: boolean): string {
  const rows = domains.flatMap(({ domain, id, projects }) =>
    projects.flatMap((project) => {
      const place = [domain, id, project.project, project.projectId];
      return detailed ? serverRows(place, project) : [[...place, ...TOTALS.map((key) => project.totals[key])]];
    }),
  );
  return stringify([[...DOMAIN, ...(detailed ? SERVER : TOTALS)], ...rows], { escape_formulas: true }).trimEnd();
}

function serverRows(place: readonly string[], { servers = [] }: ProjectUsageJson): (string | number | null)[][] {
  return servers.map((server: ServerUsageJson) => [...place, ...SERVER.map((key) => server[key])]);
}
