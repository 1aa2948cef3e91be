import { expect } from 'chai';
import type { ApplicationCredential, User } from '../../src/simulator/model.js';
import { applicationBody, get, names, post, type Reply, rescopeBody, stage, type Stage, stopAll } from './client.js';

interface Scene extends Stage {
  user: User;
  credential: ApplicationCredential;
  /** Logs in by the credential, or by another secret. */
  login: (secret?: string) => Promise<Reply>;
}

/** A credential of acme's user for the project `main`. */
async function scene(role = 'member'): Promise<Scene> {
  const parts = await stage(role);
  const { world, acme, sim } = parts;
  const user = world.findUser(acme.id, 'boss')!;
  const credential = world.addApplicationCredential({ userId: user.id, projectId: acme.main, secret: 's3cret' });
  const login = (secret = 's3cret'): Promise<Reply> =>
    post(`${sim.authUrl}/auth/tokens`, applicationBody(credential.id, secret));
  return { ...parts, user, credential, login };
}

const tokenOf = (reply: Reply): string => reply.headers.get('x-subject-token') ?? `refused with ${reply.status}`;

describe('simulator: application credentials', () => {
  afterEach(stopAll);

  it('log in without a scope, to the project that they were made in', async () => {
    const { login, credential, acme, sim } = await scene();
    const reply = await login();
    expect(reply.status).to.equal(201);
    const { token } = reply.json;
    expect(token.methods).to.deep.equal(['application_credential']);
    expect(token.project).to.deep.equal({ domain: { id: acme.id, name: 'acme' }, id: acme.main, name: 'main' });
    expect(token.application_credential).to.deep.equal({ id: credential.id, name: 'credential', restricted: true });
    expect(token.catalog).not.to.deep.equal([]);
    expect(names(await get(`${sim.computeUrl}/servers/detail`, tokenOf(reply)))).to.deep.equal(['acme-main']);
  });

  it('may do what the role of their user may', async () => {
    const { login, sim, acme, globex } = await scene('admin');
    const token = tokenOf(await login());
    const all = await get(`${sim.computeUrl}/servers/detail?all_tenants=1`, token);
    expect(names(all)).to.have.length(4);
    for (const { id } of [acme, globex]) {
      expect((await get(`${sim.authUrl}/projects?domain_id=${id}`, token)).json.projects).to.have.length(2);
    }
  });

  it('see the projects of their user, and get no token of another one, nor of their own', async () => {
    const { login, sim, acme } = await scene();
    const token = tokenOf(await login());
    expect((await get(`${sim.authUrl}/auth/projects`, token)).json.projects).to.have.length(2);
    expect((await get(`${sim.authUrl}/projects?domain_id=${acme.id}`, token)).status).to.equal(403);
    for (const projectId of [acme.side, acme.main]) {
      const reply = await post(`${sim.authUrl}/auth/tokens`, rescopeBody(token, projectId));
      expect(reply.status).to.equal(403);
      expect(reply.json.error.message).to.equal(
        'You are not authorized to perform the requested action: ' +
          'Using a delegated token to create another token is not allowed..',
      );
    }
  });

  it('are refused with 401 for a wrong secret, as often as one likes, without a lock', async () => {
    const { login, sim, user } = await scene();
    sim.options.lockoutAttempts = 2;
    for (let i = 0; i < 3; i++) {
      const reply = await login('wrong');
      expect(reply.status).to.equal(401);
      expect(reply.json.error.message).to.equal('The request you have made requires authentication.');
    }
    expect(user).to.include({ attempts: 0, failures: 0, locked: false });
    expect((await login()).status).to.equal(201);
  });

  const refused: [what: string, change: (scene: Scene) => void][] = [
    ['they have expired', ({ credential, clock }) => (credential.expiresAt = clock.now)],
    ['their user is disabled', ({ user }) => (user.enabled = false)],
    ['their domain is disabled', ({ world, acme }) => (world.domains.get(acme.id)!.enabled = false)],
    ['their user lost the role', ({ user, acme }) => user.roles.delete(acme.main)],
  ];
  for (const [what, change] of refused) {
    it(`are refused with 401 once ${what}`, async () => {
      const parts = await scene();
      change(parts);
      expect((await parts.login()).status).to.equal(401);
    });
  }

  const ROLES: [made: string, now: string, named: string[]][] = [
    ['member', 'admin', ['reader', 'member']],
    ['admin', 'member', ['reader', 'member']],
    ['admin', 'domain_admin', ['reader', 'member']],
    ['admin', 'reader', ['reader']],
    ['reader', 'admin', ['reader']],
  ];
  for (const [made, now, named] of ROLES) {
    it(`may do what both ${made}, their user's role when they were made, and ${now}, that of now, may`, async () => {
      const { login, sim, user, acme } = await scene(made);
      user.roles.set(acme.main, now);
      const reply = await login();
      expect(reply.json.token.roles.map(({ name }) => name)).to.deep.equal(named);
      const token = tokenOf(reply);
      expect((await get(`${sim.computeUrl}/servers/detail?all_tenants=1`, token)).status).to.equal(403);
      expect((await get(`${sim.authUrl}/projects?domain_id=${acme.id}`, token)).status).to.equal(403);
    });
  }

  it('are refused with 401 when they ask for a scope', async () => {
    const { sim, credential, acme } = await scene();
    const body = applicationBody(credential.id, 's3cret');
    body.auth['scope'] = { project: { id: acme.main } };
    const reply = await post(`${sim.authUrl}/auth/tokens`, body);
    expect(reply.status).to.equal(401);
    expect(reply.json.error.message).to.contain('Application credentials cannot request a scope.');
  });

  const gone: [what: string, change: (scene: Scene) => void][] = [
    ['they were deleted', ({ world, credential }) => world.applicationCredentials.delete(credential.id)],
    ['their user was', ({ world, user }) => world.users.delete(user.id)],
    ['their project was', ({ world, acme }) => world.removeProject(acme.main)],
  ];
  for (const [what, change] of gone) {
    it(`are not found once ${what}, nor are their tokens; to Nova these are nothing`, async () => {
      const parts = await scene();
      const { login, sim, credential } = parts;
      const token = tokenOf(await login());
      change(parts);
      const reply = await login();
      expect(reply.status).to.equal(404);
      expect(reply.json.error.message).to.equal(`Could not find Application Credential: ${credential.id}.`);
      expect((await get(`${sim.authUrl}/auth/projects`, token)).json.error).to.deep.equal(reply.json.error);
      expect((await get(`${sim.computeUrl}/servers/detail`, token)).status).to.equal(401);
    });
  }

  it('of a disabled project are 404, and so are their tokens', async () => {
    const { login, sim, world, acme } = await scene();
    const token = tokenOf(await login());
    world.projects.get(acme.main)!.enabled = false;
    for (const reply of [await login(), await get(`${sim.authUrl}/auth/projects`, token)]) {
      expect(reply.status).to.equal(404);
      expect(reply.json.error.message).to.equal(`Unable to validate token because project ${acme.main} is disabled`);
    }
  });

  it('give no token that outlives them, and write its end without a zone', async () => {
    const { login, credential, clock } = await scene();
    credential.expiresAt = clock.now + 10_000;
    expect((await login()).json.token.expires_at).to.equal('2026-11-22T00:00:10.000000');
    credential.expiresAt = clock.now + 7_200_000;
    expect((await login()).json.token.expires_at).to.equal('2026-11-22T01:00:00.000000Z');
  });

  it('say what their login body lacks', async () => {
    const { sim } = await scene();
    const body = { auth: { identity: { methods: ['application_credential'], application_credential: {} } } };
    const reply = await post(`${sim.authUrl}/auth/tokens`, body);
    expect(reply.status).to.equal(400);
    expect(reply.json.error.message).to.match(/^Expecting to find name or ID in application credential\./);
  });

  it('are counted as requests of their user, for their project', async () => {
    const { login, sim, acme } = await scene();
    await login();
    expect(sim.calls.at(-1)).to.include({ route: 'login', user: 'boss', domainId: acme.id, projectId: acme.main });
  });
});
