import { expect } from 'chai';
import { get, login, names, type Reply, stage, type Stage, stopAll } from './client.js';

/** Follows the next links to the end. @returns the sizes of the pages and all ids */
async function pages(first: string, token: string): Promise<{ sizes: number[]; ids: string[] }> {
  const sizes: number[] = [];
  const ids: string[] = [];
  for (let url: string | undefined = first; url !== undefined;) {
    const { json }: Reply = await get(url, token, '2.47');
    sizes.push(json.servers.length);
    ids.push(...json.servers.map((server) => server.id));
    url = json.servers_links?.[0]?.href;
  }
  return { sizes, ids };
}

describe('simulator: server listings', () => {
  let cloud: Stage;
  let token: string;
  let list: string;

  beforeEach(async () => {
    cloud = await stage('member', { maxLimit: 5 });
    token = await login(cloud.sim, cloud.acme.id);
    list = `${cloud.sim.computeUrl}/servers/detail`;
  });
  afterEach(stopAll);

  it('gives an empty page after an exact multiple of the page size', async () => {
    cloud.world.addServers(9, { projectId: cloud.acme.main });
    const { sizes, ids } = await pages(list, token);
    expect(sizes).to.deep.equal([5, 5, 0]);
    expect(new Set(ids)).to.have.property('size', 10);
  });

  it('gives no link on a page that is not full', async () => {
    cloud.world.addServers(7, { projectId: cloud.acme.main });
    expect((await pages(`${list}?limit=3`, token)).sizes).to.deep.equal([3, 3, 2]);
    expect((await pages(`${list}?limit=100`, token)).sizes).to.deep.equal([5, 3]);
  });

  it('writes next links as Nova does: absolute, sorted, the marker last', async () => {
    const url = `${list}?status=ACTIVE&limit=1`;
    const first = await get(url, token);
    const { id } = first.json.servers[0]!;
    expect(first.json.servers_links).to.deep.equal([
      { rel: 'next', href: `${list}?limit=1&status=ACTIVE&marker=${id}` },
    ]);
  });

  it('writes links to another base when it stands behind a proxy', async () => {
    cloud.sim.options.linkBase = 'https://inside';
    const { json } = await get(`${list}?limit=1`, token);
    expect(json.servers_links![0]!.href).to.match(/^https:\/\/inside\/v2\.1\/servers\/detail\?limit=1&marker=/);
    const { text } = await get(`${cloud.sim.authUrl}/auth/catalog`, token);
    expect(text, 'which says nothing of the catalog')
      .to.include(`"${cloud.sim.computeUrl}"`)
      .and.not.include('inside/v2.1');
  });

  it('lists the newest first, and never deleted servers', async () => {
    const projectId = cloud.acme.main;
    cloud.world.addServer({ projectId, name: 'old', created: '2020-01-01T00:00:00Z' });
    cloud.world.addServer({ projectId, name: 'new', created: '2027-01-01T00:00:00Z' });
    cloud.world.addServer({ projectId, name: 'soft', status: 'SOFT_DELETED' });
    cloud.world.addServer({ projectId, name: 'gone', status: 'DELETED' });
    expect(names(await get(list, token))).to.deep.equal(['new', 'acme-main', 'old']);
  });

  it('goes on after a marker that was deleted meanwhile, and refuses one that is unknown', async () => {
    const made = cloud.world.addServers(4, (i) => ({ projectId: cloud.acme.main, name: `vm-${i}` }));
    const marker = made[2]!.id;
    cloud.world.changeServer(marker, { status: 'DELETED' });
    expect(names(await get(`${list}?marker=${marker}`, token))).to.deep.equal(['vm-1', 'vm-0', 'acme-main']);
    cloud.world.removeServer(marker);
    const refused = await get(`${list}?marker=${marker}`, token);
    expect(refused.json).to.deep.equal({ badRequest: { code: 400, message: `marker [${marker}] not found` } });
  });

  it('shows a change in the next answer', async () => {
    const { id } = cloud.world.addServer({ projectId: cloud.acme.main, name: 'vm' });
    await get(list, token);
    cloud.world.changeServer(id, { status: 'SHUTOFF', vcpus: 7 });
    const { json } = await get(list, token, '2.47');
    expect(json.servers[0]).to.include({ id, status: 'SHUTOFF' }).and.nested.include({ 'flavor.vcpus': 7 });
  });

  it('gives an empty list without links for a limit of 0', async () => {
    expect((await get(`${list}?limit=0`, token)).json).to.deep.equal({ servers: [] });
  });

  it('refuses limits and truth values that Nova does not understand', async () => {
    expect((await get(`${list}?limit=-1`, token)).json.badRequest.message).to.contain("'-1' does not match '^[0-9]*$'");
    expect((await get(`${list}?all_tenants=2`, token)).json.badRequest.message).to.contain("Unrecognized value '2'");
    expect((await get(`${list}?status=NOPE`, token, '2.38')).json.badRequest.message).to.equal('Invalid status value');
  });

  it('ignores an unknown parameter below 2.75 and refuses it from there on', async () => {
    expect((await get(`${list}?nonsense=1`, token, '2.74')).status).to.equal(200);
    const refused = await get(`${list}?nonsense=1`, token, '2.75');
    expect(refused.json.badRequest.message).to.equal("'nonsense' does not match any of the regexes: '^_'");
  });

  it('refuses, and records, a real parameter that is not simulated', async () => {
    expect((await get(`${list}?changes-before=2026-01-01T00:00:00Z`, token)).status).to.equal(501);
    expect(cloud.sim.unknownPaths).to.have.length(1);
  });

  it('takes a project id in the path only if it is the one of the token', async () => {
    const base = cloud.sim.computeUrl;
    expect((await get(`${base}/${cloud.acme.main}/servers/detail`, token)).status).to.equal(200);
    const refused = await get(`${base}/${cloud.acme.side}/limits`, token);
    expect(refused.status).to.equal(400);
    expect(refused.json.badRequest.message).to.match(/^Malformed request URL: URL's project_id '\w+' doesn't match/);
  });

  it('lists names alone at /servers', async () => {
    const { json } = await get(`${cloud.sim.computeUrl}/servers`, token);
    expect(Object.keys(json.servers[0]!)).to.deep.equal(['id', 'name', 'links']);
  });

  it('counts for the quota what Nova counts', async () => {
    const projectId = cloud.acme.main;
    for (const status of ['BUILD', 'ERROR', 'SHELVED_OFFLOADED', 'SOFT_DELETED', 'DELETED']) {
      cloud.world.addServer({ projectId, status, vcpus: 10, ramMb: 100 });
    }
    cloud.world.addServer({ projectId, status: 'BUILD', unscheduled: true, vcpus: 100, ramMb: 1000 });
    const { json } = await get(`${cloud.sim.computeUrl}/limits`, token);
    const counted = { totalInstancesUsed: 4, totalCoresUsed: 32, totalRAMUsed: 4396 };
    expect(json.limits.absolute).to.include({ ...counted, maxTotalCores: 20 });
    expect(names(await get(list, token))).to.have.length(5);
  });
});

