import { setTimeout } from 'node:timers/promises';

import { expect } from 'chai';

import { adminBody, ask, token } from './helpers/api.js';
import { simulate } from './helpers/clouds.js';
import { addFigures, projectFigures, type Expected } from './helpers/expected.js';
import type { Page } from './helpers/metrics.js';
import { withExporter, type Exporter } from './helpers/program.js';
import { forgetSeenTokens, seed, stopService, up } from './helpers/rig.js';
import { eventually } from './helpers/wait.js';

/** A member, a cloud administrator, and another member. */
const MIXED = ['--start', '301', '--domains', '3', '--projects', '3', '--servers', '25', '--cloudadmin', 'dom-302'];

let expected: Expected;

const vcpusOf = (...names: string[]): number =>
  addFigures(
    expected.domains
      .filter(({ name }) => names.includes(name))
      .flatMap(({ projects }) => projects.map((project) => projectFigures(project, 'allocated'))),
  ).vcpus;
const ALL = ['dom-301', 'dom-302', 'dom-303'];

function expectComplete(page: Page): void {
  const infos = page.all('vhi_domain_collect_error_info').map(({ labels }) => JSON.stringify(labels));
  expect(infos).to.deep.equal([]);
  expect(page.value('vhi_snapshot_complete')).to.equal(1);
  expect(page.value('vhi_total_vcpus_in_use')).to.equal(vcpusOf(...ALL));
}

/** Whatever happens to the cloud: figures that claim to be complete are, and what is missing shows. */
function expectNoSilentLoss(page: Page): void {
  if (page.value('vhi_snapshot_complete') === 1) {
    expectComplete(page);
    return;
  }
  const errors = page.all('vhi_domain_collect_errors').filter(({ value }) => value > 0);
  expect(errors.length).to.be.greaterThan(0);
  for (const { labels, value } of page.all('vhi_domain_collect_errors')) {
    if (value > 0) continue;
    expect(page.value('vhi_domain_vcpus_in_use', labels)).to.equal(vcpusOf(labels['domain'] ?? ''));
  }
}

const reasons = (page: Page): string[] =>
  page
    .all('vhi_domain_collect_error_info')
    .map(({ labels }) => `${labels['domain']} ${labels['stage']} ${labels['reason']}`);

/** Nova asks Neutron about rows that it lists: for changes of which there are none, about nothing. */
const IN_FULL = ['--collect.incremental=off'];

const onRealCloud = (use: (exporter: Exporter) => Promise<void>, args: string[] = []): Promise<void> =>
  withExporter({ authUrl: expected.auth_url, domains: expected.domains, args }, use);

