import { expect } from 'chai';
import pLimit from 'p-limit';

import { adminBody, ask, post, rescopeBody, token, type ListedServer, type Reply } from './api.js';
import type { Expected, ExpectedDomain } from './expected.js';
import { eventually } from './wait.js';

/* Boots servers in the real cloud, and drives them to where they are wanted, by Nova's own API. */

const VERSION = { 'OpenStack-API-Version': 'compute 2.79' };
const PATIENCE_MS = 90_000;
/** Nova may be as slow as that; an answer that never comes is asked for again while patience lasts. */
const ANSWER_MS = 40_000;

export interface ShownServer extends ListedServer {
  name: string;
  'OS-EXT-STS:task_state': string | null;
}

/** Where a server is to come to rest: a status of Nova's, or `gone`. */
export type Rest = string;

export class Driver {
  readonly #nova: string;
  readonly #authUrl: string;
  readonly #admin: string;
  readonly #image: string;
  readonly #tokens = new Map<string, string>();
  readonly #made = new Set<string>();

  private constructor({ auth_url: authUrl, urls }: Expected, admin: string, image: string) {
    this.#authUrl = authUrl;
    this.#nova = `${urls.nova}/v2.1`;
    this.#admin = admin;
    this.#image = image;
  }

  static async of(expected: Expected): Promise<Driver> {
    const { headers, json } = await post(`${expected.auth_url}/auth/tokens`, adminBody(expected));
    const admin = headers['x-subject-token']!;
    const { catalog } = (json as { token: { catalog: { type: string; endpoints: { url: string }[] }[] } }).token;
    const glance = catalog.find(({ type }) => type === 'image')!.endpoints[0]!.url;
    const images = await ask(`${glance}/v2/images?name=rig-image`, { headers: { 'X-Auth-Token': admin } });
    const image = (images.json as { images: { id: string }[] }).images[0]!.id;
    const driver = new Driver(expected, admin, image);
    const huge = { id: 'huge', name: 'x.huge', vcpus: 4_000_000, ram: 1024, disk: 1 };
    const { status, text } = await driver.#send('POST', '/flavors', { flavor: huge });
    if (status !== 200 && status !== 409) throw new Error(`flavors: ${status} ${text}`);
    return driver;
  }

  /** Lets servers be booted in a project, without a quota, by the domain's user. */
  async open({ login }: ExpectedDomain, projectId: string): Promise<void> {
    const own = await token(this.#authUrl, login);
    this.#tokens.set(projectId, await token(this.#authUrl, rescopeBody(own, projectId)));
    const quota = { instances: -1, cores: -1, ram: -1, force: true };
    await this.#done('PUT', `/os-quota-sets/${projectId}`, { quota_set: quota });
  }

  /** Does not wait for it to be built. @returns its id */
  async post(projectId: string, flavorRef = '2'): Promise<string> {
    const server = { name: 'driven', flavorRef, imageRef: this.#image, networks: 'none' };
    const headers = { ...VERSION, 'X-Auth-Token': this.#tokens.get(projectId)! };
    const { status, text, json } = await post(`${this.#nova}/servers`, { server }, headers);
    if (status !== 202) throw new Error(`boot: ${status} ${text}`);
    const { id } = (json as { server: { id: string } }).server;
    this.#made.add(id);
    return id;
  }

  async boot(projectId: string, flavorRef = '2', wanted: Rest = 'ACTIVE'): Promise<string> {
    const id = await this.post(projectId, flavorRef);
    await this.rest(id, wanted);
    return id;
  }

  /** @param action such as `os-stop`, with its arguments */
  async act(id: string, wanted: Rest, action: Record<string, unknown>): Promise<void> {
    await this.#done('POST', `/servers/${id}/action`, action);
    await this.rest(id, wanted);
  }

  rebuild(id: string): Promise<void> {
    return this.act(id, 'ACTIVE', { rebuild: { imageRef: this.#image } });
  }

  /** DELETE, which this cloud takes for a soft one where it can. Does not wait. */
  remove(id: string): Promise<void> {
    return this.#done('DELETE', `/servers/${id}`);
  }

  /** Waits until nothing is being done to the server any more. @returns where it is */
  rest(id: string, ...wanted: Rest[]): Promise<Rest> {
    return eventually(PATIENCE_MS, async () => {
      const { status, json, text } = await this.#send('GET', `/servers/${id}`);
      if (status !== 404 && status !== 200) throw new Error(`server: ${status} ${text}`);
      const server = status === 404 ? null : (json as { server: ShownServer }).server;
      const task = server?.['OS-EXT-STS:task_state'] ?? null;
      const state = server?.status ?? 'gone';
      expect(task === null && wanted.includes(state), `${id} is ${state}, ${task}; not ${wanted.join()}`).to.equal(
        true,
      );
      return state;
    });
  }

  /** Waits until a cell has the server, and no request to build one stands for it any more. */
  async inCell(id: string): Promise<void> {
    await eventually(PATIENCE_MS, async () => {
      const { status, json } = await this.#send('GET', `/servers/${id}/os-instance-actions`);
      expect(status, `actions of ${id}`).to.equal(200);
      expect((json as { instanceActions: unknown[] }).instanceActions, `actions of ${id}`).to.have.lengthOf(1);
    });
  }

  /** All that Nova lists, of the whole cloud. */
  async list(): Promise<ShownServer[]> {
    const { status, text, json } = await this.#send('GET', '/servers/detail?all_tenants=1');
    if (status !== 200) throw new Error(`servers/detail: ${status} ${text}`);
    const { servers, servers_links: links } = json as { servers: ShownServer[]; servers_links?: unknown };
    expect(links, 'a second page').to.equal(undefined);
    return servers;
  }

  /** Takes away all that was made, as far as this cloud can: what is left is in projects that no other test counts. */
  async clear(): Promise<void> {
    const gone = async (id: string): Promise<void> => {
      await eventually(PATIENCE_MS, async () => {
        const { status, text } = await this.#send('POST', `/servers/${id}/action`, { forceDelete: null });
        // Nova refuses what is busy, and this cloud what is too much for it.
        expect(status, text).to.be.oneOf([202, 404]);
      });
      await this.rest(id, 'gone');
    };
    await pLimit(8).map(this.#made, (id) => gone(id).catch(() => undefined));
    this.#made.clear();
  }

  async #done(method: string, path: string, body?: unknown): Promise<void> {
    const { status, text } = await this.#send(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} ${JSON.stringify(body)}: ${status} ${text}`);
  }

  #send(method: string, path: string, body?: unknown): Promise<Reply> {
    const headers = { ...VERSION, 'Content-Type': 'application/json', 'X-Auth-Token': this.#admin };
    const signal = method === 'GET' ? AbortSignal.timeout(ANSWER_MS) : null;
    const text = body === undefined ? null : JSON.stringify(body);
    return ask(`${this.#nova}${path}`, { method, headers, body: text, signal });
  }
}
