import { flawOf, type Flaw } from './application.js';
import type { Token, TokenStore } from './tokens.js';
import type { World } from './world.js';

/* What a token is worth now (keystone token/provider.py, models/token_model.py), each answer seen in Keystone 22. */

/** Both null: unknown, revoked or expired. */
export interface Validated {
  token: Token | null;
  /** Why the token is no good, though it is not past its life. */
  flaw: Flaw | null;
}

/** In Keystone's order: the project, its domain, the user, the user's domain, the role. */
function flawOfPassword(world: World, { id, userId, projectId }: Token): Flaw | null {
  const disabled = (kind: string, what: string): Flaw => ({
    message: `Unable to validate token because ${kind} ${what} is disabled`,
  });
  const project = projectId === null ? null : world.projects.get(projectId);
  if (project === undefined) return { message: `Could not find project: ${projectId}.` };
  if (project && !project.enabled) return disabled('project', project.id);
  if (project && !world.domains.get(project.domainId)?.enabled) return disabled('domain', project.domainId);
  const user = world.users.get(userId);
  if (!user) return { message: `Could not find user: ${userId}.` };
  if (!world.domains.get(user.domainId)?.enabled) return disabled('domain', user.domainId);
  if (project && !user.roles.has(project.id)) return { message: null, exchange: `Could not find token: ${id}.` };
  return null;
}

/**
 * Keystone as it is once its own caches, and Nova's, have forgotten the token: for some minutes the real ones may go on
 * to believe in one that they have seen. A token lives again when its project, domain or role is back, but the tokens of
 * a user who is disabled are revoked for good; here that happens when one of them is next used.
 */
export function validate(world: World, tokens: TokenStore, id: string | undefined): Validated {
  const token = tokens.find(id);
  if (!token) return { token: null, flaw: null };
  const credential = token.applicationCredentialId;
  const flaw = credential === null ? flawOfPassword(world, token) : flawOf(world, credential);
  if (flaw) return { token: null, flaw };
  if (world.users.get(token.userId)?.enabled) return { token, flaw: null };
  tokens.revokeAll(token.userId);
  return { token: null, flaw: null };
}
