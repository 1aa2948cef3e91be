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
/** Due at each scrape, and held against Nova's usage report then. */
const CONFIRMED = [STRATEGY, '--collect.incremental=auto', '--collect.resync-interval=1ms'];
const WAYS = [
  { name: 'in full', args: IN_FULL },
  { name: 'confirmed', args: CONFIRMED },
  { name: 'by changes', args: BY_CHANGES },
];
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

  const watched: Watched[] = [];
  const scrapes: Contender[] = [];
  for (const { name, args } of WAYS) {
    const one = await Watched.start({ expected: neighbour, args, title: name }, wrong);
    watched.push(one);
    scrapes.push({ name: `exporter: ${name}`, run: () => one.scrape() });
  }
  const bare = bareContenders(neighbour.urls.nova, project.id, own);
  const all = [...scrapes, ...bare];
  for (const { run } of [...all, ...scrapes]) await run();
  const series = await takeTurns(rounds, all);
  await Promise.all(watched.map((one) => one.stop()));
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
    one('names of BUILD and ERROR', () => '/servers?status=BUILD&status=ERROR'),
    one('os-simple-tenant-usage', () => `/os-simple-tenant-usage/${projectId}`),
  ];
}

/** In scrapes of their own, which nobody times. @returns of the second scrape, in each way */
async function countBytes(neighbour: Expected, wrong: string[]): Promise<number[]> {
  const relay = await openRelay(neighbour.urls.nova);
  const bytes: number[] = [];
  try {
    for (const { name, args } of WAYS) {
      const options = { title: `${name}, relayed`, expected: neighbour, args, nova: relay.url };
      const watched = await Watched.start(options, wrong);
      await watched.scrape();
      relay.takeBytes();
      await watched.scrape();
      bytes.push(relay.takeBytes());
      await watched.stop();
    }
    return bytes;
  } finally {
    await relay.close();
  }
}
