import { rescopeBody, token } from '../../test/openstack/helpers/api.js';
import type { Expected } from '../../test/openstack/helpers/expected.js';
import { askInTurn } from './bare.js';
import type { Filled } from './cloud.js';
import { openRelay } from './relay.js';
import { takeTurns, type Contender, type Series } from './turns.js';
import { Watched } from './watched.js';

/* What a listing costs in full, and by changes: by the exporter, and by the bare requests. */

const STRATEGY = '--collect.strategy=project-list';
/** No full listing comes between. */
const BY_CHANGES = [STRATEGY, '--collect.incremental=auto', '--collect.resync-interval=20d'];
const IN_FULL = [STRATEGY, '--collect.incremental=off'];
const MINUTE_MS = 60_000;

/** Each of a group is held against its first. */
export interface Listings {
  rounds: number;
  /** Servers that Nova lists: in the domain that the exporter collects, and in the project that is asked for alone. */
  servers: { domain: number; project: number };
  groups: Series[][];
}

/** @param wrong is told of each figure that is not exact */
export async function listings({ neighbour }: Filled, rounds: number, wrong: string[]): Promise<Listings> {
  const [domain] = neighbour.domains;
  const project = domain?.projects.find(({ listed }) => listed.servers > 0);
  if (!domain || !project) throw new Error('the neighbour has no servers');
  const own = await token(neighbour.auth_url, rescopeBody(await token(neighbour.auth_url, domain.login), project.id));

  const options = { expected: neighbour, args: IN_FULL };
  const inFull = await Watched.start({ ...options, title: 'in full' }, wrong);
  const byChanges = await Watched.start({ ...options, args: BY_CHANGES, title: 'by changes' }, wrong);
  const scrapes: Contender[] = [
    { name: 'exporter: in full', run: () => inFull.scrape() },
    { name: 'exporter: by changes', run: () => byChanges.scrape() },
  ];
  const bare = bareContenders(neighbour.urls.nova, project.id, own);
  const all = [...scrapes, ...bare];
  for (const { run } of [...all, ...scrapes]) await run();
  const series = await takeTurns(rounds, all);
  await Promise.all([inFull.stop(), byChanges.stop()]);
  const bytes = await countBytes(neighbour, wrong);
  const count = domain.projects.reduce((sum, { listed }) => sum + listed.servers, 0);
  return {
    rounds,
    servers: { domain: count, project: project.listed.servers },
    groups: [
      series.slice(0, scrapes.length).map((one, i) => ({ ...one, bytes: bytes[i] ?? null })),
      series.slice(scrapes.length),
    ],
  };
}

/** One request each, by a token of the project. */
function bareContenders(nova: string, projectId: string, own: string): Contender[] {
  const one = (name: string, path: () => string): Contender => ({
    name: `bare: ${name}`,
    run: () => askInTurn([`${nova}/v2.1${path()}`], own),
  });
  const since = (): string => `${new Date(Date.now() - MINUTE_MS).toISOString().slice(0, 19)}Z`;
  return [
    one('servers/detail', () => '/servers/detail'),
    one('changes-since', () => `/servers/detail?changes-since=${since()}`),
    one('status=BUILD&status=ERROR', () => '/servers/detail?status=BUILD&status=ERROR'),
    one('os-simple-tenant-usage', () => `/os-simple-tenant-usage/${projectId}`),
  ];
}

/** In scrapes of their own, which nobody times. @returns in full, and by changes */
async function countBytes(neighbour: Expected, wrong: string[]): Promise<number[]> {
  const relay = await openRelay(neighbour.urls.nova);
  try {
    const options = { title: 'relayed', expected: neighbour, args: BY_CHANGES, nova: relay.url };
    const watched = await Watched.start(options, wrong);
    await watched.scrape();
    const inFull = relay.takeBytes();
    await watched.scrape();
    await watched.stop();
    return [inFull, relay.takeBytes()];
  } finally {
    await relay.close();
  }
}
