import type { Reply } from './api.js';
import { busy, cloudAdmin, DETAIL, nova, projectId, type Asked, type Question } from './asked.js';
import { AGES, SINCE, TIMES } from './questions-nova.js';

/* What Nova is asked about usage, and about several statuses at once. */

const USAGE = '/os-simple-tenant-usage';
const EVER = `start=${AGES}`;
const NOWHERE = '00000000-0000-4000-8000-000000000000';

/** Usage of a project of the member's domain. */
const usage =
  (query: string, who = busy, version = '2.69', ending = '-prj-01'): Question =>
  (cloud) =>
    nova(`${USAGE}/${projectId(cloud.member.domain, ending)}?${query}`, who, version)(cloud);

/** Of the whole cloud. */
const usages = (query: string, who = cloudAdmin, version = '2.69'): Question => nova(`${USAGE}?${query}`, who, version);

interface UsageBody {
  tenant_usage: { server_usages: { instance_id: string; state: string; vcpus: number; memory_mb: number }[] };
  tenant_usage_links?: { href: string }[];
}

const usageBody = async (query: string, cloud: Asked): Promise<UsageBody> =>
  (await usage(query)(cloud)).json as UsageBody;

/** Both clouds hold the same by state; the order is that of ids. */
const usageByState: Question = async (cloud) => {
  const reply = await usage(EVER)(cloud);
  const rows = (reply.json as UsageBody).tenant_usage.server_usages;
  const figures: Record<string, [servers: number, vcpus: number, mb: number]> = {};
  for (const { state, vcpus, memory_mb: mb } of rows) {
    const [servers, sum, sumMb] = figures[state] ?? [0, 0, 0];
    figures[state] = [servers + 1, sum + vcpus, sumMb + mb];
  }
  const isSorted = rows.every(({ instance_id: id }, i) => i === 0 || id > rows[i - 1]!.instance_id);
  return {
    ...reply,
    json: { isSorted: { [String(isSorted)]: {} }, [JSON.stringify(Object.entries(figures).sort())]: {} },
  };
};

/** The next link without what differs from cloud to cloud. */
const nextOf =
  (question: Question): Question =>
  async (cloud) => {
    const reply = await question(cloud);
    const [, links] = Object.entries(reply.json as Record<string, { href: string }[]>).find(([key]) =>
      key.endsWith('_links'),
    )!;
    const { pathname, search } = new URL(links[0]!.href);
    return { ...reply, json: { [`${pathname}${search.replace(/marker=[^&]+/, 'marker')}`]: {} } };
  };

/** Usages behind what a project's first page ends with. */
const behind =
  (query: string, ask: (query: string) => Question): Question =>
  async (cloud) => {
    const { tenant_usage: tenant } = await usageBody(`${EVER}&limit=5`, cloud);
    return ask(`${EVER}&marker=${tenant.server_usages[4]!.instance_id}${query}`)(cloud);
  };

/** Times as Python's strptime may have them. */
const USAGE_TIMES: Readonly<Record<string, string>> = {
  ...{ 'fractions and no zone': `${AGES}.123456`, 'one digit of fractions': `${AGES}.5`, 'a point alone': `${AGES}.` },
  ...{ 'seven digits of fractions': `${AGES}.1234567`, 'a blank and fractions': '2000-01-01 00:00:00.0' },
  ...{ 'several blanks': '2000-01-01   00:00:00.0', 'a T that is small, and no zone': '2000-01-01t00:00:00' },
  ...{
    'no leading zeros': '2000-1-1T0:0:0',
    'a blank for a zero': '2000-01- 1T00:00:00',
    'the year 0': '0000-01-01T00:00:00',
  },
  ...{
    'the year 1': '0001-01-01T00:00:00',
    'the year 999': '0999-01-01T00:00:00',
    'the year 1000': '1000-01-01T00:00:00',
  },
  ...{
    'a 61st second': '2000-01-01T00:00:60',
    'a 24th hour': '2000-01-01T24:00:00',
    'the last year': '9999-12-31T23:59:59.999999',
  },
  ...{ 'a 30th of February, no zone': '2000-02-30T00:00:00', 'years of five digits': '20000-01-01T00:00:00' },
};

