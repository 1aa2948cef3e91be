import { expect } from 'chai';

import type { Expected } from './helpers/expected.js';
import { expectFigures, type Way } from './helpers/figures.js';
import { withExporter } from './helpers/program.js';
import { restart, seed } from './helpers/rig.js';

const SECONDS = 70;

describe('Tokens that live 30 s', () => {
  let expected: Expected;
  before(async function () {
    this.timeout(180_000);
    await restart(['keystone'], { RIG_TOKEN_EXPIRATION: '30' });
    expected = await seed(
      ...['--start', '401', '--domains', '3', '--projects', '3', '--servers', '20'],
      ...['--cloudadmin', 'dom-402'],
    );
  });
  after(function () {
    this.timeout(180_000);
    return restart(['keystone']);
  });

  it(`are renewed in time: every scrape of ${SECONDS} s is complete and exact`, async () => {
    const cloud = { authUrl: expected.auth_url, expected };
    const way: Way = { strategy: 'auto', counting: 'allocated' };
    await withExporter({ ...cloud, domains: expected.domains, args: ['--collect.projects'] }, async (exporter) => {
      const end = Date.now() + SECONDS * 1000;
      let scrapes = 0;
      while (Date.now() < end) {
        await expectFigures(exporter, cloud, way);
        scrapes += 1;
      }
      expect(scrapes).to.be.greaterThan(10);
      const page = await exporter.scrape();
      // Two or three lives of each of three logins, renewed between 50 and 90 % of the life.
      expect(page.value('vhi_cloud_logins_total', { result: 'success' })).to.be.within(6, 18);
      expect(page.value('vhi_cloud_requests_total', { service: 'compute', code: '401' })).to.equal(null);
    });
  });
});
