import { expect } from 'chai';

import type { SnapshotJson } from '../../src/web/json.js';
import type { ExpectedProject } from '../../src/simulator/seed.js';
import { adminBody } from './helpers/api.js';
import { addFigures, projectFigures, type Counting, type Expected, type ExpectedDomain } from './helpers/expected.js';
import { runProgram, withExporter } from './helpers/program.js';
import { forgetSeenTokens, seed, up } from './helpers/rig.js';
import { Users, type Grant } from './helpers/users.js';

const INHERITED_ROLE = 'reader on the domain, inherited by its projects: the user has no role in some of them';
const LESSER_ROLE = 'the user sees the servers of all domains';

interface Case {
  /** `own`: on the login's project, which bears the domain's name; `each`: on each project, one by one. */
  grant: readonly [role: string, place: 'inherited' | 'each' | 'own'];
  strategy: string;
  scope: 'all of the domain' | "the user's only";
  /** Projects that are known, of the four that there are. */
  projects: number;
  /** Those that may be read. */
  read: 'all' | 'own';
  hint: string | null;
}

const LIST = { strategy: 'project-list', hint: null };
const USERS = { ...LIST, scope: "the user's only", projects: 4, read: 'all' } as const;
const DOMAINS = { ...USERS, scope: 'all of the domain' } as const;

const CASES: Case[] = [
  { ...USERS, grant: ['reader', 'inherited'] },
  { ...USERS, grant: ['member', 'inherited'] },
  { ...USERS, grant: ['reader', 'each'] },
  { ...USERS, grant: ['member', 'each'] },
  { ...USERS, grant: ['reader', 'own'], projects: 1, read: 'own' },
  { ...DOMAINS, grant: ['admin', 'own'], strategy: 'cloud-list', hint: LESSER_ROLE },
];

/** Where Keystone's policy lets a member of a project list all projects of its domain. */
const LISTER_CASES: Case[] = [
  { ...DOMAINS, grant: ['member', 'inherited'] },
  { ...DOMAINS, grant: ['member', 'each'] },
  { ...DOMAINS, grant: ['member', 'own'], read: 'own', hint: INHERITED_ROLE },
];

