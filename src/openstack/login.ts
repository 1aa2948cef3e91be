import type { Credential, Domain } from '../domains/domain.js';
import { CollectError } from '../errors.js';
import { HttpFailure } from '../http/request.js';
import type { Secret } from '../secret.js';
import { applicationBody, passwordBody } from './identity.js';
import type { Passwords } from './password.js';

/* What differs between logins by password and by application credential. */

export function readSecret({ credential }: Domain, passwords: Passwords): Promise<Secret> {
  return credential.kind === 'password'
    ? passwords.read(credential.password)
    : passwords.read(credential.secret, 'secret');
}

export function loginBody({ id, credential }: Domain, secret: Secret): unknown {
  if (credential.kind === 'application') return applicationBody(credential.id, secret);
  const { user, project } = credential;
  return passwordBody({ user, password: secret, domainId: id, project });
}

/** What two lines have in common that log in as the same, but for the secret: Keystone would count their failures together. */
export function accountOf({ id, credential, cloud }: Domain): string {
  const { authUrl } = cloud;
  return JSON.stringify(
    credential.kind === 'password'
      ? { authUrl, domain: id, user: credential.user }
      : { authUrl, application: credential.id },
  );
}

/** What the login asks for beside the account. */
export function scopeOf({ credential }: Domain): string {
  return credential.kind === 'password' ? credential.project : '';
}

/** What a 401 may mean, and what ends the wait for the next try. */
export function refusalMessage(credential: Credential, nextTry: string): string {
  const hidden = 'Keystone refused the login, and does not say which of these it is:';
  if (credential.kind === 'application') {
    return (
      `${hidden} the secret is wrong; the application credential has expired; its user or domain is disabled; its user ` +
      `has none of its roles in the project any more. ` +
      `The next try is at ${nextTry}, or as soon as the secret or the line changes`
    );
  }
  return (
    `${hidden} the password is wrong or expired; the user or the domain is unknown or disabled; the project ` +
    `"${credential.project}" is unknown, disabled or not the user's; the account is locked. So as not to lock it, ` +
    `the next try is at ${nextTry}, or as soon as the password or the line changes`
  );
}

/**
 * What Keystone answers to an application credential that it does not know is 404. That is no wrong secret, which may
 * have to wait, and a proxy may say the same in passing: it is tried again at each scrape.
 */
export function asLoginError({ credential }: Domain, error: unknown): unknown {
  if (credential.kind !== 'application' || !(error instanceof HttpFailure) || error.status !== 404) return error;
  const message =
    'Keystone knows no such application credential (its id is wrong; or it was deleted, as it is with its user and its ' +
    'project), or its project is disabled';
  return new CollectError('auth', message, { status: 404, cause: error });
}
