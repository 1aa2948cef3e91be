import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Passwords } from '../../src/openstack/password.js';
import { Secret, SecretVariables } from '../../src/secret.js';
import { failure } from './fake.js';

describe('Passwords', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'vhi-password-'))));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const read = async (path: string): Promise<string> =>
    (await new Passwords(new SecretVariables({})).read({ kind: 'file', path })).reveal();
  const put = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('give an inline password as it is', async () => {
    const secret = new Secret('hunter2');
    expect(await new Passwords(new SecretVariables({})).read({ kind: 'inline', secret })).to.equal(secret);
  });

  describe('in a variable', () => {
    const source = { kind: 'env', name: 'ACME_PASSWORD' } as const;

    it('are taken out of the environment, and kept', async () => {
      const env: NodeJS.ProcessEnv = { ACME_PASSWORD: 'hunter2\n', OTHER: 'x' };
      const passwords = new Passwords(new SecretVariables(env));
      for (let i = 0; i < 2; i++) expect((await passwords.read(source)).reveal()).to.equal('hunter2\n');
      expect(env).to.deep.equal({ OTHER: 'x' });
    });

    it('are taken anew when the variable is set again', async () => {
      const env: NodeJS.ProcessEnv = { ACME_PASSWORD: 'old' };
      const passwords = new Passwords(new SecretVariables(env));
      await passwords.read(source);
      env['ACME_PASSWORD'] = 'new';
      expect((await passwords.read(source)).reveal()).to.equal('new');
    });

    for (const env of [{}, { ACME_PASSWORD: '' }]) {
      it(`are config where it is ${'ACME_PASSWORD' in env ? 'empty' : 'not set'}, and the variable is named`, async () => {
        const error = await failure(new Passwords(new SecretVariables(env)).read(source));
        expect(error.reason).to.equal('config');
        expect(error.message).to.contain('ACME_PASSWORD');
      });
    }
  });

  it('name the secret of an application credential by its own name', async () => {
    const missing = join(folder, 'no-secret');
    const byFile = new Passwords(new SecretVariables({})).read({ kind: 'file', path: missing }, 'secret');
    expect(await failure(byFile)).to.include({ reason: 'config', message: 'the secret file cannot be read (ENOENT)' });
    const byVariable = new Passwords(new SecretVariables({})).read({ kind: 'env', name: 'ACME_SECRET' }, 'secret');
    const message = 'app_credential_secret_env: the variable ACME_SECRET is not set, or empty';
    expect(await failure(byVariable)).to.include({ reason: 'config', message });
  });

  describe('in a file', () => {
    const contents: [what: string, content: string, password: string][] = [
      ['without a newline', 'hunter2', 'hunter2'],
      ['without its one newline', 'hunter2\n', 'hunter2'],
      ['without its one newline of Windows', 'hunter2\r\n', 'hunter2'],
      ['with a second newline', 'hunter2\n\n', 'hunter2\n'],
      ['with blanks', ' hunter 2 \n', ' hunter 2 '],
      ['with several lines', 'a\nb\n', 'a\nb'],
      ['in UTF-8', 'höntér2', 'höntér2'],
      ['of 64 KiB', 'x'.repeat(65_536), 'x'.repeat(65_536)],
    ];
    for (const [what, content, password] of contents) {
      it(`are read ${what}`, async () => {
        expect(await read(put('secret', content))).to.equal(password);
      });
    }

    it('are read again each time, through symlinks too', async () => {
      const path = join(folder, 'link');
      symlinkSync(put('target', 'old'), path);
      expect(await read(path)).to.equal('old');
      put('target', 'new');
      expect(await read(path)).to.equal('new');
    });

    const bad: [what: string, make: () => string, message: string][] = [
      ['that is not there', () => join(folder, 'secret-absent'), 'the password file cannot be read (ENOENT)'],
      ['that is empty', () => put('secret-empty', ''), 'the password file is empty'],
      ['of nothing but a newline', () => put('secret-newline', '\n'), 'the password file is empty'],
      ['over 64 KiB', () => put('secret-large', 'x'.repeat(65_537)), 'the password file is larger than 64 KiB'],
      [
        'that is a folder',
        () => {
          mkdirSync(join(folder, 'secret-folder'));
          return join(folder, 'secret-folder');
        },
        'the password file is not a regular file',
      ],
      [
        'that is a pipe, without waiting for its writer',
        () => {
          execFileSync('mkfifo', [join(folder, 'secret-pipe')]);
          return join(folder, 'secret-pipe');
        },
        'the password file is not a regular file',
      ],
      ['that is a device', () => '/dev/zero', 'the password file is not a regular file'],
    ];
    for (const [what, make, message] of bad) {
      it(`are config in a file ${what}, without its path`, async () => {
        expect(await failure(new Passwords(new SecretVariables({})).read({ kind: 'file', path: make() }))).to.include({
          reason: 'config',
          message,
        });
      });
    }
  });
});
