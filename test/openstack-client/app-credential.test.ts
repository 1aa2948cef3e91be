import { expect } from 'chai';
import { LoginFailure, LoginGates } from '../../src/openstack/gates.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { parseToken } from '../../src/openstack/identity.js';
import { Secret } from '../../src/secret.js';
import type { Domain } from '../../src/domains/domain.js';
import { TestClock } from '../helpers/clock.js';
import { authOf, Bench } from './bench.js';
import { answer, application, ask, domain, fail, failure, refusal, tokenAnswer } from './fake.js';

const MINUTE = 60_000;

describe('An application credential', () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench(domain({ credential: application() }))));

  it('logs in by its id and secret, without a scope and without a user', async () => {
    await bench.session.login(ask());
    const [sent] = bench.http.sent;
    expect(sent!.line).to.equal('POST /auth/tokens');
    expect(sent!.repeatable).to.equal('login');
    expect(authOf(sent!)).to.deep.equal({
      identity: { methods: ['application_credential'], application_credential: { id: 'c1', secret: 's3cret' } },
    });
    expect(bench.logins).to.deep.equal(['success']);
  });

  it('whose secret can’t be read is config, and nothing is sent', async () => {
    const credential = { ...application(), secret: { kind: 'file', path: '/nonexistent/s3cret' } } as const;
    bench = new Bench(domain({ credential }));
    const error = await failure(bench.session.login(ask()));
    expect(error).to.be.instanceOf(LoginFailure).and.to.include({ reason: 'config' });
    expect(error.message).to.equal('the secret file cannot be read (ENOENT)');
    expect(bench.http.sent).to.deep.equal([]);
  });

  it('reads its own project with its login’s token', async () => {
    bench.onGet = () => answer({});
    const visit = bench.visit();
    await visit.compute('/servers/detail', null, {});
    await visit.compute('/servers/detail', 'home', {});
    expect(bench.http.sent.filter(({ token }) => token).map(({ token }) => token)).to.deep.equal(['home-1', 'home-1']);
  });

  it('asks for no token of another project: that is forbidden, and needs a password', async () => {
    const visit = bench.visit();
    for (let i = 0; i < 2; i++) {
      const error = await failure(visit.compute('/servers/detail', 'p1', {}));
      expect(error).to.include({ reason: 'forbidden', status: null }).and.not.be.instanceOf(LoginFailure);
      expect(error.message).to.contain('user and password');
    }
    expect(bench.http.lines).to.deep.equal(['POST /auth/tokens']);
  });

  it('of another domain is config, with one login, and asks for nothing', async () => {
    bench.onLogin = () => {
      bench.good.add('t1');
      return Promise.resolve(tokenAnswer('t1', 'home', 3600, 'd2'));
    };
    for (let i = 0; i < 3; i++) {
      const visit = bench.visit();
      for (const act of [visit.login(), visit.listProjects(), visit.sharedEndpoint(), visit.compute('/x', null, {})]) {
        const error = await failure(act);
        expect(error).to.be.instanceOf(LoginFailure).and.to.include({ reason: 'config' });
        expect(error.message).to.contain('another domain');
      }
    }
    expect(bench.http.lines).to.deep.equal(['POST /auth/tokens']);
  });

  it('is logged in anew, once, when a service takes its token no more', async () => {
    bench.onGet = () => answer({});
    await bench.session.login(ask());
    bench.revoke();
    await bench.visit().compute('/servers/detail', null, {});
    expect(bench.passwordLogins).to.equal(2);
  });

  it('that Keystone does not know (404) is auth, says so without its id, and is tried again by the next scrape', async () => {
    bench.onLogin = () => fail(refusal(404));
    for (let i = 1; i <= 3; i++) {
      const error = await failure(bench.session.login(ask()));
      expect(error).to.be.instanceOf(LoginFailure).and.to.include({ reason: 'auth', status: 404 });
      expect(error.message).to.contain('deleted').and.not.contain('c1');
      expect(bench.passwordLogins).to.equal(i);
    }
    expect(bench.logins).to.deep.equal(['auth', 'auth', 'auth']);
    bench.onLogin = null;
    await bench.session.login(ask());
  });

  it('that was deleted, so that Keystone answers 404 to its token, is auth in the scrape that finds it', async () => {
    await bench.session.login(ask());
    bench.onGet = () => fail(refusal(404));
    bench.onLogin = () => fail(refusal(404));
    const error = await failure(bench.visit().listProjects());
    expect(error).to.be.instanceOf(LoginFailure).and.to.include({ reason: 'auth', status: 404 });
    expect(bench.passwordLogins).to.equal(2);
  });

  it('that is logged in anew for a 404 of Keystone, and meets another, is not_found, after one login', async () => {
    bench.onGet = () => fail(refusal(404));
    expect(await failure(bench.visit().listProjects())).to.include({ reason: 'not_found', status: 404 });
    expect(bench.passwordLogins).to.equal(2);
  });

  it('is not logged in anew for a 404 of Nova', async () => {
    bench.onGet = () => fail(refusal(404));
    await failure(bench.visit().compute('/servers/detail', null, {}));
    expect(bench.passwordLogins).to.equal(1);
  });

  describe('whose token ends with it, at a time without a zone', () => {
    const { TZ } = process.env;
    afterEach(() => {
      if (TZ === undefined) delete process.env['TZ'];
      else process.env['TZ'] = TZ;
    });
    for (const zone of ['Asia/Tokyo', 'America/New_York', 'UTC']) {
      it(`has it in UTC, wherever the exporter runs: ${zone}`, () => {
        process.env['TZ'] = zone;
        const project = { id: 'home', domain: { id: 'd1' } };
        const times = { issued_at: '2026-11-22T11:21:11.000000Z', expires_at: '2026-11-22T11:21:14.034370' };
        const { lifeMs } = parseToken(answer({ token: { ...times, project } }, { 'x-subject-token': 't' }));
        expect(lifeMs).to.equal(3034);
      });
    }
  });

  it('leaves 404 to a password login what it was: not_found', async () => {
    bench = new Bench();
    bench.onLogin = () => fail(refusal(404));
    expect(await failure(bench.session.login(ask()))).to.include({ reason: 'not_found', status: 404 });
  });

  describe('that was refused (401)', () => {
    const clock = new TestClock();
    let gates: LoginGates;
    let tried: number;
    beforeEach(() => {
      gates = new LoginGates(clock);
      tried = 0;
    });
    const pass = (line: Domain, secret = 's3cret'): Promise<unknown> =>
      gates.pass(line, new Secret(secret), new Lifetime(), () => {
        tried += 1;
        return fail(refusal(401));
      });
    const tries = async (line: Domain, secret?: string): Promise<boolean> => {
      const before = tried;
      await failure(pass(line, secret));
      return tried > before;
    };
    const line = (change = {}): Domain => domain({ credential: application(), ...change });

    it('is tried again after 5 minutes, then an hour, then every 6 hours', async () => {
      expect(await tries(line())).to.equal(true);
      for (const wait of [5, 60, 360, 360].map((minutes) => minutes * MINUTE)) {
        clock.advance(wait - 1);
        expect(await tries(line())).to.equal(false);
        clock.advance(1);
        expect(await tries(line())).to.equal(true);
      }
    });

    it('says all that Keystone hides, and neither id nor secret', async () => {
      const { message, reason, status } = await failure(pass(line()));
      expect({ reason, status }).to.deep.equal({ reason: 'auth', status: 401 });
      for (const word of ['secret is wrong', 'expired', 'user', 'disabled', 'next try is at']) {
        expect(message).to.contain(word);
      }
      expect(message).not.to.match(/c1|s3cret/);
    });

    it('is tried at once with another secret, id or auth_url, without forgetting the old one', async () => {
      await tries(line());
      expect(await tries(line(), 'better')).to.equal(true);
      expect(await tries(line({ credential: application('c2') }))).to.equal(true);
      expect(await tries(line({ authUrl: 'https://other:5000/v3' }))).to.equal(true);
      expect(await tries(line())).to.equal(false);
      expect(await tries(line(), 'better')).to.equal(false);
    });

    it('holds every line back that uses it, whatever its domain', async () => {
      await tries(line());
      expect(await tries(line({ id: 'd2', label: 'other' }))).to.equal(false);
      expect(await tries(line({ label: 'acme-2', region: 'R2' }))).to.equal(false);
    });

    it('has nothing to do with a user of the same name and password', async () => {
      await tries(line());
      expect(await tries(domain({ user: 'c1', project: '' }), 's3cret')).to.equal(true);
    });
  });
});