describe('simulator: microversions', () => {
  let cloud: Stage;
  let token: string;
  let list: string;

  beforeEach(async () => {
    cloud = await stage();
    token = await login(cloud.sim, cloud.acme.id);
    list = `${cloud.sim.computeUrl}/servers/detail`;
  });
  afterEach(stopAll);

  it('speaks 2.1 without a header, where the flavor is a reference', async () => {
    const reply = await get(list, token);
    expect(reply.headers.get('openstack-api-version')).to.equal('compute 2.1');
    expect(reply.json.servers[0]!.flavor).to.have.all.keys('id', 'links');
  });

  it('embeds the flavor from 2.47 on', async () => {
    expect((await get(list, token, '2.46')).json.servers[0]!.flavor).to.have.property('id');
    const reply = await get(list, token, '2.47');
    expect(reply.headers.get('x-openstack-nova-api-version')).to.equal('2.47');
    const kept = { original_name: 's1.tiny', extra_specs: {} };
    const expected = { vcpus: 2, ram: 4096, disk: 1, ephemeral: 0, swap: 0, ...kept };
    expect(reply.json.servers[0]!.flavor).to.deep.equal(expected);
  });

  it('understands the older header, too', async () => {
    const response = await fetch(list, { headers: { 'X-Auth-Token': token, 'X-OpenStack-Nova-API-Version': '2.60' } });
    expect(response.headers.get('openstack-api-version')).to.equal('compute 2.60');
  });

  it('refuses what is above the maximum with 406, and nonsense with 400', async () => {
    cloud.sim.options.maxMicroversion = '2.60';
    const message = 'Version 2.61 is not supported by the API. Minimum is 2.1 and maximum is 2.60.';
    const refused = await get(list, token, '2.61');
    expect(refused.status).to.equal(406);
    expect(refused.json).to.deep.equal({ computeFault: { code: 406, message } });
    expect((await get(list, token, 'abc')).status).to.equal(400);
    expect((await get(`${cloud.sim.computeUrl}/`, token)).json.version.version).to.equal('2.60');
  });
});

describe('simulator: cells that do not answer', () => {
  afterEach(stopAll);

  it('leaves their servers out, or names them without flavor, as Nova does', async () => {
    const { sim, world, acme } = await stage('admin');
    world.addServer({ projectId: acme.main, name: 'lost', cell: 'cell2', vcpus: 4 });
    world.downCells.add('cell2');
    const token = await login(sim, acme.id);
    const list = `${sim.computeUrl}/servers/detail`;

    expect(names(await get(list, token, '2.68'))).to.deep.equal(['acme-main']);
    expect(names(await get(`${list}?limit=100`, token, '2.69'))).to.deep.equal(['acme-main']);
    expect((await get(`${list}?all_tenants=1`, token, '2.69')).json.servers).to.have.length(5);
    const { json } = await get(list, token, '2.69');
    expect(json.servers).to.have.length(2);
    expect(json.servers[1]).to.include({ status: 'UNKNOWN', tenant_id: acme.main });
    expect(json.servers[1]).to.have.all.keys('id', 'status', 'tenant_id', 'created', 'links');
    expect((await get(`${sim.computeUrl}/limits`, token)).json.limits.absolute.totalCoresUsed).to.equal(2);

    world.downCells.clear();
    expect(names(await get(list, token, '2.69'))).to.deep.equal(['lost', 'acme-main']);
  });
});
