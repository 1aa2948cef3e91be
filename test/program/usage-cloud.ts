import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { World } from '../../src/simulator/world.js';
import { PASSWORD, USER, withFolder, type Rig } from './rig.js';

/** A moment after all that is asked for here. */
const NOW = Date.parse('2026-11-20T00:00:00Z');

export interface UsageCloud {
  world: World;
  /** Ids of the projects, by name. */
  projects: Record<string, string>;
}

/**
 * Two domains: acme with a server in `web` through all of October 2026 of Jakarta, and globex with one in `db` on its last day.
 * Each has a project of its own name besides, without a server.
 */
export function usageCloud(): UsageCloud {
  const world = new World({ seed: 'usage' });
  const projects: Record<string, string> = {};
  const addDomain = (name: string, project: string): string => {
    const { id } = world.addDomain({ name });
    for (const one of [name, project]) projects[one] = world.addProject({ domainId: id, name: one }).id;
    const roles: Record<string, string> = { [projects[name]!]: 'reader', [projects[project]!]: 'reader' };
    world.addUser({ domainId: id, name: USER, password: PASSWORD, roles });
    return projects[project]!;
  };
  const web = { name: 'web-1', flavorName: 'm1.small', vcpus: 2, ramMb: 4096, diskGb: 20 };
  world.addServer({ projectId: addDomain('acme', 'web'), ...web, created: '2026-09-01T00:00:00Z' });
  const db = { name: '=db "1"', flavorName: 'm1.large', vcpus: 4, ramMb: 8192, diskGb: 40 };
  world.addServer({ projectId: addDomain('globex', 'db'), ...db, created: '2026-10-30T17:00:00Z' });
  world.advance(NOW - world.now);
  return { world, projects };
}

export const OCTOBER = 'start=2026-10-01&end=2026-10-31&tz=Asia/Jakarta';
export const NOTHING = { serverHours: 0, vcpuHours: 0, ramMbHours: 0, localGbHours: 0 };
export const OF_WEB = { serverHours: 744, vcpuHours: 1488, ramMbHours: 3_047_424, localGbHours: 14_880 };
export const OF_DB = { serverHours: 24, vcpuHours: 96, ramMbHours: 196_608, localGbHours: 960 };
export const OF_ALL = { serverHours: 768, vcpuHours: 1584, ramMbHours: 3_244_032, localGbHours: 15_840 };

/** As in the README's example of statements. */
export const TARIFFS = `currency: IDR
timezone: Asia/Jakarta
tariffs:
  - {name: vCPU, resource: vcpu, price: "150.50", per: hour, free: 100}
  - {name: RAM, resource: ram_gb, price: "37200", per: month}
`;

/** Runs the body with the flag of a tariffs file. */
export function withTariffs<T>(body: (flag: string) => Promise<T>, text = TARIFFS): Promise<T> {
  return withFolder(async (folder) => {
    const file = join(folder, 'tariffs.yml');
    await writeFile(file, text);
    return body(`--tariffs.file=${file}`);
  });
}

/** From now on the domain's login is refused. */
export function refuse({ world }: UsageCloud, name: string): void {
  const domain = world.findDomain({ name });
  world.findUser(domain!.id, USER)!.password = 'changed';
}

/** A question that can't be put, and what the caller is told. */
export type Mistake = [query: string, status: 400 | 404, message: RegExp];

/** Makes each mistake, and sees that the cloud was asked nothing for it. */
export async function expectMistakes(
  rig: Rig,
  mistakes: readonly Mistake[],
  ask: (rig: Rig, query: string) => Promise<{ status: number; error: { code: string; message: string } }>,
): Promise<void> {
  rig.takeCalls();
  for (const [query, status, message] of mistakes) {
    const answer = await ask(rig, query);
    expect(answer.status, query).to.equal(status);
    expect(answer.error.message, query).to.match(message);
    expect(answer.error.code).to.equal(status === 404 ? 'not_found' : 'bad_parameter');
  }
  expect(rig.takeCalls()).to.deep.equal([]);
}
