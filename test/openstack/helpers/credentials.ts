import { ask, post, token } from './api.js';
import type { ExpectedDomain } from './expected.js';

/* Application credentials, made through Keystone's own API. */

export interface Credential {
  id: string;
  secret: string;
  userId: string;
  projectId: string;
}

interface Made {
  application_credential: { id: string; secret: string; project_id: string };
}

/** Makes one as the domain's user, for the project that the login of `expected.json` is scoped to. */
export async function makeCredential(
  authUrl: string,
  domain: ExpectedDomain,
  more: Record<string, unknown> = {},
): Promise<Credential> {
  const userId = domain.admin.user_id;
  const headers = { 'X-Auth-Token': await token(authUrl, domain.login) };
  const wanted = { application_credential: { name: `vhi-${process.pid}-${performance.now()}`, ...more } };
  const { status, json, text } = await post(`${authUrl}/users/${userId}/application_credentials`, wanted, headers);
  if (status !== 201) throw new Error(`application credential: ${status} ${text}`);
  const { id, secret, project_id: projectId } = (json as Made).application_credential;
  return { id, secret, userId, projectId };
}

/** @param admin a token of one who may delete it: it can't itself */
export async function deleteCredential(authUrl: string, admin: string, { id, userId }: Credential): Promise<void> {
  const url = `${authUrl}/users/${userId}/application_credentials/${id}`;
  const { status, text } = await ask(url, { method: 'DELETE', headers: { 'X-Auth-Token': admin } });
  if (status !== 204) throw new Error(`application credential: ${status} ${text}`);
}

export function credentialBody({ id, secret }: Pick<Credential, 'id' | 'secret'>): {
  auth: { identity: unknown; scope?: unknown };
} {
  return { auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } } };
}
