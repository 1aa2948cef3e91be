import { expect } from 'chai';

import { onBothClouds } from './helpers/clouds.js';
import { STRATEGIES } from './helpers/expected.js';
import { expectWay, waysOf, type Cloud, type Way } from './helpers/figures.js';
import { restart } from './helpers/rig.js';

function describeWays(cloud: () => Cloud, ways: readonly Way[]): void {
  for (const way of ways) {
    it(`gives the right figures, or the right error, with ${way.strategy} and ${way.counting}`, async () => {
      await expectWay(cloud(), way);
    });
  }
}

const only = (counting: string) => (way: Way) => way.counting === counting;

/** Fills are checked too: a test of exact pages with other numbers would prove nothing. */
function describeFill(cloud: () => Cloud, listed: (servers: number) => boolean): void {
  it('has the number of servers in each project that the test is about', () => {
    const counts = cloud().expected.domains.flatMap(({ projects }) =>
      projects.filter(({ name }) => name.includes('-prj-')).map((project) => project.listed.servers),
    );
    expect(counts.length).to.be.greaterThan(0);
    expect(counts.filter((count) => !listed(count))).to.deep.equal([]);
  });
}

describe('More than 1,000 servers in one project', () => {
  const fill = ['--domains', '1', '--projects', '1', '--servers', '2300', '--slim'];
  const big = (servers: number): boolean => servers > 2000 && servers < 2100;

  describe('of a member', () => {
    onBothClouds({ seed: ['--start', '201', ...fill, '--no-quotas'] }, (cloud) => {
      describeFill(cloud, big);
      describeWays(cloud, [
        { strategy: 'project-list', counting: 'allocated' },
        { strategy: 'auto', counting: 'quota' },
      ]);
    });
  });

  describe('of a cloud administrator', () => {
    onBothClouds({ seed: ['--start', '202', ...fill, '--kind', 'cloudadmin'] }, (cloud) => {
      describeFill(cloud, big);
      describeWays(cloud, [{ strategy: 'domain-list', counting: 'running' }]);
    });
  });
});

describe('Pages of 20 servers, and the rules that are the default from Nova 27 on', () => {
  const simulator = { maxLimit: 20 };
  before(() => restart(['nova-api'], { RIG_NOVA_MAX_LIMIT: '20', RIG_NOVA_STRICT: 'true' }));
  after(() => restart(['nova-api']));

  describe('where each project fills its pages exactly', () => {
    const exact = ['--domains', '3', '--projects', '3', '--servers', '40', '--state-mix', 'ACTIVE=3,SHUTOFF=1'];
    const cloudAdmin = ['--cloudadmin', 'dom-212'];
    onBothClouds({ seed: ['--start', '211', ...exact, ...cloudAdmin], simulator }, (cloud) => {
      describeFill(cloud, (servers) => servers === 40);
      describeWays(cloud, waysOf(['auto', 'project-list', 'domain-list']).filter(only('running')));
    });
  });

  describe('where pages end anywhere, for members', () => {
    const mixed = ['--start', '221', '--domains', '3', '--projects', '4', '--servers', '33', '--odd'];
    onBothClouds({ seed: mixed, simulator }, (cloud) => {
      describeWays(cloud, waysOf(['auto']));
    });
  });

  describe('where pages end anywhere, for cloud administrators', () => {
    const mixed = ['--start', '231', '--domains', '3', '--projects', '4', '--servers', '33', '--kind', 'cloudadmin'];
    onBothClouds({ seed: mixed, simulator }, (cloud) => {
      describeWays(cloud, waysOf(STRATEGIES).filter(only('allocated')));
    });
  });
});
