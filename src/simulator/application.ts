import type { ApplicationCredential } from './model.js';
import { rightsOf } from './policy.js';
import type { Token } from './tokens.js';
import type { World } from './world.js';

/** How Keystone answers to an application credential that is no good, and to tokens. */
export interface Flaw {
  /** Of a 404; null: it is the 401 that all refusals are. */
  message: string | null;
  /** Of the 404 to one who would exchange the token for another, where that is told otherwise. */
  exchange?: string;
}

const REFUSED: Flaw = { message: null };

export function notFound(id: string): Flaw {
  return { message: `Could not find Application Credential: ${id}.` };
}

const rolesBy = (name: string): string[] => [name, ...rightsOf(name).implies];

/**
 * The role that it has now: what the user held when it was made, as far as the user still does. null: nothing is left.
 * With its user or its project it is deleted; with a role it is not (seen in Keystone 22, whatever its documentation says).
 */
function roleNow(world: World, { userId, projectId, role }: ApplicationCredential): string | null {
  const held = world.users.get(userId)?.roles.get(projectId);
  if (held === undefined) return null;
  const common = rolesBy(role).filter((name) => rolesBy(held).includes(name));
  return [role, held, 'member', 'reader'].find((name) => common.includes(name)) ?? null;
}

/** What is wrong with it now, but for its secret and its expiry; null: nothing. */
export function flawOf(world: World, id: string): Flaw | null {
  const credential = world.applicationCredentials.get(id);
  const user = credential && world.users.get(credential.userId);
  const project = credential && world.projects.get(credential.projectId);
  if (!credential || !user || !project) return notFound(id);
  const enabled = [user.domainId, project.domainId].every((domain) => world.domains.get(domain)?.enabled);
  if (!user.enabled || !enabled || roleNow(world, credential) === null) return REFUSED;
  if (project.enabled) return null;
  return { message: `Unable to validate token because project ${project.id} is disabled` };
}

/** The role that a token stands for in its project, `''` if none. */
export function roleOf(world: World, token: Token): string {
  const credential = world.applicationCredentials.get(token.applicationCredentialId ?? '');
  if (credential) return roleNow(world, credential) ?? '';
  return world.users.get(token.userId)?.roles.get(token.projectId ?? '') ?? '';
}
