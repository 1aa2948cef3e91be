import type { Secret } from '../secret.js';

export const INTERFACES = ['public', 'internal', 'admin'] as const;
export type Interface = (typeof INTERFACES)[number];

/** How to reach one Keystone and the Nova behind it. */
export interface Cloud {
  /** Normalised, with `/v3`. */
  authUrl: string;
  /** null: the only region of the catalog. */
  region: string | null;
  interface: Interface;
  /** null: from the service catalog. */
  computeUrl: string | null;
  caFile: string | null;
  insecure: boolean;
}

/** Where a password is, or an application credential's secret; a file or variable is looked up at each login. */
export type PasswordSource =
  { kind: 'inline'; secret: Secret } | { kind: 'env'; name: string } | { kind: 'file'; path: string };

/** What a domain logs in with. */
export type Credential =
  | {
      kind: 'password';
      user: string;
      password: PasswordSource;
      /** Name of the project that the login is scoped to. */
      project: string;
    }
  /** User, project and roles are its own. */
  | { kind: 'application'; id: string; secret: PasswordSource };

/** One good line of domains.txt with every default filled in. */
export interface Domain {
  line: number;
  id: string;
  /** The `domain` label: `name=`, else the id; fit to be shown. */
  label: string;
  credential: Credential;
  cloud: Cloud;
  disabledProjects: 'error' | 'ignore';
}

/** A line of domains.txt that does not count, and what to do about it. */
export interface Problem {
  line: number;
  message: string;
}

/** What lines without an `auth_url` of their own take from the settings. */
export interface DomainDefaults {
  authUrl: string | null;
  user: string | null;
  password: PasswordSource | null;
  project: string | null;
  region: string | null;
  interface: Interface;
  computeUrl: string | null;
  caFile: string | null;
  insecure: boolean;
}

export const NO_DEFAULTS: DomainDefaults = {
  authUrl: null,
  user: null,
  password: null,
  project: null,
  region: null,
  interface: 'public',
  computeUrl: null,
  caFile: null,
  insecure: false,
};

/** A cloud's identity: two lines with equal keys speak to the same cloud. */
export function cloudKey(cloud: Cloud): string {
  return `${cloud.authUrl} ${cloud.region ?? ''}`;
}