describe('What goes wrong in a real cloud', () => {
  before(async () => {
    expected = await seed(...MIXED);
  });

  describe('a wrong password', () => {
    const check = async (authUrl: string): Promise<void> => {
      const passwords = { 'dom-303': 'not-the-password' };
      await withExporter({ authUrl, domains: expected.domains, passwords }, async (exporter) => {
        for (let scrape = 1; scrape <= 3; scrape += 1) {
          const page = await exporter.scrape();
          expect(reasons(page)).to.deep.equal(['dom-303 login auth']);
          expect(page.value('vhi_snapshot_complete')).to.equal(0);
          expect(page.value('vhi_domain_vcpus_in_use', { domain: 'dom-303' })).to.equal(null);
          expect(page.value('vhi_domain_vcpus_in_use', { domain: 'dom-302' })).to.equal(vcpusOf('dom-302'));
          expect(page.value('vhi_total_vcpus_in_use')).to.equal(vcpusOf('dom-301', 'dom-302'));
          // Keystone saw it once: a scraper must never lock an account.
          expect(page.value('vhi_cloud_logins_total', { result: 'auth' })).to.equal(1);
          expect(page.value('vhi_cloud_logins_total', { result: 'success' })).to.equal(2);
          const failures = { domain: 'dom-303', reason: 'auth' };
          expect(page.value('vhi_domain_collect_failures_total', failures)).to.equal(scrape);
        }
      });
    };

    it('is told at each scrape, tried once, and leaves the others exact', () => check(expected.auth_url));

    it('is told alike by the simulator', async () => {
      const simulator = await simulate(expected);
      try {
        await check(simulator.authUrl);
      } finally {
        await simulator.close();
      }
    });
  });

  it('a revoked token is replaced within the scrape that finds it dead', async () => {
    await onRealCloud(async (exporter) => {
      const first = await exporter.scrape();
      expectComplete(first);
      const logins = first.value('vhi_cloud_logins_total', { result: 'success' });
      expect(logins).to.equal(ALL.length);
      await revokeAll();
      const page = await exporter.scrape();
      expectComplete(page);
      expect(page.value('vhi_cloud_logins_total', { result: 'success' })).to.equal(2 * ALL.length);
    });
  });

  describe('a service that is stopped', () => {
    // A test that fails must not take the service from those that follow.
    afterEach(async function () {
      this.timeout(180_000);
      if (this.currentTest?.isFailed()) await up();
    });

    it('Nova that is stopped during a scrape gives errors, and figures again at the first scrape after its return', async () => {
      await onRealCloud(async (exporter) => {
        expectComplete(await exporter.scrape());
        const [during] = await Promise.all([exporter.scrape(), stopService('nova-api')]);
        expectNoSilentLoss(during);
        const without = await exporter.scrape();
        expect(without.value('vhi_snapshot_complete')).to.equal(0);
        expect(without.value('vhi_total_vcpus_in_use')).to.equal(null);
        expect(reasons(without)).to.deep.equal(ALL.map((name) => `${name} servers network`));
        await up();
        expectComplete(await exporter.scrape());
      });
    }).timeout(180_000);

    it('Keystone that is stopped never makes a total low without an error', async () => {
      await onRealCloud(async (exporter) => {
        expectComplete(await exporter.scrape());
        await stopService('keystone');
        for (let scrape = 1; scrape <= 3; scrape += 1) expectNoSilentLoss(await exporter.scrape());
        // Nor do those who never logged in get anything but an error.
        await onRealCloud(async (other) => {
          const page = await other.scrape();
          expect(page.value('vhi_total_vcpus_in_use')).to.equal(null);
          expect(reasons(page)).to.deep.equal(ALL.map((name) => `${name} login network`));
        });
        await up();
        expectComplete(await exporter.scrape());
      });
    }).timeout(180_000);

    it('Neutron that is stopped makes listings fail, visibly, while counters go on', async () => {
      const limits = ['--collect.counting=quota', '--collect.strategy=project-limits'];
      await onRealCloud(async (exporter) => {
        expectComplete(await exporter.scrape());
        await stopService('neutron');
        const page = await exporter.scrape();
        expectNoSilentLoss(page);
        expect(page.value('vhi_snapshot_complete')).to.equal(0);
        expect(reasons(page)).to.deep.equal(ALL.map((name) => `${name} servers unavailable`));
        await onRealCloud(async (other) => {
          const counters = await other.scrape();
          expect(counters.value('vhi_snapshot_complete')).to.equal(1);
          const listed = expected.domains.flatMap(({ projects }) => projects.map((p) => projectFigures(p, 'quota')));
          expect(counters.value('vhi_total_vcpus_in_use')).to.equal(addFigures(listed).vcpus);
        }, limits);
        await up();
        await eventually(20_000, async () => expectComplete(await exporter.scrape()));
      }, IN_FULL);
    }).timeout(180_000);
  });
});

/** Makes every token of the domains' users worthless, as a new password does, which is the old one here. */
async function revokeAll(): Promise<void> {
  const admin = await token(expected.auth_url, adminBody(expected));
  for (const { admin: user } of expected.domains) {
    const reply = await ask(`${expected.auth_url}/users/${user.user_id}`, {
      method: 'PATCH',
      headers: { 'X-Auth-Token': admin, 'Content-Type': 'application/json' },
      body: JSON.stringify({ user: { password: user.password } }),
    });
    expect(reply.status, reply.text).to.equal(200);
  }
  // Nova would go on believing in tokens that it has seen.
  await forgetSeenTokens();
  // Keystone revokes by whole seconds: a token that is issued in the same one is dead too.
  await setTimeout(1050 - (Date.now() % 1000));
}