/** With Nova's words where it refuses. */
const worded =
  (question: Question): Question =>
  async (cloud) => {
    const reply: Reply = await question(cloud);
    return reply.status < 400 || reply.json === undefined
      ? reply
      : { ...reply, json: { [JSON.stringify(reply.json)]: {} } };
  };

function allWorded(questions: Readonly<Record<string, Question>>): Readonly<Record<string, Question>> {
  return Object.fromEntries(Object.entries(questions).map(([title, question]) => [title, worded(question)]));
}

export const USAGES = allWorded({
  ...Object.fromEntries(
    ['2.1', '2.39', '2.40', '2.69', '2.74', '2.75', '2.79'].flatMap((version) => [
      [`usage at ${version}`, usage(EVER, busy, version)],
      [
        `usage with details and an unknown parameter, at ${version}`,
        usage(`${EVER}&detailed=1&colour=blue`, busy, version),
      ],
      [`usage at ${version} with a limit and a marker`, usage(`${EVER}&limit=3&marker=${NOWHERE}`, busy, version)],
      [`usage at ${version} with a limit`, usage(`${EVER}&limit=3`, busy, version)],
      [`all usage at ${version}`, usages(`${EVER}&limit=3`, cloudAdmin, version)],
      [`all usage at ${version} in detail`, usages(`${EVER}&detailed=1&limit=3`, cloudAdmin, version)],
      [`all usage at ${version}, as a member`, usages(`${EVER}&colour=blue`, busy, version)],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({ ...TIMES, ...USAGE_TIMES }).map(([title, time]) => [
      `usage since a time of ${title}`,
      usage(`start=${encodeURIComponent(time)}`),
    ]),
  ),
  'usage without a time': usage(''),
  'all usage without a time': usages(''),
  'usage until a time alone that is past': usage(`end=${AGES}`),
  'usage until a time alone that is to come': usage('end=2100-01-01T00:00:00'),
  'usage of a time to come': usage('start=2099-01-01T00:00:00&end=2100-01-01T00:00:00'),
  'usage of no time at all': usage(`${EVER}&end=${AGES}`),
  'usage of a time before all': usage(`${EVER}&end=2000-01-02T00:00:00`),
  'all usage of a time before all': usages(`${EVER}&end=2000-01-02T00:00:00&detailed=1`),
  'usage until no time': usage(`${EVER}&end=x`),
  'usage since several times': usage(`start=&${EVER}&start=x`),
  'usage by state': usageByState,
  'usage of another project': usage(EVER, busy, '2.69', '-prj-02'),
  'usage of another project since no time': usage('start=x', busy, '2.69', '-prj-02'),
  'usage of another project with a bad limit': usage('limit=x', busy, '2.69', '-prj-02'),
  'usage of another project, as an administrator': usage(EVER, cloudAdmin),
  'usage of an empty project, as an administrator': usage(EVER, cloudAdmin, '2.69', '-empty'),
  'usage of no such project, as an administrator': nova(`${USAGE}/nowhere?${EVER}`, cloudAdmin),
  'usage of no such project, as a member': nova(`${USAGE}/nowhere?${EVER}`, busy),
  'usage of a project without its name': nova(`${USAGE}/?${EVER}`, cloudAdmin),
  'usage without a token': nova(USAGE, () => null),
  'usage behind a server': behind('', usage),
  'usage behind a server, to the end': behind('&limit=1000', usage),
  'usage behind a server of another project': behind('', (query) => usage(query, cloudAdmin, '2.69', '-prj-02')),
  'all usage behind a server': behind('&limit=3', usages),
  'usage behind no marker': usage(`${EVER}&marker=`),
  'a page of no usage': usage(`${EVER}&limit=0`),
  'a page of no usage behind a marker that is gone': usage(`${EVER}&limit=0&marker=${NOWHERE}`),
  'usage with an empty limit': usage(`${EVER}&limit=`),
  'usage with two limits, the first of which is none': usage(`${EVER}&limit=x&limit=2`),
  'all usage with details that are not 1': usages(`${EVER}&detailed=true&limit=3`),
  'all usage with details twice': usages(`${EVER}&detailed=&detailed=1&detailed=0&limit=3`),
  'a page that ends exactly with the last usage': async (cloud) => {
    const { tenant_usage: tenant } = await usageBody(EVER, cloud);
    return usage(`${EVER}&limit=${tenant.server_usages.length}`)(cloud);
  },
  'the next link of usage': nextOf(usage(`${EVER}&limit=3&colour=blue&detailed=1`)),
  'the next link of usage with two limits': nextOf(usage(`${EVER}&limit=3&limit=2`)),
  'the next link of usage, as an administrator': nextOf(usage(`${EVER}&limit=3`, cloudAdmin)),
  'the next link of all usage': nextOf(usages(`limit=3&${EVER}&detailed=1`)),
  'the next link of several statuses': nextOf(nova(`${DETAIL}?status=BUILD&status=ACTIVE&limit=2`, busy)),
});

const LISTS = [
  'status=ACTIVE&status=SHUTOFF',
  'status=active&status=Shutoff',
  'status=BUILD&status=REBOOT',
  'status=REBOOT&status=HARD_REBOOT',
  'status=VERIFY_RESIZE&status=REVERT_RESIZE',
  'status=REVERT_RESIZE',
  'status=ACTIVE&status=NONSENSE',
  'status=NONSENSE&status=UNKNOWN',
  'status=',
  'status=NONSENSE&all_tenants=perhaps',
  'status=NONSENSE&all_tenants=1',
  'status=NONSENSE&limit=x',
  'status=NONSENSE&marker=x',
  'status=DELETED',
  'status=deleted',
  'status=DELETED&status=NONSENSE',
  'status=DELETED&status=ACTIVE',
  'status=DELETED&status=SOFT_DELETED',
  'status=DELETED&all_tenants=perhaps',
  'status=DELETED&limit=x',
  'status=DELETED&marker=x',
];

/** Of answers over the whole cloud, what other tests left in a real one is no matter. */
export const STATUS_PAGES: ReadonlySet<string> = new Set([
  'servers of status=DELETED&all_tenants=1&limit=3, as an administrator',
]);

export const STATUSES = allWorded({
  ...Object.fromEntries(
    LISTS.flatMap((query) => [
      [`servers of ${query}`, nova(`${DETAIL}?${query}`, busy)],
      [`changes of ${query}`, nova(`${DETAIL}${SINCE}&${query}`, busy)],
      [`servers of ${query}, as an administrator`, nova(`${DETAIL}?${query}`, cloudAdmin)],
      [`changes of ${query}, as an administrator`, nova(`${DETAIL}${SINCE}&${query}`, cloudAdmin)],
    ]),
  ),
  'names of servers of status=DELETED': nova('/servers?status=DELETED', busy),
  'names of servers of status=DELETED, as an administrator': nova('/servers?status=DELETED', cloudAdmin),
  'servers of status=DELETED&all_tenants=1&limit=3, as an administrator': nova(
    `${DETAIL}?status=DELETED&all_tenants=1&limit=3`,
    cloudAdmin,
  ),
  'servers of status=DELETED&all_tenants=1': nova(`${DETAIL}?status=DELETED&all_tenants=1`, busy),
  ...Object.fromEntries(
    ['2.1', '2.37', '2.38'].flatMap((version) => [
      [`servers of no status at ${version}`, nova(`${DETAIL}?status=NONSENSE`, busy, version)],
      [
        `servers of no status and all tenants at ${version}`,
        nova(`${DETAIL}?status=NONSENSE&all_tenants=1`, busy, version),
      ],
      [`servers that are deleted at ${version}`, nova(`${DETAIL}?status=DELETED`, busy, version)],
    ]),
  ),
});
