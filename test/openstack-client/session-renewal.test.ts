import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoginFailure } from '../../src/openstack/gates.js';
import { Bench } from './bench.js';
import { ask, broken, domain, failure, refusal } from './fake.js';

const SECOND = 1000;

describe('Session', () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  const login = () => bench.session.login(ask());
  const token = async (): Promise<string> => (await login()).token.secret.reveal();

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
});
