import { expect } from 'chai';
import { CollectError, CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { LoginFailure, LoginGates } from '../../src/openstack/gates.js';
import type { Domain } from '../../src/domains/domain.js';
import { Secret } from '../../src/secret.js';
import { TestClock } from '../helpers/clock.js';
import { broken, deferred, domain, failure, refusal, turn } from './fake.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A gate, and how often a login came through it. */
class Bench {
  readonly clock = new TestClock();
  readonly gates = new LoginGates(this.clock);
  tried = 0;
  login: () => Promise<unknown> = () => Promise.reject(refusal(401));

  pass(line: Domain = domain(), password = 'hunter2', life = new Lifetime()): Promise<unknown> {
    return this.gates.pass(line, new Secret(password), life, () => {
      this.tried += 1;
      return this.login();
    });
  }

  /** Whether the login was really tried. */
  async tries(line?: Domain, password?: string): Promise<boolean> {
    const before = this.tried;
    await this.pass(line, password).catch(() => undefined);
    return this.tried > before;
  }
}

describe('LoginGates', () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));

  it('lets a login through and gives its result', async () => {
    bench.login = () => Promise.resolve('token');
    expect(await bench.pass()).to.equal('token');
    expect(await bench.pass()).to.equal('token');
  });

  describe('after a refused password', () => {
    it('tries again after 5 minutes, then an hour, then every 6 hours, and not a moment before', async () => {
      expect(await bench.tries()).to.equal(true);
      for (const wait of [5 * MINUTE, HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR]) {
        expect(await bench.tries()).to.equal(false);
        bench.clock.advance(wait - 1);
        expect(await bench.tries()).to.equal(false);
        bench.clock.advance(1);
        expect(await bench.tries()).to.equal(true);
      }
    });

    it('fails every call until then as the first one did: auth, 401', async () => {
      for (let i = 0; i < 3; i++) {
        const error = await failure(bench.pass());
        expect(error).to.be.instanceOf(LoginFailure);
        expect(error).to.include({ reason: 'auth', status: 401 });
      }
      expect(bench.tried).to.equal(1);
    });

    it('names all that Keystone hides behind its 401, when it tries again, and neither user nor password', async () => {
      for (let i = 0; i < 2; i++) {
        const { message } = await failure(bench.pass());
        for (const word of ['password', 'user', 'domain', 'project "acme-admin"', 'disabled', 'locked', 'expired']) {
          expect(message).to.contain(word);
        }
        expect(message).to.contain('2026-11-22T04:35:00Z');
        expect(message).not.to.contain('hunter2').and.not.contain('boss-of-acme');
      }
    });

    it('names the same time of the next try while time goes by', async () => {
      await failure(bench.pass());
      bench.clock.advance(4 * MINUTE);
      expect((await failure(bench.pass())).message).to.contain('2026-11-22T04:35:00Z');
    });

    it('tries a new password at once, without forgetting the old one', async () => {
      await bench.tries();
      expect(await bench.tries(domain(), 'better')).to.equal(true);
      expect(await bench.tries(domain(), 'hunter2')).to.equal(false);
      expect(await bench.tries(domain(), 'better')).to.equal(false);
    });

    const edits: [what: string, line: Domain][] = [
      ['user', domain({ user: 'other' })],
      ['domain', domain({ id: 'd2' })],
      ['auth_url', domain({ authUrl: 'https://other:5000/v3' })],
      ['project', domain({ project: 'other' })],
    ];
    for (const [what, line] of edits) {
      it(`tries at once when the line has another ${what}, and waits again after that`, async () => {
        await bench.tries();
        expect(await bench.tries(line)).to.equal(true);
        expect(await bench.tries(line)).to.equal(false);
      });
    }

    it('does not try when other things of the line change', async () => {
      await bench.tries();
      const touched = domain({
        line: 7,
        disabledProjects: 'ignore',
        password: { kind: 'env', name: 'X' },
        cloud: { ...domain().cloud, insecure: true, interface: 'internal', computeUrl: 'https://n' },
      });
      expect(await bench.tries(touched)).to.equal(false);
    });

    it('begins the waits anew after an edit', async () => {
      await bench.tries();
      bench.clock.advance(5 * MINUTE);
      await bench.tries();
      expect(await bench.tries(domain({ project: 'other' }))).to.equal(true);
      bench.clock.advance(5 * MINUTE);
      expect(await bench.tries(domain({ project: 'other' }))).to.equal(true);
    });

    it('holds lines that share the credential together, whatever their projects', async () => {
      const other = domain({ label: 'acme-2', project: 'second' });
      await bench.tries();
      for (let i = 0; i < 4; i++) {
        expect(await bench.tries(other)).to.equal(false);
        expect(await bench.tries()).to.equal(false);
      }
      bench.clock.advance(5 * MINUTE);
      expect(await bench.tries(other)).to.equal(true);
      expect(await bench.tries()).to.equal(false);
      bench.clock.advance(5 * MINUTE);
      expect(await bench.tries()).to.equal(false);
    });

    it('holds lines of two regions together that have one label and two projects', async () => {
      const [one, two] = [domain({ region: 'R1' }), domain({ region: 'R2', project: 'second' })];
      await bench.tries(one);
      for (let i = 0; i < 3; i++) {
        expect(await bench.tries(two)).to.equal(false);
        expect(await bench.tries(one)).to.equal(false);
      }
    });

    it('tries at once for an edited line that shares the credential and only ever waited', async () => {
      await bench.tries();
      expect(await bench.tries(domain({ label: 'acme-2', project: 'second' }))).to.equal(false);
      expect(await bench.tries(domain({ label: 'acme-2', project: 'third' }))).to.equal(true);
    });

    it('names the project of the line that asks', async () => {
      await bench.tries();
      expect((await failure(bench.pass(domain({ label: 'b', project: 'second' })))).message).to.contain('"second"');
    });

    it('lets other credentials pass', async () => {
      await bench.tries();
      expect(await bench.tries(domain({ id: 'd2', label: 'globex' }))).to.equal(true);
    });

    it('forgets the refusals after a login that worked', async () => {
      await bench.tries();
      bench.clock.advance(5 * MINUTE);
      bench.login = () => Promise.resolve('token');
      await bench.pass();
      bench.login = () => Promise.reject(refusal(401));
      expect(await bench.tries()).to.equal(true);
      bench.clock.advance(5 * MINUTE);
      expect(await bench.tries()).to.equal(true);
    });
  });

  describe('other failures', () => {
    for (const error of [refusal(403), refusal(404), refusal(500), refusal(429), refusal(503), broken()]) {
      it(`do not hold the next login back: ${error.reason} ${error.status}`, async () => {
        bench.login = () => Promise.reject(error);
        const got = await failure(bench.pass());
        expect(got).to.be.instanceOf(LoginFailure);
        expect(got).to.include({ reason: error.reason, status: error.status, message: error.message });
        expect(await bench.tries()).to.equal(true);
      });
    }

    it('of a typed kind become a LoginFailure of their own reason', async () => {
      bench.login = () => Promise.reject(new CollectError('bad_response', 'token: odd'));
      const error = await failure(bench.pass());
      expect(error).to.be.instanceOf(LoginFailure);
      expect(error).to.include({ reason: 'bad_response', message: 'token: odd' });
    });

    it('of an unforeseen kind stay what they are', async () => {
      const bug = new TypeError('bug');
      bench.login = () => Promise.reject(bug);
      expect(await bench.pass().catch((error: unknown) => error)).to.equal(bug);
    });

    it('do not clear the refusals before them', async () => {
      await bench.tries();
      bench.clock.advance(5 * MINUTE);
      bench.login = () => Promise.reject(refusal(500));
      await bench.tries();
      bench.login = () => Promise.reject(refusal(401));
      expect(await bench.tries()).to.equal(true);
      bench.clock.advance(5 * MINUTE);
      expect(await bench.tries()).to.equal(false);
      bench.clock.advance(55 * MINUTE);
      expect(await bench.tries()).to.equal(true);
    });
  });

  for (const status of [429, 503]) {
    it(`keeps the Retry-After of ${status} from one collection to the next, for that credential`, async () => {
      bench.login = () => Promise.reject(refusal(status, 90_000));
      const error = await failure(bench.pass());
      bench.clock.advance(89_999);
      const again = await failure(bench.pass());
      expect(again).to.be.instanceOf(LoginFailure);
      expect(again).to.include({ reason: error.reason, status });
      expect(bench.tried).to.equal(1);
      expect(await bench.tries(domain({ id: 'd2' }))).to.equal(true);
      bench.clock.advance(1);
      expect(await bench.tries()).to.equal(true);
    });
  }

  it('has one login in flight per credential, and several credentials at once', async () => {
    const running = [deferred<unknown>(), deferred<unknown>(), deferred<unknown>()];
    bench.login = () => running[bench.tried - 1]!.promise;
    const first = bench.pass();
    const second = bench.pass(domain({ label: 'acme-2' }));
    const other = bench.pass(domain({ id: 'd2' }));
    await turn();
    expect(bench.tried).to.equal(2);
    running[0]!.resolve('a');
    running[1]!.resolve('b');
    expect([await first, await other]).to.deep.equal(['a', 'b']);
    await turn();
    expect(bench.tried).to.equal(3);
    running[2]!.resolve('c');
    expect(await second).to.equal('c');
  });

  it('does not try for those who waited behind a refused login', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => bench.pass(domain({ label: `l${i}` }))),
    );
    expect(results.map(({ status }) => status)).to.deep.equal(Array(5).fill('rejected'));
    expect(bench.tried).to.equal(1);
  });

  describe('the end of the collection', () => {
    const reason = new CollectionOver();

    it('before the login is neither a refusal nor a LoginFailure', async () => {
      const life = new Lifetime();
      life.end(reason);
      expect(await failure(bench.pass(domain(), 'hunter2', life))).to.equal(reason);
      expect(bench.tried).to.equal(0);
      expect(await bench.tries()).to.equal(true);
    });

    it('while waiting behind another login keeps this one from being sent', async () => {
      const running = deferred<unknown>();
      bench.login = () => running.promise;
      const first = bench.pass();
      const life = new Lifetime();
      const second = failure(bench.pass(domain(), 'hunter2', life));
      await turn();
      life.end(reason);
      running.resolve('a');
      await first;
      expect(await second).to.equal(reason);
      expect(bench.tried).to.equal(1);
    });

    it('while waiting for a slot passes as it is', async () => {
      bench.login = () => Promise.reject(reason);
      expect(await failure(bench.pass())).to.equal(reason);
      expect(await bench.tries()).to.equal(true);
    });
  });
});
