import { expect } from 'chai';
import fc from 'fast-check';
import { CollectError } from '../../src/errors.js';
import { disclose } from '../../src/http/disclose.js';
import type { HttpAnswer } from '../../src/http/request.js';
import { microversionHeaders, parseLimits, parseServers } from '../../src/openstack/compute.js';
import { parseProjects, parseToken, passwordBody, queryOf, rescopeBody } from '../../src/openstack/identity.js';
import { Secret } from '../../src/secret.js';
import { answer, thrown, tokenAnswer } from './fake.js';

const row = (change: object = {}) => ({
  id: 's1',
  tenant_id: 'p1',
  status: 'ACTIVE',
  flavor: { vcpus: 2, ram: 512, disk: 1 },
  'OS-SRV-USG:launched_at': '2026-11-22T04:30:00.000000',
  ...change,
});
const PARSERS: Record<string, (answer: HttpAnswer) => unknown> = {
  parseToken,
  parseProjects,
  parseServers,
  parseLimits,
};

describe('what is sent to Keystone', () => {
  it('is, for a login, the body that the user asked for, to the letter', () => {
    const body = passwordBody({ user: 'boss', password: new Secret('hunter2'), domainId: 'd1', project: 'admin' });
    expect(disclose({ headers: {}, body }).body).to.equal(
      '{"auth":{"identity":{"methods":["password"],"password":{"user":{' +
        '"name":"boss","domain":{"id":"d1"},"password":"hunter2"}}},' +
        '"scope":{"project":{"name":"admin","domain":{"id":"d1"}}}}}',
    );
  });

  it('is, for a token of another project, the login’s token and the project’s id', () => {
    const { body } = disclose({ headers: {}, body: rescopeBody(new Secret('t1'), 'p2') });
    expect(JSON.parse(body!)).to.deep.equal({
      auth: {
        identity: { methods: ['token'], token: { id: 't1' } },
        scope: { project: { id: 'p2' } },
      },
    });
  });

  it('is, to Nova, the microversion in the old and the new header', () => {
    expect(microversionHeaders('2.69')).to.deep.equal({
      'OpenStack-API-Version': 'compute 2.69',
      'X-OpenStack-Nova-API-Version': '2.69',
    });
  });
});

describe('parseToken', () => {
  it('takes the token from X-Subject-Token, and its life from the cloud’s own clock', () => {
    const token = parseToken(tokenAnswer('t1', 'p1', 90));
    expect(token.secret.reveal()).to.equal('t1');
    expect(token).to.include({ lifeMs: 90_000, projectId: 'p1' });
    expect(token.catalog).to.have.length(1);
  });

  it('has no catalog in an answer to ?nocatalog', () => {
    const body = tokenAnswer('t1').json() as { token: Record<string, unknown> };
    const rest = { ...body.token, catalog: undefined };
    expect(parseToken(answer({ token: rest }, { 'x-subject-token': 't' })).catalog).to.deep.equal([]);
  });

  it('names a region by its id, else by its old name, else not at all', () => {
    const body = tokenAnswer('t1').json() as { token: Record<string, unknown> };
    const endpoint = { interface: 'public', url: 'u' };
    const endpoints = [
      { ...endpoint, region_id: 'id', region: 'name' },
      { ...endpoint, region: 'name' },
      { ...endpoint, region_id: null },
    ];
    const token = { ...body.token, catalog: [{ type: 'compute', endpoints }] };
    const [service] = parseToken(answer({ token }, { 'x-subject-token': 't' })).catalog;
    expect(service!.endpoints.map(({ region }) => region)).to.deep.equal(['id', 'name', null]);
  });

  it('refuses an answer without the header, and does not show the body', () => {
    const error = thrown(() => parseToken(answer(tokenAnswer('t1').json())));
    expect(error).to.include({ reason: 'bad_response' });
    expect(error.message).to.contain('X-Subject-Token');
  });
});

