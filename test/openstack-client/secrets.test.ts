import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from './bench.js';
import { application, ask, domain, fail, failure, refusal, type Sent } from './fake.js';

/** What an answer to the request may not repeat, beside what the request itself holds. */
const hiddenIn = (sent: Sent | undefined): string[] => (sent?.request.secrets ?? []).map((secret) => secret.reveal());

describe('What a cloud was told', () => {
  for (const [what, change, secret] of [
    ['password', {}, 'hunter2'],
    ['application credential’s secret', { credential: application() }, 's3cret'],
  ] as const) {
    it(`at the login goes with each later request, so that no answer may repeat it: ${what}`, async () => {
      const bench = new Bench(domain(change));
      await bench.visit().compute('/servers/detail', null, {});
      bench.onGet = () => fail(refusal(403));
      await failure(bench.visit().listProjects());
      expect(bench.http.lines).to.have.length(4);
      for (const sent of bench.http.sent.slice(1)) expect(hiddenIn(sent), sent.line).to.deep.equal([secret, 'home-1']);
    });
  }

  it('goes with the exchange of a token, and with what is asked by the new one', async () => {
    const bench = new Bench();
    await bench.visit().compute('/servers/detail', 'p1', {});
    const [, rescope, servers] = bench.http.sent;
    expect(rescope!.line).to.equal('POST /auth/tokens?nocatalog');
    expect(hiddenIn(rescope)).to.deep.equal(['hunter2', 'home-1']);
    expect(hiddenIn(servers)).to.deep.equal(['hunter2', 'home-1']);
    expect(servers!.token).to.equal('p1-2');
  });

  describe('where the password changes', () => {
    let folder: string;
    let path: string;
    let bench: Bench;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'vhi-secrets-'));
      path = join(folder, 'password');
      bench = new Bench(domain({ password: { kind: 'file', path } }));
    });
    afterEach(() => rm(folder, { recursive: true }));
    const loginWith = async (password: string): Promise<void> => {
      await writeFile(path, password);
      await bench.session.loginAgain(ask());
    };
    const hidden = async (): Promise<string[]> => {
      await bench.visit().compute('/servers/detail', null, {});
      return hiddenIn(bench.http.sent.at(-1));
    };

    it('is the new one and the one before', async () => {
      for (const password of ['first', 'first', 'second']) await loginWith(password);
      expect(await hidden()).to.deep.equal(['second', 'first', 'home-3']);
      await loginWith('third');
      expect(await hidden()).to.deep.equal(['third', 'second', 'home-4']);
    });

    it('is the new one too where its login failed, and the old token serves on', async () => {
      await loginWith('first');
      bench.clock.advance(2000_000);
      bench.onLogin = () => Promise.reject(refusal(503));
      await writeFile(path, 'second');
      expect(await hidden()).to.deep.equal(['second', 'first', 'home-1']);
    });
  });
});
