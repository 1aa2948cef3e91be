import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Simulator, startSimulator } from '../../../src/simulator/server.js';
import { World } from '../../../src/simulator/world.js';
import { type Certificate, type Loopback, json, selfSigned, startLoopback } from '../../helpers/loopback.js';
import { inUse } from '../../helpers/rig.js';

/* The cloud that is watched, its domains.txt and tariffs file, and all that befalls them. */

const USER = 'exporter';
const PASSWORD = 'monitored-Horse-7';
const GLOBEX_PASSWORD = 'first-Globex-8';
const GLOBEX_NEXT_PASSWORD = 'second-Globex-9';
const STARK_PASSWORD = 'stark-Raven-10';

/** What must not be in anything that Prometheus or Alertmanager hold. */
export const SECRETS = [PASSWORD, GLOBEX_PASSWORD, GLOBEX_NEXT_PASSWORD, STARK_PASSWORD, 'gAAAAAB'];

/** Labels of the domains; one shows whether quotes survive all the way. */
export const LABELS = {
  acme: 'acme',
  globex: 'Globex "Corp"',
  initech: 'initech',
  umbrella: 'umbrella',
  hooli: 'hooli',
  vandelay: 'vandelay',
} as const;

export type Domain = keyof typeof LABELS;

export interface Totals {
  vcpus: number;
  ramMb: number;
}

export const LARGE = 'large';
const EVERY_STATUS = ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SHELVED_OFFLOADED', 'ERROR', 'VERIFY_RESIZE', 'RESCUE'];

function seedWorld(): World {
  const world = new World({ seed: 'monitoring' });
  const add = (name: Domain, role: string, servers: readonly number[]): string[] => {
    const { id: domainId } = world.addDomain({ name: LABELS[name] });
    const projects = servers.map((_, i) => world.addProject({ domainId, name: i === 0 ? name : `${name}-${i + 1}` }));
    const roles = Object.fromEntries(projects.map(({ id }) => [id, role]));
    const password = name === 'globex' ? GLOBEX_PASSWORD : PASSWORD;
    world.addUser({ domainId, name: USER, password, roles });
    projects.forEach(({ id: projectId }, i) => {
      world.addServers(servers[i]!, { projectId, vcpus: 2, ramMb: 4096 });
    });
    return projects.map(({ id }) => id);
  };
  const [first] = add('acme', 'domain_admin', [6, 4, 3]);
  const large = { projectId: first!, flavorName: LARGE, vcpus: 4, ramMb: 8192 };
  for (const status of EVERY_STATUS) world.addServer({ ...large, status });
  add('globex', 'member', [3, 2]);
  add('initech', 'member', [9]);
  add('umbrella', 'member', [2, 4, 1]);
  add('hooli', 'member', [0]);
  add('vandelay', 'member', [1]);
  return world;
}

export class Cloud {
  readonly simulator: Simulator;
  readonly folder: string;
  readonly #certificate: Certificate;
  readonly #stark: Loopback;

  private constructor(parts: { simulator: Simulator; folder: string; certificate: Certificate; stark: Loopback }) {
    this.simulator = parts.simulator;
    this.folder = parts.folder;
    this.#certificate = parts.certificate;
    this.#stark = parts.stark;
  }

  static async start(): Promise<Cloud> {
    // Small pages, so that a slow cloud needs several answers for one project.
    const simulator = await startSimulator({ world: seedWorld(), maxLimit: 3 });
    const folder = await mkdtemp(join(tmpdir(), 'vhi-monitoring-'));
    const certificate = await selfSigned();
    const stark = await startLoopback((_request, response) => json(response, {}), { tls: certificate.tls });
    const cloud = new Cloud({ simulator, folder, certificate, stark });
    await writeFile(cloud.#passwordFile, GLOBEX_PASSWORD, { mode: 0o600 });
    await cloud.writeLines(cloud.lines());
    return cloud;
  }

  get world(): World {
    return this.simulator.world;
  }

  get file(): string {
    return join(this.folder, 'domains.txt');
  }

  get tariffs(): string {
    return join(this.folder, 'tariffs.yml');
  }

  get #passwordFile(): string {
    return join(this.folder, 'globex-password');
  }

