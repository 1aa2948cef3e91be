import { expect } from 'chai';
import type { Simulator } from '../../src/simulator/server.js';
import { get, login, loginBody, post, type Reply, rescopeBody, stage, type Stage, stopAll } from './client.js';

const REFUSED = 'The request you have made requires authentication.';

interface Told {
  status: number;
  /** Of the error; null: there is none. */
  message: string | null;
}

function told({ status, json }: Reply): Told {
  return { status, message: status < 400 ? null : json.error.message };
}

async function unscoped(sim: Simulator, domainId: string): Promise<string> {
  const body = loginBody(domainId) as { auth: { scope?: unknown } };
  delete body.auth.scope;
  return (await post(`${sim.authUrl}/auth/tokens`, body)).headers.get('x-subject-token')!;
}

const ok: Told = { status: 200, message: null };
const refused: Told = { status: 401, message: REFUSED };
const notFound = (message: string): Told => ({ status: 404, message });
const off = (kind: string, id: string): Told => notFound(`Unable to validate token because ${kind} ${id} is disabled`);

interface Scene extends Stage {
  /** Of acme's user. */
  userId: string;
}

interface Case {
  /** What happened to those behind acme's token, which is for the project `main`. */
  title: string;
  act: (scene: Scene) => unknown;
  undo: ((scene: Scene) => unknown) | null;
  /** Of Keystone to the token, and to one who would exchange it for a token of the project `side`. */
  own: (scene: Scene) => Told;
  exchange: (scene: Scene, token: string) => Told;
  /** Of Keystone, once it is undone. */
  after: Told;
}

const boss = ({ world, acme }: Stage) => world.findUser(acme.id, 'boss')!;
const project = ({ world, acme }: Stage) => world.projects.get(acme.main)!;
const domain = ({ world, acme }: Stage) => world.domains.get(acme.id)!;

const CASES: Case[] = [
  {
    title: 'user is disabled',
    act: (parts) => (boss(parts).enabled = false),
    undo: (parts) => (boss(parts).enabled = true),
    own: () => refused,
    exchange: () => notFound('Failed to validate token'),
    after: refused,
  },
  {
    title: 'user is deleted',
    act: ({ world, userId }) => world.users.delete(userId),
    undo: null,
    own: ({ userId }) => notFound(`Could not find user: ${userId}.`),
    exchange: ({ userId }) => notFound(`Could not find user: ${userId}.`),
    after: refused,
  },
  {
    title: 'domain is disabled',
    act: (parts) => (domain(parts).enabled = false),
    undo: (parts) => (domain(parts).enabled = true),
    own: ({ acme }) => off('domain', acme.id),
    exchange: () => refused,
    after: ok,
  },
  {
    title: 'project is disabled',
    act: (parts) => (project(parts).enabled = false),
    undo: (parts) => (project(parts).enabled = true),
    own: ({ acme }) => off('project', acme.main),
    exchange: ({ acme }) => off('project', acme.main),
    after: ok,
  },
  {
    title: 'project is deleted',
    act: ({ world, acme }) => world.removeProject(acme.main),
    undo: null,
    own: ({ acme }) => notFound(`Could not find project: ${acme.main}.`),
    exchange: ({ acme }) => notFound(`Could not find project: ${acme.main}.`),
    after: refused,
  },
  {
    title: 'role is taken away',
    act: (parts) => boss(parts).roles.delete(parts.acme.main),
    undo: (parts) => boss(parts).roles.set(parts.acme.main, 'member'),
    own: () => refused,
    exchange: (_, token) => notFound(`Could not find token: ${token}.`),
    after: ok,
  },
];

describe('simulator: tokens that outlive what they stand for', () => {
  afterEach(stopAll);

  for (const { title, act, undo, own, exchange, after } of CASES) {
    it(`are no good once their ${title}`, async () => {
      const staged = await stage();
      const parts = { ...staged, userId: boss(staged).id };
      const { sim, acme, globex } = parts;
      const token = await login(sim, acme.id);
      const other = await login(sim, globex.id);
      const projects = async (): Promise<Told> => told(await get(`${sim.authUrl}/auth/projects`, token));
      const servers = async (by = token): Promise<number> => (await get(`${sim.computeUrl}/servers/detail`, by)).status;
      expect([await projects(), await servers()]).to.deep.equal([ok, 200]);

      act(parts);
      expect(await projects()).to.deep.equal(own(parts));
      expect(told(await post(`${sim.authUrl}/auth/tokens`, rescopeBody(token, acme.side)))).to.deep.equal(
        exchange(parts, token),
      );
      expect([await servers(), await servers(other)]).to.deep.equal([401, 200]);

      if (undo === null) return;
      undo(parts);
      expect(await projects()).to.deep.equal(after);
      expect(await servers()).to.equal(after.status);
      expect(await servers(await login(sim, acme.id))).to.equal(200);
    });
  }

  it('of the other projects of a domain go on while one is disabled, lost or deleted', async () => {
    const parts = await stage();
    const { sim, world, acme } = parts;
    const reply = await post(`${sim.authUrl}/auth/tokens`, rescopeBody(await login(sim, acme.id), acme.side));
    const token = reply.headers.get('x-subject-token')!;
    const servers = async (): Promise<number> => (await get(`${sim.computeUrl}/servers/detail`, token)).status;
    project(parts).enabled = false;
    expect(await servers()).to.equal(200);
    boss(parts).roles.delete(acme.main);
    expect(await servers()).to.equal(200);
    world.removeProject(acme.main);
    expect(await servers()).to.equal(200);
  });

  it('are looked at after the project that they are to be exchanged for', async () => {
    const { sim, acme } = await stage();
    const rescope = async (projectId: string): Promise<Told> =>
      told(await post(`${sim.authUrl}/auth/tokens`, rescopeBody('nonsense', projectId)));
    expect(await rescope('nowhere')).to.deep.equal(refused);
    expect(await rescope(acme.main)).to.deep.equal(notFound('Could not recognize Fernet token'));
  });
});

describe('simulator: a token of no project', () => {
  afterEach(stopAll);

  it('sees no server in Nova: an empty list, names of the whole cloud without more, or an error', async () => {
    const { sim, acme } = await stage('admin');
    const token = await unscoped(sim, acme.id);
    const ask = (path: string, version: string): Promise<Reply> => get(`${sim.computeUrl}${path}`, token, version);
    expect((await ask('/servers/detail', '2.68')).json.servers).to.deep.equal([]);
    expect((await ask('/servers/detail?limit=5', '2.69')).json.servers).to.deep.equal([]);
    expect((await ask('/servers/detail', '2.69')).status).to.equal(500);
    expect((await ask('/servers/detail?all_tenants=1', '2.69')).status).to.equal(403);
    const names = (await ask('/servers', '2.69')).json.servers;
    expect(names.map(({ status }) => status)).to.deep.equal(Array(4).fill('UNKNOWN'));
    expect(names[0]).to.have.all.keys('id', 'status', 'links');
    expect((await ask('/limits', '2.47')).status).to.equal(403);
  });
});
