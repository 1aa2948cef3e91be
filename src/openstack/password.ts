import type { Domain, PasswordSource } from '../domains/domain.js';
import { CollectError } from '../errors.js';
import { readBounded } from '../files.js';
import { Secret, type SecretVariables } from '../secret.js';

const MAX_BYTES = 64 * 1024;

/** What is looked up, as messages name it. */
type Noun = 'password' | 'secret';

/** Looks passwords up at the moment of use. */
export class Passwords {
  readonly #variables: SecretVariables;

  constructor(variables: SecretVariables) {
    this.#variables = variables;
  }

  /** Takes the variables of these lines before they are needed: it may be long until somebody scrapes. */
  take(domains: readonly Pick<Domain, 'credential'>[]): void {
    for (const { credential } of domains) {
      const source = credential.kind === 'password' ? credential.password : credential.secret;
      if (source.kind === 'env') this.#variables.take(source.name);
    }
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
    const secret = this.#variables.take(name);
    if (!secret) {
      const key = noun === 'password' ? 'password_env' : 'app_credential_secret_env';
      throw new CollectError('config', `${key}: the variable ${name} is not set, or empty`);
    }
    return secret;
  }
}

async function readSecretFile(path: string, noun: Noun): Promise<Secret> {
  const bytes = await readBounded(path, `${noun} file`, MAX_BYTES);
  const secret = textOf(bytes, noun).replace(/\r?\n$/, '');
  if (secret === '') throw new CollectError('config', `the ${noun} file is empty`);
  return new Secret(secret);
}

/** Without the byte order mark that some editors put first. A wrong password would be tried until the account is locked. */
function textOf(bytes: Buffer, noun: Noun): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CollectError('config', `the ${noun} file is not UTF-8, save it in that encoding`);
  }
}
