import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import type { PasswordSource } from '../domains/domain.js';
import { CollectError } from '../errors.js';
import { Secret } from '../secret.js';

const MAX_BYTES = 64 * 1024;

/** What is looked up, as messages name it. */
type Noun = 'password' | 'secret';

/**
 * Looks passwords up at the moment of use. A variable is taken out of the environment when it is first read, so
 * that neither a child process nor a diagnostic report shows it.
 */
export class Passwords {
  readonly #env: NodeJS.ProcessEnv;
  readonly #taken = new Map<string, Secret>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** @throws CollectError of reason `config`, without the path of a secret */
  async read(source: PasswordSource, noun: Noun = 'password'): Promise<Secret> {
    switch (source.kind) {
      case 'inline':
        return source.secret;
      case 'env':
        return this.#fromEnvironment(source.name, noun);
      case 'file':
        return readSecretFile(source.path, noun);
    }
  }

  #fromEnvironment(name: string, noun: Noun): Secret {
    const text = this.#env[name];
    if (text) {
      this.#taken.set(name, new Secret(text));
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- process.env is a dictionary
      delete this.#env[name];
    }
    const secret = this.#taken.get(name);
    if (!secret) {
      const key = noun === 'password' ? 'password_env' : 'app_credential_secret_env';
      throw new CollectError('config', `${key}: the variable ${name} is not set, or empty`);
    }
    return secret;
  }
}

async function readSecretFile(path: string, noun: Noun): Promise<Secret> {
  const text = await readBounded(path, noun).catch((cause: unknown) => {
    if (cause instanceof CollectError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CollectError('config', `the ${noun} file cannot be read (${code})`, { cause });
  });
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new CollectError('config', `the ${noun} file is empty`);
  return new Secret(secret);
}

/** One open, so that what is checked is what is read. */
async function readBounded(path: string, noun: Noun): Promise<string> {
  // Without O_NONBLOCK a named pipe would hold the open until somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new CollectError('config', `the ${noun} file is not a regular file`);
    if (stat.size > MAX_BYTES) throw new CollectError('config', `the ${noun} file is larger than 64 KiB`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