  /** The settings that point the exporter here. */
  get env(): Record<string, string> {
    return { VHI_AUTH_URL: this.simulator.authUrl, VHI_USERNAME: USER, VHI_PASSWORD: PASSWORD };
  }

  idOf(domain: Domain): string {
    return this.world.findDomain({ name: LABELS[domain] })!.id;
  }

  /** By the cloud's own books, which the exporter does not know. */
  inUse(...domains: Domain[]): Totals {
    const total = { vcpus: 0, ramMb: 0 };
    for (const domain of domains.length === 0 ? (Object.keys(LABELS) as Domain[]) : domains) {
      const { vcpus, ramMb } = inUse(this.world, this.idOf(domain), 'allocated');
      total.vcpus += vcpus;
      total.ramMb += ramMb;
    }
    return total;
  }

  /** Servers of the large flavor; a shelved one is not in use. */
  largeInUse(domain: Domain): number {
    const servers = this.world.projectsOf(this.idOf(domain)).flatMap(({ id }) => [...this.world.servers.ofProject(id)]);
    return servers.filter(
      ({ flavorName, status }) => flavorName === LARGE && status !== 'DELETED' && status !== 'SHELVED_OFFLOADED',
    ).length;
  }

  /** Lines of domains.txt for all domains but these. */
  lines(...without: Domain[]): string {
    return (Object.keys(LABELS) as Domain[])
      .filter((domain) => !without.includes(domain))
      .map((domain) => {
        const key = domain === 'globex' ? ` password_file=${this.#passwordFile}` : '';
        return `${this.idOf(domain)} name="${LABELS[domain].replaceAll('"', '\\"')}" project=${domain}${key}\n`;
      })
      .join('');
  }

  /** A domain on a Keystone whose certificate nobody vouches for. */
  get starkLine(): string {
    return `stark name=stark user=${USER} password=${STARK_PASSWORD} auth_url=${this.#stark.url}/v3\n`;
  }

  async writeLines(text: string): Promise<void> {
    await writeFile(this.file, text, { mode: 0o600 });
  }

  async writeTariffs(text: string): Promise<void> {
    await writeFile(this.tariffs, text);
  }

  async loseFile(): Promise<void> {
    await unlink(this.file);
  }

  /** Another server of one vCPU, so that one day's total is not the next one's. */
  grow(): void {
    this.world.addServer({ projectId: this.#project('acme').id, vcpus: 1, ramMb: 1024 });
  }

  changeGlobexPassword(): void {
    const user = this.world.findUser(this.idOf('globex'), USER)!;
    user.password = GLOBEX_NEXT_PASSWORD;
    this.simulator.revokeTokens(user.id);
  }

  async tellGlobexPassword(): Promise<void> {
    await writeFile(this.#passwordFile, GLOBEX_NEXT_PASSWORD, { mode: 0o600 });
  }

  /** Each answer of initech's comes so late; three pages of servers do not fit in a scrape any more. */
  slowDown(ms: number): void {
    this.simulator.faults.add({ kind: 'slow', ms, domainId: this.idOf('initech') });
  }

  /** One of the domain's projects can't be read: the domain is partial. */
  breakProject(domain: 'umbrella' | 'globex'): void {
    const projectId = this.#project(domain, `${domain}-2`).id;
    this.simulator.faults.add({ kind: 'status', status: 500, route: 'servers', projectId });
  }

  breakAll(): void {
    this.simulator.faults.add({ kind: 'status', status: 503 });
  }

  mend(): void {
    this.simulator.faults.clear();
  }

  deleteProject(): void {
    this.world.removeProject(this.#project('umbrella', 'umbrella-3').id);
  }

  deleteServers(domain: Domain): void {
    for (const project of this.world.projectsOf(this.idOf(domain))) {
      for (const { id } of this.world.servers.ofProject(project.id)) this.world.changeServer(id, { status: 'DELETED' });
    }
  }

  #project(domain: Domain, name: string = domain): { id: string } {
    return this.world.findProject(this.idOf(domain), name)!;
  }

  async stop(): Promise<void> {
    await this.simulator.close();
    await this.#stark.close();
    this.#certificate.remove();
    await rm(this.folder, { recursive: true });
  }
}
