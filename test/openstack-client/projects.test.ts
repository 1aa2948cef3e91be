import { expect } from 'chai';
import type { HttpAnswer } from '../../src/http/request.js';
import { listProjects, type ProjectList } from '../../src/openstack/projects.js';
import { answer, failure, refusal } from './fake.js';

const project = (id: string, domainId: string | null = 'd1', enabled = true) => ({
  id,
  name: id.toUpperCase(),
  enabled,
  domain_id: domainId,
});

/** Pages by path; a path that is not there fails the test. */
function cloud(pages: Record<string, object | Error>): { paths: string[]; get: (path: string) => Promise<HttpAnswer> } {
  const paths: string[] = [];
  return {
    paths,
    get: (path) => {
      paths.push(path);
      const page = pages[path];
      if (page === undefined) return Promise.reject(new Error(`no such page: ${path}`));
      return page instanceof Error ? Promise.reject(page) : Promise.resolve(answer(page));
    },
  };
}

const FIRST = '/projects?domain_id=d1';
const list = (get: (path: string) => Promise<HttpAnswer>, scope: ProjectList['scope'] = 'domain') =>
  listProjects({ domainId: 'd1', loginProjectId: 'home', scope, get });
const ids = ({ projects }: ProjectList): string[] => [...projects.keys()];

describe('listProjects', () => {
  it('asks for the domain’s projects, disabled ones too', async () => {
    const { get, paths } = cloud({ [FIRST]: { projects: [project('home'), project('off', 'd1', false)] } });
    const result = await list(get);
    expect(paths).to.deep.equal([FIRST]);
    expect([...result.projects.values()].map(({ id, enabled }) => [id, enabled])).to.deep.equal([
      ['home', true],
      ['off', false],
    ]);
    expect(result).to.include({ scope: 'domain', problem: null });
  });

  it('asks for the user’s own projects where that is the scope', async () => {
    const { get, paths } = cloud({ '/auth/projects': { projects: [project('home')] } });
    expect(await list(get, 'user')).to.include({ scope: 'user', problem: null });
    expect(paths).to.deep.equal(['/auth/projects']);
  });

  it('keeps the domain’s own, should the filter be ignored', async () => {
    const projects = [project('home'), project('foreign', 'd2'), project('d1', null)];
    expect(ids(await list(cloud({ [FIRST]: { projects } }).get))).to.deep.equal(['home']);
  });

  it('reads page after page on our own address, and keeps the filter that a link may lack', async () => {
    const { get, paths } = cloud({
      [FIRST]: { projects: [project('home')], links: { next: 'http://inside/v3/projects?marker=home' } },
      '/projects?marker=home&domain_id=d1': {
        projects: [project('b')],
        links: { next: 'http://inside/v3/projects?marker=b&domain_id=d1&limit=1' },
      },
      '/projects?marker=b&domain_id=d1&limit=1': { projects: [project('c')], links: { next: null } },
    });
    const result = await list(get);
    expect(ids(result)).to.deep.equal(['home', 'b', 'c']);
    expect(result.problem).to.equal(null);
    expect(paths).to.have.length(3);
  });

  it('tells of a list that Keystone cut short, also on an early page', async () => {
    const { get } = cloud({
      [FIRST]: { projects: [project('home')], truncated: true, links: { next: '?marker=home' } },
      '/projects?marker=home&domain_id=d1': { projects: [project('b')] },
    });
    const result = await list(get);
    expect(ids(result)).to.deep.equal(['home', 'b']);
    expect(result.problem).to.include({ reason: 'incomplete' });
    expect(result.problem!.message).to.contain('truncated');
  });

  it('stops at a link that leads in a circle, and keeps what it has', async () => {
    const { get, paths } = cloud({
      [FIRST]: { projects: [project('home')], links: { next: '?marker=home' } },
      '/projects?marker=home&domain_id=d1': { projects: [project('b')], links: { next: '?marker=home' } },
    });
    const result = await list(get);
    expect(ids(result)).to.deep.equal(['home', 'b']);
    expect(result.problem).to.include({ reason: 'bad_response' });
    expect(paths).to.have.length(2);
  });

  it('stops at a link without a marker that leads to itself', async () => {
    const { get, paths } = cloud({
      [FIRST]: { projects: [project('home')], links: { next: '?page=1' } },
      '/projects?page=1&domain_id=d1': { projects: [], links: { next: '?page=1' } },
    });
    expect((await list(get)).problem).to.include({ reason: 'bad_response' });
    expect(paths).to.have.length(2);
  });

  it('stops where the links lead on for ever, to nothing new', async () => {
    let count = 0;
    const get = (): Promise<HttpAnswer> => {
      count += 1;
      return Promise.resolve(answer({ projects: [project('home')], links: { next: `?marker=${count}` } }));
    };
    const result = await list(get);
    expect(ids(result)).to.deep.equal(['home']);
    expect(result.problem).to.include({ reason: 'bad_response' });
    expect(count).to.equal(4);
  });

  it('keeps the pages before one that fails, with its error', async () => {
    const error = refusal(500);
    const { get } = cloud({
      [FIRST]: { projects: [project('home')], links: { next: '?marker=home' } },
      '/projects?marker=home&domain_id=d1': error,
    });
    const result = await list(get);
    expect(ids(result)).to.deep.equal(['home']);
    expect(result.problem).to.equal(error);
  });

  it('fails where the first page does', async () => {
    const error = refusal(403);
    expect(await failure(list(cloud({ [FIRST]: error }).get))).to.equal(error);
    expect(await failure(list(cloud({ [FIRST]: {} }).get))).to.include({ reason: 'bad_response' });
  });

  for (const projects of [[], [project('b')]]) {
    it(`does not believe ${projects.length === 0 ? 'an empty list' : 'a list'} without the login’s own project`, async () => {
      const result = await list(cloud({ [FIRST]: { projects } }).get);
      expect(ids(result)).to.deep.equal(projects.map(({ id }) => id));
      expect(result.problem).to.include({ reason: 'incomplete' });
    });
  }
});
