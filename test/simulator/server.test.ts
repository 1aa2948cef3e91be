import { expect } from 'chai';
import { startSimulator } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { ask, get, login, loginBody, post, rescopeBody, stage, stopAll, until } from './client.js';

describe('simulator: record of calls', () => {
  afterEach(stopAll);

  it('tells what was asked, by whom, and how it was answered', async () => {
    const { sim, acme } = await stage('domain_admin');
    const token = await login(sim, acme.id);
    await post(`${sim.authUrl}/auth/tokens?nocatalog`, rescopeBody(token, acme.side));
    await get(`${sim.computeUrl}/servers/detail?all_tenants=1&limit=2`, token, '2.47');

    expect(sim.calls.map((call) => `${call.seq} ${call.route} ${call.status}`)).to.deep.equal([
      '1 login 201',
      '2 rescope 201',
      '3 servers 200',
    ]);
    const who = { domainId: acme.id, user: 'boss', at: Date.UTC(2026, 10, 22) };
    expect(sim.calls[0]).to.include({ ...who, projectId: acme.main, method: 'POST', path: '/v3/auth/tokens' });
    expect(sim.calls[1]).to.include({ ...who, projectId: acme.side, query: 'nocatalog' });
    const list = { path: '/v2.1/servers/detail', query: 'all_tenants=1&limit=2', microversion: '2.47' };
    expect(sim.calls[2]).to.include({
      ...who,
      ...list,
      projectId: acme.main,
      allTenants: true,
      limit: '2',
      marker: null,
    });
    expect(sim.calls[2]?.bytes).to.be.greaterThan(2000);
    expect(sim.counts).to.include({ login: 1, rescope: 1, servers: 1, limits: 0 });
  });

  it('holds no password and no token', async () => {
    const { sim, acme } = await stage();
    const token = await login(sim, acme.id);
    await post(`${sim.authUrl}/auth/tokens`, loginBody(acme.id, 'boss', 'hunter2'));
    await get(`${sim.computeUrl}/limits`, token);
    const record = JSON.stringify(sim.calls);
    expect(record).not.to.contain(token).and.not.contain('hunter2').and.not.contain('right');
  });

  it('counts what is under way at once', async () => {
    const { sim, acme } = await stage();
    const token = await login(sim, acme.id);
    const remove = sim.faults.add({ kind: 'hang', times: 3 });
    const controller = new AbortController();
    const init = { headers: { 'X-Auth-Token': token }, signal: controller.signal };
    const replies = [1, 2, 3].map(() => ask(`${sim.computeUrl}/limits`, init));
    await until(() => sim.inFlight === 3);
    controller.abort();
    expect((await Promise.allSettled(replies)).every((one) => one.status === 'rejected')).to.be.true;
    await until(() => sim.inFlight === 0);
    remove();
    expect(sim.peakInFlight).to.equal(3);
    sim.clear();
    expect(sim).to.include({ peakInFlight: 0, inFlight: 0 });
    expect(sim.calls).to.deep.equal([]);
    expect(sim.counts.limits).to.equal(0);
  });

  it('can do without the list', async () => {
    const { sim, acme } = await stage('member', { record: false });
    await login(sim, acme.id);
    expect(sim.calls).to.deep.equal([]);
    expect(sim.counts.login).to.equal(1);
  });

  it('names every path that the services do not have', async () => {
    const { sim, acme } = await stage();
    const token = await login(sim, acme.id);
    expect((await get(`${sim.authUrl}/users`, token)).status).to.equal(404);
    expect((await get(`${sim.computeUrl}/flavors/detail?x=1`, token)).status).to.equal(404);
    expect((await get(`${sim.computeUrl}/nothing`, '')).status).to.equal(401);
    expect((await get(`http://127.0.0.1:${sim.port}/`, token)).status).to.equal(404);
    const expected = ['GET /v3/users', 'GET /v2.1/flavors/detail?x=1', 'GET /v2.1/nothing', 'GET /'];
    expect(sim.unknownPaths).to.deep.equal(expected);
  });

  it('names only the first of them, where there are many', async () => {
    const { sim, acme } = await stage();
    const token = await login(sim, acme.id);
    for (let i = 0; i < 150; i++) await get(`${sim.computeUrl}/nothing/${i}`, token);
    expect(sim.unknownPaths).to.have.length(100);
    expect(sim.unknownPaths.at(-1)).to.equal('GET /v2.1/nothing/99');
    sim.clear();
    expect(sim.unknownPaths).to.deep.equal([]);
  });

  it('counts version documents apart, which need no token', async () => {
    const { sim } = await stage();
    expect((await ask(sim.authUrl)).json.version).to.include({ id: 'v3.14', status: 'stable' });
    expect((await ask(`${sim.computeUrl}/`)).json.version).to.include({ id: 'v2.1', min_version: '2.1' });
    expect(sim.counts.version).to.equal(2);
    expect(sim.unknownPaths).to.deep.equal([]);
  });
});

describe('simulator: start and end', () => {
  afterEach(stopAll);

  it('refuses to start on a port in use', async () => {
    const { sim } = await stage();
    const listen = { host: '127.0.0.1', port: sim.port };
    const error: unknown = await startSimulator({ world: new World(), listen }).catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('code', 'EADDRINUSE');
  });

  it('ends connections under way, and can be closed twice', async () => {
    const { sim } = await stage();
    sim.faults.add({ kind: 'hang' });
    const reply = ask(sim.authUrl).then(
      () => 'answered',
      () => 'cut',
    );
    await until(() => sim.inFlight === 1);
    await sim.close();
    expect(await reply).to.equal('cut');
    await sim.close();
    expect(sim.inFlight).to.equal(0);
  });
});
