import { Secret } from '../secret.js';
import type { Credential, DomainDefaults, PasswordSource } from './domain.js';
import { type Key, KEYS } from './keys.js';
import { LineProblem, type ScannedLine } from './scan.js';

type Values = ScannedLine['values'];

const PASSWORDS = ['password_env', 'password_file', 'password'] as const;
const APP_SECRETS = ['app_credential_secret_env', 'app_credential_secret_file'] as const;
const OF_APP_LOGINS = ['app_credential_id', ...APP_SECRETS] as const;
/** What an application credential has of its own, so that a line with one can't say it. */
const OF_PASSWORD_LOGINS: readonly Key[] = ['project', 'user', ...PASSWORDS];

/**
 * What a line logs in with: its application credential, else a user and a password.
 * @param from what the settings give to this line
 * @throws LineProblem
 */
export function resolveCredential(values: Values, from: DomainDefaults, ownCloud: boolean): Credential {
  if (OF_APP_LOGINS.some((key) => values.has(key))) return appCredential(values);
  return {
    kind: 'password',
    user: values.get('user') ?? from.user ?? missingUser(ownCloud),
    password: ownSecret(values, PASSWORDS) ?? from.password ?? missingPassword(ownCloud),
    project: values.get('project') ?? from.project ?? values.get('name') ?? missingProject(ownCloud),
  };
}

function appCredential(values: Values): Credential {
  const others = KEYS.filter((key) => OF_PASSWORD_LOGINS.includes(key) && values.has(key));
  if (others.length > 0) {
    const remedy = `remove either ${others.length === 1 ? 'this' : 'these'} or the app_credential_… keys`;
    throw new LineProblem(
      `an application credential has a user and a project of its own, ${listed(others)} can't be given: ${remedy}`,
    );
  }
  const secret = ownSecret(values, APP_SECRETS);
  if (!secret) {
    throw new LineProblem(
      "the application credential's secret is missing: add app_credential_secret_env= or app_credential_secret_file=",
    );
  }
  const id = values.get('app_credential_id');
  if (id === undefined) {
    throw new LineProblem(
      'app_credential_id is missing: add the id of the application credential that the secret is of',
    );
  }
  return { kind: 'application', id, secret };
}

const listed = (keys: readonly Key[]): string => keys.join(', ').replace(/, ([^,]*)$/, ' and $1');

/** Where the line says that the secret is, by one of `keys` at most. */
function ownSecret(values: Values, keys: typeof PASSWORDS | typeof APP_SECRETS): PasswordSource | null {
  const given = [...keys].filter((key) => values.has(key));
  if (given.length > 1) throw new LineProblem(`${given.join(' and ')} are given, keep one of them`);
  const [key] = given;
  const value = key && values.get(key);
  if (key === undefined || value === undefined) return null;
  if (key === 'password') return { kind: 'inline', secret: new Secret(value) };
  if (key.endsWith('_file')) return { kind: 'file', path: value };
  // The value is not shown: whoever mistakes the key writes the secret itself here.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) {
    const example = key === 'password_env' ? 'ACME_PASSWORD' : 'ACME_SECRET';
    throw new LineProblem(`${key} must be the name of an environment variable, such as ${example}`);
  }
  return { kind: 'env', name: value };
}

const OWN_LOGIN = "the settings' user and password do not serve a line with its own auth_url";

function missingUser(ownCloud: boolean): never {
  if (ownCloud) throw new LineProblem(`user is missing: add user=, ${OWN_LOGIN}`);
  throw new LineProblem('user is missing: set --cloud.username or VHI_USERNAME, or give the line a user');
}

function missingPassword(ownCloud: boolean): never {
  if (ownCloud) {
    throw new LineProblem(`password is missing: add password_env=, password_file= or password=, ${OWN_LOGIN}`);
  }
  throw new LineProblem(
    'password is missing: set VHI_PASSWORD or VHI_PASSWORD_FILE, or give the line password_env, password_file or password',
  );
}

function missingProject(ownCloud: boolean): never {
  const settings = ownCloud ? '' : ', or set --cloud.project or VHI_PROJECT';
  throw new LineProblem(`project is missing: give the line a project or a name${settings}`);
}
