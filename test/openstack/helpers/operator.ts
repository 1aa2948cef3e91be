import { setTimeout as sleep } from 'node:timers/promises';

import type { World } from '../../../src/simulator/world.js';
import { adminBody, ask, post, token } from './api.js';
import type { Expected } from './expected.js';
import { forgetSeenTokens } from './rig.js';

/* Those who run a cloud, and what they may do to a customer. */

/** A domain with one user, who is a member of its two projects. */
export interface Customer {
  domain: string;
  main: string;
  side: string;
  user: string;
  password: string;
}

/** Something done to a customer, whose tokens are for the project `main`. */
export const DEEDS = [
  'has no trouble',
  'was disabled',
  'was disabled and enabled again',
  'was deleted',
  'has a disabled domain',
  'has a domain that was disabled and enabled again',
  'has a disabled project',
  'has a project that was disabled and enabled again',
  'has lost the project',
  'has lost the role',
  'has lost the role and got it again',
] as const;
export type Deed = (typeof DEEDS)[number];

export interface Operator {
  /** Does it, and has caches forget all that they hold. */
  act(deed: Deed, customer: Customer): Promise<void>;
}

/** The operator of the real cloud, by Keystone's own API. */
export class RealOperator implements Operator {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #role: string;
  #made = 0;

  private constructor(url: string, admin: string, role: string) {
    this.#url = url;
    this.#headers = { 'X-Auth-Token': admin };
    this.#role = role;
  }

  static async of(expected: Expected): Promise<RealOperator> {
    const admin = await token(expected.auth_url, adminBody(expected));
    const { json } = await ask(`${expected.auth_url}/roles?name=member`, { headers: { 'X-Auth-Token': admin } });
    return new RealOperator(expected.auth_url, admin, (json as { roles: { id: string }[] }).roles[0]!.id);
  }

  async add(): Promise<Customer> {
    const name = `customer-${process.pid}-${this.#made++}`;
    const password = `pw-${name}`;
    const domain = await this.#create('domains', { domain: { name } });
    const main = await this.#create('projects', { project: { name: 'main', domain_id: domain } });
    const side = await this.#create('projects', { project: { name: 'side', domain_id: domain } });
    const user = await this.#create('users', { user: { name, password, domain_id: domain } });
    for (const project of [main, side]) await this.#send('PUT', this.#grant(project, user));
    return { domain, main, side, user, password };
  }

  async remove({ domain }: Customer): Promise<void> {
    await this.#switch('domain', domain, false);
    await this.#send('DELETE', `/domains/${domain}`);
  }

  async act(deed: Deed, { domain, main, user }: Customer): Promise<void> {
    // Keystone revokes by whole seconds: what was issued before the deed is to be dead, what comes after it alive.
    await sleep(1050);
    if (deed.startsWith('was disabled')) await this.#switch('user', user, false);
    if (deed.includes('domain')) await this.#switch('domain', domain, false);
    if (/project.* disabled|disabled project/.test(deed)) await this.#switch('project', main, false);
    if (deed.includes('lost the role')) await this.#send('DELETE', this.#grant(main, user));
    if (deed === 'was deleted') await this.#send('DELETE', `/users/${user}`);
    if (deed === 'has lost the project') await this.#send('DELETE', `/projects/${main}`);
    await this.#forget();
    if (deed === 'was disabled and enabled again') await this.#switch('user', user, true);
    if (deed === 'has a domain that was disabled and enabled again') await this.#switch('domain', domain, true);
    if (deed === 'has a project that was disabled and enabled again') await this.#switch('project', main, true);
    if (deed.endsWith('got it again')) await this.#send('PUT', this.#grant(main, user));
    await this.#forget();
  }

  /**
   * Keystone's processes read a token with what their last good request left in their memory (keystone
   * common/cache/_context_cache.py), so that each must have had another one.
   */
  async #forget(): Promise<void> {
    await forgetSeenTokens();
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(
        Array.from({ length: 24 }, () => ask(`${this.#url}/auth/projects`, { headers: this.#headers })),
      );
    }
  }

  #grant(project: string, user: string): string {
    return `/projects/${project}/users/${user}/roles/${this.#role}`;
  }

  async #create(kind: string, body: unknown): Promise<string> {
    const { status, json, text } = await post(`${this.#url}/${kind}`, body, this.#headers);
    if (status !== 201) throw new Error(`${kind}: ${status} ${text}`);
    return Object.values(json as Record<string, { id: string }>)[0]!.id;
  }

  #switch(kind: 'user' | 'domain' | 'project', id: string, enabled: boolean): Promise<void> {
    return this.#send('PATCH', `/${kind}s/${id}`, JSON.stringify({ [kind]: { enabled } }));
  }

  async #send(method: string, path: string, body: string | null = null): Promise<void> {
    const headers = { ...this.#headers, 'Content-Type': 'application/json' };
    const { status, text } = await ask(`${this.#url}${path}`, { method, headers, body });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  }
}

/** The operator of the simulator, by its world. */
export class SimulatedOperator implements Operator {
  readonly #world: World;
  readonly #use: (customer: Customer) => Promise<unknown>;

  /** @param use uses the customer's tokens once: only then the simulator notices that a user was disabled for a while */
  constructor(world: World, use: (customer: Customer) => Promise<unknown>) {
    this.#world = world;
    this.#use = use;
  }

  /** The same customer as in the real cloud. */
  mirror({ domain, main, side, user, password }: Customer): void {
    this.#world.addDomain({ id: domain, name: domain });
    this.#world.addProject({ id: main, domainId: domain, name: 'main' });
    this.#world.addProject({ id: side, domainId: domain, name: 'side' });
    const roles = { [main]: 'member', [side]: 'member' };
    this.#world.addUser({ id: user, domainId: domain, name: user, password, roles });
  }

  async act(deed: Deed, customer: Customer): Promise<void> {
    const user = this.#world.users.get(customer.user)!;
    const domain = this.#world.domains.get(customer.domain)!;
    const project = this.#world.projects.get(customer.main)!;
    if (deed.startsWith('was disabled')) user.enabled = false;
    if (deed.includes('domain')) domain.enabled = false;
    if (/project.* disabled|disabled project/.test(deed)) project.enabled = false;
    if (deed.includes('lost the role')) user.roles.delete(project.id);
    if (deed === 'was deleted') this.#world.users.delete(user.id);
    if (deed === 'has lost the project') this.#world.removeProject(project.id);
    if (!deed.endsWith('again')) return;
    await this.#use(customer);
    user.enabled = domain.enabled = project.enabled = true;
    user.roles.set(project.id, 'member');
  }
}
