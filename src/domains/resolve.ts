import { printable } from '../text.js';
import { normaliseAuthUrl, normaliseUrl } from '../url.js';
import { resolveCredential } from './credential.js';
import { type Cloud, type Domain, type DomainDefaults, INTERFACES, NO_DEFAULTS } from './domain.js';
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
    credential: resolveCredential(values, from, ownCloud),
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
