import { expect } from 'chai';
import type { Server } from '../../src/simulator/model.js';
import { get, login, type Reply, stage, type Stage, stopAll } from './client.js';

const EVER = 'start=2000-01-01T00:00:00';
const START = 'start=2000-01-01T00%3A00%3A00';

describe('simulator: pages of usage', () => {
  let cloud: Stage;
  let token: string;
  let all: string;

  beforeEach(async () => {
    cloud = await stage('admin', { maxLimit: 4 });
    token = await login(cloud.sim, cloud.acme.id);
    all = `${cloud.sim.computeUrl}/os-simple-tenant-usage`;
  });
  afterEach(stopAll);

  /** Follows the links to the end. @returns ids by page */
  async function pages(first: string): Promise<string[][]> {
    const found: string[][] = [];
    for (let url: string | undefined = first; url !== undefined;) {
      const { json }: Reply = await get(url, token, '2.40');
      const tenants = [json.tenant_usages ?? json.tenant_usage].flat();
      found.push(tenants.flatMap((tenant) => (tenant.server_usages ?? []).map(({ instance_id: id }) => id)));
      url = (json.tenant_usages_links ?? json.tenant_usage_links)?.[0]?.href;
    }
    return found;
  }
  const launched = (): Server[] => [...cloud.world.projects.keys()].flatMap((id) => cloud.world.servers.ofProject(id));
  const sorted = (servers: readonly Server[]): string[] =>
    servers.map(({ cell, projectId, id }) => `${cell} ${projectId} ${id}`).sort();
  const idsOf = (places: readonly string[]): string[] => places.map((place) => place.split(' ')[2]!);

  it('go through all projects by their id, and in each by the id of servers', async () => {
    cloud.world.addServers(3, { projectId: cloud.acme.main });
    cloud.world.addServers(4, { projectId: cloud.globex.side });
    const found = await pages(`${all}?${EVER}&detailed=1&limit=2`);
    expect(found.flat()).to.deep.equal(idsOf(sorted(launched())));
    expect(found.map(({ length }) => length)).to.deep.equal([2, 2, 2, 2, 2, 1]);
    expect((await pages(`${all}?${EVER}&detailed=1&limit=100`)).map(({ length }) => length)).to.deep.equal([4, 4, 3]);
    expect((await pages(`${all}/${cloud.globex.side}?${EVER}&limit=5`)).map(({ length }) => length)).to.deep.equal([
      4, 1,
    ]);
    expect(await pages(`${all}/${cloud.acme.side}?${EVER}&limit=1`)).to.have.length(2);
    expect(await pages(`${all}/${cloud.acme.side}?${EVER}&limit=0`)).to.deep.equal([[]]);
  });

  it('are one below 2.40, cut without a word', async () => {
    cloud.world.addServers(9, { projectId: cloud.acme.main });
    const url = `${all}/${cloud.acme.main}?${EVER}&limit=2&marker=none`;
    const { json } = await get(url, token, '2.39');
    expect(json).to.have.all.keys('tenant_usage');
    expect(json.tenant_usage.server_usages).to.have.length(4);
    expect((await get(`${url}&limit=x`, token, '2.39')).status).to.equal(200);
  });

  it('name the next as Nova does: what it knows of the query, and the project where its id was in the address', async () => {
    const { main } = cloud.acme;
    const link = async (path: string, query: string): Promise<string> => {
      const { json } = await get(`${cloud.sim.computeUrl}${path}?${query}`, token, '2.74');
      const { href } = (json.tenant_usage_links ?? json.tenant_usages_links)![0]!;
      return href.slice(cloud.sim.computeUrl.length).replace(/marker=[-0-9a-f]{36}$/, 'marker');
    };
    const usage = '/os-simple-tenant-usage';
    expect(await link(usage, `limit=1&detailed=1&${EVER}&colour=blue`)).to.equal(
      `${usage}?detailed=1&limit=1&${START}&marker`,
    );
    expect(await link(`${usage}/${main}`, `limit=3&limit=1&detailed=1&${EVER}`)).to.equal(
      `/${main}${usage}/${main}?limit=3&${START}&marker`,
    );
    expect(await link(`/${main}${usage}`, `limit=1&${EVER}`)).to.equal(`/${main}${usage}?limit=1&${START}&marker`);
    const { globex } = cloud;
    expect(await link(`${usage}/${globex.main}`, 'limit=1')).to.equal(`${usage}/${globex.main}?limit=1&marker`);
  });

  it('go on behind any server that the database holds, and are refused behind others', async () => {
    const [a, b] = [cloud.acme.main, cloud.globex.main].sort() as [string, string];
    const [first] = cloud.world.servers.ofProject(a);
    const never = cloud.world.addServer({ projectId: a, status: 'BUILD' });
    const gone = cloud.world.addServer({ projectId: a, status: 'DELETED' });
    const request = cloud.world.addServer({ projectId: a, status: 'BUILD', unscheduled: true });
    const behind = (project: string, marker: string): Promise<Reply> =>
      get(`${all}/${project}?${EVER}&marker=${marker}`, token, '2.40');
    for (const { id } of [first!, never, gone]) {
      expect((await behind(b, id)).json.tenant_usage.server_usages, 'of a project before').to.have.length(1);
      const rest = [first!, gone].map((server) => server.id).filter((other) => other > id);
      const { tenant_usage: tenant } = (await behind(a, id)).json;
      expect((tenant.server_usages ?? []).map(({ instance_id: other }) => other)).to.deep.equal(rest.sort());
    }
    expect((await behind(a, cloud.world.servers.ofProject(b)[0]!.id)).json).to.deep.equal({ tenant_usage: {} });
    for (const marker of [request.id, '', 'x']) {
      const { status, json } = await behind(a, marker);
      expect([status, json.badRequest.message]).to.deep.equal([400, `Marker ${marker} could not be found.`]);
    }
  });

  it('go from cell to cell, and end with 500 at one that is down', async () => {
    cloud.world.addServers(2, { projectId: cloud.acme.main, cell: 'cell2' });
    cloud.world.addServers(2, { projectId: cloud.acme.main, cell: 'cell10' });
    const url = `${all}?${EVER}&detailed=1&limit=3`;
    const cells = (await pages(url)).flat().map((id) => cloud.world.servers.get(id)!.cell);
    const ordered = ['cell1', 'cell1', 'cell1', 'cell1', 'cell2', 'cell2', 'cell10', 'cell10'];
    expect(cells).to.deep.equal(ordered);
    cloud.world.downCells.add('cell2');
    const first = await get(url, token, '2.69');
    expect(first.status, 'not asked').to.equal(200);
    const failed = await get(first.json.tenant_usages_links![0]!.href, token, '2.69');
    expect(failed.status).to.equal(500);
    expect(failed.json.computeFault.message).to.match(/^Unexpected API Error\. .*\n<class '.*DBConnectionError'>$/);
    expect((await get(`${all}/nowhere`, token, '2.69')).status, 'of a project of no cell').to.equal(500);
  });

  it('refuse unknown parameters from 2.75 on, details of one project too', async () => {
    const refused = async (url: string): Promise<string> => (await get(url, token, '2.75')).json.badRequest.message;
    expect((await get(`${all}?b=1&${EVER}`, token, '2.74')).status).to.equal(200);
    expect((await get(`${all}?detailed=1&${EVER}`, token, '2.75')).status).to.equal(200);
    const one = "Additional properties are not allowed ('b' was unexpected)";
    expect(await refused(`${all}?b=1&b=2&start=x`)).to.equal(one);
    const two = "Additional properties are not allowed ('b', 'detailed' were unexpected)";
    expect(await refused(`${all}/${cloud.acme.main}?detailed=1&b=1`)).to.equal(two);
    const limit = "Invalid input for query parameters limit. Value: x. 'x' does not match '^[0-9]*$'";
    expect(await refused(`${all}?b=1&limit=x&limit=1`)).to.equal(limit);
  });
});
