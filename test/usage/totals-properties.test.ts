import { expect } from 'chai';
import fc from 'fast-check';
import { World } from '../../src/simulator/world.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import { COUNTINGS, type Counting } from '../../src/usage/counting.js';
import { STRATEGY_NAMES, type StrategyName } from '../../src/usage/strategy.js';
import {
  addProject,
  addTenant,
  closeRigs,
  inUse,
  of,
  setRole,
  startRig,
  type Rig,
  type Tenant,
} from '../helpers/rig.js';

const ROLES = ['member', 'reader', 'project_admin', 'domain_lister', 'domain_admin', 'admin'] as const;
const STATUSES = [
  ...['ACTIVE', 'BUILD', 'DELETED', 'ERROR', 'HARD_REBOOT', 'MIGRATING', 'PASSWORD', 'PAUSED', 'REBOOT', 'REBUILD'],
  ...['RESCUE', 'RESIZE', 'REVERT_RESIZE', 'SHELVED', 'SHELVED_OFFLOADED', 'SHUTOFF', 'SOFT_DELETED', 'SUSPENDED'],
  'VERIFY_RESIZE',
];

const server = fc.record({
  status: fc.constantFrom(...STATUSES),
  vcpus: fc.integer({ min: 1, max: 64 }),
  ramMb: fc.integer({ min: 1, max: 1 << 18 }),
  launched: fc.boolean(),
});
const tenant = fc.record({
  role: fc.constantFrom(...ROLES),
  /** Servers of each project; the first one is `main`. */
  projects: fc.array(fc.array(server, { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
  /** Not in the file: its rows are foreign. */
  watched: fc.boolean(),
  /** What comes into a project that is made between two scrapes. */
  later: fc.option(server),
  /** What its user becomes between two scrapes, unless the strategy is fixed to what a role decides. */
  laterRole: fc.option(fc.constantFrom(...ROLES)),
});
const world = fc.record({
  tenants: fc.array(tenant, { minLength: 1, maxLength: 4 }),
  counting: fc.constantFrom<Counting>(...COUNTINGS),
  strategy: fc.constantFrom<StrategyName | 'auto'>('auto', 'auto', ...STRATEGY_NAMES),
  maxLimit: fc.constantFrom(1, 2, 3, 1000),
  projectPageSize: fc.constantFrom(1, 2, null),
  computeEndpoint: fc.constantFrom('plain' as const, 'project-id' as const),
  slots: fc.constantFrom(1, 3, 64),
});
type Case = typeof world extends fc.Arbitrary<infer T> ? T : never;
type ServerCase = Case['tenants'][number]['projects'][number][number];

function addServer(cloud: World, projectId: string, { launched, ...rest }: ServerCase): void {
  cloud.addServer({ projectId, ...rest, ...(launched ? {} : { launchedAt: null }) });
}

interface Watched extends Tenant {
  role: string;
}

/** What may be wrong, and is said: a fixed strategy that the role is refused, or that its rows can't prove. */
function mayFail({ strategy }: Case, { role }: Watched, reason: string | undefined): boolean {
  if (strategy !== 'domain-list' && strategy !== 'cloud-list') return false;
  const refused = ['member', 'reader', 'domain_lister'].includes(role);
  return reason === (refused ? 'forbidden' : 'incomplete');
}

function check(input: Case, cloud: World, watched: Watched[], snapshot: Snapshot): void {
  const sum = { vcpus: 0, ramMb: 0 };
  for (const one of watched) {
    const { usage, errors, byProject, strategy } = of(snapshot, one.name);
    if (errors.length > 0) {
      expect(mayFail(input, one, errors[0]?.reason), `${one.name} (${one.role}): ${errors[0]?.message}`).to.equal(true);
      expect(errors).to.have.length(1);
    } else {
      expect(usage, `${one.name} (${one.role}, ${strategy})`).to.deep.equal(inUse(cloud, one.id, input.counting));
    }
    sum.vcpus += usage?.vcpus ?? 0;
    sum.ramMb += usage?.ramMb ?? 0;
    expect(byProject.reduce((total, { vcpus }) => total + vcpus, 0)).to.equal(usage?.vcpus ?? 0);
  }
  if (snapshot.totals) expect(snapshot.totals).to.deep.include(sum);
  else expect(snapshot.domains.every(({ result }) => result === 'failed')).to.equal(true);
}

async function run(input: Case): Promise<void> {
  const cloud = new World({ seed: 'random' });
  const all = input.tenants.map(({ role, projects }, i) => {
    const names = projects.map((_, p) => (p === 0 ? 'main' : `p${p}`));
    const added = { role, ...addTenant(cloud, `d${i}`, role, names) };
    projects.forEach((servers, p) => {
      for (const one of servers) addServer(cloud, added.projects[names[p] ?? ''] ?? '', one);
    });
    return added;
  });
  const { counting, strategy, slots: requestConcurrency, maxLimit, projectPageSize, computeEndpoint } = input;
  const rig: Rig = await startRig({
    world: cloud,
    settings: { counting, strategy, requestConcurrency, domainConcurrency: requestConcurrency },
    cloud: { maxLimit, projectPageSize, computeEndpoint },
  });
  const watched = all.filter((_, i) => input.tenants[i]?.watched);
  rig.watch(...watched);
  check(input, cloud, watched, await rig.scrape());
  input.tenants.forEach(({ later, laterRole }, i) => {
    const one = all[i];
    if (later && one) addServer(cloud, addProject(cloud, one, 'later'), later);
    if (laterRole && one && !['domain-list', 'cloud-list'].includes(strategy)) setRole(cloud, one, laterRole);
  });
  check(input, cloud, watched, await rig.scrape());
  expect(rig.sim.unknownPaths).to.deep.equal([]);
}

describe('totals', () => {
  it('are those of the cloud, whatever is in it, for each counting and each strategy', async function () {
    this.timeout(60_000);
    // Quota counters know no other counting than their own: such settings are refused at the start.
    const sensible = world.filter(({ strategy, counting }) => strategy !== 'project-limits' || counting === 'quota');
    const property = fc.asyncProperty(sensible, (input) => run(input).finally(closeRigs));
    await fc.assert(property, { numRuns: 120 });
  });
});
