import { expect } from 'chai';
import { LoginFailure } from '../../src/openstack/gates.js';
import type { Visit } from '../../src/openstack/visit.js';
import { Bench } from './bench.js';
import { answer, compute, domain, fail, failure, NOVA, refusal, tokenAnswer } from './fake.js';

const projects = (...ids: string[]) =>
  answer({ projects: ids.map((id) => ({ id, name: id, enabled: true, domain_id: 'd1' })) });

describe('Visit', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.onGet = ({ line }) => (line.includes('projects') ? projects('home', 'p1') : answer({ line }));
  });
  const nova = (visit: Visit, projectId: string | null = null) => visit.compute('/servers/detail', projectId, {});

  it('asks Nova with the login’s token, the caller’s headers and the line’s certificates', async () => {
    await bench.visit().compute('/servers/detail?limit=1', null, { 'OpenStack-API-Version': 'compute 2.69' });
    const sent = bench.http.sent.at(-1)!;
    expect(sent.request).to.deep.include({
      service: 'compute',
      method: 'GET',
      url: `${NOVA}/servers/detail?limit=1`,
      headers: { 'OpenStack-API-Version': 'compute 2.69' },
      tls: { caFile: null, insecure: false },
    });
    expect(sent).to.include({ repeatable: 'get', token: 'home-1' });
  });

  it('asks for a project with a token of that project', async () => {
    await nova(bench.visit(), 'p1');
    expect(bench.http.sent.at(-1)!.token).to.equal('p1-2');
  });

  it('exchanges the project id at the end of Nova’s address', async () => {
    bench.onLogin = () => {
      const issued = bench.issue('home');
      Object.assign((issued.json() as { token: object }).token, { catalog: [compute(`${NOVA}/home`)] });
      return Promise.resolve(issued);
    };
    const visit = bench.visit();
    await nova(visit);
    await nova(visit, 'p1');
    expect(bench.http.sent.filter(({ token }) => token).map(({ request }) => request.url)).to.deep.equal([
      `${NOVA}/home/servers/detail`,
      `${NOVA}/p1/servers/detail`,
    ]);
    expect(await visit.sharedEndpoint()).to.equal(NOVA);
  });

  it('is not_found where the catalog has no Nova', async () => {
    bench = new Bench(domain({ region: 'R9' }));
    expect((await failure(nova(bench.visit()))).reason).to.equal('not_found');
    expect((await failure(bench.visit().sharedEndpoint())).reason).to.equal('not_found');
  });

  it('finds Nova in the next collection where the catalog has it by then', async () => {
    const catalogs = [[], [compute()]];
    bench.onLogin = () => {
      const issued = bench.issue('home');
      Object.assign((issued.json() as { token: object }).token, { catalog: catalogs.shift() });
      return Promise.resolve(issued);
    };
    expect((await failure(bench.visit().sharedEndpoint())).reason).to.equal('not_found');
    expect(await bench.visit().sharedEndpoint()).to.equal(NOVA);
    await nova(bench.visit());
    expect(catalogs).to.deep.equal([]);
  });

  describe('a service that takes the token no more', () => {
    it('is answered by one new login, and each request is repeated once, however many meet it', async () => {
      await bench.session.login(bench.visit().ask);
      bench.revoke();
      const visit = bench.visit();
      await Promise.all([...Array.from({ length: 10 }, () => nova(visit)), visit.listProjects()]);
      expect(bench.passwordLogins).to.equal(2);
      expect(bench.count('GET /servers')).to.equal(20);
      expect(bench.count('GET /projects')).to.equal(2);
    });

    it('is answered by one new login for many projects as well', async () => {
      const first = bench.visit();
      const ids = ['p1', 'p2', 'p3', 'p4'];
      await Promise.all(ids.map((id) => nova(first, id)));
      bench.revoke();
      const visit = bench.visit();
      await Promise.all(ids.map((id) => nova(visit, id)));
      expect(bench.passwordLogins).to.equal(2);
      expect(bench.count('GET /servers')).to.equal(12);
    });

    it('twice in one visit gets no second login; its 401 is told as auth', async () => {
      const visit = bench.visit();
      bench.onGet = () => fail(refusal(401));
      for (let i = 0; i < 3; i++) expect(await failure(nova(visit))).to.include({ reason: 'auth', status: 401 });
      expect(bench.passwordLogins).to.equal(2);
      // The first is repeated with the new token; those after it have no newer one to try.
      expect(bench.count('GET /servers')).to.equal(4);
    });

    it('gets a new login in the next visit again', async () => {
      bench.onGet = () => fail(refusal(401));
      for (let i = 0; i < 2; i++) await failure(nova(bench.visit()));
      expect(bench.passwordLogins).to.equal(3);
    });

    it('is a LoginFailure where Keystone refuses the new login', async () => {
      await bench.session.login(bench.visit().ask);
      bench.revoke();
      bench.onLogin = () => Promise.reject(refusal(401));
      const visit = bench.visit();
      const errors = await Promise.all([failure(nova(visit)), failure(nova(visit)), failure(nova(visit))]);
      for (const error of errors) expect(error).to.be.instanceOf(LoginFailure).and.to.include({ reason: 'auth' });
      expect(bench.passwordLogins).to.equal(2);
    });

    for (const status of [403, 404, 500]) {
      it(`is not meant by ${status}`, async () => {
        bench.onGet = () => fail(refusal(status));
        expect((await failure(nova(bench.visit()))).status).to.equal(status);
        expect(bench.passwordLogins).to.equal(1);
        expect(bench.count('GET /servers')).to.equal(1);
      });
    }
  });

  describe('a token of a project that is refused', () => {
    it('is asked for with a fresh login once, and then is forbidden, no LoginFailure', async () => {
      bench.refused.add('p1');
      const error = await failure(nova(bench.visit(), 'p1'));
      expect(error).to.include({ reason: 'forbidden', status: 401 });
      expect(error).not.to.be.instanceOf(LoginFailure);
      expect(bench.passwordLogins).to.equal(2);
      expect(bench.count('POST /auth/tokens?nocatalog')).to.equal(2);
    });

    it('is remembered: the next visit asks once and does not log in for it', async () => {
      bench.refused.add('p1');
      await failure(nova(bench.visit(), 'p1'));
      for (let i = 0; i < 3; i++) expect((await failure(nova(bench.visit(), 'p1'))).reason).to.equal('forbidden');
      expect(bench.passwordLogins).to.equal(2);
      expect(bench.count('POST /auth/tokens?nocatalog')).to.equal(5);
    });

    it('does not cost a login each where several are', async () => {
      for (const id of ['p1', 'p2', 'p3']) bench.refused.add(id);
      const visit = bench.visit();
      const errors = await Promise.all(['p1', 'p2', 'p3', 'p4'].map((id) => nova(visit, id).catch((e: unknown) => e)));
      expect(errors.map((error) => (error as { reason?: string }).reason)).to.deep.equal([
        'forbidden',
        'forbidden',
        'forbidden',
        undefined,
      ]);
      expect(bench.passwordLogins).to.equal(2);
      await Promise.all(['p1', 'p2', 'p3'].map((id) => failure(nova(bench.visit(), id))));
      expect(bench.passwordLogins).to.equal(2);
    });

    it('by a login that the visit made for another request is remembered as well', async () => {
      bench.refused.add('p1').add('p2');
      const visit = bench.visit();
      await failure(nova(visit, 'p1'));
      expect((await failure(nova(visit, 'p2'))).reason).to.equal('forbidden');
      expect((await failure(nova(bench.visit(), 'p2'))).reason).to.equal('forbidden');
      expect(bench.passwordLogins).to.equal(2);
    });

    it('serves again once it is granted, and is news when refused after that', async () => {
      bench.refused.add('p1');
      await failure(nova(bench.visit(), 'p1'));
      bench.refused.clear();
      await nova(bench.visit(), 'p1');
      expect(bench.passwordLogins).to.equal(2);
      expect(bench.session.forbiddenProjects.size).to.equal(0);
    });

    it('since the login’s own is dead (404) brings one new login, and then is had', async () => {
      await bench.session.login(bench.visit().ask);
      bench.revoke();
      const visit = bench.visit();
      await Promise.all(['p1', 'p2', 'p3'].map((id) => nova(visit, id)));
      expect(bench.passwordLogins).to.equal(2);
      expect(bench.session.forbiddenProjects.size).to.equal(0);
    });

    it('for another reason is that reason, without a login', async () => {
      await bench.session.login(bench.visit().ask);
      bench.http.respond = () => fail(refusal(500));
      expect(await failure(nova(bench.visit(), 'p1'))).to.include({ reason: 'unavailable', status: 500 });
      expect(bench.passwordLogins).to.equal(1);
    });
  });

  describe('the list of projects', () => {
    it('is the domain’s', async () => {
      expect(await bench.visit().listProjects()).to.include({ scope: 'domain', problem: null });
      expect(bench.http.lines).to.deep.equal(['POST /auth/tokens', 'GET /projects?domain_id=d1']);
    });

    it('is the user’s where the domain’s is forbidden, which is remembered until the next login', async () => {
      bench.onGet = ({ line }) => (line.startsWith('GET /projects') ? fail(refusal(403)) : projects('home'));
      for (let i = 0; i < 3; i++) expect((await bench.visit().listProjects()).scope).to.equal('user');
      expect([bench.count('GET /projects'), bench.count('GET /auth/projects')]).to.deep.equal([1, 3]);
      bench.clock.advance(1800_000);
      bench.onGet = () => projects('home');
      expect((await bench.visit().listProjects()).scope).to.equal('domain');
    });

    for (const status of [404, 500, 429]) {
      it(`fails with ${status}, rather than to pass off the user’s for the domain’s`, async () => {
        bench.onGet = () => fail(refusal(status));
        expect((await failure(bench.visit().listProjects())).status).to.equal(status);
        expect(bench.count('GET /auth/projects')).to.equal(0);
      });
    }

    describe('tell by their own tokens what became of those that are missing', () => {
      const fates: [status: number, fate: string][] = [
        [200, 'untold'],
        [401, 'without-role'],
        [403, 'untold'],
        [404, 'gone'],
        [500, 'untold'],
      ];
      for (const [status, fate] of fates) {
        it(`${fate} at ${status}, without a new login`, async () => {
          const visit = bench.visit();
          await nova(visit, 'p1');
          bench.onGet = () => (status === 200 ? answer({ projects: [], links: {} }) : fail(refusal(status)));
          expect(await visit.fateOf('p1', 'user')).to.equal(fate);
          expect(bench.http.sent.at(-1)!.token).to.match(/^p1-/);
          expect(bench.passwordLogins).to.equal(1);
        });
      }

      it('gone where there is no such token, or it is past its life, without a request', async () => {
        const visit = bench.visit();
        await nova(visit, 'p1');
        const sent = bench.http.sent.length;
        expect(await visit.fateOf('other', 'user')).to.equal('gone');
        bench.clock.advance(3600 * 1000);
        expect(await visit.fateOf('p1', 'user')).to.equal('gone');
        // It was in a list that the user may not have any more.
        expect(await visit.fateOf('p1', 'domain')).to.equal('hidden');
        expect(bench.http.sent).to.have.length(sent);
      });
    });
  });

  it('does not take a token of the wrong project', async () => {
    await bench.session.login(bench.visit().ask);
    bench.http.respond = () => tokenAnswer('t', 'p9');
    expect((await failure(nova(bench.visit(), 'p1'))).reason).to.equal('bad_response');
  });
});