describe('Users that hold exactly these roles, and nothing more', () => {
  let expected: Expected;
  let users: Users;
  before(async () => {
    expected = await seed('--start', '701', '--domains', '2', '--projects', '3', '--servers', '12');
    users = await Users.of(expected, expected.domains[0]!, adminBody(expected));
  });
  after(() => users.removeAll());

  const isOwn = ({ name }: ExpectedProject): boolean => name === expected.domains[0]!.name;
  const figures = (projects = expected.domains[0]!.projects, counting: Counting = 'allocated') =>
    addFigures(projects.map((project) => projectFigures(project, counting)));

  async function userOf([role, place]: Case['grant']): Promise<ExpectedDomain> {
    if (place === 'inherited') return users.add([role, place]);
    const { projects } = expected.domains[0]!;
    const given = place === 'own' ? projects.filter(isOwn) : projects;
    return users.add(...given.map(({ id }): Grant => [role, { projectId: id }]));
  }

  function describeCase({ grant, strategy, scope, projects, read, hint }: Case): void {
    it(`${grant.join(', ')}: ${strategy}, ${scope}`, async () => {
      const domain = await userOf(grant);
      const options = { authUrl: expected.auth_url, domains: [domain] };
      const { stdout } = await runProgram('snapshot', { ...options, args: ['--output=json'] });
      const [row] = (JSON.parse(stdout) as SnapshotJson).domains;
      const isPartial = read === 'own' && projects > 1;
      expect(row).to.deep.include({ result: isPartial ? 'partial' : 'ok', strategy, projects });
      const { servers, vcpus, ramMb } = figures(
        expected.domains[0]!.projects.filter((one) => read === 'all' || isOwn(one)),
      );
      expect([row!.servers, row!.vcpus, row!.ramMb]).to.deep.equal([servers, vcpus, ramMb]);
      const errors = row!.errors.map(({ stage, reason, count }) => `${stage} ${reason} ${count}`);
      expect(errors).to.deep.equal(isPartial ? [`servers forbidden ${projects - 1}`] : []);

      const check = await runProgram('check', options);
      expect(check.code, check.stderr).to.equal(isPartial ? 1 : 0);
      const told = check.stdout.split('\n').find((line) => line.startsWith(`${domain.name} `));
      expect(told).to.match(new RegExp(`^${domain.name} +${row!.result} +ok +${projects} +${scope} +${strategy} `));
      const hints = [INHERITED_ROLE, LESSER_ROLE].filter((text) => check.stdout.includes(text));
      expect(hints).to.deep.equal(hint === null ? [] : [hint]);
    }).timeout(90_000);
  }

  for (const one of CASES) describeCase(one);

  it('reader, inherited, is enough for project-limits', async () => {
    const domain = await userOf(['reader', 'inherited']);
    const args = ['--output=json', '--collect.counting=quota'];
    const { stdout, code } = await runProgram('snapshot', { authUrl: expected.auth_url, domains: [domain], args });
    const [row] = (JSON.parse(stdout) as SnapshotJson).domains;
    const { vcpus, ramMb } = figures(undefined, 'quota');
    expect(row).to.deep.include({ result: 'ok', strategy: 'project-limits', vcpus, ramMb });
    expect(code).to.equal(0);
  });

  it('a new project is seen by itself where the role is inherited, and not where each project has its own', async () => {
    const inherited = await userOf(['reader', 'inherited']);
    const each = await userOf(['reader', 'each']);
    const project = await users.addProject(`w-new-${process.pid}`);
    const seen = [];
    for (const domain of [inherited, each]) {
      const options = { authUrl: expected.auth_url, domains: [domain], args: ['--output=json'] };
      const { domains } = JSON.parse((await runProgram('snapshot', options)).stdout) as SnapshotJson;
      seen.push([domains[0]!.projects, domains[0]!.result]);
    }
    await users.removeProject(project);
    expect(seen).to.deep.equal([
      [5, 'ok'],
      [4, 'ok'],
    ]);
  }).timeout(90_000);

  describe('a role that is taken away between two scrapes', () => {
    const lost = () => expected.domains[0]!.projects.find(({ name }) => name.endsWith('-prj-02'))!;
    const others = () => figures(expected.domains[0]!.projects.filter((project) => project !== lost()));

    it('is an error for as long as it is missing, where only the projects of the user are known', async () => {
      const domain = await userOf(['reader', 'each']);
      const grant: Grant = ['reader', { projectId: lost().id }];
      await withExporter({ authUrl: expected.auth_url, domains: [domain] }, async (exporter) => {
        const before = await exporter.scrape();
        expect(before.value('vhi_total_vcpus_in_use')).to.equal(figures().vcpus);
        await users.takeAway(domain, grant);
        for (let scrape = 1; scrape <= 3; scrape += 1) {
          // Then at the latest Keystone knows what to say to the token that was used for it.
          if (scrape === 2) await forgetSeenTokens();
          const page = await exporter.scrape();
          expect(page.value('vhi_snapshot_complete')).to.equal(0);
          expect(page.value('vhi_domain_projects')).to.equal(before.value('vhi_domain_projects')! - 1);
          expect(page.value('vhi_total_vcpus_in_use')).to.equal(others().vcpus);
        }
        const { errors } = await exporter.snapshot();
        expect(errors.map(({ stage, reason, message }) => `${stage} ${reason}: ${message}`)).to.deep.equal([
          `projects forbidden: project "${lost().name}": the user has lost its role in it; if that is meant, start the exporter anew`,
        ]);
        await users.grant(domain, grant);
        const page = await exporter.scrape();
        expect(page.value('vhi_snapshot_complete')).to.equal(1);
        expect(page.value('vhi_total_vcpus_in_use')).to.equal(figures().vcpus);
      });
    }).timeout(90_000);

    it('is told from a project that was deleted, which is no error, but a line in the log', async () => {
      const project = await users.addProject(`w-gone-${process.pid}`);
      const own: Grant = ['reader', { projectId: expected.domains[0]!.projects.find(isOwn)!.id }];
      const domain = await users.add(own, ['reader', { projectId: project }]);
      await withExporter({ authUrl: expected.auth_url, domains: [domain] }, async (exporter) => {
        const before = await exporter.scrape();
        expect(before.value('vhi_domain_projects')).to.equal(2);
        await users.removeProject(project);
        await forgetSeenTokens();
        const page = await exporter.scrape();
        expect(page.value('vhi_domain_projects')).to.equal(1);
        expect(page.value('vhi_snapshot_complete')).to.equal(1);
        const told = exporter.log.filter((line) => line.includes('a project is gone'));
        expect(told.map((line) => (JSON.parse(line) as { project_id: string }).project_id)).to.deep.equal([project]);
      });
    }).timeout(90_000);

    it('on the login’s own project fails the domain', async () => {
      const domain = await userOf(['reader', 'own']);
      await withExporter({ authUrl: expected.auth_url, domains: [domain] }, async (exporter) => {
        expect((await exporter.scrape()).value('vhi_snapshot_complete')).to.equal(1);
        await users.takeAway(domain, ['reader', { projectId: expected.domains[0]!.projects.find(isOwn)!.id }]);
        await forgetSeenTokens();
        const page = await exporter.scrape();
        expect(page.value('vhi_total_vcpus_in_use')).to.equal(null);
        expect(page.value('vhi_domain_collect_error_info', { stage: 'login', reason: 'auth' })).to.equal(1);
      });
    }).timeout(90_000);

    describe('where the policy lets members list the projects of their domain', () => {
      before(() => up({ RIG_KEYSTONE_POLICY: 'domainlist' }));
      after(() => up());

      for (const one of LISTER_CASES) describeCase(one);

      it('is an error for as long as it is missing', async () => {
        const domain = await userOf(['member', 'each']);
        const grant: Grant = ['member', { projectId: lost().id }];
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
    });
  });
});
