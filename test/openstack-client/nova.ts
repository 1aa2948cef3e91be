import type { HttpAnswer } from '../../src/http/request.js';
import type { Server } from '../../src/openstack/compute.js';
import { Reading } from '../../src/openstack/reading.js';
import { Bench } from './bench.js';
import { answer, fail, refusal, type Sent } from './fake.js';

const RESYNC_MS = 15 * 60_000;
/** What the cloud's clock shows when ours shows 0. */
const CLOUD_EPOCH = Date.parse('2026-11-22T04:20:00Z');

export interface Row {
  id: string;
  status?: string;
  tenant_id?: string;
  flavor?: { vcpus: number; ram: number } | null;
  updated?: string;
  'OS-SRV-USG:launched_at'?: string | null;
}

export const query = ({ request }: Sent): URLSearchParams => new URL(request.url).searchParams;

/** The id of the one server that is asked for. */
function shownOf({ request }: Sent): string | null {
  const [, id = 'detail'] = /\/servers\/([^/?]+)/.exec(request.url) ?? [];
  return id === 'detail' ? null : id;
}

/** A Nova whose answers a test sets, by what is asked for. */
export class Nova {
  readonly bench = new Bench();
  listed: Row[] = [];
  building: Row[] = [];
  changed: Row[] = [];
  /** What is being built, or failed to be, whether it is told among `building` or not. */
  unlaunched: Row[] = [];
  hasDate = true;
  /** How far the clock of its answers is ahead of what it was. */
  aheadMs = 0;
  /** Called before each answer. */
  onAnswer: (sent: Sent) => void = () => undefined;

  /** The page behind a marker of the usage report. */
  onUsage: (marker: string | null) => HttpAnswer = () => answer({ tenant_usages: [] });

  /** One server, by its id. */
  onShow: (id: string) => HttpAnswer = () => fail(refusal(404));

  constructor() {
    this.bench.tokenSeconds = 24 * 3600;
    this.bench.cloud.untilResync = () => RESYNC_MS;
    this.bench.onGet = (sent) => {
      this.onAnswer(sent);
      const asked = query(sent);
      if (sent.line.includes('/os-simple-tenant-usage')) return this.onUsage(asked.get('marker'));
      const id = shownOf(sent);
      if (id !== null) return this.onShow(id);
      if (asked.has('changes-since')) return this.#page(this.changed);
      const statuses = asked.getAll('status');
      if (statuses.includes('ERROR')) return this.#page(this.unlaunched);
      return this.#page(statuses.length > 0 ? this.building : this.listed);
    };
  }

  #page(rows: Row[]): HttpAnswer {
    const servers = rows.map((row) => ({
      tenant_id: 'home',
      status: 'ACTIVE',
      flavor: { vcpus: 1, ram: 1 },
      updated: '2026-11-22T04:20:00Z',
      ...row,
    }));
    const date = new Date(CLOUD_EPOCH + this.aheadMs + this.bench.clock.now).toUTCString();
    return answer({ servers }, this.hasDate ? { date } : {});
  }

  reading(visit = this.bench.visit(), projectId: string | null = null): Reading {
    return new Reading(visit, projectId === null ? 'cloud' : { project: projectId });
  }

  async read(visit = this.bench.visit(), projectId: string | null = null): Promise<Server[]> {
    const servers: Server[] = [];
    for await (const page of this.reading(visit, projectId).pages()) servers.push(...page.servers);
    return servers;
  }

  /** Ids and status of what is read. */
  async states(): Promise<string[]> {
    return (await this.read()).map(({ id, status }) => `${id} ${status}`);
  }

  /** What was asked for since the last time: `full`, `changes`, `usage`, statuses, or a server's id. */
  asked(): string[] {
    const gets = this.bench.http.sent.splice(0).filter(({ request }) => request.method === 'GET');
    return gets.map((sent) => {
      if (sent.line.includes('/os-simple-tenant-usage')) return 'usage';
      const id = shownOf(sent);
      if (id !== null) return id;
      const asked = query(sent);
      return asked.has('changes-since') ? 'changes' : asked.getAll('status').join(',') || 'full';
    });
  }
}
