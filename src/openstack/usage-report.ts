/**
 * Usage between two dates. Source: OpenStack Compute API, "Usage reports (os-simple-tenant-usage)". Hours run from launch to
 * deletion, whatever a server does meanwhile, and all of them are at the flavor that it has today. Checked against Nova 26.
 */
import { z } from 'zod';

import { CollectError } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import { amount } from './compute.js';
import { getCompute } from './listing.js';
import { parseAnswer, text, time } from './parse.js';
import { usagePages, usageSchemas, type UsageOf, type UsageTenant } from './usage-pages.js';
import type { Visit } from './visit.js';

/** Milliseconds since the epoch, of whole seconds; the end is excluded. */
export interface Period {
  start: number;
  end: number;
}

/** A server that existed in the period. */
export interface ServerUsage {
  id: string;
  projectId: string;
  name: string;
  /** The flavor's name when it was taken; empty where Nova does not keep it, of servers deleted long ago. */
  flavor: string;
  /** Sizes of today; null where Nova does not tell. */
  vcpus: number | null;
  /** Nova's MB: 1 MB = 1 MiB. */
  ramMb: number | null;
  /** Of the flavor's root and ephemeral disk: no volumes. */
  localGb: number | null;
  /** Nova's vm_state, such as `active`; `terminated` for all that has an end. */
  state: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number | null;
  /** In the period. */
  hours: number;
}

/** What Nova reports of a period. */
export interface NovaReport {
  /** Earlier than the one that was asked for where it is not yet that late by Nova's clock. */
  end: number;
  /** By project, in Nova's order: by cell, project and id. */
  servers: ReadonlyMap<string, readonly ServerUsage[]>;
}

const size = amount.nullish().transform((value) => value ?? null);

const rowSchema = z.object({
  instance_id: z.string().min(1),
  tenant_id: z.string().min(1),
  name: text,
  flavor: text,
  vcpus: size,
  memory_mb: size,
  local_gb: size,
  state: text,
  started_at: time,
  ended_at: time.nullish().transform((at) => at ?? null),
  hours: z.number(),
});
type Row = z.infer<typeof rowSchema>;

const schemas = usageSchemas(rowSchema);
const boundsSchema = z.object({ start: time, stop: time });

/** A report is begun anew so often, since its end was in Nova's future, or a page's last server was gone. */
const MAX_STARTS = 4;

/** As Nova reads them: without a zone they are UTC. */
const dateText = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** The report is to be read once more, to that end. */
class BeginAnew extends CollectError {
  readonly end: number;

  constructor(end: number, message: string, cause?: CollectError) {
    super('bad_response', message, { cause, status: cause?.status });
    this.end = end;
  }
}

/**
 * Reads all pages of a report, for one and the same period. Where its end is in the future by Nova's clock, which would cut
 * each page at another moment, the report is begun anew, to the moment that the page was cut at.
 * @throws CollectError
 */
export async function readUsage(visit: Visit, { start, end }: Period, of: UsageOf): Promise<NovaReport> {
  let period = { start, end };
  for (let starts = 1; ; starts += 1) {
    try {
      return { end: period.end, servers: await walk(visit, period, of) };
    } catch (error) {
      if (!(error instanceof BeginAnew) || starts >= MAX_STARTS) throw error;
      period = { start, end: error.end };
    }
  }
}

/** Asks for one server of all tenants, to see whether that is allowed. @throws CollectError */
export async function probeUsage(visit: Visit, { start, end }: Period): Promise<void> {
  const query = new URLSearchParams({ detailed: '1', start: dateText(start), end: dateText(end), limit: '1' });
  await getCompute(visit, null, `/os-simple-tenant-usage?${query.toString()}`);
}

/** @throws BeginAnew; CollectError */
async function walk(visit: Visit, period: Period, of: UsageOf): Promise<Map<string, ServerUsage[]>> {
  const servers = new Map<string, ServerUsage[]>();
  const seen = new Set<string>();
  const texts = { start: dateText(period.start), end: dateText(period.end) };
  try {
    for await (const tenants of usagePages(visit, { ...of, schemas, period: texts, thorough: true })) {
      for (const tenant of tenants) {
        if (tenant.rows.length > 0) checkBounds(tenant, period);
        for (const row of tenant.rows) {
          // A server that is in two cells for a moment is one.
          if (seen.has(row.instance_id)) continue;
          seen.add(row.instance_id);
          const server = serverOf(row, of.project);
          const project = servers.get(server.projectId);
          if (project) project.push(server);
          else servers.set(server.projectId, [server]);
        }
      }
    }
  } catch (error) {
    const isMarkerGone = error instanceof HttpFailure && error.status === 400 && seen.size > 0;
    throw isMarkerGone ? new BeginAnew(period.end, error.message, error) : error;
  }
  return servers;
}

/** @throws BeginAnew where Nova cut the end; CollectError where it did not go by the dates at all */
function checkBounds(tenant: UsageTenant<Row>, { start, end }: Period): void {
  const bounds = parseAnswer(boundsSchema, tenant, 'usage');
  const stop = Math.floor(bounds.stop / 1000) * 1000;
  if (bounds.start !== start || stop > end)
    throw new CollectError('bad_response', 'usage: Nova reports of other dates than those that it is asked for');
  if (stop <= start) throw new CollectError('incomplete', "usage: by Nova's clock the time asked for is in the future");
  if (stop < end) throw new BeginAnew(stop, "usage: Nova's clocks differ: it cuts each page at another time");
}

/** @throws CollectError */
function serverOf(row: Row, project: string | null): ServerUsage {
  if (project !== null && row.tenant_id !== project)
    throw new CollectError('bad_response', 'usage: Nova reports of other projects than the one that it is asked for');
  if (row.hours < 0) throw new CollectError('bad_response', 'usage: Nova reports hours below zero');
  return {
    id: row.instance_id,
    projectId: row.tenant_id,
    name: row.name,
    flavor: row.flavor,
    vcpus: row.vcpus,
    ramMb: row.memory_mb,
    localGb: row.local_gb,
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    hours: row.hours,
  };
}
