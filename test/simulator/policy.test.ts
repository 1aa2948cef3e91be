import { expect } from 'chai';
import { get, login, names, stage, stopAll } from './client.js';

/** What a role sees: names of servers, or the status of a refusal. */
const EXPECTED = [
  { role: 'member', all: 403, own: 403, other: 403 },
  { role: 'reader', all: 403, own: 403, other: 403 },
  { role: 'admin', all: ['globex-side', 'globex-main', 'acme-side', 'acme-main'], own: 200, other: 200 },
  { role: 'domain_admin', all: ['acme-side', 'acme-main'], own: 200, other: 403 },
  { role: 'project_admin', all: ['acme-main'], own: 403, other: 403 },
  { role: 'domain_lister', all: 403, own: 200, other: 403 },
];

describe('simulator: roles', () => {
  afterEach(stopAll);

  for (const { role, all, own, other } of EXPECTED) {
    it(`lets ${role} see what the role allows, and no more`, async () => {
      const { sim, acme, globex } = await stage(role);
      const token = await login(sim, acme.id);

      const cloud = await get(`${sim.computeUrl}/servers/detail?all_tenants=1`, token);
      expect(cloud.status === 200 ? names(cloud) : cloud.status).to.deep.equal(all);
      expect((await get(`${sim.authUrl}/projects?domain_id=${acme.id}`, token)).status).to.equal(own);
      expect((await get(`${sim.authUrl}/projects?domain_id=${globex.id}`, token)).status).to.equal(other);
      expect((await get(`${sim.authUrl}/auth/projects`, token)).json.projects).to.have.length(2);
      expect(names(await get(`${sim.computeUrl}/servers/detail`, token))).to.deep.equal(['acme-main']);
    });
  }

  it('refuses all tenants in the words of Nova', async () => {
    const { sim, acme } = await stage();
    const reply = await get(`${sim.computeUrl}/servers/detail?all_tenants`, await login(sim, acme.id));
    expect(reply.json).to.deep.equal({
      forbidden: {
        code: 403,
        message: "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.",
      },
    });
  });

  it('refuses the list of projects in the words of Keystone', async () => {
    const { sim, acme } = await stage();
    const reply = await get(`${sim.authUrl}/projects?domain_id=${acme.id}`, await login(sim, acme.id));
    const message = 'You are not authorized to perform the requested action: identity:list_projects.';
    expect(reply.json).to.deep.equal({ error: { code: 403, message, title: 'Forbidden' } });
  });

  it('ignores a project filter without all tenants, and obeys it with', async () => {
    const { sim, acme, globex } = await stage('admin');
    const token = await login(sim, acme.id);
    const list = `${sim.computeUrl}/servers/detail`;
    expect(names(await get(`${list}?project_id=${globex.side}`, token))).to.deep.equal(['acme-main']);
    expect(names(await get(`${list}?all_tenants=0&tenant_id=${globex.side}`, token))).to.deep.equal(['acme-main']);
    expect(names(await get(`${list}?all_tenants=1&project_id=${globex.side}`, token))).to.deep.equal(['globex-side']);
  });

  it('shows administrators more of each server', async () => {
    const { sim, acme, world } = await stage('admin');
    const list = `${sim.computeUrl}/servers/detail`;
    const token = await login(sim, acme.id);
    const rich = await get(list, token, '2.79');
    for (const user of world.users.values()) for (const project of user.roles.keys()) user.roles.set(project, 'member');
    const plain = await get(list, token, '2.79');
    const extra = Object.keys(rich.json.servers[0]!).filter((key) => !(key in plain.json.servers[0]!));
    expect(extra).to.include.members(['OS-EXT-SRV-ATTR:host', 'OS-EXT-SRV-ATTR:user_data', 'host_status']);
    expect(Object.keys(plain.json.servers[0]!)).to.have.length(31);
  });

  it('tells the limits of another project to administrators only', async () => {
    const { sim, acme, globex, world } = await stage('admin');
    world.addServer({ projectId: globex.main, vcpus: 8, ramMb: 1024 });
    const token = await login(sim, acme.id);
    const url = `${sim.computeUrl}/limits?tenant_id=${globex.main}`;
    expect((await get(url, token)).json.limits.absolute).to.include({ totalCoresUsed: 10, totalRAMUsed: 5120 });
    for (const user of world.users.values()) user.roles.set(acme.main, 'member');
    expect((await get(url, token)).status).to.equal(403);
  });
});
