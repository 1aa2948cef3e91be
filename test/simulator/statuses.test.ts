import { expect } from 'chai';
import { get, login, names, type Reply, stage, type Stage, stopAll } from './client.js';

const REFUSED = { forbidden: { code: 403, message: 'Only administrators may list deleted instances' } };

describe('simulator: listings by status', () => {
  let cloud: Stage;
  let token: string;

  const list = (query: string, version = '2.69'): Promise<Reply> =>
    get(`${cloud.sim.computeUrl}/servers/detail?${query}`, token, version);
  const named = async (query: string): Promise<string[]> => names(await list(query)).sort();

  /** A server of each of these statuses, named by it, in a project that has no other. */
  async function begin(role: string, settings = {}): Promise<void> {
    cloud = await stage(role, settings);
    token = await login(cloud.sim, cloud.acme.id);
    for (const { id } of cloud.world.servers.ofProject(cloud.acme.main)) cloud.world.removeServer(id);
    for (const name of ['ACTIVE', 'BUILD', 'DELETED', 'ERROR', 'HARD_REBOOT', 'REBOOT', 'REBUILD', 'SHUTOFF']) {
      cloud.world.addServer({ projectId: cloud.acme.main, name, status: name });
    }
    for (const name of ['REVERT_RESIZE', 'SOFT_DELETED', 'UNKNOWN', 'VERIFY_RESIZE']) {
      cloud.world.addServer({ projectId: cloud.acme.main, name, status: name });
    }
    cloud.world.addServer({ projectId: cloud.acme.main, name: 'asked for', status: 'BUILD', unscheduled: true });
  }
  beforeEach(() => begin('member'));
  afterEach(stopAll);

  it('have all of a vm_state where one is asked for, and its tasks where they alone are', async () => {
    const active = ['ACTIVE', 'HARD_REBOOT', 'REBOOT', 'REBUILD'];
    expect(await named('status=active')).to.deep.equal(active);
    expect(await named('status=REBOOT')).to.deep.equal(['REBOOT']);
    expect(await named('status=VERIFY_RESIZE')).to.deep.equal(['REVERT_RESIZE', 'VERIFY_RESIZE']);
    expect(await named('status=REVERT_RESIZE')).to.deep.equal(['REVERT_RESIZE']);
    expect(await named('status=BUILD')).to.deep.equal(['BUILD', 'asked for']);
    expect(await named('status=REBOOT&status=HARD_REBOOT')).to.deep.equal(['HARD_REBOOT', 'REBOOT']);
    expect(await named('status=BUILD&status=REBOOT')).to.deep.equal([...active, 'BUILD', 'asked for'].sort());
    expect(await named('status=Shutoff&status=ERROR&status=NOPE')).to.deep.equal(['ERROR', 'SHUTOFF']);
    // Rebuilt servers may have been in ERROR before.
    expect(await named('status=REBUILD&status=BUILD'))
      .to.include('ERROR')
      .and.include('SHUTOFF');
  });

  it('are refused where none is a status, before all tenants are; below 2.38 they are empty', async () => {
    for (const query of ['status=NOPE', 'status=', 'status=UNKNOWN&status=x', 'status=NOPE&all_tenants=perhaps']) {
      expect((await list(query, '2.38')).json.badRequest.message, query).to.equal('Invalid status value');
      const { status, json } = await list(query, '2.37');
      expect({ status, json }, query).to.deep.equal({ status: 200, json: { servers: [] } });
    }
    expect((await list('status=NOPE&limit=x', '2.37')).status).to.equal(400);
  });

  it('have deleted servers for administrators only', async () => {
    const since = 'changes-since=2000-01-01T00:00:00Z';
    for (const query of ['status=DELETED', 'status=deleted&status=NOPE', `${since}&status=DELETED`]) {
      for (const more of ['', '&all_tenants=1', '&all_tenants=perhaps', '&marker=x']) {
        const { status, json } = await list(`${query}${more}`);
        expect({ status, json }, query).to.deep.equal({ status: 403, json: REFUSED });
      }
    }
    expect(await named('status=DELETED&status=SHUTOFF'), 'among others, none').to.deep.equal(['SHUTOFF']);
    expect(await named(`${since}&status=DELETED&status=SHUTOFF`)).to.deep.equal(['DELETED', 'SHUTOFF']);
    expect(await named('status=SOFT_DELETED')).to.deep.equal([]);
    await begin('domain_admin');
    expect((await list('status=DELETED&all_tenants=1')).status).to.equal(403);
    await begin('admin');
    cloud.world.addServer({ projectId: cloud.globex.main, name: 'foreign', status: 'DELETED' });
    expect(await named('status=Deleted')).to.deep.equal(['DELETED']);
    expect(await named('status=DELETED&all_tenants=1')).to.deep.equal(['DELETED', 'foreign']);
    expect(await named(`${since}&status=DELETED`)).to.deep.equal(['DELETED']);
    expect(await named('status=DELETED&status=SOFT_DELETED')).to.deep.equal([]);
    cloud.world.downCells.add('cell1');
    expect(await named('status=DELETED')).to.deep.equal([]);
  });

  it('name in their links but one of several, as Nova does', async () => {
    const { json } = await list('status=SHUTOFF&status=BUILD&limit=1');
    const [server] = json.servers;
    const href = `${cloud.sim.computeUrl}/servers/detail?limit=1&status=SHUTOFF&marker=${server!.id}`;
    expect(json.servers_links).to.deep.equal([{ rel: 'next', href }]);
  });
});
