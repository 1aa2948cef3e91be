/**
 * Servers that were launched anew. A resize, its reversal, a cold migration, a rebuild, an evacuation, a rescue and an unshelving
 * set `launched_at` to now, and Nova's usage report counts from there on, as if the server had not been there before: of a
 * month that is over, it may know nothing of it any more. `GET /servers/detail?changes-since=` lists all such servers with the
 * time of their creation, deleted ones too. Checked against Nova 26.
 */
import { z } from 'zod';

import type { HttpAnswer } from '../http/request.js';
import { amount, linksSchema, nextQuery } from './compute.js';
import { listPages, type Listing } from './listing.js';
import { parseAnswer, text, time } from './parse.js';
import type { UsageOf } from './usage-pages.js';
import { readUsage, type NovaReport, type Period, type ServerUsage } from './usage-report.js';
import type { Visit } from './visit.js';

const HOUR_MS = 3_600_000;

/** A first launch is so late at most; a later one is a new launch, and what was before it are hours of existence. */
const LONGEST_BUILD_MS = 15 * 60_000;

const moment = time.nullish().transform((at) => at ?? null);

const serversSchema = z.object({
  servers: z.array(
    z.object({
      id: z.string().min(1),
      tenant_id: z.string().min(1),
      name: text,
      created: time,
      'OS-SRV-USG:launched_at': moment,
      'OS-SRV-USG:terminated_at': moment,
      'OS-EXT-STS:vm_state': text,
      flavor: z
        .object({ original_name: text, vcpus: amount, ram: amount, disk: amount, ephemeral: amount.default(0) })
        .nullish(),
    }),
  ),
  servers_links: linksSchema,
});
type Row = z.infer<typeof serversSchema>['servers'][number];

function parseRows({ json }: HttpAnswer) {
  const { servers: rows, servers_links: links } = parseAnswer(serversSchema, json(), 'servers');
  const next = links.find(({ rel }) => rel === 'next');
  return { rows, ids: rows.map(({ id }) => id), next: next ? nextQuery(next.href, 'servers') : null };
}

/**
 * Nova's report, with the hours of existence that it leaves out, at today's flavor as all others.
 * @throws CollectError
 */
export async function readExistence(visit: Visit, period: Period, of: UsageOf): Promise<NovaReport> {
  const { end, servers: reported } = await readUsage(visit, period, of);
  const servers = new Map([...reported].map(([project, list]) => [project, [...list]]));
  // Behind the report: what is launched anew in between would be in neither.
  const pages = listPages(visit, listingOf(period.start, of), { path: '/servers/detail', parse: parseRows });
  for await (const { rows } of pages) {
    for (const row of rows.filter(isRelaunched)) {
      if (of.project !== null && row.tenant_id !== of.project) continue;
      const project = servers.get(row.tenant_id) ?? [];
      const at = project.findIndex(({ id }) => id === row.id);
      const whole = { ...(project[at] ?? serverOf(row)), startedAt: row.created };
      const hours = hoursOf(whole, { start: period.start, end });
      if (hours === 0) continue;
      project.splice(at < 0 ? project.length : at, 1, { ...whole, hours });
      servers.set(row.tenant_id, project);
    }
  }
  return { end, servers };
}

/** What was launched anew in the period or after it has changed since its start. */
function listingOf(start: number, { project, asker }: UsageOf): Listing {
  const since = ['changes-since', new Date(start).toISOString().replace('.000Z', 'Z')] as const;
  if (asker !== null) return { projectId: asker, allTenants: false, filter: [since] };
  const picked = project === null ? [] : [['project_id', project] as const];
  return { projectId: null, allTenants: true, filter: [...picked, since] };
}

function isRelaunched({ created, 'OS-SRV-USG:launched_at': launched }: Row): boolean {
  return launched !== null && launched - created > LONGEST_BUILD_MS;
}

function hoursOf({ startedAt, endedAt }: Pick<ServerUsage, 'startedAt' | 'endedAt'>, { start, end }: Period): number {
  return Math.max(0, Math.min(end, endedAt ?? end) - Math.max(startedAt, start)) / HOUR_MS;
}

function serverOf(row: Row): Omit<ServerUsage, 'hours'> {
  const { id, tenant_id: projectId, name, created: startedAt, flavor } = row;
  const endedAt = row['OS-SRV-USG:terminated_at'];
  return {
    ...{ id, projectId, name, startedAt, endedAt },
    flavor: flavor?.original_name ?? '',
    vcpus: flavor?.vcpus ?? null,
    ramMb: flavor?.ram ?? null,
    localGb: flavor ? flavor.disk + flavor.ephemeral : null,
    state: endedAt === null ? row['OS-EXT-STS:vm_state'] : 'terminated',
  };
}
