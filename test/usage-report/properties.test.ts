import { expect } from 'chai';
import fc from 'fast-check';

import { isoSeconds } from '../../src/simulator/ids.js';
import { Operations } from '../../src/simulator/operations.js';
import { World } from '../../src/simulator/world.js';
import type { UsageReport } from '../../src/usage-report/report.js';
import { sumOf, type UsageTotals } from '../../src/usage-report/totals.js';
import { addTenant, closeRigs, startRig, type Rig } from '../helpers/rig.js';
import { areClose, EPOCH, usageOf, usedBy } from './scene.js';

const SECOND_MS = 1000;

/** One thing that happens in a cloud, and how long nothing does after it. */
interface Step {
  kind: 'boot' | 'destroy' | 'resize' | 'stop' | 'archive';
  project: number;
  server: number;
  seconds: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('boot', 'boot', 'boot', 'destroy', 'resize', 'stop', 'archive'),
  project: fc.nat(3),
  server: fc.nat(20),
  seconds: fc.nat(5000),
});

const role = fc.constantFrom('member', 'admin');

async function build(steps: readonly Step[], as: string): Promise<{ rig: Rig; world: World; ids: string[] }> {
  const world = new World({ seed: 'properties' });
  const operations = new Operations(world);
  const tenants = ['acme', 'globex'].map((name) => addTenant(world, name, as));
  const ids = tenants.flatMap(({ projects }) => Object.values(projects));
  const living: string[] = [];
  for (const { kind, project, server, seconds } of steps) {
    const index = server % Math.max(1, living.length);
    const id = living[index];
    if (kind === 'boot') {
      const cell = `cell${1 + (server % 3)}`;
      const size = { vcpus: 1 + (server % 8), ramMb: 512 * (1 + project), diskGb: server };
      living.push(world.addServer({ projectId: ids[project]!, cell, ...size }).id);
    } else if (kind === 'archive') operations.archive();
    else if (id !== undefined && kind === 'destroy') operations.destroy(...(living.splice(index, 1) as [string]));
    else if (id !== undefined && kind === 'resize')
      world.changeServer(id, { vcpus: 1 + server, launchedAt: isoSeconds(world.now) });
    else if (id !== undefined) world.changeServer(id, { status: 'SHUTOFF' });
    world.advance(seconds * SECOND_MS);
  }
  world.advance(10 * SECOND_MS);
  const rig = await startRig({ world });
  rig.watch(...tenants);
  return { rig, world, ids };
}

const byProject = ({ domains }: UsageReport): Map<string, UsageTotals> =>
  new Map(domains.flatMap(({ projects }) => projects.map(({ id, totals }) => [id, totals] as const)));

describe('usage of a cloud with any history', () => {
  afterEach(closeRigs);

  it('over [a, c] is that over [a, b] and that over [b, c], project by project', async () => {
    const moments = fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 999 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), role, moments, async (steps, as, [x, y]) => {
        const { rig, world } = await build(steps, as);
        const c = world.now;
        const at = (from: number, thousandths: number): number =>
          from + Math.floor(((c - from) * thousandths) / 1000 / SECOND_MS) * SECOND_MS;
        const a = at(EPOCH, x);
        const b = Math.max(a + SECOND_MS, at(a, y));
        const whole = await usageOf(rig, { start: a, end: c });
        const early = byProject(await usageOf(rig, { start: a, end: b }));
        const late = byProject(await usageOf(rig, { start: b, end: c }));
        expect(whole.complete).to.equal(true);
        for (const [id, totals] of byProject(whole))
          expect(areClose(totals, sumOf([early.get(id)!, late.get(id)!])), id).to.equal(true);
        await closeRigs();
      }),
      { numRuns: 25 },
    );
  });

  it('is the same by pages of any size, in one page, and by the cloud’s books, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        role,
        fc.integer({ min: 1, max: 9 }),
        async (steps, as, size) => {
          const { rig, world, ids } = await build(steps, as);
          const unpaged = await usageOf(rig);
          rig.sim.options.maxLimit = size;
          const paged = await usageOf(rig);
          expect(paged).to.deep.equal(unpaged);
          expect(paged.complete).to.equal(true);
          const totals = byProject(paged);
          expect([...totals.keys()]).to.have.members(ids);
          for (const id of ids) expect(areClose(totals.get(id)!, usedBy(world, id)), id).to.equal(true);
          await closeRigs();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is the same by the report of all tenants and project by project', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const shared = await build(steps, 'admin');
        const single = await build(steps, 'member');
        const [one, other] = [await usageOf(shared.rig), await usageOf(single.rig)];
        expect([...byProject(one)]).to.deep.equal([...byProject(other)]);
        expect(one.totals).to.deep.equal(other.totals);
        await closeRigs();
      }),
      { numRuns: 15 },
    );
  });
});
