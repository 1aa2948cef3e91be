import { expect } from 'chai';

import { openDoor, type Door } from './dated.js';
import type { ShownServer } from './driver.js';
import type { Expected, ExpectedDomain, Figures } from './expected.js';
import type { Page } from './metrics.js';
import { startExporter, type Exporter } from './program.js';

/* Exporters that run all the time, and what they make of the cloud, beside what Nova lists. */

/** What is in use, as an exporter shows it; what is 0 is left out. */
export interface Picture {
  totals: Figures;
  /** vCPUs and MB, by the project's id. */
  projects: Record<string, string>;
  /** By domain and status. */
  statuses: Record<string, number>;
}

export interface Watch {
  title: string;
  domains: readonly ExpectedDomain[];
  exporter: Exporter;
  door: Door;
}

interface WatchOptions {
  title: string;
  expected: Expected;
  domains: readonly ExpectedDomain[];
  args: readonly string[];
  /** How far the clock of Nova's web server is ahead; null: it tells no time. */
  aheadMs?: number | null;
  /** The longest time between two listings in full. */
  resync?: string;
}

export async function watch(options: WatchOptions): Promise<Watch> {
  const { title, expected, domains, args, aheadMs = 0, resync = '4h' } = options;
  const door = await openDoor(expected.urls.nova, aheadMs);
  const fixed = ['--collect.projects', '--collect.incremental=auto', `--collect.resync-interval=${resync}`];
  const url = `--cloud.compute-url=${door.url}/v2.1`;
  const exporter = await startExporter({ authUrl: expected.auth_url, domains, args: [...fixed, url, ...args] });
  return { title, domains, exporter, door };
}

export async function unwatch({ exporter, door }: Watch): Promise<void> {
  await exporter.stop();
  await door.close();
}

/** Whether it asks for all servers, and not for what changed, or those of one status; of several pages the first. */
export function isFullListing(path: string): boolean {
  return /\/servers\/detail(\?all_tenants=1)?$/.test(path);
}

/** By the contract's rules, from what Nova lists. */
export function pictureOf(listed: readonly ShownServer[], domains: readonly ExpectedDomain[]): Picture {
  const totals = { servers: 0, vcpus: 0, ramMb: 0 };
  const byProject = new Map<string, Figures>();
  const statuses: Record<string, number> = {};
  for (const { status, flavor, tenant_id: id, 'OS-SRV-USG:launched_at': launched } of listed) {
    const domain = domains.find(({ projects }) => projects.some((project) => project.id === id));
    if (!domain) continue;
    const key = `${domain.name} ${status}`;
    statuses[key] = (statuses[key] ?? 0) + 1;
    if (status === 'SHELVED_OFFLOADED' || (status === 'ERROR' && launched === null)) continue;
    const project = byProject.get(id) ?? { servers: 0, vcpus: 0, ramMb: 0 };
    byProject.set(id, project);
    for (const figures of [totals, project]) {
      figures.servers += 1;
      figures.vcpus += flavor.vcpus;
      figures.ramMb += flavor.ram;
    }
  }
  const projects = [...byProject].map(([id, { vcpus, ramMb }]) => [id, `${vcpus} ${ramMb}`]);
  return { totals, projects: Object.fromEntries(projects) as Record<string, string>, statuses };
}

export async function seenBy({ exporter }: Watch): Promise<Picture> {
  const { page, json } = await exporter.observe();
  expect(json.errors).to.deep.equal([]);
  const { vcpus, ramMb, servers } = json.totals!;
  return { totals: { servers: servers!, vcpus, ramMb }, projects: projectsOf(page), statuses: statusesOf(page) };
}

function projectsOf(page: Page): Record<string, string> {
  const projects: Record<string, string> = {};
  for (const { labels, value } of page.all('vhi_project_vcpus_in_use')) {
    const id = labels['project_id']!;
    if (value > 0) projects[id] = `${value} ${page.value('vhi_project_ram_mb_in_use', { project_id: id })}`;
  }
  return projects;
}

function statusesOf(page: Page): Record<string, number> {
  const statuses: Record<string, number> = {};
  for (const { labels, value } of page.all('vhi_domain_servers')) {
    if (value > 0) statuses[`${labels['domain']} ${labels['status']}`] = value;
  }
  return statuses;
}
