/** What the simulated cloud consists of. Objects are live: change them and the next answer differs. */
export interface Domain {
  readonly id: string;
  name: string;
  enabled: boolean;
}

/** Nova's limits; -1 is unlimited. */
export interface Quota {
  instances: number;
  cores: number;
  ramMb: number;
}

export interface Project {
  readonly id: string;
  readonly domainId: string;
  name: string;
  description: string;
  enabled: boolean;
  /** The domain's id, or another project's where it is nested. */
  parentId: string;
  quota: Quota;
}

export interface User {
  readonly id: string;
  readonly domainId: string;
  name: string;
  password: string;
  enabled: boolean;
  /** A locked account answers as a wrong password does. */
  locked: boolean;
  /** Project id -> the name of the role held there; what it allows is in `policy.ts`. */
  readonly roles: Map<string, string>;
  /** Password logins tried, good or bad, since the start. */
  attempts: number;
  /** Wrong passwords since the last good login. */
  failures: number;
}

/** A login of its own into one project of its user's, with the role that the user held there when it was made. */
export interface ApplicationCredential {
  readonly id: string;
  readonly userId: string;
  readonly projectId: string;
  readonly role: string;
  readonly name: string;
  secret: string;
  /** Milliseconds, by the simulator's clock; null: never. */
  expiresAt: number | null;
}

/** Changed by `World.changeServer` only, because listings are cached. */
export interface Server {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly userId: string;
  /** As the API writes it; DELETED and SOFT_DELETED servers are kept, and listed only among changes. */
  readonly status: string;
  readonly vcpus: number;
  /** Nova's MB, 1024 * 1024 bytes. */
  readonly ramMb: number;
  readonly diskGb: number;
  readonly flavorName: string;
  /** `2026-11-22T02:37:35Z`, as all times here. */
  readonly created: string;
  /** As the database holds it; null: never updated, so that no `changes-since` finds the row. */
  readonly updated: string | null;
  readonly launchedAt: string | null;
  /** When it became DELETED; null: it is not. */
  readonly terminatedAt: string | null;
  readonly cell: string;
  /** A build request, a BUILD that no cell knows yet: Nova lists it, but its quota counter does not see it. */
  readonly unscheduled: boolean;
}

export type ServerInput = Partial<Omit<Server, 'projectId'>> & Pick<Server, 'projectId'>;
export type ServerChange = Partial<Omit<Server, 'id' | 'projectId'>>;

/** Whose servers. */
export type Scope = { kind: 'cloud' } | { kind: 'domain' | 'project'; id: string };

export interface Usage {
  servers: number;
  vcpus: number;
  ramMb: number;
}

/** Whether Nova's default listing has servers of this status. */
export function isListed(status: string): boolean {
  return status !== 'DELETED' && status !== 'SOFT_DELETED';
}
