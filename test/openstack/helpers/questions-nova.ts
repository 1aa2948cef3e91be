import { rescopeBody, token, type Reply } from './api.js';
import {
  busy,
  cloudAdmin,
  DETAIL,
  nobody,
  nova,
  projectId,
  revokedToken,
  servers,
  type Question,
  type ServersBody,
} from './asked.js';

/* What the exporter asks of Nova, and what it may be told when something is wrong. */

const VERSIONS = [
  '2.1',
  '2.46',
  '2.47',
  '2.68',
  '2.69',
  '2.74',
  '2.75',
  '2.79',
  '2.93',
  '2.94',
  '2.999',
  '3.0',
  '2',
  'x',
];

/** Answers that hold one page of several, or what other tests left: servers in states that differ from cloud to cloud. */
export const PAGES: ReadonlySet<string> = new Set([
  'the first page',
  'the page that the next link names',
  'all tenants with a limit, as an administrator',
  'the first page of changes',
  'the page of changes that the next link names',
  'all tenants, as an administrator',
  'all tenants at 2.47, as an administrator',
  'changes of all tenants, as an administrator',
  'changes of all tenants with a limit, as an administrator',
  'changes behind a server that was deleted',
]);

export const AGES = '2000-01-01T00:00:00';
export const SINCE = `?changes-since=${AGES}Z`;

/** Nova's words, and the simulator's, for times that may be none. */
export const TIMES: Readonly<Record<string, string>> = {
  ...{ fractions: `${AGES}.123456Z`, 'fractions of three digits': `${AGES}.123Z`, 'no zone': AGES },
  ...{ 'an offset': `${AGES}+02:00`, 'a date only': '2000-01-01', 'a blank': '2000-01-01 00:00:00' },
  ...{ 'no seconds': '2000-01-01T00:00Z', 'a year only': '2000', 'the basic form': '20000101T000000Z' },
  ...{
    'seconds since the epoch': '946684800',
    'no time': 'yesterday',
    nothing: '',
    'a 13th month': '2000-13-01T00:00:00Z',
  },
  ...{
    'a 30th of February': '2000-02-30T00:00:00Z',
    'a 25th hour': '2000-01-01T25:00:00Z',
    'a leap second': '2016-12-31T23:59:60Z',
  },
  ...{ 'a small z': `${AGES}z`, 'a small t': '2000-01-01t00:00:00Z', 'blanks around': ` ${AGES}Z ` },
};

/** Whether the server that changed last is among what changed since `ms` after that. */
const isTold =
  (ms: number): Question =>
  async (cloud) => {
    const { servers: all } = await servers(cloud, '');
    const last = all.reduce((a, b) => (b.updated > a.updated ? b : a));
    const since = new Date(Date.parse(last.updated) + ms).toISOString();
    const reply: Reply = await nova(`${DETAIL}?changes-since=${since}`, busy)(cloud);
    const told = (reply.json as ServersBody).servers.some(({ id }) => id === last.id);
    return { ...reply, json: told ? { told } : { untold: true } };
  };

/** Changes of a project some of whose servers are DELETED or SOFT_DELETED, as its member. @param more of the query */
const inNested =
  (more: (gone: string) => string): Question =>
  async (cloud) => {
    const { authUrl, member } = cloud;
    const nested = await token(authUrl, rescopeBody(member.login, projectId(member.domain, '-nested')));
    const { servers: all } = await servers(cloud, SINCE, () => nested);
    const gone = all.find(({ status }) => status === 'DELETED')!;
    return nova(`${DETAIL}${SINCE}${more(gone.id)}`, () => nested)(cloud);
  };

