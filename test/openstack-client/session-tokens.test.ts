import { expect } from 'chai';
import { Bench, authOf } from './bench.js';
import { ask, AUTH, failure, tokenAnswer } from './fake.js';

const SECOND = 1000;

describe('Session', () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  const login = () => bench.session.login(ask());

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

    it('are renewed at their first use after the login was, though they would live on', async () => {
      await login();
      bench.clock.advance(100 * SECOND);
      bench.random = 0.99;
      const first = await project('p1');
      bench.clock.advance(1700 * SECOND);
      const second = await project('p1');
      expect(second).to.include({ projectId: 'p1', login: 2 });
      expect(second.expiresAt - first.expiresAt).to.equal(1700 * SECOND);
      expect(await project('p1')).to.equal(second);
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
});