describe('parseProjects', () => {
  it('takes id, name, enabled and domain of each, and whether there is more', () => {
    const body = {
      projects: [
        { id: 'a', name: 'A', enabled: false, domain_id: 'd1', extra: 1 },
        { id: 'b', name: 'B', domain_id: null },
      ],
      truncated: true,
      links: { next: 'http://inside:5000/v3/projects?marker=b&limit=2', self: 'x' },
    };
    const page = parseProjects(answer(body));
    expect(page.projects).to.deep.equal([
      { id: 'a', name: 'A', enabled: false, domainId: 'd1' },
      { id: 'b', name: 'B', enabled: true, domainId: null },
    ]);
    expect(page.truncated).to.equal(true);
    expect(page.next?.toString()).to.equal('marker=b&limit=2');
  });

  it('has no next page without a link, or with a null one', () => {
    expect(parseProjects(answer({ projects: [] }))).to.deep.equal({ projects: [], truncated: false, next: null });
    expect(parseProjects(answer({ projects: [], links: { next: null } })).next).to.equal(null);
  });
});

describe('parseServers', () => {
  it('takes what counts of each row', () => {
    const { servers, next } = parseServers(answer({ servers: [row()] }));
    expect(servers).to.deep.equal([
      { id: 's1', projectId: 'p1', status: 'ACTIVE', launched: true, vcpus: 2, ramMb: 512, flavor: '' },
    ]);
    expect(next).to.equal(null);
  });

  it('keeps the name of the flavor, and none where Nova tells none', () => {
    const flavor = { vcpus: 2, ram: 512 };
    const names = ['m1.small', 'm1.small', undefined, null, 7, ''].map((name) => ({ ...flavor, original_name: name }));
    const rows = [...names, null].map((one) => row({ flavor: one }));
    const { servers } = parseServers(answer({ servers: rows }));
    expect(servers.map((server) => server.flavor)).to.deep.equal(['m1.small', 'm1.small', '', '', '', '', '']);
    expect(servers.map(({ vcpus }) => vcpus)).to.deep.equal([2, 2, 2, 2, 2, 2, 0]);
  });

  it('has a server not launched only where Nova says so by null', () => {
    const without = row({ 'OS-SRV-USG:launched_at': undefined });
    const { servers } = parseServers(answer({ servers: [row({ 'OS-SRV-USG:launched_at': null }), without] }));
    expect(servers.map(({ launched }) => launched)).to.deep.equal([false, true]);
  });

  for (const flavor of [undefined, null]) {
    it(`has a row whose flavor is ${flavor} UNKNOWN, whatever its status: its cell is down`, () => {
      const [server] = parseServers(answer({ servers: [row({ flavor, status: 'ACTIVE' })] })).servers;
      expect(server).to.include({ status: 'UNKNOWN', vcpus: 0, ramMb: 0 });
    });
  }

  it('takes the query of the next link, wherever the link points to', () => {
    const links = [
      { rel: 'previous', href: 'x' },
      { rel: 'next', href: 'http://inside/v2.1/servers/detail?limit=1&marker=s1' },
    ];
    expect(parseServers(answer({ servers: [], servers_links: links })).next?.get('marker')).to.equal('s1');
  });

  for (const href of ['http://inside/servers', 'http://inside/servers?marker=', '']) {
    it(`refuses the next link "${href}", which leads nowhere`, () => {
      const body = { servers: [], servers_links: [{ rel: 'next', href }] };
      expect(thrown(() => parseServers(answer(body)))).to.include({ reason: 'bad_response' });
    });
  }
});

describe('parseLimits', () => {
  it('takes the used cores and MB', () => {
    const absolute = { totalCoresUsed: 4, totalRAMUsed: 8192, maxTotalCores: -1 };
    expect(parseLimits(answer({ limits: { absolute, rate: [] } }))).to.deep.equal({ vcpus: 4, ramMb: 8192 });
  });
});

