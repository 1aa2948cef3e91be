import { CollectError } from '../../src/errors.js';
import type { Page } from '../../src/metrics/family.js';
import { SelfMetrics } from '../../src/metrics/self.js';
import { takeSnapshot, type Snapshot } from '../../src/snapshot/snapshot.js';
import { Progress } from '../../src/usage/progress.js';
import { makeDomain, makeList } from '../helpers/domains.js';

/** 2026-11-22T04:30:00Z */
export const COLLECTED_AT = Date.parse('2026-11-22T04:30:00Z');

interface ServerCase {
  projectId: string;
  status?: string;
  vcpus?: number;
  ramMb?: number;
}

function progressOf(projects: Record<string, string>, servers: readonly ServerCase[]): Progress {
  const progress = new Progress();
  progress.stage = 'servers';
  progress.strategy = 'project-list';
  progress.projectScope = 'user';
  progress.projects = new Map(
    Object.entries(projects).map(([id, name]) => [id, { id, name, enabled: true, domainId: 'd' }]),
  );
  progress.addServers(
    servers.map((server, i) => ({
      status: 'ACTIVE',
      vcpus: 1,
      ramMb: 512,
      launched: true,
      flavor: 'm1.small',
      ...server,
      id: `${server.projectId}-${i}`,
    })),
  );
  return progress;
}

/** Labels as a file may give them. */
export const ODD = 'O\'Neil & "Söhne" \\ <b>云</b>';

/** One domain that is well, one partial, one failed, one empty. */
export function sampleSnapshot(): Snapshot {
  const well = progressOf({ p1: 'web', p2: 'db' }, [
    { projectId: 'p1', vcpus: 4, ramMb: 8192 },
    { projectId: 'p1', status: 'SHUTOFF', vcpus: 2, ramMb: 4096 },
    { projectId: 'p2', status: 'SHELVED_OFFLOADED', vcpus: 8, ramMb: 16384 },
  ]);
  well.finishedAt = 1250;
  const partial = progressOf({ q1: 'a "b" \\ \n\u001b[31m\u202e', q2: '' }, [
    { projectId: 'q1', vcpus: 16, ramMb: 32768 },
    { projectId: 'q1', status: 'UNKNOWN', vcpus: 0, ramMb: 0 },
  ]);
  partial.fail(new CollectError('unavailable', 'GET /v2.1/servers/detail: HTTP 503', { status: 503 }), {
    subject: 'project "x"',
  });
  partial.fail(new CollectError('unavailable', 'GET /v2.1/servers/detail: HTTP 500', { status: 500 }));
  partial.finishedAt = 2000.5;
  const failed = new Progress();
  failed.fail(new CollectError('auth', 'Keystone refused the login', { status: 401 }));
  failed.finishedAt = 1100;
  const empty = progressOf({ r1: 'main' }, []);
  empty.noteRead(['r1']);
  empty.finishedAt = 1010;
  return takeSnapshot({
    collectedAt: COLLECTED_AT,
    startedAt: 1000,
    now: 2234,
    counting: 'allocated',
    problems: [{ line: 7, message: 'unknown key "nmae", did you mean "name"?' }],
    domains: [
      { domain: makeDomain('acme'), progress: well },
      { domain: makeDomain(ODD, { id: 'odd' }), progress: partial },
      { domain: makeDomain('globex'), progress: failed },
      { domain: makeDomain('empty'), progress: empty },
    ],
  });
}

export function samplePage(change: Partial<Page> = {}): Page {
  const snapshot = change.snapshot ?? sampleSnapshot();
  const list = makeList(
    snapshot.domains.map(({ domain }) => domain),
    snapshot.problems,
  );
  const file = { list, lastReloadSuccessful: true, lastSuccessAt: COLLECTED_AT - 60_000 };
  return { snapshot, file, tariffs: null, withProjects: true, withTimestamp: false, ...change };
}

/** As after one collection of the sample. */
export function sampleSelf(): SelfMetrics {
  const self = new SelfMetrics({ build: { version: '1.2.3', nodeVersion: 'v20.19.0' }, withProcess: false });
  self.login('success');
  self.login('auth');
  for (const [service, code, seconds] of [
    ['identity', '201', 0.02],
    ['identity', '401', 0.3],
    ['compute', '200', 0.7],
    ['compute', '503', 0.01],
    ['compute', 'timeout', 20],
    ['compute', 'network', 61],
  ] as const) {
    self.attempt({ service, code, seconds });
  }
  self.error('globex', 'auth');
  self.error(ODD, 'unavailable');
  self.error(ODD, 'unavailable');
  self.error(ODD, 'incomplete');
  return self;
}