/** What the exporter asks between listings in full. */
const CHANGES: Readonly<Record<string, Question>> = {
  'changes since ages ago': nova(`${DETAIL}${SINCE}`, busy),
  'changes since ages ago, at 2.1': nova(`${DETAIL}${SINCE}`, busy, '2.1'),
  'changes since ages ago, at 2.47': nova(`${DETAIL}${SINCE}`, busy, '2.47'),
  'changes since ages ago, at 2.79': nova(`${DETAIL}${SINCE}`, busy, '2.79'),
  'changes since ages ago, names only': nova(`/servers${SINCE}`, busy),
  'changes since tomorrow': nova(`${DETAIL}?changes-since=2100-01-01T00:00:00Z`, busy),
  // What other tests left may be more than a page.
  'changes of all tenants, as an administrator': async (cloud) => {
    const reply: Reply = await nova(`${DETAIL}${SINCE}&all_tenants=1`, cloudAdmin)(cloud);
    return { ...reply, json: { servers: (reply.json as ServersBody).servers } };
  },
  'changes of all tenants, as a member': nova(`${DETAIL}${SINCE}&all_tenants=1`, busy),
  'changes of all tenants since no time, as a member': nova(`${DETAIL}?changes-since=x&all_tenants=1`, busy),
  'changes of all tenants with a limit, as an administrator': nova(
    `${DETAIL}${SINCE}&all_tenants=1&limit=20`,
    cloudAdmin,
  ),
  'changes of one project, as an administrator': async (cloud) => {
    const id = projectId(cloud.member.domain, '-prj-02');
    return nova(`${DETAIL}${SINCE}&all_tenants=1&project_id=${id}`, cloudAdmin)(cloud);
  },
  ...Object.fromEntries(
    ['ACTIVE', 'BUILD', 'ERROR', 'SOFT_DELETED', 'NONSENSE'].flatMap((status) => [
      [`servers of status ${status}`, nova(`${DETAIL}?status=${status}`, busy)],
      [`changes of status ${status}`, nova(`${DETAIL}${SINCE}&status=${status}`, busy)],
    ]),
  ),
  'servers of status BUILD of all tenants': nova(`${DETAIL}?status=BUILD&all_tenants=1`, cloudAdmin),
  ...Object.fromEntries(
    Object.entries(TIMES).map(([title, time]) => [
      `changes since a time of ${title}`,
      nova(`${DETAIL}?changes-since=${encodeURIComponent(time)}`, busy),
    ]),
  ),
  'changes since two times': nova(`${DETAIL}${SINCE}&changes-since=2100-01-01T00:00:00Z`, busy),
  'changes since two times, the first of which is none': nova(`${DETAIL}?changes-since=x&${SINCE.slice(1)}`, busy),
  'the first page of changes': nova(`${DETAIL}${SINCE}&limit=5`, busy),
  'the page of changes that the next link names': async (cloud) => {
    const page = await servers(cloud, `${SINCE}&limit=5`);
    const href = new URL(page.servers_links![0]!.href);
    return nova(`${DETAIL}${href.search}`, busy)(cloud);
  },
  'a page that ends exactly with the last change': async (cloud) => {
    const { servers: all } = await servers(cloud, SINCE);
    return nova(`${DETAIL}${SINCE}&limit=${all.length}`, busy)(cloud);
  },
  'the page behind the last change': async (cloud) => {
    const { servers: all } = await servers(cloud, SINCE);
    return nova(`${DETAIL}${SINCE}&limit=${all.length}&marker=${all.at(-1)!.id}`, busy)(cloud);
  },
  'changes behind a marker that is gone': nova(`${DETAIL}${SINCE}&marker=00000000-0000-4000-8000-000000000000`, busy),
  'changes of a project of which servers were deleted': inNested(() => ''),
  'changes behind a server that was deleted': inNested((gone) => `&marker=${gone}`),
  'changes since tomorrow behind a server': async (cloud) => {
    const { servers: all } = await servers(cloud, '');
    return nova(`${DETAIL}?changes-since=2100-01-01T00:00:00Z&marker=${all[0]!.id}`, busy)(cloud);
  },
  'changes since the second of a change': isTold(0),
  'changes since half a second after a change': isTold(500),
  'changes since a second after a change': isTold(1000),
  'changes since half a second before a change': isTold(-500),
  'changes without a token': nova(`${DETAIL}${SINCE}`, () => null),
};

