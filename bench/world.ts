import { World } from '../src/simulator/world.js';
import { PASSWORD, USER } from '../test/program/rig.js';
import { layoutOf } from './formula.js';
import type { BenchStrategy, Size } from './scenarios.js';

/** The role by which `auto` comes to choose each strategy (project-limits by the counting, too). */
const ROLES: Readonly<Record<BenchStrategy, string>> = {
  'domain-list': 'domain_admin',
  'cloud-list': 'admin',
  'project-list': 'member',
  'project-limits': 'member',
};

const FLAVORS = [
  { flavorName: 's1.small', vcpus: 1, ramMb: 2048, diskGb: 20 },
  { flavorName: 's1.medium', vcpus: 2, ramMb: 4096, diskGb: 40 },
  { flavorName: 'm1.large', vcpus: 4, ramMb: 16_384, diskGb: 80 },
  { flavorName: 'm1.xlarge', vcpus: 8, ramMb: 32_768, diskGb: 160 },
];

/** One server in ten is stopped, which counts as well; no status that some counting leaves out. */
const STATUSES = ['SHUTOFF', ...Array.from({ length: 9 }, () => 'ACTIVE')];

/** What a complete scrape has to tell. */
export interface Truth {
  servers: number;
  vcpus: number;
  ramMb: number;
}

/** A cloud of that size, where each domain's user may see what the strategy needs. */
export function benchWorld(size: Size, strategy: BenchStrategy): { world: World; truth: Truth } {
  const world = new World({ seed: 'bench' });
  const truth: Truth = { servers: 0, vcpus: 0, ramMb: 0 };
  for (const [d, projects] of layoutOf(size).entries()) {
    const name = `domain-${String(d + 1).padStart(4, '0')}`;
    const { id: domainId } = world.addDomain({ name });
    const roles: Record<string, string> = {};
    for (const [p, servers] of projects.entries()) {
      const project = world.addProject({ domainId, name: p === 0 ? name : `${name}-${p + 1}` });
      roles[project.id] = ROLES[strategy];
      for (let i = 0; i < servers; i += 1) {
        const { vcpus, ramMb } = world.addServer({
          projectId: project.id,
          name: `${project.name}-vm-${String(i + 1).padStart(5, '0')}`,
          status: STATUSES[truth.servers % STATUSES.length],
          ...FLAVORS[truth.servers % FLAVORS.length],
        });
        truth.servers += 1;
        truth.vcpus += vcpus;
        truth.ramMb += ramMb;
      }
    }
    world.addUser({ domainId, name: USER, password: PASSWORD, roles });
  }
  return { world, truth };
}
