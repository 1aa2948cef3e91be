import { expect } from 'chai';
import { startLoopback } from '../helpers/loopback.js';
import { type Exit, run } from '../helpers/program.js';
import type { SnapshotJson } from '../../src/web/json.js';
import { type DomainPlan, withCloud, withRig, worldOf } from './rig.js';

/* Clouds that tell other addresses than those by which they are reached. */

/** One for each way to find servers. The administrator's servers are the oldest: a first page proves that others are seen. */
const PLANS: DomainPlan[] = [
  { name: 'initech', role: 'admin', projects: [7] },
  { name: 'acme', projects: [5, 3, 1] },
  { name: 'globex', role: 'domain_admin', projects: [4, 3] },
];
const SERVERS = 23;
const TOTALS = { vcpus: SERVERS, ramMb: SERVERS * 512, servers: SERVERS };

const parse = ({ stdout }: Exit): SnapshotJson => JSON.parse(stdout) as SnapshotJson;

describe('A cloud whose catalog leads where nobody listens', () => {
  it('has no totals, for the reason network, and is read in full by --cloud.compute-url', async () => {
    const { url: catalogBase, close } = await startLoopback(() => undefined);
    await close();
    await withCloud({ world: worldOf(...PLANS), cloud: { catalogBase } }, async ({ simulator, env, args }) => {
      const command = ['snapshot', '--output=json', ...args];
      const without = await run(command, { env });
      expect(without.code, without.stderr).to.equal(1);
      const { totals, complete, domains } = parse(without);
      expect({ totals, complete }).to.deep.equal({ totals: null, complete: false });
      const errors = domains.map(({ errors }) => errors.map(({ stage, reason }) => `${stage} ${reason}`));
      expect(errors).to.deep.equal(PLANS.map(() => ['servers network']));
      expect(simulator.counts).to.include({ login: PLANS.length, servers: 0 });

      const found = await run([...command, `--cloud.compute-url=${simulator.computeUrl}`], { env });
      expect(found.code, found.stdout + found.stderr).to.equal(0);
      expect(parse(found).totals).to.deep.equal(TOTALS);
      expect(simulator.unknownPaths).to.deep.equal([]);
    });
  });
});

describe('A cloud behind a proxy that ends TLS, whose next links name an address of its inside', () => {
  it('is read in full, page by page, by the address that the catalog names', async () => {
    const cloud = { linkBase: 'https://inside.invalid', maxLimit: 2, projectPageSize: 2 };
    await withRig({ world: worldOf(...PLANS), cloud }, async (rig) => {
      const { totals, errors, domains } = await rig.snapshot();
      expect(errors).to.deep.equal([]);
      expect(totals).to.deep.equal(TOTALS);
      expect(domains.map(({ strategy }) => strategy)).to.deep.equal(['cloud-list', 'project-list', 'domain-list']);
      const later = rig.takeCalls().filter(({ marker }) => marker !== null);
      expect(new Set(later.map(({ route }) => route))).to.include.keys('servers', 'authProjects');
    });
  });
});
