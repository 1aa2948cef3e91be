import { isoSeconds } from './ids.js';
import { World } from './world.js';

/** Numbers of one kind of servers in the real rig's `expected.json`. */
export interface ExpectedBlock {
  servers: number;
  vcpus: number;
  ram_mb: number;
  disk_gb: number;
}

export interface ExpectedProject {
  name: string;
  id: string;
  enabled: boolean;
  parent_id: string;
  by_status: Record<string, ExpectedBlock>;
  listed: ExpectedBlock;
  /** What Placement has allocated: nothing for SHELVED_OFFLOADED and never launched ERROR, but SOFT_DELETED as well. */
  placement: ExpectedBlock;
  quota: { instances: number; cores: number; ram: number };
}

/** The parts of `expected.json` (written by the rig's seed.py) that a world is made from. */
export interface ExpectedRig {
  args: { member_role?: string; no_allocations?: boolean };
  cloud_admin: { user: string; password: string; project: string; domain_id: string };
  domains: {
    name: string;
    id: string;
    kind: string;
    admin: { user: string; password: string; user_id: string };
    projects: ExpectedProject[];
  }[];
}

const KEYS = ['servers', 'vcpus', 'ram_mb', 'disk_gb'] as const;
const ZERO: ExpectedBlock = { servers: 0, vcpus: 0, ram_mb: 0, disk_gb: 0 };

function minus(a: ExpectedBlock, b: ExpectedBlock): ExpectedBlock {
  const result = { ...a };
  for (const key of KEYS) result[key] -= b[key];
  return result;
}

/** ERROR servers that no host ever took: in the list, not in Placement, and not shelved either. */
function neverLaunched(project: ExpectedProject): ExpectedBlock {
  const allocated = minus(project.placement, project.by_status['SOFT_DELETED'] ?? ZERO);
  const shelved = project.by_status['SHELVED_OFFLOADED'] ?? ZERO;
  const never = minus(minus(project.listed, shelved), allocated);
  const errors = project.by_status['ERROR'] ?? ZERO;
  if (KEYS.some((key) => never[key] < 0 || never[key] > errors[key])) {
    throw new Error(`${project.name}: placement does not agree with by_status`);
  }
  return never;
}

/** The part of a whole that one of `count` shares gets, so that they sum up exactly. */
function share(total: number, count: number, index: number): number {
  return Math.floor(total / count) + (index < total % count ? 1 : 0);
}

/** Servers are made a minute apart, and all before the world's present, so that usage has them. */
const HEAD_START = 100 * 86_400_000;

function fill(world: World, project: ExpectedProject, split: boolean): void {
  const { ERROR: errors = ZERO, ...others } = project.by_status;
  const never = split ? neverLaunched(project) : ZERO;
  const blocks: [status: string, block: ExpectedBlock, launched: boolean][] = [
    ...Object.entries(others).map(([status, block]): [string, ExpectedBlock, boolean] => [
      status,
      block,
      status !== 'BUILD',
    ]),
    ['ERROR', minus(errors, never), true],
    ['ERROR', never, false],
  ];
  let number = 0;
  for (const [status, block, launched] of blocks) {
    world.addServers(block.servers, (i) => {
      number += 1;
      const created = isoSeconds(Date.UTC(2026, 0, 1) + number * 60_000);
      return {
        projectId: project.id,
        name: `${project.name}-vm-${String(number).padStart(4, '0')}`,
        status,
        vcpus: share(block.vcpus, block.servers, i),
        ramMb: share(block.ram_mb, block.servers, i),
        diskGb: share(block.disk_gb, block.servers, i),
        created,
        launchedAt: launched ? created : null,
      };
    });
  }
}

/**
 * The world that the real rig was seeded with: same ids, names, users, roles and quotas, and in each project the same
 * number of servers, vCPUs, MB and GB by status. How these are spread over the servers of a status, and their ids, differs.
 */
export function worldFromExpected(expected: ExpectedRig): World {
  const world = new World({ seed: 'rig' });
  world.advance(HEAD_START);
  const { cloud_admin: admin, args } = expected;
  world.addDomain({ id: admin.domain_id, name: 'Default' });
  const project = world.addProject({ domainId: admin.domain_id, name: admin.project });
  const { user: name, password } = admin;
  world.addUser({ domainId: admin.domain_id, name, password, roles: { [project.id]: 'admin' } });

  for (const domain of expected.domains) {
    world.addDomain({ id: domain.id, name: domain.name });
    const role = domain.kind === 'cloudadmin' ? 'admin' : (args.member_role ?? 'member');
    for (const { id, name, enabled, parent_id, quota, ...numbers } of domain.projects) {
      world.addProject({
        id,
        domainId: domain.id,
        name,
        enabled,
        parentId: parent_id,
        quota: { instances: quota.instances, cores: quota.cores, ramMb: quota.ram },
      });
      fill(world, { id, name, enabled, parent_id, quota, ...numbers }, !args.no_allocations);
    }
    world.addUser({
      domainId: domain.id,
      id: domain.admin.user_id,
      name: domain.admin.user,
      password: domain.admin.password,
      roles: Object.fromEntries(domain.projects.map((one) => [one.id, role])),
    });
  }
  return world;
}
