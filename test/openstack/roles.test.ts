import { expect } from 'chai';

import type { SnapshotJson } from '../../src/web/json.js';
import { adminBody } from './helpers/api.js';
import { addFigures, projectFigures, type Counting, type Expected, type ExpectedDomain } from './helpers/expected.js';
import { runProgram, withExporter } from './helpers/program.js';
import { forgetSeenTokens, seed } from './helpers/rig.js';
import { Users, type Grant } from './helpers/users.js';

/** The project that the login is scoped to bears the domain's name. */
const OWN = 'own';
const DOMAIN_ROLE = 'reader on the domain itself';
const INHERITED_ROLE = 'reader on the domain, inherited by its projects';
const LESSER_ROLE = 'the servers of all domains';

interface Case {
  title: string;
  /** `own`: on the login's project; `each`: on each project, one by one. */
  grants: readonly (readonly [role: string, place: 'domain' | 'inherited' | 'each' | typeof OWN])[];
  strategy: string;
  scope: 'all of the domain' | "the user's only";
  /** Projects that are known, of the four that there are. */
  projects?: number;
  /** Whether all of them may be read. */
  partial?: true;
  hint: string | null;
}

const CASES: Case[] = [
  {
    title: 'reader on the domain, and inherited by its projects',
    grants: [
      ['reader', 'domain'],
      ['reader', 'inherited'],
    ],
    strategy: 'project-list',
    scope: 'all of the domain',
    hint: null,
  },
  {
    title: 'member on the domain, and inherited by its projects',
    grants: [
      ['member', 'domain'],
      ['member', 'inherited'],
    ],
    strategy: 'project-list',
    scope: 'all of the domain',
    hint: null,
  },
  {
    title: 'reader inherited by the projects, and nothing else',
    grants: [['reader', 'inherited']],
    strategy: 'project-list',
    scope: "the user's only",
    hint: DOMAIN_ROLE,
  },
  {
    title: 'reader on each project, one by one',
    grants: [['reader', 'each']],
    strategy: 'project-list',
    scope: "the user's only",
    hint: DOMAIN_ROLE,
  },
  {
    title: 'reader on the domain, and of its projects on the own one only',
    grants: [
      ['reader', 'domain'],
      ['reader', OWN],
    ],
    strategy: 'project-list',
    scope: 'all of the domain',
    partial: true,
    hint: INHERITED_ROLE,
  },
  {
    title: 'reader on the own project only',
    grants: [['reader', OWN]],
    strategy: 'project-list',
    scope: "the user's only",
    projects: 1,
    hint: DOMAIN_ROLE,
  },
  {
    title: 'admin on the own project only',
    grants: [['admin', OWN]],
    strategy: 'cloud-list',
    scope: 'all of the domain',
    hint: LESSER_ROLE,
  },
];

