import { expect } from 'chai';
import type { Call, CloudOptions } from '../../src/simulator/server.js';
import { together } from '../helpers/together.js';
import { type DomainPlan, withRig, worldOf } from './rig.js';

/** What a call was, without ids: `3 x servers ?all_tenants=1&limit=20 @2.69 200`. */
function describeCall({ route, query, microversion, status }: Call): string {
  const parameters = query.replace(/(domain_id|project_id|marker|changes-since)=[^&]+/g, '$1=…');
  return [route, parameters && `?${parameters}`, microversion && `@${microversion}`, status].filter(Boolean).join(' ');
}

/** How often each was called, in alphabetical order. */
function tally(calls: readonly Call[]): string[] {
  const counts = new Map<string, number>();
  for (const text of calls.map(describeCall)) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} x ${text}`).sort();
}

/** Numbers of `tally` that differ from one run to another, where `3..6 x` stands for them, as they are expected. */
function inRange(told: string[], expected: readonly string[]): string[] {
  return told.map((line) => {
    const [, count, call] = /^(\d+) x (.*)$/.exec(line)!;
    const range = expected.find((one) => one.includes('..') && one.endsWith(` x ${call!}`));
    const [least, most] = (range?.split(' ')[0]?.split('..') ?? []).map(Number);
    return range && Number(count) >= least! && Number(count) <= most! ? range : line;
  });
}

interface Case {
  title: string;
  /** Each of N = 5 projects, 15 servers, unless told otherwise. */
  domains: DomainPlan[];
  args?: string[];
  cloud?: Partial<CloudOptions>;
  vcpus: number;
  strategy: string;
  /** `3..6 x`: a domain that has its rows before another one is there looks its projects up once more. */
  cold: string[];
  warm: string[];
  /** From the second scrape on, where what changed is asked for. */
  changes?: string[];
}

const FIVE = [3, 3, 3, 3, 3];
const OWN_PROJECTS = ['1 x authProjects 200', '1 x projects ?domain_id=… 403'];
const PROBE = 'servers ?all_tenants=1&limit=20 @2.69';
const LIST = 'servers ?all_tenants=1 @2.69 200';

const CASES: Case[] = [
  {
    title: 'auto, a member of each project: project by project, and a refused probe once',
    domains: [{ name: 'acme', role: 'member', projects: FIVE }],
    vcpus: 15,
    strategy: 'project-list',
    cold: [...OWN_PROJECTS, '1 x login 201', '4 x rescope ?nocatalog 201', `1 x ${PROBE} 403`, '5 x servers @2.69 200'],
    warm: ['1 x authProjects 200', '5 x servers @2.69 200'],
    changes: ['1 x authProjects 200', '5 x servers ?changes-since=… @2.69 200'],
  },
  {
    title:
      "auto, a domain administrator whom all_tenants shows the domain: one listing, and the project list isn't read again",
    domains: [{ name: 'acme', role: 'domain_admin', projects: FIVE }],
    vcpus: 15,
    strategy: 'domain-list',
    cold: ['1 x login 201', '1 x projects ?domain_id=… 200', `1 x ${PROBE} 200`, `1 x ${LIST}`],
    warm: [`1 x ${LIST}`],
    changes: ['1 x servers ?all_tenants=1&changes-since=… @2.69 200'],
  },
  {
    title: 'auto, a domain administrator whom all_tenants shows the own project only: project by project',
    domains: [{ name: 'acme', role: 'project_admin', projects: FIVE }],
    vcpus: 15,
    strategy: 'project-list',
    cold: [...OWN_PROJECTS, '1 x login 201', '4 x rescope ?nocatalog 201', `1 x ${PROBE} 200`, '5 x servers @2.69 200'],
    warm: ['1 x authProjects 200', '5 x servers @2.69 200'],
    changes: ['1 x authProjects 200', '5 x servers ?changes-since=… @2.69 200'],
  },
  {
    title: 'auto, a domain administrator who may list projects alone: project by project',
    domains: [{ name: 'acme', role: 'domain_lister', projects: FIVE }],
    vcpus: 15,
    strategy: 'project-list',
    cold: [
      '1 x login 201',
      '1 x projects ?domain_id=… 200',
      '4 x rescope ?nocatalog 201',
      `1 x ${PROBE} 403`,
      '5 x servers @2.69 200',
    ],
    warm: ['1 x projects ?domain_id=… 200', '5 x servers @2.69 200'],
    changes: ['1 x projects ?domain_id=… 200', '5 x servers ?changes-since=… @2.69 200'],
  },
  {
    title: 'auto, cloud administrators of three domains: one listing for all of them',
    domains: [
      { name: 'acme', role: 'admin', projects: FIVE },
      { name: 'globex', role: 'admin', projects: [2, 2] },
      { name: 'initech', role: 'admin', projects: [1] },
    ],
    vcpus: 20,
    strategy: 'cloud-list',
    cold: ['3 x login 201', '3..6 x projects ?domain_id=… 200', `3 x ${PROBE} 200`, `1 x ${LIST}`],
    warm: [`1 x ${LIST}`],
    changes: ['1 x servers ?all_tenants=1&changes-since=… @2.69 200'],
  },
  {
    title: 'auto, counting quota, a member of each project: the counters of each project',
    domains: [{ name: 'acme', role: 'member', projects: FIVE }],
    args: ['--collect.counting=quota'],
    vcpus: 15,
    strategy: 'project-limits',
    cold: [...OWN_PROJECTS, '5 x limits @2.47 200', '1 x login 201', '4 x rescope ?nocatalog 201', `1 x ${PROBE} 403`],
    warm: ['1 x authProjects 200', '5 x limits @2.47 200'],
  },
  {
    title: 'domain-list: one listing, no probe',
    domains: [{ name: 'acme', role: 'domain_admin', projects: FIVE }],
    args: ['--collect.strategy=domain-list'],
    vcpus: 15,
    strategy: 'domain-list',
    cold: ['1 x login 201', '1 x projects ?domain_id=… 200', `1 x ${LIST}`],
    warm: [`1 x ${LIST}`],
    changes: ['1 x servers ?all_tenants=1&changes-since=… @2.69 200'],
  },
  {
    title: 'cloud-list: one listing for all, after each credential has proven what it sees',
    domains: [
      { name: 'acme', role: 'admin', projects: FIVE },
      { name: 'globex', role: 'admin', projects: [2, 2] },
    ],
    args: ['--collect.strategy=cloud-list'],
    vcpus: 19,
    strategy: 'cloud-list',
    cold: ['2 x login 201', '2..4 x projects ?domain_id=… 200', `2 x ${PROBE} 200`, `1 x ${LIST}`],
    warm: [`1 x ${LIST}`],
    changes: ['1 x servers ?all_tenants=1&changes-since=… @2.69 200'],
  },
  {
    title: 'project-list: a token and a listing for each project, no probe',
    domains: [{ name: 'acme', role: 'domain_admin', projects: FIVE }],
    args: ['--collect.strategy=project-list'],
    vcpus: 15,
    strategy: 'project-list',
    cold: ['1 x login 201', '1 x projects ?domain_id=… 200', '4 x rescope ?nocatalog 201', '5 x servers @2.69 200'],
    warm: ['1 x projects ?domain_id=… 200', '5 x servers @2.69 200'],
    changes: ['1 x projects ?domain_id=… 200', '5 x servers ?changes-since=… @2.69 200'],
  },
  {
    title: 'project-limits: a token and the counters of each project',
    domains: [{ name: 'acme', role: 'domain_lister', projects: FIVE }],
    args: ['--collect.strategy=project-limits', '--collect.counting=quota'],
    vcpus: 15,
    strategy: 'project-limits',
    cold: ['5 x limits @2.47 200', '1 x login 201', '1 x projects ?domain_id=… 200', '4 x rescope ?nocatalog 201'],
    warm: ['5 x limits @2.47 200', '1 x projects ?domain_id=… 200'],
  },
  {
    title: 'pages of 6 servers: the first request bare, the next ones by marker alone, and none behind a short page',
    domains: [{ name: 'acme', role: 'domain_admin', projects: FIVE }],
    cloud: { maxLimit: 6 },
    vcpus: 15,
    strategy: 'domain-list',
    cold: [
      '1 x login 201',
      '1 x projects ?domain_id=… 200',
      `1 x ${PROBE} 200`,
      `1 x ${LIST}`,
      '2 x servers ?all_tenants=1&marker=… @2.69 200',
    ],
    warm: [`1 x ${LIST}`, '2 x servers ?all_tenants=1&marker=… @2.69 200'],
  },
  {
    title: 'four pages of 4 servers: one after the other at first, and project by project from then on',
    domains: [{ name: 'acme', role: 'domain_admin', projects: FIVE }],
    cloud: { maxLimit: 4 },
    vcpus: 15,
    strategy: 'domain-list',
    cold: [
      '1 x login 201',
      '1 x projects ?domain_id=… 200',
      `1 x ${PROBE} 200`,
      `1 x ${LIST}`,
      '3 x servers ?all_tenants=1&marker=… @2.69 200',
    ],
    warm: ['1 x projects ?domain_id=… 200', `1 x ${LIST}`, '5 x servers ?all_tenants=1&project_id=… @2.69 200'],
  },
  {
    title: 'an exact multiple of the page size: a last page that is empty',
    domains: [{ name: 'acme', role: 'member', projects: [8] }],
    args: ['--collect.strategy=project-list'],
    cloud: { maxLimit: 4 },
    vcpus: 8,
    strategy: 'project-list',
    cold: [...OWN_PROJECTS, '1 x login 201', '1 x servers @2.69 200', '2 x servers ?marker=… @2.69 200'],
    warm: ['1 x authProjects 200', '1 x servers @2.69 200', '2 x servers ?marker=… @2.69 200'],
  },
  {
    title: 'a cloud that ends at 2.60: 2.47 after one 406, and none on the next scrape',
    domains: [{ name: 'acme', role: 'domain_admin', projects: FIVE }],
    cloud: { maxMicroversion: '2.60' },
    vcpus: 15,
    strategy: 'domain-list',
    cold: [
      '1 x login 201',
      '1 x projects ?domain_id=… 200',
      '1 x servers ?all_tenants=1 @2.47 200',
      '1 x servers ?all_tenants=1&limit=20 @2.47 200',
      `1 x ${PROBE} 406`,
    ],
    warm: ['1 x servers ?all_tenants=1 @2.47 200'],
    changes: ['1 x servers ?all_tenants=1&changes-since=… @2.47 200'],
  },
  {
    title: 'endpoints that end in the project id, as those of VHI: the same calls',
    domains: [{ name: 'acme', role: 'member', projects: FIVE }],
    cloud: { computeEndpoint: 'project-id' },
    vcpus: 15,
    strategy: 'project-list',
    cold: [...OWN_PROJECTS, '1 x login 201', '4 x rescope ?nocatalog 201', `1 x ${PROBE} 403`, '5 x servers @2.69 200'],
    warm: ['1 x authProjects 200', '5 x servers @2.69 200'],
    changes: ['1 x authProjects 200', '5 x servers ?changes-since=… @2.69 200'],
  },
];

async function checkCalls(one: Case, incremental: 'auto' | 'off'): Promise<void> {
  const { domains, cloud = {}, vcpus, strategy, cold } = one;
  const warm = incremental === 'auto' ? one.changes! : one.warm;
  const args = [...(one.args ?? []), `--collect.incremental=${incremental}`];
  await withRig({ world: worldOf(...domains), args, cloud }, async (rig) => {
    const first = await rig.snapshot();
    expect(first.complete, JSON.stringify(first.errors)).to.be.true;
    expect(first.totals!.vcpus).to.equal(vcpus);
    expect(first.domains.map((domain) => domain.strategy)).to.deep.equal(domains.map(() => strategy));
    expect(inRange(tally(rig.takeCalls()), cold).sort()).to.deep.equal([...cold].sort());
    for (const scrape of ['second', 'third']) {
      const page = await rig.metrics();
      expect(page.complete).to.equal(1);
      expect(page.get('vhi_total_vcpus_in_use')).to.equal(vcpus);
      expect(tally(rig.takeCalls()), scrape).to.deep.equal([...warm].sort());
    }
  });
}

describe('The list of calls', () => {
  const inFull = CASES.map((one) => [`of ${one.title}`, () => checkCalls(one, 'off')] as const);
  const byChanges = CASES.filter(({ changes }) => changes).map(
    (one) => [`by what changed, of ${one.title}`, () => checkCalls(one, 'auto')] as const,
  );
  together(3, Object.fromEntries([...inFull, ...byChanges]));
});
