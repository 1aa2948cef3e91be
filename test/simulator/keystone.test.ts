import { expect } from 'chai';
import { ask, get, login, loginBody, post, type Reply, rescopeBody, stage, stopAll } from './client.js';

function projectIds(reply: Reply): string[] {
  return reply.json.projects.map((project) => project.id);
}

const REFUSED = {
  error: { code: 401, message: 'The request you have made requires authentication.', title: 'Unauthorized' },
};

describe('simulator: logins and tokens', () => {
  afterEach(stopAll);

  it('answers a login as Keystone does', async () => {
    const { sim, acme } = await stage();
    const reply = await post(`${sim.authUrl}/auth/tokens`, loginBody(acme.id));
    expect(reply.status).to.equal(201);
    expect(reply.headers.get('x-subject-token')).to.have.length(183);
    expect(reply.headers.get('vary')).to.equal('X-Auth-Token');
    const { token } = reply.json;
    expect(token).to.include({ issued_at: '2026-11-22T00:00:00.000000Z', expires_at: '2026-11-22T01:00:00.000000Z' });
    expect(token.project).to.deep.equal({ domain: { id: acme.id, name: 'acme' }, id: acme.main, name: 'main' });
    expect(token.roles.map((role) => role.name)).to.deep.equal(['reader', 'member']);
  });

  it('names compute and identity in the catalog, in every region, with three interfaces', async () => {
    const { sim, acme } = await stage('member', { regions: ['One', 'Two'], computeEndpoint: 'project-id' });
    const body = loginBody(acme.id);
    const { token } = (await post(`${sim.authUrl}/auth/tokens`, body)).json;
    const compute = token.catalog.find((entry) => entry.type === 'compute')!;
    expect(compute.endpoints).to.have.length(6);
    expect(compute.endpoints[0]).to.include({ region: 'One', url: `${sim.computeUrl}/${acme.main}` });
    expect((await post(`${sim.authUrl}/auth/tokens?nocatalog`, body)).json.token).not.to.have.property('catalog');
    sim.options.computeEndpoint = 'none';
    const { catalog } = (await get(`${sim.authUrl}/auth/catalog`, await login(sim, acme.id))).json;
    expect(catalog.map((entry) => entry.type))
      .to.include('identity')
      .and.not.include('compute');
  });

  it('gives the same answer to every refused login', async () => {
    const { sim, world, acme, globex } = await stage();
    const url = `${sim.authUrl}/auth/tokens`;
    const refused = async (body: unknown): Promise<void> => {
      const reply = await post(url, body);
      expect(reply.status).to.equal(401);
      expect(reply.json).to.deep.equal(REFUSED);
    };
    await refused(loginBody(acme.id, 'boss', 'wrong'));
    await refused(loginBody(acme.id, 'nobody'));
    await refused(loginBody('acme'));
    await refused(loginBody(acme.id, 'boss', 'right', 'nowhere'));
    await refused(rescopeBody(await login(sim, acme.id), globex.main));
    world.projects.get(acme.main)!.enabled = false;
    await refused(loginBody(acme.id));
    world.projects.get(acme.main)!.enabled = true;
    world.domains.get(acme.id)!.enabled = false;
    await refused(loginBody(acme.id));
    world.domains.get(acme.id)!.enabled = true;
    world.findUser(acme.id, 'boss')!.enabled = false;
    await refused(loginBody(acme.id));
  });

  it('says what is missing in a malformed body', async () => {
    const { sim } = await stage();
    const url = `${sim.authUrl}/auth/tokens`;
    const says = async (body: unknown): Promise<string> => {
      const reply = await post(url, body);
      expect(reply.status).to.equal(400);
      return reply.json.error.message;
    };
    expect(await says('')).to.match(/^Expecting to find auth in request body\./);
    expect(await says('nonsense')).to.match(/^Expecting to find valid JSON in request body\./);
    expect(await says({ auth: {} })).to.equal("'identity' is a required property");
    expect(await says({ auth: { identity: { methods: ['password'] } } })).to.match(/^Expecting to find password in id/);
  });

  it('keeps the end of the first token in those obtained from it', async () => {
    const { sim, acme, clock } = await stage('member', { tokenSeconds: 30 });
    const parent = await login(sim, acme.id);
    clock.now += 10_000;
    const reply = await post(`${sim.authUrl}/auth/tokens?nocatalog`, rescopeBody(parent, acme.side));
    expect(reply.status).to.equal(201);
    expect(reply.json.token.expires_at).to.equal('2026-11-22T00:00:30.000000Z');
    expect(reply.json.token.issued_at).to.equal('2026-11-22T00:00:10.000000Z');
    const child = reply.headers.get('x-subject-token')!;

    clock.now += 19_999;
    expect((await get(`${sim.computeUrl}/servers/detail`, child)).json.servers[0]!.name).to.equal('acme-side');
    clock.now += 1;
    const late = await get(`${sim.computeUrl}/servers/detail`, child);
    expect(late.status).to.equal(401);
    expect(late.text).to.match(/^\{"error":\{"code":401,"title":"Unauthorized","message":/);
    expect((await get(`${sim.authUrl}/auth/projects`, parent)).json).to.deep.equal(REFUSED);
    expect((await post(`${sim.authUrl}/auth/tokens`, rescopeBody(parent, acme.side))).status).to.equal(404);
  });

  it('forbids tokens from tokens when told to', async () => {
    const { sim, acme } = await stage('member', { rescope: false });
    const reply = await post(`${sim.authUrl}/auth/tokens`, rescopeBody(await login(sim, acme.id), acme.side));
    expect(reply.status).to.equal(403);
  });

  it('takes a token back', async () => {
    const { sim, acme } = await stage();
    const token = await login(sim, acme.id);
    const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
    expect((await ask(`${sim.authUrl}/auth/tokens`, { method: 'DELETE', headers })).status).to.equal(204);
    expect((await get(`${sim.computeUrl}/limits`, token)).status).to.equal(401);
    const other = await login(sim, acme.id);
    sim.revokeTokens();
    expect((await get(`${sim.computeUrl}/limits`, other)).status).to.equal(401);
  });

  it('locks an account after some wrong passwords, and counts tries', async () => {
    const { sim, world, acme } = await stage('member', { lockoutAttempts: 3 });
    const user = world.findUser(acme.id, 'boss')!;
    const wrong = (): Promise<Reply> => post(`${sim.authUrl}/auth/tokens`, loginBody(acme.id, 'boss', 'wrong'));
    await wrong();
    await wrong();
    await login(sim, acme.id);
    expect(user).to.include({ attempts: 3, failures: 0, locked: false });
    for (let i = 0; i < 3; i++) await wrong();
    const locked = await post(`${sim.authUrl}/auth/tokens`, loginBody(acme.id));
    expect(locked.json).to.deep.equal(REFUSED);
    expect(user).to.include({ attempts: 7, failures: 3, locked: true });
  });
});

describe('simulator: lists of projects', () => {
  afterEach(stopAll);

  it('lists disabled projects, too', async () => {
    const { sim, world, acme } = await stage();
    world.projects.get(acme.side)!.enabled = false;
    const reply = await get(`${sim.authUrl}/auth/projects`, await login(sim, acme.id));
    expect(reply.json.projects[1]).to.include({ id: acme.side, name: 'side', domain_id: acme.id, enabled: false });
    expect(reply.json.links).to.deep.equal({ next: null, self: `${sim.authUrl}/auth/projects`, previous: null });
  });

  it('gives pages with a next link when told to', async () => {
    const { sim, world, acme } = await stage('admin', { projectPageSize: 2 });
    world.addProject({ domainId: acme.id, name: 'third' });
    const token = await login(sim, acme.id);
    const first = await get(`${sim.authUrl}/projects?domain_id=${acme.id}`, token);
    expect(projectIds(first)).to.have.length(2);
    const second = await get(first.json.links.next, token);
    expect(second.json.links.next).to.equal(null);
    const all = [...projectIds(first), ...projectIds(second)];
    expect(all).to.have.members(world.projectsOf(acme.id).map((project) => project.id));
  });

  it('says when it cut a list', async () => {
    const { sim, acme } = await stage('member', { projectListLimit: 1 });
    const { json } = await get(`${sim.authUrl}/auth/projects`, await login(sim, acme.id));
    expect(json.projects).to.have.length(1);
    expect(json.truncated).to.equal(true);
  });
});
