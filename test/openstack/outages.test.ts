import { expect } from 'chai';

import { adminBody, token } from './helpers/api.js';
import { addFigures, projectFigures, type Expected } from './helpers/expected.js';
import type { Page } from './helpers/metrics.js';
import { withExporter, type Exporter } from './helpers/program.js';
import { restart, seed, stopService, up } from './helpers/rig.js';
import { Users } from './helpers/users.js';
import { eventually } from './helpers/wait.js';

/** A cloud administrator, and two members. */
const MIXED = ['--start', '751', '--domains', '3', '--projects', '3', '--servers', '20', '--cloudadmin', 'dom-752'];

describe('While parts of a real cloud come and go', () => {
  let expected: Expected;
  before(async () => {
    expected = await seed(...MIXED);
  });

  const vcpusOf = (name: string): number =>
    addFigures(
      expected.domains.find((domain) => domain.name === name)!.projects.map((p) => projectFigures(p, 'allocated')),
    ).vcpus;
  const total = (domains = expected.domains): number => domains.reduce((sum, { name }) => sum + vcpusOf(name), 0);

  /** What claims to be whole is, and what is missing says so. @returns whether it was whole */
  function judge(page: Page): boolean {
    const isComplete = page.value('vhi_snapshot_complete') === 1;
    const errors = page.all('vhi_domain_collect_errors');
    expect(errors).to.have.length(expected.domains.length);
    expect(errors.every(({ value }) => value === 0)).to.equal(isComplete);
    for (const { labels, value } of errors) {
      if (value === 0) expect(page.value('vhi_domain_vcpus_in_use', labels)).to.equal(vcpusOf(labels['domain']!));
    }
    if (isComplete) expect(page.value('vhi_total_vcpus_in_use')).to.equal(total());
    else expect(page.value('vhi_total_vcpus_in_use') ?? 0).to.be.at.most(total());
    return isComplete;
  }

  /** Scrapes without a pause, judging each, until `work` is done. @returns how many were whole, and how many not */
  async function scrapeDuring(exporter: Exporter, work: Promise<void>): Promise<{ whole: number; partial: number }> {
    const seen = { whole: 0, partial: 0 };
    const state = { isDone: false };
    const watch = async (): Promise<void> => {
      while (!state.isDone) seen[judge(await exporter.scrape()) ? 'whole' : 'partial'] += 1;
    };
    const both = [watch(), work.finally(() => (state.isDone = true))];
    // Whatever was judged wrong, the work is over before anybody hears of it.
    await Promise.allSettled(both);
    await Promise.all(both);
    return seen;
  }

  /** @param warm what a daemon that has its tokens may say while the service is down; `judge` looks at the figures */
  const withRestarts = (service: string, warm: boolean[], args: string[] = []): Promise<void> =>
    withExporter({ authUrl: expected.auth_url, domains: expected.domains, args }, async (exporter) => {
      expect(judge(await exporter.scrape())).to.equal(true);
      await scrapeDuring(exporter, stopService(service));
      for (let scrape = 1; scrape <= 3; scrape += 1) expect(judge(await exporter.scrape())).to.be.oneOf(warm);
      // A daemon that knows no login yet meets the same outage.
      await withExporter({ authUrl: expected.auth_url, domains: expected.domains, args }, async (newcomer) => {
        const page = await newcomer.scrape();
        expect(judge(page)).to.equal(false);
        expect(page.value('vhi_total_vcpus_in_use')).to.equal(null);
        expect(page.value('vhi_domains_configured')).to.equal(expected.domains.length);
        const back = await scrapeDuring(newcomer, up());
        expect(back.whole + back.partial).to.be.greaterThan(0);
        await eventually(20_000, async () => expect(judge(await newcomer.scrape())).to.equal(true));
      });
      await eventually(20_000, async () => expect(judge(await exporter.scrape())).to.equal(true));
    });

  describe('as whole services', () => {
    // A test that fails must not take the services from those that follow.
    afterEach(async function () {
      this.timeout(180_000);
      if (this.currentTest?.isFailed()) await up();
    });

    it('Keystone, stopped and started during scrapes, never makes a figure low without an error', () =>
      // Nova goes on with tokens that it has seen; lists of projects may be kept, or fail.
      withRestarts('keystone', [true, false])).timeout(180_000);

    it('the database, stopped and started during scrapes, never makes a figure low without an error', () =>
      withRestarts('mariadb', [false], ['--collect.request-timeout=5s', '--collect.timeout=20s'])).timeout(180_000);
  });

  describe('with a Keystone that locks an account after 3 wrong passwords', () => {
    before(function () {
      this.timeout(120_000);
      return restart(['keystone'], { RIG_LOCKOUT: '3' });
    });
    after(function () {
      this.timeout(120_000);
      return restart(['keystone']);
    });

    it('20 scrapes with a wrong password in the file leave the account to its owner', async () => {
      const victim = expected.domains[2]!;
      const options = { authUrl: expected.auth_url, domains: expected.domains };
      await withExporter({ ...options, passwords: { [victim.name]: 'not-the-password' } }, async (exporter) => {
        for (let scrape = 1; scrape <= 20; scrape += 1) {
          const page = await exporter.scrape();
          expect(judge(page)).to.equal(false);
          expect(page.value('vhi_total_vcpus_in_use')).to.equal(total(expected.domains.slice(0, 2)));
          expect(page.value('vhi_cloud_logins_total', { result: 'auth' })).to.equal(1);
        }
      });
      expect(await token(expected.auth_url, victim.login)).to.match(/^gAAAA/);
    }).timeout(60_000);

    it('3 wrong passwords do lock it, as the test above relies on', async () => {
      const domain = expected.domains[2]!;
      const users = await Users.of(expected, domain, adminBody(expected));
      const own = domain.projects.find(({ name }) => name === domain.name)!;
      const { admin: victim } = await users.add(['member', { projectId: own.id }]);
      const right = JSON.stringify(domain.login)
        .replace(domain.admin.user, victim.user)
        .replace(domain.admin.password, victim.password);
      const wrong = right.replace(victim.password, 'not-the-password');
      await token(expected.auth_url, right);
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        await token(expected.auth_url, wrong).then(
          () => expect.fail('a wrong password logs in'),
          (error: unknown) => expect((error as Error).message).to.match(/^login: 401/),
        );
      }
      const locked: unknown = await token(expected.auth_url, right).catch((error: unknown) => error);
      expect((locked as Error).message).to.match(/^login: 401/);
      await users.removeAll();
    });
  });
});