describe('an answer of the wrong shape', () => {
  const token = (tokenAnswer('t').json() as { token: object }).token;
  const cases: [parser: string, body: unknown, path: string][] = [
    [
      'parseServers',
      { servers: [row(), row(), row(), row({ flavor: { vcpus: '2', ram: 1 } })] },
      'servers[3].flavor.vcpus',
    ],
    ['parseServers', { servers: [row({ flavor: { vcpus: 1.5, ram: 1 } })] }, 'servers[0].flavor.vcpus'],
    ['parseServers', { servers: [row({ flavor: { vcpus: 1, ram: -1 } })] }, 'servers[0].flavor.ram'],
    ['parseServers', { servers: [row({ flavor: { vcpus: 2 ** 31, ram: 1 } })] }, 'servers[0].flavor.vcpus'],
    ['parseServers', { servers: [row({ tenant_id: undefined })] }, 'servers[0].tenant_id'],
    ['parseServers', { servers: [row({ id: '' })] }, 'servers[0].id'],
    ['parseServers', { servers: {} }, 'servers'],
    ['parseServers', {}, 'servers'],
    ['parseServers', [], 'body'],
    ['parseServers', null, 'body'],
    ['parseProjects', { projects: [{ id: 'a', name: 'A', enabled: 'yes' }] }, 'projects[0].enabled'],
    ['parseProjects', { projects: [{ id: 'a', name: 'A' }] }, 'projects[0].domain_id'],
    ['parseProjects', { projects: [], truncated: 1 }, 'truncated'],
    ['parseLimits', { limits: { absolute: { totalCoresUsed: 1 } } }, 'limits.absolute.totalRAMUsed'],
    ['parseToken', { token: { ...token, expires_at: 'soon' } }, 'token.expires_at'],
    ['parseToken', { token: { ...token, project: undefined } }, 'token.project'],
    [
      'parseToken',
      { token: { ...token, catalog: [{ type: 'compute', endpoints: [{}] }] } },
      'token.catalog[0].endpoints[0].interface',
    ],
    ['parseToken', { error: { message: 'hunter2' } }, 'token'],
  ];
  for (const [parser, body, path] of cases) {
    it(`is named by its path in ${parser}: ${path}`, () => {
      const error = thrown(() => PARSERS[parser]!(answer(body, { 'x-subject-token': 't' })));
      expect(error).to.include({ reason: 'bad_response', status: null });
      expect(error.message).to.match(new RegExp(`^\\w+: ${path.replace(/[[\].]/g, '\\$&')}: \\w`));
      expect(error.message).not.to.contain('hunter');
    });
  }

  /** JSON that is now and then almost right. */
  const anyJson = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom(
          'token',
          'projects',
          'servers',
          'servers_links',
          'limits',
          'absolute',
          'links',
          'next',
          '__proto__',
        ),
        tie('json'),
        { maxKeys: 4 },
      ),
      fc.array(fc.oneof(tie('json'), fc.constant(row()), fc.constant({ id: 'a', name: 'A' })), { maxLength: 3 }),
    ),
  })).json;
  const nearly = fc.oneof(
    anyJson,
    anyJson.map((json) => ({ ...(tokenAnswer('t').json() as object), token: json })),
    anyJson.map((json) => ({ token: { ...token, catalog: json } })),
    anyJson.map((json) => ({ servers: [row({ flavor: json })], servers_links: json })),
    anyJson.map((json) => ({ projects: [{ id: 'a', name: 'a', domain_id: json }], links: { next: json } })),
  );

  for (const [name, parse] of Object.entries(PARSERS)) {
    it(`makes ${name} throw bad_response, and nothing else, whatever it is`, () => {
      fc.assert(
        fc.property(nearly, (body) => {
          try {
            parse(answer(body, { 'x-subject-token': 't' }));
          } catch (error) {
            expect(error).to.be.instanceOf(CollectError);
            expect((error as CollectError).reason).to.equal('bad_response');
            expect((error as CollectError).message).to.match(/^[^\p{Cc}]{1,200}$/u);
          }
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe('queryOf', () => {
  const table: [href: string, query: string][] = [
    ['https://a/b?c=1&d=2', 'c=1&d=2'],
    ['/b?c=%20x', 'c=+x'],
    ['https://a/b', ''],
    ['?', ''],
    ['', ''],
  ];
  for (const [href, query] of table) {
    it(`takes "${query}" from "${href}"`, () => {
      expect(queryOf(href).toString()).to.equal(query);
    });
  }
});
