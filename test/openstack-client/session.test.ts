import { expect } from 'chai';
import fc from 'fast-check';
import { CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { LoginFailure } from '../../src/openstack/gates.js';
import { Bench, authOf } from './bench.js';
import { answer, ask, deferred, domain, failure, refusal, turn } from './fake.js';
import type { HttpAnswer } from '../../src/http/request.js';

const SECOND = 1000;

describe('Session', () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  const login = () => bench.session.login(ask());
  const token = async (): Promise<string> => (await login()).token.secret.reveal();

  describe('the login', () => {
    it('is one POST of the domain’s user and project, without a token, never repeated as a GET is', async () => {
      await login();
      const [sent] = bench.http.sent;
      expect(bench.http.lines).to.deep.equal(['POST /auth/tokens']);
      expect(sent!.request).to.deep.include({
        service: 'identity',
        headers: {},
        tls: { caFile: null, insecure: false },
      });
      expect(sent!.repeatable).to.equal('login');
      expect(authOf(sent!)).to.deep.equal({
        identity: {
          methods: ['password'],
          password: { user: { name: 'boss-of-acme', domain: { id: 'd1' }, password: 'hunter2' } },
        },
        scope: { project: { name: 'acme-admin', domain: { id: 'd1' } } },
      });
      expect(bench.logins).to.deep.equal(['success']);
    });

    it('judges certificates as its line says', async () => {
      const cloud = { ...domain().cloud, caFile: '/ca.pem', insecure: true };
      bench = new Bench(domain({ cloud }));
      await bench.session.login(ask());
      expect(bench.http.sent[0]!.request.tls).to.deep.equal({ caFile: '/ca.pem', insecure: true });
    });

    it('is shared by all who need it at the same time', async () => {
      const tokens = await Promise.all(Array.from({ length: 20 }, token));
      expect(new Set(tokens).size).to.equal(1);
      expect(bench.passwordLogins).to.equal(1);
    });

    it('serves until the point of its renewal, between half and nine tenths of its life', async () => {
      for (const [random, share] of [
        [0, 0.5],
        [0.5, 0.7],
        [0.9999, 0.89996],
      ] as const) {
        bench = new Bench();
        bench.random = random;
        const first = await token();
        bench.clock.advance(3600 * SECOND * share - 2);
        expect(await token()).to.equal(first);
        bench.clock.advance(4);
        expect(await token()).not.to.equal(first);
        expect(bench.passwordLogins).to.equal(2);
      }
    });

    it('is renewed between 50 and 90 % of any life, before the token ends', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.double({ min: 0, max: 0.999999, noNaN: true }),
          fc.integer({ min: 1, max: 1e6 }),
          async (random, life) => {
            bench = new Bench();
            Object.assign(bench, { random, tokenSeconds: life });
            const { renewAt, expiresAt } = (await login()).token;
            expect(renewAt).to.be.within(0.5 * life * SECOND, 0.9 * life * SECOND);
            expect(expiresAt).to.be.within(renewAt, life * SECOND);
          },
        ),
        { numRuns: 50 },
      );
    });

    for (const life of [0.999, 0, -600]) {
      it(`is bad_response where its token is good for ${life} s: each request would cost a login`, async () => {
        Object.assign(bench, { tokenSeconds: life });
        expect(await failure(login())).to.include({ reason: 'bad_response' });
      });
    }

    it('fails as a LoginFailure, is told of by its reason, and is tried again by the next one', async () => {
      bench.onLogin = () => Promise.reject(refusal(500));
      expect(await failure(login()))
        .to.be.instanceOf(LoginFailure)
        .and.to.include({ reason: 'unavailable' });
      bench.onLogin = () => Promise.resolve(answer({ token: 1 }));
      expect(await failure(login()))
        .to.be.instanceOf(LoginFailure)
        .and.to.include({ reason: 'bad_response' });
      bench.onLogin = null;
      await login();
      expect(bench.logins).to.deep.equal(['unavailable', 'bad_response', 'success']);
    });

    it('of a refused password is sent once, and told of once', async () => {
      bench.onLogin = () => Promise.reject(refusal(401));
      for (let i = 0; i < 3; i++) expect((await failure(login())).reason).to.equal('auth');
      expect(bench.passwordLogins).to.equal(1);
      expect(bench.logins).to.deep.equal(['auth']);
    });

    it('without a readable password is config, and nothing is sent', async () => {
      bench = new Bench(domain({ password: { kind: 'file', path: '/nonexistent/hunter2' } }));
      const error = await failure(bench.session.login(ask()));
      expect(error).to.be.instanceOf(LoginFailure).and.to.include({ reason: 'config' });
      expect(error.message).not.to.contain('hunter2');
      expect(bench.http.sent).to.deep.equal([]);
    });
  });

  describe('the end of a collection', () => {
    it('lets its waiter go; the login goes on and is kept for the next one', async () => {
      const running = deferred<HttpAnswer>();
      bench.onLogin = () => running.promise;
      const life = new Lifetime();
      const waiting = failure(bench.session.login(ask(life)));
      await turn();
      const reason = new CollectionOver();
      life.end(reason);
      expect(await waiting).to.equal(reason);
      running.resolve(bench.issue('home'));
      await turn();
      expect(await token()).to.equal('home-1');
      expect(bench.passwordLogins).to.equal(1);
      expect(bench.logins).to.deep.equal(['success']);
    });

    it('before its login was sent does not fail another collection’s waiter, who sends it himself', async () => {
      const life = new Lifetime();
      const held = deferred<HttpAnswer>();
      bench.onLogin = (sent) => (sent.ask.life === life ? held.promise : Promise.resolve(bench.issue('home')));
      const first = failure(bench.session.login(ask(life)));
      const second = token();
      await turn();
      await turn();
      const reason = new CollectionOver();
      life.end(reason);
      held.reject(reason);
      expect(await first).to.equal(reason);
      expect(await second).to.equal('home-1');
      expect(bench.logins).to.deep.equal(['success']);
    });

    it('is no login that failed', async () => {
      bench.onLogin = () => Promise.reject(new CollectionOver());
      const life = new Lifetime();
      life.end(new CollectionOver());
      expect(await failure(bench.session.login(ask(life)))).to.be.instanceOf(CollectionOver);
      expect(bench.logins).to.deep.equal([]);
    });
  });

  it('forgets with each new login what was refused before, not what was proven', async () => {
    const { access } = bench.session;
    for (const [before, after] of [
      ['denied', 'unknown'],
      ['unproven', 'unknown'],
      ['domain', 'domain'],
      ['cloud', 'cloud'],
    ] as const) {
      Object.assign(access, { view: before, domainProjectsForbidden: true, projectsStale: false });
      await bench.session.loginAgain(ask());
      expect(access).to.include({ view: after, domainProjectsForbidden: false, projectsStale: true });
    }
  });
});
