import { expect } from 'chai';
import { planOf, readyStep, tokenKey, type Step } from '../../bench/plan.js';
import type { Call } from '../../src/simulator/server.js';

const CALL: Call = {
  seq: 1,
  at: 0,
  method: 'GET',
  path: '/v2.1/servers/detail',
  query: '',
  route: 'servers',
  domainId: 'acme',
  projectId: 'main',
  user: 'exporter',
  status: 200,
  microversion: '2.69',
  bytes: 0,
  ms: 1,
  allTenants: false,
  marker: null,
  limit: null,
};

const projects: Partial<Call> = { route: 'authProjects', path: '/v3/auth/projects', microversion: null };
const page = (marker: string | null, rest: Partial<Call> = {}): Partial<Call> => ({
  allTenants: true,
  marker,
  query: `all_tenants=1${marker === null ? '' : `&marker=${marker}`}`,
  ...rest,
});

/** Of each step, what it waits for. */
const waits = (...calls: Partial<Call>[]): (number | null)[] =>
  planOf(calls.map((call) => ({ ...CALL, ...call }))).map(({ after }) => after);

describe('bench: the plan of a replay', () => {
  it('keeps addresses, order and microversions', () => {
    const plan = planOf([
      { ...CALL, ...projects },
      { ...CALL, ...page(null) },
    ]);
    expect(plan).to.deep.equal([
      {
        method: 'GET',
        path: '/v3/auth/projects',
        projectId: 'main',
        domainId: 'acme',
        microversion: null,
        after: null,
      },
      {
        method: 'GET',
        path: '/v2.1/servers/detail?all_tenants=1',
        projectId: 'main',
        domainId: 'acme',
        microversion: '2.69',
        after: 0,
      },
    ]);
  });

  it('lets a page wait for the one before it, of the same listing', () => {
    const globex = { domainId: 'globex', projectId: 'home' };
    expect(waits(page(null), page(null, globex), page('a'), page('b'), page('z', globex))).to.deep.equal([
      null,
      null,
      0,
      2,
      1,
    ]);
    expect(waits(page(null), page(null, { projectId: 'side' }), page('a'))).to.deep.equal([null, null, 0]);
  });

  it('tells the listings of projects from each other, side by side under one token', () => {
    const part = (id: string, marker: string | null): Partial<Call> => {
      const whole = page(marker);
      return { ...whole, query: `all_tenants=1&project_id=${id}${marker === null ? '' : `&marker=${marker}`}` };
    };
    expect(
      waits(page(null), part('main', null), part('side', null), part('main', 'a'), part('side', 'b')),
    ).to.deep.equal([null, null, null, 1, 2]);
  });

  it("lets a project's first request wait for its domain's project list", () => {
    const limits: Partial<Call> = { route: 'limits', path: '/v2.1/limits' };
    expect(waits(projects, {}, { projectId: 'side' }, limits)).to.deep.equal([null, 0, 0, 0]);
    expect(waits(projects, { domainId: 'globex', projectId: 'home' })).to.deep.equal([null, null]);
  });

  it('lets it wait for its token, if that is asked for as well', () => {
    const rescope: Partial<Call> = { route: 'rescope', method: 'POST', path: '/v3/auth/tokens', projectId: 'side' };
    expect(waits(projects, rescope, { projectId: 'side' }, {})).to.deep.equal([null, 0, 1, 0]);
  });

  it('leaves logins out', () => {
    expect(waits({ route: 'login', method: 'POST' }, page(null))).to.deep.equal([null]);
  });

  it('sends what the exporter sends', () => {
    const step: Step = {
      method: 'GET',
      path: '/v2.1/limits',
      projectId: 'main',
      domainId: 'acme',
      microversion: '2.47',
      after: 3,
    };
    expect(tokenKey(step)).to.equal('acme main');
    expect(readyStep(step, 'http://127.0.0.1:1', 'token')).to.deep.equal({
      method: 'GET',
      after: 3,
      url: 'http://127.0.0.1:1/v2.1/limits',
      headers: {
        Accept: 'application/json',
        'X-Auth-Token': 'token',
        'OpenStack-API-Version': 'compute 2.47',
        'X-OpenStack-Nova-API-Version': '2.47',
      },
      body: null,
    });
    const { body, headers } = readyStep({ ...step, method: 'POST' }, 'http://127.0.0.1:1', 'token');
    expect(headers).not.to.have.property('X-Auth-Token');
    expect(JSON.parse(body!)).to.deep.equal({
      auth: { identity: { methods: ['token'], token: { id: 'token' } }, scope: { project: { id: 'main' } } },
    });
  });
});
