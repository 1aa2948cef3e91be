import { Secret } from '../secret.js';
import { printable } from '../text.js';
import { normaliseAuthUrl, normaliseUrl } from '../url.js';
import {
  type Cloud,
  type Domain,
  type DomainDefaults,
  INTERFACES,
  NO_DEFAULTS,
  type PasswordSource,
} from './domain.js';
import type { Key } from './keys.js';
import { LineProblem, type ScannedLine } from './scan.js';

type Values = ScannedLine['values'];

/**
 * Judges a line's values and fills in the defaults.
 * @throws LineProblem
 */
export function resolveLine(scanned: ScannedLine, line: number, defaults: DomainDefaults): Domain {
  const { id, values } = scanned;
  const ownCloud = values.has('auth_url');
  // No password may travel to a host that it was not meant for.
  const from = ownCloud ? NO_DEFAULTS : defaults;
  const cloud = resolveCloud(values, from);
  return {
    line,
    id,
    label: printable(values.get('name') ?? id),
    user: values.get('user') ?? from.user ?? missingUser(ownCloud),
    password: ownPassword(values) ?? from.password ?? missingPassword(ownCloud),
    project: values.get('project') ?? from.project ?? values.get('name') ?? missingProject(ownCloud),
    cloud,
    disabledProjects: oneOf(values, 'disabled_projects', ['error', 'ignore']) ?? 'error',
  };
}

function resolveCloud(values: Values, from: DomainDefaults): Cloud {
  const authUrl = url(values, 'auth_url', normaliseAuthUrl) ?? from.authUrl;
  if (authUrl === null) {
    throw new LineProblem('auth_url is missing: set --cloud.auth-url or VHI_AUTH_URL, or give the line an auth_url');
  }
  const insecure = oneOf(values, 'insecure', ['true', 'false']);
  return {
    authUrl,
    region: values.get('region') ?? from.region,
    interface: oneOf(values, 'interface', INTERFACES) ?? from.interface,
    computeUrl: url(values, 'compute_url', normaliseUrl) ?? from.computeUrl,
    caFile: values.get('ca_file') ?? from.caFile,
    insecure: insecure ? insecure === 'true' : from.insecure,
  };
}

function url(values: Values, key: Key, normalise: (text: string) => string): string | null {
  const text = values.get(key);
  if (text === undefined) return null;
  try {
    return normalise(text);
  } catch (error) {
    throw new LineProblem(`${key} ${(error as Error).message}`);
  }
}

function oneOf<T extends string>(values: Values, key: Key, allowed: readonly T[]): T | null {
  const text = values.get(key);
  if (text === undefined) return null;
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new LineProblem(`${key} must be ${allowed.join(' or ')}`);
  return found;
}

function ownPassword(values: Values): PasswordSource | null {
  const given = (['password_env', 'password_file', 'password'] as const).filter((key) => values.has(key));
  if (given.length > 1) throw new LineProblem(`${given.join(' and ')} are given, keep one of them`);
  const key = given[0];
  const value = key && values.get(key);
  if (value === undefined) return null;
  if (key === 'password') return { kind: 'inline', secret: new Secret(value) };
  if (key === 'password_file') return { kind: 'file', path: value };
  // The value is not shown: whoever mistakes the key writes the password itself here.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) {
    throw new LineProblem('password_env must be the name of an environment variable, such as ACME_PASSWORD');
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
