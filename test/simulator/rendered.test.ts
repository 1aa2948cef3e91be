import { expect } from 'chai';
import { ask, get, login, names, post, rescopeBody, stage, stopAll } from './client.js';

describe('simulator: answers that are made once', () => {
  afterEach(stopAll);

  it('gives a listing again as it was, to a later token too', async () => {
    const { sim, world, acme } = await stage('domain_admin', { renderOnce: true });
    const url = `${sim.computeUrl}/servers/detail?all_tenants=1`;
    const first = await get(url, await login(sim, acme.id), '2.69');
    world.addServer({ projectId: acme.main, name: 'too late' });
    const second = await get(url, await login(sim, acme.id), '2.69');
    expect(second.text).to.equal(first.text);
    expect(second.headers.get('content-length')).to.equal(first.headers.get('content-length'));
    expect(names(second)).to.have.members(['acme-main', 'acme-side']);
    expect(sim.calls.at(-1)?.bytes).to.equal(first.text.length);
  });

  it('keeps apart what differs by project, user, query and microversion', async () => {
    const { sim, acme, globex } = await stage('domain_admin', { renderOnce: true });
    const list = `${sim.computeUrl}/servers/detail`;
    const main = await login(sim, acme.id);
    const rescoped = await post(`${sim.authUrl}/auth/tokens`, rescopeBody(main, acme.side));
    const side = rescoped.headers.get('x-subject-token') ?? '';
    expect(names(await get(list, main, '2.69'))).to.deep.equal(['acme-main']);
    expect(names(await get(list, side, '2.69'))).to.deep.equal(['acme-side']);
    expect(names(await get(list, await login(sim, globex.id), '2.69'))).to.deep.equal(['globex-main']);
    expect(names(await get(`${list}?limit=1&all_tenants=1`, main, '2.69'))).to.have.length(1);
    expect(names(await get(`${list}?all_tenants=1`, main, '2.69'))).to.have.length(2);
    expect((await get(list, main, '2.47')).headers.get('openstack-api-version')).to.equal('compute 2.47');
    expect((await get(list, main, '2.69')).headers.get('openstack-api-version')).to.equal('compute 2.69');
  });

  it('still refuses tokens that are no good, and keeps no refusal', async () => {
    const { sim, world, acme } = await stage('member', { renderOnce: true });
    const token = await login(sim, acme.id);
    const url = `${sim.computeUrl}/servers/detail?all_tenants=1`;
    expect((await get(url, token)).status).to.equal(403);
    world.findUser(acme.id, 'boss')?.roles.set(acme.main, 'domain_admin');
    expect((await get(url, token)).status).to.equal(200);
    sim.revokeTokens();
    expect((await get(url, token)).status).to.equal(401);
    expect((await ask(url)).status).to.equal(401);
  });

  it('lets faults spoil the answer, and a slow one come as it was', async () => {
    const { sim, acme } = await stage('member', { renderOnce: true });
    const token = await login(sim, acme.id);
    const url = `${sim.computeUrl}/servers/detail`;
    const { text } = await get(url, token);
    sim.faults.add({ kind: 'edit', edit: (answer) => ({ ...answer, body: `${answer.body} ` }), times: 1 });
    expect((await get(url, token)).text).to.equal(`${text} `);
    sim.faults.add({ kind: 'slow', ms: 5, times: 1 });
    expect((await get(url, token)).text).to.equal(text);
  });
});