export const NOVA: Readonly<Record<string, Question>> = {
  ...Object.fromEntries(VERSIONS.map((version) => [`servers at ${version}`, nova(DETAIL, busy, version)])),
  'servers without a microversion': nova(DETAIL, busy, null),
  "servers, as an administrator of one's own project": nova(DETAIL, cloudAdmin),
  'servers of an empty project': async (cloud) => {
    const { authUrl, member } = cloud;
    const empty = await token(authUrl, rescopeBody(member.login, projectId(member.domain, '-empty')));
    return nova(DETAIL, () => empty)(cloud);
  },
  'names of servers': nova('/servers', busy),
  'names of servers of all tenants, as an administrator': nova('/servers?all_tenants=1', cloudAdmin),
  'names of servers of all tenants, as a member': nova('/servers?all_tenants=1', busy),
  'the first page': nova(`${DETAIL}?limit=5`, busy),
  'the page that the next link names': async (cloud) => {
    const page = await servers(cloud, '?limit=5');
    const href = new URL(page.servers_links![0]!.href);
    return nova(`${DETAIL}${href.search}`, busy)(cloud);
  },
  'a page that ends exactly with the last server': async (cloud) => {
    const { servers: all } = await servers(cloud, '');
    return nova(`${DETAIL}?limit=${all.length}`, busy)(cloud);
  },
  'the page behind the last server': async (cloud) => {
    const { servers: all } = await servers(cloud, '');
    return nova(`${DETAIL}?limit=${all.length}&marker=${all.at(-1)!.id}`, busy)(cloud);
  },
  'a page of none': nova(`${DETAIL}?limit=0`, busy),
  'a page larger than any': nova(`${DETAIL}?limit=100000`, busy),
  'a negative limit': nova(`${DETAIL}?limit=-1`, busy),
  'a limit that is no number': nova(`${DETAIL}?limit=many`, busy),
  'a marker that is gone': nova(`${DETAIL}?marker=00000000-0000-4000-8000-000000000000`, busy),
  "a foreign server's marker": async (cloud) => {
    const { servers: all } = await servers(cloud, '', cloudAdmin);
    return nova(`${DETAIL}?marker=${all[0]!.id}`, busy)(cloud);
  },
  'all tenants, as a member': nova(`${DETAIL}?all_tenants=1`, busy),
  'all tenants with a limit, as a member': nova(`${DETAIL}?all_tenants=1&limit=20`, busy, '2.47'),
  'all tenants, as an administrator': nova(`${DETAIL}?all_tenants=1`, cloudAdmin),
  'all tenants at 2.47, as an administrator': nova(`${DETAIL}?all_tenants=1`, cloudAdmin, '2.47'),
  'all tenants with a limit, as an administrator': nova(`${DETAIL}?all_tenants=1&limit=20`, cloudAdmin),
  'all tenants of one project, as an administrator': async (cloud) => {
    const id = projectId(cloud.member.domain, '-prj-02');
    return nova(`${DETAIL}?all_tenants=1&project_id=${id}`, cloudAdmin)(cloud);
  },
  'all_tenants=0, as a member': nova(`${DETAIL}?all_tenants=0`, busy),
  'all_tenants=perhaps': nova(`${DETAIL}?all_tenants=perhaps`, cloudAdmin),
  'an unknown parameter at 2.79': nova(`${DETAIL}?colour=blue`, busy, '2.79'),
  'an unknown parameter at 2.69': nova(`${DETAIL}?colour=blue`, busy),
  'servers without a token': nova(DETAIL, () => null),
  'servers with a made-up token': nova(DETAIL, nobody),
  // Nova has not seen it before, and asks Keystone.
  'servers with a revoked token': async (cloud) => {
    const dead = await revokedToken(cloud);
    return nova(DETAIL, () => dead)(cloud);
  },
  'limits at 2.47': nova('/limits', busy, '2.47'),
  'limits without a microversion': nova('/limits', busy, null),
  'limits at 2.93': nova('/limits', busy, '2.93'),
  'limits, as an administrator': nova('/limits', cloudAdmin, '2.47'),
  'limits without a token': nova('/limits', () => null, '2.47'),
  'limits with a made-up token': nova('/limits', nobody, '2.47'),
  ...CHANGES,
  'an unknown page of Nova': nova('/nothing-here', busy),
  'an unknown page of Nova without a token': nova('/nothing-here', () => null),
};
