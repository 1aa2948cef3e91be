import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { World } from '../../src/simulator/world.js';
import { linesOf, PASSWORD, USER, withRig } from './rig.js';

const GOLDEN = new URL('golden.prom', import.meta.url);

/** Counters stand in the order of their first rise. */
const ONE_BY_ONE = ['--collect.domain-concurrency=1', '--collect.request-concurrency=1'];

/** An ok domain with servers in many states, a partial one, a failed one, and an empty one. */
function fixedWorld(): World {
  const world = new World({ seed: 'golden' });
  const domain = (name: string, role: string, projects: string[], password = PASSWORD): string[] => {
    const { id: domainId } = world.addDomain({ name });
    const ids = projects.map((project) => world.addProject({ domainId, name: project }).id);
    const roles = Object.fromEntries(ids.map((id) => [id, role]));
    world.addUser({ domainId, name: USER, password, roles });
    return ids;
  };
  const [acme, shop] = domain('acme', 'domain_admin', ['acme', 'shop "ü" \\ 1']);
  const states = ['ACTIVE', 'SHUTOFF', 'SHELVED_OFFLOADED', 'ERROR', 'RESCUE', 'SOFT_DELETED', 'BUILD'];
  for (const status of states) world.addServer({ projectId: acme!, status, vcpus: 2, ramMb: 4096 });
  world.addServer({ projectId: shop!, status: 'ERROR', launchedAt: null, vcpus: 64, ramMb: 1_048_576 });
  world.addServers(3, { projectId: shop!, vcpus: 4, ramMb: 8192 });
  const [globex, broken] = domain('globex', 'member', ['globex', 'broken', 'idle']);
  world.addServer({ projectId: globex!, vcpus: 8, ramMb: 16384 });
  world.addServer({ projectId: broken! });
  domain('initech', 'member', ['initech'], 'another');
  domain('empty', 'domain_lister', ['empty']);
  return world;
}

/** Durations, times and versions, which differ from run to run. */
function withPlaceholders(text: string): string {
  return text
    .replace(/^(vhi_\w+_seconds(?:\{.*\})?|vhi_\w+_seconds_sum\{.*\}) [0-9.e+-]+$/gm, '$1 <seconds>')
    .replace(/^(vhi_\w+_seconds_bucket\{le="[0-9.]+",.*\}) \d+$/gm, '$1 <count>')
    .replace(/version="[^"]*",node_version="[^"]*"/, 'version="<version>",node_version="<version>"');
}

describe('The page of the real program', () => {
  it('is the golden one, byte for byte, but for durations, times and versions (UPDATE_GOLDEN=1 writes it anew)', async () => {
    const world = fixedWorld();
    const lines = `${linesOf(world)}oops nam=oops\n`;
    await withRig({ world, lines, args: ['--collect.projects', ...ONE_BY_ONE] }, async (rig) => {
      const broken = [...world.projects.values()].find(({ name }) => name === 'broken')!;
      rig.simulator.faults.add({ kind: 'status', status: 500, route: 'servers', projectId: broken.id });
      const { text } = await rig.metrics();
      const families = text.split(/^(?=# HELP )/m).filter((family) => family.startsWith('# HELP vhi_'));
      const page = withPlaceholders(`${families.join('').trimEnd()}\n`);
      if (process.env['UPDATE_GOLDEN']) await writeFile(GOLDEN, page);
      expect(page).to.equal(await readFile(GOLDEN, 'utf8'));
      // What is no vhi_ family is prom-client's own.
      const others = text.match(/^# TYPE (?!vhi_)\w+/gm)!.map((line) => line.slice(7));
      expect(others.filter((name) => !/^(process|nodejs)_/.test(name))).to.deep.equal([]);
      expect(others).to.include('process_cpu_seconds_total');
      expect(others.filter((name) => /^nodejs_active_.*_total$/.test(name))).to.deep.equal([]);
    });
  });

  it('is in OpenMetrics when the scraper prefers it, with the same values', async () => {
    const world = fixedWorld();
    await withRig({ world }, async (rig) => {
      const plain = await fetch(`${rig.url}/metrics`);
      const open = await fetch(`${rig.url}/metrics`, {
        headers: { Accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' },
      });
      expect(plain.headers.get('content-type')).to.match(/^text\/plain; ?version=0\.0\.4; ?charset=utf-8$/);
      expect(open.headers.get('content-type')).to.match(
        /^application\/openmetrics-text; ?version=1\.0\.0; ?charset=utf-8$/,
      );
      const [first, second] = [await plain.text(), await open.text()];
      expect(second.endsWith('\n# EOF\n')).to.be.true;
      const gauges = (text: string) =>
        text.match(/^vhi_(total|domain_\w+_in_use|domain_servers|snapshot_complete).*$/gm);
      expect(gauges(second)).to.deep.equal(gauges(first));
      expect(gauges(first)).to.include('vhi_total_vcpus_in_use 31');
      expect(second).to.include('# TYPE vhi_domain_collect_failures counter\n');
    });
  });
});
