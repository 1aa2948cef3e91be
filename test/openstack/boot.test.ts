import { expect } from 'chai';

import { adminBody, ask, listProject, token, type ListedServer } from './helpers/api.js';
import { COUNTINGS, RUNNING, type Counting, type Expected } from './helpers/expected.js';
import { withExporter } from './helpers/program.js';
import { boot, seed } from './helpers/rig.js';

const STATES = [
  ...['ACTIVE', 'SHUTOFF', 'PAUSED', 'RESCUE', 'VERIFY_RESIZE', 'SHELVED_OFFLOADED', 'SOFT_DELETED'],
  ...['ERROR', 'ERROR_CELL0'],
];

/** The contract's rules, by what Nova lists. */
function counts({ status, 'OS-SRV-USG:launched_at': launched }: ListedServer, counting: Counting): boolean {
  if (counting === 'quota') return true;
  if (counting === 'running') return RUNNING.includes(status);
  return status !== 'SHELVED_OFFLOADED' && (status !== 'ERROR' || launched !== null);
}

describe('Servers that were really booted and driven through states', () => {
  let expected: Expected;
  let admin: string;
  let listed: ListedServer[];
  let projectId: string;

  before(async function () {
    this.timeout(300_000);
    expected = await seed('--start', '900', '--domains', '1', '--projects', '1', '--servers', '0');
    await boot('dom-900', 'dom-900-prj-01', STATES);
    admin = await token(expected.auth_url, adminBody(expected));
    projectId = expected.domains[0]!.projects.find(({ name }) => name === 'dom-900-prj-01')!.id;
    listed = await listProject(expected.urls.nova, admin, projectId);
  });

  // They are nobody's afterwards, and seeds do not take them away.
  after(async () => {
    for (const { id } of listed) {
      const url = `${expected.urls.nova}/v2.1/servers/${id}`;
      await ask(url, { method: 'DELETE', headers: { 'X-Auth-Token': admin } });
    }
  });

  it('are listed by Nova in the states that they were driven to', () => {
    const statuses = [...new Set(listed.map(({ status }) => status))].sort();
    const wanted = ['ACTIVE', 'ERROR', 'PAUSED', 'RESCUE', 'SHELVED_OFFLOADED', 'SHUTOFF', 'VERIFY_RESIZE'];
    expect(statuses).to.deep.equal(wanted);
    const errors = listed.filter(({ status }) => status === 'ERROR');
    expect(errors.some((server) => server['OS-SRV-USG:launched_at'] === null)).to.equal(true);
    expect(errors.some((server) => server['OS-SRV-USG:launched_at'] !== null)).to.equal(true);
  });

  for (const counting of COUNTINGS) {
    it(`add up to what Nova lists, counting ${counting}`, async () => {
      const args = [`--collect.counting=${counting}`, '--collect.strategy=project-list', '--collect.projects'];
      await withExporter({ authUrl: expected.auth_url, domains: expected.domains, args }, async (exporter) => {
        const { page, json } = await exporter.observe();
        const counted = listed.filter((server) => counts(server, counting));
        const vcpus = counted.reduce((sum, { flavor }) => sum + flavor.vcpus, 0);
        const ramMb = counted.reduce((sum, { flavor }) => sum + flavor.ram, 0);
        expect(json.errors).to.deep.equal([]);
        expect(json.totals).to.deep.equal({ vcpus, ramMb, servers: counted.length });
        expect(page.value('vhi_project_vcpus_in_use', { project_id: projectId })).to.equal(vcpus);
        for (const { status } of listed) {
          const count = listed.filter((server) => server.status === status).length;
          expect(page.value('vhi_domain_servers', { status }), status).to.equal(count);
        }
      });
    });
  }

  it("add up to the same by Nova's own quota counter", async () => {
    const args = ['--collect.counting=quota', '--collect.strategy=project-limits'];
    await withExporter({ authUrl: expected.auth_url, domains: expected.domains, args }, async (exporter) => {
      const { totals } = await exporter.snapshot();
      const vcpus = listed.reduce((sum, { flavor }) => sum + flavor.vcpus, 0);
      const ramMb = listed.reduce((sum, { flavor }) => sum + flavor.ram, 0);
      expect(totals).to.deep.equal({ vcpus, ramMb, servers: null });
    });
  });

  for (const [status, action] of [
    ['VERIFY_RESIZE', 'resize'],
    ['RESCUE', 'rescue'],
  ] as const) {
    it(`are launched anew by a ${action}, for all that Nova tells`, async () => {
      const { id, 'OS-SRV-USG:launched_at': launched } = listed.find((server) => server.status === status)!;
      const headers = { 'X-Auth-Token': admin };
      const { json } = await ask(`${expected.urls.nova}/v2.1/servers/${id}/os-instance-actions`, { headers });
      const { instanceActions: actions } = json as { instanceActions: { action: string; start_time: string }[] };
      const started = actions.find((one) => one.action === action)!.start_time;
      expect(actions.map((one) => one.action)).to.include('create');
      expect(Date.parse(`${launched}Z`)).to.be.at.least(Math.floor(Date.parse(`${started}Z`) / 1000) * 1000);
    });
  }
});
