import { expect } from 'chai';

import { onBothClouds } from './helpers/clouds.js';
import { STRATEGIES } from './helpers/expected.js';
import { expectWay, waysOf, type Cloud, type Way } from './helpers/figures.js';
import { runProgram } from './helpers/program.js';
import { up } from './helpers/rig.js';

/** Keystone keeps the projects and roles of earlier seeds, so that each of them has domains of its own, numbered from `start`. */
const domains = (start: number, ...more: string[]): string[] => [
  ...['--start', String(start), '--domains', '3', '--projects', '3', '--servers', '25'],
  ...more,
];
const WITH_LOGIN_PROJECT = ['--admin-project-servers', '3'];

function describeWays(cloud: () => Cloud, ways: readonly Way[]): void {
  for (const way of ways) {
    const ignoring = way.disabledProjects === 'ignore' ? ', disabled projects ignored' : '';
    it(`gives the right figures, or the right error, with ${way.strategy} and ${way.counting}${ignoring}`, async () => {
      await expectWay(cloud(), way);
    });
  }
}

/** `check` ends well, and says of each domain whose projects it sees. */
async function expectCheck(cloud: Cloud, sight: string): Promise<void> {
  const { code, stdout, stderr } = await runProgram('check', { ...cloud, domains: cloud.expected.domains });
  expect(stdout.split('\n').filter((line) => line.includes(sight))).to.have.length(cloud.expected.domains.length);
  expect(code, `${stdout}${stderr}`).to.equal(0);
}

describe('Users who are members of each project', () => {
  onBothClouds({ seed: domains(101, ...WITH_LOGIN_PROJECT) }, (cloud) => {
    // domain-list and cloud-list are refused there: every domain is `forbidden`.
    describeWays(cloud, waysOf(STRATEGIES));

    it('lets check say that only the projects of the user are seen', async () => {
      await expectCheck(cloud(), "the user's only");
    });

    it('gives the same figures to snapshot --output=json', async () => {
      const { expected } = cloud();
      const { code, stdout } = await runProgram('snapshot', {
        ...cloud(),
        domains: expected.domains,
        args: ['--output=json', '--collect.counting=quota', '--collect.strategy=project-list'],
      });
      const { complete, totals } = JSON.parse(stdout) as { complete: boolean; totals: Record<string, number> };
      const sum = (key: 'servers' | 'vcpus' | 'ram_mb'): number =>
        expected.domains.flatMap(({ projects }) => projects).reduce((total, { listed }) => total + listed[key], 0);
      expect([code, complete]).to.deep.equal([0, true]);
      expect(totals).to.deep.equal({ servers: sum('servers'), vcpus: sum('vcpus'), ramMb: sum('ram_mb') });
    });
  });
});

describe('Users who are cloud administrators', () => {
  onBothClouds({ seed: domains(111, ...WITH_LOGIN_PROJECT, '--kind', 'cloudadmin') }, (cloud) => {
    describeWays(cloud, waysOf(STRATEGIES));

    it('lets check say that all projects of the domain are seen', async () => {
      await expectCheck(cloud(), 'all of the domain');
    });
  });
});

describe('Odd projects (empty, disabled, nested, strangely named) of a member, beside a cloud administrator', () => {
  const ways: Way[] = [
    ...waysOf(['auto', 'project-list', 'project-limits']),
    { strategy: 'domain-list', counting: 'allocated' },
    { strategy: 'cloud-list', counting: 'running' },
  ];
  const ignoring = waysOf(['auto', 'project-limits']).map((way) => ({ ...way, disabledProjects: 'ignore' as const }));
  onBothClouds({ seed: domains(121, '--odd', '--cloudadmin', 'dom-122') }, (cloud) => {
    describeWays(cloud, [...ways, ...ignoring]);
  });
});

describe('Odd projects of a cloud administrator', () => {
  onBothClouds({ seed: domains(131, '--odd', '--cloudadmin', 'dom-131,dom-133') }, (cloud) => {
    // Its servers are seen although the project is disabled, except where each project needs a token of its own.
    describeWays(cloud, [...waysOf(['auto']), { strategy: 'project-list', counting: 'allocated' }]);
  });
});

describe('Users who may list the projects of their domain', () => {
  before(() => up({ RIG_KEYSTONE_POLICY: 'domainlist' }));
  after(() => up());

  onBothClouds({ seed: domains(141), simulatedRole: 'domain_lister' }, (cloud) => {
    describeWays(cloud, waysOf(['auto', 'project-list', 'project-limits']));

    it('lets check say that all projects of the domain are seen', async () => {
      await expectCheck(cloud(), 'all of the domain');
    });
  });
});

describe('Servers of a flavor that was deleted', () => {
  onBothClouds({ seed: domains(151, '--flavors', '1,2,gone', '--cloudadmin', 'dom-152') }, (cloud) => {
    describeWays(cloud, waysOf(['auto']));
  });
});
