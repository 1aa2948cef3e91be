import { expect } from 'chai';
import { World } from '../../src/simulator/world.js';

function small(seed?: string): World {
  const world = new World({ seed });
  for (const name of ['acme', 'globex']) {
    const domain = world.addDomain({ name });
    const project = world.addProject({ domainId: domain.id, name: 'main' });
    world.addUser({ domainId: domain.id, name: 'boss', password: 'right', roles: { [project.id]: 'member' } });
    world.addServers(3, (i) => ({ projectId: project.id, name: `${name}-${i}` }));
  }
  return world;
}

describe('simulator: world', () => {
  it('has ids of the real form, the same for the same seed', () => {
    const ids = (world: World): string[] => [
      ...world.projects.keys(),
      ...world.servers.listed({ kind: 'cloud' }).map((server) => server.id),
    ];
    expect(ids(small('a'))).to.deep.equal(ids(small('a')));
    expect(ids(small('a'))).to.not.have.any.members(ids(small('b')));
    const [project, , server] = ids(small());
    expect(project).to.match(/^[0-9a-f]{32}$/);
    expect(server).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('forgets a domain with all that it holds', () => {
    const world = small();
    const { id } = world.findDomain({ name: 'acme' })!;
    world.removeDomain(id);
    expect(world.domains.size).to.equal(1);
    expect(world.projects.size).to.equal(1);
    expect(world.users.size).to.equal(1);
    const left = world.servers.listed({ kind: 'cloud' }).map((server) => server.name);
    expect(left).to.deep.equal(['globex-2', 'globex-1', 'globex-0']);
  });

  it('finds by name what is there now, whatever was found before', () => {
    const world = small();
    const { id } = world.findDomain({ name: 'acme' })!;
    const first = world.findProject(id, 'main')!;
    expect(world.findProject(id, 'main')).to.equal(first);
    first.name = 'moved';
    expect(world.findProject(id, 'main')).to.equal(undefined);
    expect(world.findProject(id, 'moved')).to.equal(first);
    world.removeProject(first.id);
    expect(world.findProject(id, 'moved')).to.equal(undefined);
    const second = world.addProject({ domainId: id, name: 'main' });
    expect(world.findProject(id, 'main')).to.equal(second);
  });

  it('lists a scope anew after a change in it', () => {
    const world = small();
    const { id } = world.findDomain({ name: 'acme' })!;
    const list = (): number => world.servers.listed({ kind: 'domain', id }).length;
    expect(list()).to.equal(3);
    const server = world.addServer({ projectId: world.findProject(id, 'main')!.id });
    expect(list()).to.equal(4);
    world.changeServer(server.id, { status: 'SOFT_DELETED' });
    expect(list()).to.equal(3);
    world.changeServer(server.id, { status: 'ACTIVE' });
    expect(list()).to.equal(4);
    world.removeServer(server.id);
    expect(list()).to.equal(3);
  });

  it('refuses ids that are taken, and owners that are not there', () => {
    const world = small();
    expect(() => world.addDomain({ name: 'acme' })).to.throw('exists already');
    expect(() => world.addProject({ domainId: 'none', name: 'main' })).to.throw('no domain none');
    expect(() => world.addServer({ projectId: 'none' })).to.throw('no project none');
    expect(() => world.changeServer('none', { status: 'ACTIVE' })).to.throw('no server none');
  });

  it('launches servers when they are made, but for those in BUILD', () => {
    const world = small();
    const projectId = [...world.projects.keys()][0]!;
    const active = world.addServer({ projectId, created: '2026-05-01T00:00:00Z' });
    expect(active.launchedAt).to.equal('2026-05-01T00:00:00Z');
    expect(world.addServer({ projectId, status: 'BUILD' }).launchedAt).to.equal(null);
    expect(world.addServer({ projectId, status: 'ERROR', launchedAt: null }).launchedAt).to.equal(null);
  });
});
