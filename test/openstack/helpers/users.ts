import { ask, post, token } from './api.js';
import type { Expected, ExpectedDomain } from './expected.js';

/* Users with exactly the roles that a test gives them, made through Keystone's own API. */

/** Where a role is held: on the domain, inherited by its projects, or on one project. */
export type Place = 'inherited' | { projectId: string };
export type Grant = readonly [role: string, place: Place];

export class Users {
  readonly #authUrl: string;
  readonly #headers: Record<string, string>;
  readonly #domain: ExpectedDomain;
  readonly #roles: ReadonlyMap<string, string>;
  /** Paths of what was made, to be deleted in the end. */
  readonly #made: string[] = [];
  #users = 0;

  private constructor(
    expected: Expected,
    { admin, domain, roles }: { admin: string; domain: ExpectedDomain; roles: Map<string, string> },
  ) {
    this.#authUrl = expected.auth_url;
    this.#headers = { 'X-Auth-Token': admin };
    this.#domain = domain;
    this.#roles = roles;
  }

  /** @param adminBody login of the cloud's administrator */
  static async of(expected: Expected, domain: ExpectedDomain, adminBody: unknown): Promise<Users> {
    const admin = await token(expected.auth_url, adminBody);
    const { json } = await ask(`${expected.auth_url}/roles`, { headers: { 'X-Auth-Token': admin } });
    const roles = new Map((json as { roles: { id: string; name: string }[] }).roles.map(({ id, name }) => [name, id]));
    return new Users(expected, { admin, domain, roles });
  }

  /** The domain, with a new user of these roles and no other in place of its own. */
  async add(...grants: Grant[]): Promise<ExpectedDomain> {
    this.#users += 1;
    const name = `w-${process.pid}-${this.#users}`;
    const password = `pw-${name}`;
    const body = { user: { name, password, domain_id: this.#domain.id } };
    const id = await this.#create('users', body);
    const domain = { ...this.#domain, admin: { user: name, password, user_id: id } };
    for (const grant of grants) await this.grant(domain, grant);
    return domain;
  }

  async addProject(name: string): Promise<string> {
    return this.#create('projects', { project: { name, domain_id: this.#domain.id } });
  }

  async removeProject(id: string): Promise<void> {
    await this.#send('DELETE', `/projects/${id}`);
    this.#made.splice(this.#made.indexOf(`/projects/${id}`), 1);
  }

  grant({ admin }: ExpectedDomain, grant: Grant): Promise<void> {
    return this.#send('PUT', this.#path(admin.user_id, grant));
  }

  takeAway({ admin }: ExpectedDomain, grant: Grant): Promise<void> {
    return this.#send('DELETE', this.#path(admin.user_id, grant));
  }

  async removeAll(): Promise<void> {
    for (const path of this.#made.splice(0).reverse()) await this.#send('DELETE', path);
  }

  async #create(kind: 'users' | 'projects', body: unknown): Promise<string> {
    const { status, json, text } = await post(`${this.#authUrl}/${kind}`, body, this.#headers);
    if (status !== 201) throw new Error(`${kind}: ${status} ${text}`);
    const { id } = Object.values(json as Record<string, { id: string }>)[0]!;
    this.#made.push(`/${kind}/${id}`);
    return id;
  }

  #path(userId: string, [role, place]: Grant): string {
    const end = `users/${userId}/roles/${this.#roles.get(role)}`;
    if (place === 'inherited') return `/OS-INHERIT/domains/${this.#domain.id}/${end}/inherited_to_projects`;
    return `/projects/${place.projectId}/${end}`;
  }

  async #send(method: 'PUT' | 'DELETE', path: string): Promise<void> {
    const { status, text } = await ask(`${this.#authUrl}${path}`, { method, headers: this.#headers });
    if (status !== 204) throw new Error(`${method} ${path}: ${status} ${text}`);
  }
}