describe('Users that hold exactly these roles, and nothing more', () => {
  let expected: Expected;
  let users: Users;
  before(async () => {
    expected = await seed('--start', '701', '--domains', '2', '--projects', '3', '--servers', '12');
    users = await Users.of(expected, expected.domains[0]!, adminBody(expected));
  });
  after(() => users.removeAll());

  const figures = (projects = expected.domains[0]!.projects, counting: Counting = 'allocated') =>
    addFigures(projects.map((project) => projectFigures(project, counting)));
  const ownProject = () => expected.domains[0]!.projects.filter(({ name }) => name === expected.domains[0]!.name);

  function userOf(grants: Case['grants']): Promise<ExpectedDomain> {
    const all = expected.domains[0]!.projects;
    return users.add(
      ...grants.flatMap(([role, place]): Grant[] => {
        if (place === 'each') return all.map(({ id }) => [role, { projectId: id }]);
        return [[role, place === OWN ? { projectId: ownProject()[0]!.id } : place]];
      }),
    );
  }

  for (const { title, grants, strategy, scope, projects = 4, partial = false, hint } of CASES) {
    it(`${title}: ${strategy}`, async () => {
      const domain = await userOf(grants);
      const options = { authUrl: expected.auth_url, domains: [domain] };
      const { stdout } = await runProgram('snapshot', { ...options, args: ['--output=json'] });
      const { domains } = JSON.parse(stdout) as SnapshotJson;
      const [row] = domains;
      expect(row).to.deep.include({ result: partial ? 'partial' : 'ok', strategy, projects });
      const { servers, vcpus, ramMb } = figures(partial || projects === 1 ? ownProject() : undefined);
      expect([row!.servers, row!.vcpus, row!.ramMb]).to.deep.equal([servers, vcpus, ramMb]);
      const errors = row!.errors.map(({ stage, reason, count }) => `${stage} ${reason} ${count}`);
      expect(errors).to.deep.equal(partial ? ['servers forbidden 3'] : []);

      const check = await runProgram('check', options);
      expect(check.code, check.stderr).to.equal(partial ? 1 : 0);
      const told = check.stdout.split('\n').find((line) => line.startsWith(`${domain.name} `));
      expect(told).to.match(new RegExp(`^${domain.name} +${row!.result} +ok +${projects} +${scope} +${strategy} `));
      const hints = [DOMAIN_ROLE, INHERITED_ROLE, LESSER_ROLE].filter((text) => check.stdout.includes(text));
      expect(hints).to.deep.equal(hint === null ? [] : [hint]);
    }).timeout(90_000);
  }

  it('reader inherited by the projects is enough for project-limits', async () => {
    const domain = await userOf([['reader', 'inherited']]);
    const args = ['--output=json', '--collect.counting=quota'];
    const { stdout, code } = await runProgram('snapshot', { authUrl: expected.auth_url, domains: [domain], args });
    const [row] = (JSON.parse(stdout) as SnapshotJson).domains;
    const { vcpus, ramMb } = figures(undefined, 'quota');
    expect(row).to.deep.include({ result: 'ok', strategy: 'project-limits', vcpus, ramMb });
    expect(code).to.equal(0);
  });

  it('a new project is seen by itself where the role is inherited, and an error where only the domain’s role is', async () => {
    const inherited = await userOf([['reader', 'inherited']]);
    const each = await userOf([['reader', 'each']]);
    const eachAndDomain = await userOf([
      ['reader', 'each'],
      ['reader', 'domain'],
    ]);
    const project = await users.addProject(`w-new-${process.pid}`);
    const outcomes = [];
    for (const domain of [inherited, each, eachAndDomain]) {
      const options = { authUrl: expected.auth_url, domains: [domain], args: ['--output=json'] };
      const { domains } = JSON.parse((await runProgram('snapshot', options)).stdout) as SnapshotJson;
      outcomes.push([domains[0]!.projects, domains[0]!.result]);
    }
    await users.removeProject(project);
    expect(outcomes).to.deep.equal([
      [5, 'ok'],
      [4, 'ok'],
      [5, 'partial'],
    ]);
  }).timeout(90_000);

  describe('a role that is taken away between two scrapes', () => {
    const lost = () => expected.domains[0]!.projects.find(({ name }) => name.endsWith('-prj-02'))!;
    const others = () => figures(expected.domains[0]!.projects.filter((project) => project !== lost()));

    it('is an error for as long as it is missing, where the user has a role on the domain', async () => {
      const domain = await userOf([
        ['reader', 'each'],
        ['reader', 'domain'],
      ]);
      const grant: Grant = ['reader', { projectId: lost().id }];
      await withExporter({ authUrl: expected.auth_url, domains: [domain] }, async (exporter) => {
        const before = await exporter.scrape();
        expect(before.value('vhi_snapshot_complete')).to.equal(1);
        expect(before.value('vhi_total_vcpus_in_use')).to.equal(figures().vcpus);
        await users.takeAway(domain, grant);
        await forgetSeenTokens();
        for (let scrape = 1; scrape <= 2; scrape += 1) {
          const page = await exporter.scrape();
          expect(page.value('vhi_snapshot_complete')).to.equal(0);
          expect(page.value('vhi_domain_collect_errors')).to.equal(1);
          expect(page.value('vhi_domain_projects')).to.equal(4);
          expect(page.value('vhi_total_vcpus_in_use')).to.equal(others().vcpus);
        }
        await users.grant(domain, grant);
        const page = await exporter.scrape();
        expect(page.value('vhi_snapshot_complete')).to.equal(1);
        expect(page.value('vhi_total_vcpus_in_use')).to.equal(figures().vcpus);
      });
    }).timeout(90_000);

    it('can be told by the number of projects alone, where the user has none on the domain', async () => {
      const domain = await userOf([['reader', 'each']]);
      await withExporter({ authUrl: expected.auth_url, domains: [domain] }, async (exporter) => {
        const before = await exporter.scrape();
        expect(before.value('vhi_total_vcpus_in_use')).to.equal(figures().vcpus);
        await users.takeAway(domain, ['reader', { projectId: lost().id }]);
        const page = await exporter.scrape();
        expect(page.value('vhi_domain_projects')).to.equal(before.value('vhi_domain_projects')! - 1);
        expect(page.value('vhi_total_vcpus_in_use')).to.equal(others().vcpus);
        expect(page.value('vhi_domain_collect_errors')).to.equal(0);
      });
    }).timeout(90_000);

    it('on the login’s own project fails the domain', async () => {
      const domain = await userOf([['reader', OWN]]);
      await withExporter({ authUrl: expected.auth_url, domains: [domain] }, async (exporter) => {
        expect((await exporter.scrape()).value('vhi_snapshot_complete')).to.equal(1);
        await users.takeAway(domain, ['reader', { projectId: ownProject()[0]!.id }]);
        await forgetSeenTokens();
        const page = await exporter.scrape();
        expect(page.value('vhi_total_vcpus_in_use')).to.equal(null);
        expect(page.value('vhi_domain_collect_error_info', { stage: 'login', reason: 'auth' })).to.equal(1);
      });
    }).timeout(90_000);
  });
});
