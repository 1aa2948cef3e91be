import { expect } from 'chai';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Passwords } from '../../src/openstack/password.js';
import { SecretVariables } from '../../src/secret.js';
import { application, domain, failure } from './fake.js';

const KIB = 1024;

describe('A password file', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'vhi-password-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const read = async (path: string): Promise<string> =>
    (await new Passwords(new SecretVariables({})).read({ kind: 'file', path })).reveal();
  const put = (content: string | Buffer): string => {
    const path = join(folder, 'secret');
    writeFileSync(path, content);
    return path;
  };
  const messageOf = async (path: string): Promise<string> => {
    const { reason, message } = await failure(new Passwords(new SecretVariables({})).read({ kind: 'file', path }));
    expect(reason).to.equal('config');
    return message;
  };

  it('may begin with a byte order mark', async () => {
    expect(await read(put('\ufeffhönter2\r\n'))).to.equal('hönter2');
  });

  it('keeps a byte order mark elsewhere, and a carriage return that no newline follows', async () => {
    expect(await read(put('hun\ufeffter2\r'))).to.equal('hun\ufeffter2\r');
  });

  it('loses one newline alone, also of Windows', async () => {
    expect(await read(put('hunter2\r\n\r\n'))).to.equal('hunter2\r\n');
  });

  const foreign: [encoding: string, bytes: Buffer][] = [
    ['Latin-1', Buffer.from('hönter2\n', 'latin1')],
    ['UTF-16 with its mark', Buffer.from('\ufeffhunter2\n', 'utf16le')],
    ['no text at all', Buffer.from([0x68, 0xff, 0xfe, 0x80])],
    ['UTF-8 that is cut within a letter', Buffer.from('hunterö').subarray(0, -1)],
  ];
  for (const [encoding, bytes] of foreign) {
    it(`is config, and no wrong password is tried, where it is ${encoding}`, async () => {
      expect(await messageOf(put(bytes))).to.equal('the password file is not UTF-8, save it in that encoding');
    });
  }

  it('holds nothing where it holds a byte order mark alone', async () => {
    expect(await messageOf(put('\ufeff'))).to.equal('the password file is empty');
  });

  for (const [what, size, message] of [
    ['64 KiB, and its newline', 64 * KIB + 1, 'the password file is larger than 64 KiB'],
    ['1 GiB', 1024 * 1024 * KIB, 'the password file is larger than 64 KiB'],
  ] as const) {
    it(`is config where it is of ${what}`, async () => {
      const path = put('x');
      const file = openSync(path, 'r+');
      ftruncateSync(file, size);
      closeSync(file);
      expect(await messageOf(path)).to.equal(message);
    });
  }

  it('of no size, whose content is made as it is read, is read all the same', async () => {
    expect(statSync('/proc/sys/kernel/ostype').size).to.equal(0);
    expect(await read('/proc/sys/kernel/ostype')).to.equal('Linux');
  });

  it('that is longer than its size says, as one that grows, is read no further than 64 KiB', async () => {
    const path = '/proc/self/smaps';
    expect(statSync(path).size).to.equal(0);
    expect(readFileSync(path).length).to.be.above(64 * KIB);
    expect(await messageOf(path)).to.equal('the password file is larger than 64 KiB');
  });

  it('that is a socket is config, without its path', async () => {
    const path = join(folder, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await messageOf(path)).to.equal('the password file cannot be read (ENXIO)');
    await new Promise((resolve) => server.close(resolve));
  });

  it('that is a terminal is config, and the terminal stays whose it was', async () => {
    expect(await messageOf('/dev/ptmx')).to.equal('the password file is not a regular file');
  });
});

describe('Variables with passwords', () => {
  it('leave the environment when a line names them, before anybody needs them', async () => {
    const env: NodeJS.ProcessEnv = { ACME: 'hunter2', APP: 's3cret', OTHER: 'x' };
    const passwords = new Passwords(new SecretVariables(env));
    const acme = { kind: 'env', name: 'ACME' } as const;
    const app = { kind: 'env', name: 'APP' } as const;
    const lines = [
      domain({ password: acme }),
      domain({ credential: { ...application(), secret: app } as never }),
      domain({ password: { kind: 'env', name: 'ABSENT' } }),
      domain(),
    ];
    passwords.take(lines);
    expect(env).to.deep.equal({ OTHER: 'x' });
    passwords.take(lines);
    expect((await passwords.read(acme)).reveal()).to.equal('hunter2');
    expect((await passwords.read(app, 'secret')).reveal()).to.equal('s3cret');
  });
});
