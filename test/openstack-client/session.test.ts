import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { LoginFailure } from '../../src/openstack/gates.js';
import { Bench, authOf } from './bench.js';
import { answer, ask, AUTH, broken, deferred, domain, failure, refusal, tokenAnswer, turn } from './fake.js';
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

  describe('a renewal that fails', () => {
    const renewal = async (error: Error): Promise<string> => {
      const first = await token();
      bench.clock.advance(1800 * SECOND);
      bench.onLogin = () => Promise.reject(error);
      return first;
    };

    for (const error of [refusal(500), refusal(503), refusal(429), broken(), broken({ kind: 'other' })]) {
      it(`for a passing reason leaves the old token in use: ${error.reason}`, async () => {
        const first = await renewal(error);
        expect(await token()).to.equal(first);
        expect(bench.passwordLogins).to.equal(2);
      });
    }

    it('for a passing reason is not tried again by every request, but after half a minute', async () => {
      const first = await renewal(refusal(500));
      for (let request = 1; request <= 20; request += 1) expect(await token()).to.equal(first);
      expect(bench.passwordLogins).to.equal(2);
      bench.clock.advance(30 * SECOND);
      await token();
      expect(bench.passwordLogins).to.equal(3);
    });

    it('for a passing reason is an error once the old token is at its end', async () => {
      await renewal(refusal(500));
      bench.clock.advance(1620 * SECOND - 1);
      await token();
      bench.clock.advance(1);
      expect((await failure(login())).reason).to.equal('unavailable');
    });

    for (const status of [401, 403]) {
      it(`since it was refused with ${status} is an error at once`, async () => {
        await renewal(refusal(status));
        expect(await failure(login()))
          .to.be.instanceOf(LoginFailure)
          .and.to.include({ status });
      });
    }

    describe('with a password file', () => {
      let folder: string;
      let path: string;
      beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), 'vhi-session-'));
        path = join(folder, 'password');
        writeFileSync(path, 'hunter2\n');
        bench = new Bench(domain({ password: { kind: 'file', path } }));
        expect(await token()).to.equal('home-1');
        bench.clock.advance(1800 * SECOND);
      });
      afterEach(() => rmSync(folder, { recursive: true }));

      it('that is gone leaves the old token in use, and looks again after half a minute', async () => {
        rmSync(path);
        for (let request = 1; request <= 3; request += 1) expect(await token()).to.equal('home-1');
        writeFileSync(path, 'hunter2\n');
        bench.clock.advance(30 * SECOND - 1);
        expect(await token()).to.equal('home-1');
        bench.clock.advance(1);
        expect(await token()).to.equal('home-2');
        expect(bench.passwordLogins).to.equal(2);
      });

      it('that stays away is config once the old token is at its end', async () => {
        rmSync(path);
        bench.clock.advance(1620 * SECOND - 1);
        expect(await token()).to.equal('home-1');
        bench.clock.advance(1);
        expect(await failure(login()))
          .to.be.instanceOf(LoginFailure)
          .and.to.include({ reason: 'config', message: 'the password file cannot be read (ENOENT)' });
      });

      it('that is gone is config where the services no longer take the old token', async () => {
        rmSync(path);
        expect(await failure(bench.session.loginAgain(ask()))).to.include({ reason: 'config' });
      });

      it('that holds another password, which Keystone refuses, is an error at once', async () => {
        writeFileSync(path, 'wrong\n');
        bench.onLogin = () => Promise.reject(refusal(401));
        for (let request = 1; request <= 2; request += 1) {
          expect(await failure(login()))
            .to.be.instanceOf(LoginFailure)
            .and.to.include({ reason: 'auth' });
        }
        expect(bench.passwordLogins).to.equal(2);
      });
    });
  });

  describe('tokens of projects', () => {
    const project = async (id: string) => bench.session.projectToken(await login(), id, ask());

    it('come from the login’s token, without the catalog, and are kept', async () => {
      const first = await project('p1');
      expect(await project('p1')).to.equal(first);
      expect(first.projectId).to.equal('p1');
      expect(bench.http.lines).to.deep.equal(['POST /auth/tokens', 'POST /auth/tokens?nocatalog']);
      const [, sent] = bench.http.sent;
      expect(sent!.request.url).to.equal(`${AUTH}/auth/tokens?nocatalog`);
      expect(sent!.repeatable).to.equal('get');
      expect(authOf(sent!)).to.deep.equal({
        identity: { methods: ['token'], token: { id: 'home-1' } },
        scope: { project: { id: 'p1' } },
      });
    });

    it('of the login’s own project are the login’s token', async () => {
      expect((await project('home')).secret.reveal()).to.equal('home-1');
      expect(bench.http.sent).to.have.length(1);
    });

    it('are not renewed before the login was, for they end with it', async () => {
      const first = await project('p1');
      const parent = await login();
      bench.clock.advance(1800 * SECOND);
      expect(await bench.session.projectToken(parent, 'p1', ask())).to.equal(first);
      expect(await project('p1')).not.to.equal(first);
      expect(bench.passwordLogins).to.equal(2);
    });

    it('live on when only the login was renewed', async () => {
      await login();
      bench.clock.advance(100 * SECOND);
      bench.random = 0.99;
      const first = await project('p1');
      bench.clock.advance(1700 * SECOND);
      expect(await project('p1')).to.equal(first);
      expect(bench.passwordLogins).to.equal(2);
    });

    it('of another project than the one asked for are refused', async () => {
      const parent = await login();
      bench.http.respond = () => tokenAnswer('t9', 'p9');
      const error = await failure(bench.session.projectToken(parent, 'p1', ask()));
      expect(error.reason).to.equal('bad_response');
    });

    it('are forgotten one by one, with their projects, and with the login that they came from', async () => {
      const first = await project('p1');
      const second = await project('p2');
      bench.session.drop(first);
      expect(await project('p2')).to.equal(second);
      expect(await project('p1')).not.to.equal(first);
      bench.session.keepOnly(new Set(['p1']));
      const third = await project('p2');
      expect(third).not.to.equal(second);
      await bench.session.loginAgain(ask());
      expect(await project('p2')).not.to.equal(third);
      expect(bench.passwordLogins).to.equal(2);
    });

    it('that were dropped long ago do not take a newer one with them', async () => {
      const old = await project('p1');
      bench.session.drop(old);
      const fresh = await project('p1');
      bench.session.drop(old);
      expect(await project('p1')).to.equal(fresh);
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
