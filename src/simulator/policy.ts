/** What a role allows, in Nova and in Keystone. */
export interface Rights {
  /** Whose servers `?all_tenants=1` shows; null: 403. */
  allTenants: 'cloud' | 'domain' | 'project' | null;
  /** Whose projects `GET /v3/projects` lists; null: 403. */
  listProjects: 'any' | 'own domain' | null;
  /** Nova's `context_is_admin`: more keys in each row, other projects' limits. */
  admin: boolean;
  /** Roles that a token names as well, because this one implies them. */
  implies: readonly string[];
}

const MEMBER: Rights = { allTenants: null, listProjects: null, admin: false, implies: ['reader'] };

/**
 * By role name. `member`, `reader` and `admin` answer as upstream's default policies do. What VHI's own `domain_admin` sees is
 * documented nowhere, so three readings of it can be chosen: the domain's servers (`domain_admin`), a 200 with no more
 * than the token's project (`project_admin`), and project listing alone (`domain_lister`).
 */
const RIGHTS: Readonly<Record<string, Rights>> = {
  member: MEMBER,
  reader: { ...MEMBER, implies: [] },
  admin: { allTenants: 'cloud', listProjects: 'any', admin: true, implies: ['reader', 'member'] },
  domain_admin: { ...MEMBER, allTenants: 'domain', listProjects: 'own domain', implies: ['reader', 'member'] },
  project_admin: { ...MEMBER, allTenants: 'project', implies: ['reader', 'member'] },
  domain_lister: { ...MEMBER, listProjects: 'own domain', implies: ['reader', 'member'] },
};

/** A role that is not in the table allows what `member` does. */
export function rightsOf(role: string): Rights {
  return RIGHTS[role] ?? MEMBER;
}
