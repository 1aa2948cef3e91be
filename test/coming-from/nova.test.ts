import { expect } from 'chai';

import { World } from '../../src/simulator/world.js';
import { addAccount, idOf } from './cloud.js';
import { says, testRows } from './rows.js';

/** The hour that Nova's own examples show, with a server of 1 vCPU, 512 MB and 1 GB. */
const START = '2012-10-08T20:10:44Z';
const END = '2012-10-08T21:10:44+00:00';
const NOTHING = { serverHours: 0, vcpuHours: 0, ramMbHours: 0, localGbHours: 0 };
/** With half an hour of a server of 2 vCPUs, 2,048 MB and 20 GB in another project. */
const OF_ALL = { serverHours: 1.5, vcpuHours: 2, ramMbHours: 1536, localGbHours: 11 };

function cloud(): World {
  const world = new World({ seed: 'nova' });
  const size = { vcpus: 2, ramMb: 2048, diskGb: 20, flavorName: 'm1.small' };
  addAccount(world, 'acme', {
    db: [{ name: 'db', ...size, created: START, status: 'DELETED', terminatedAt: '2012-10-08T20:40:44Z' }],
    idle: [],
    // Rebuilt since it was made, which Nova takes for a launch.
    web: [{ name: 'web', flavorName: 'm1.tiny', created: '2012-10-01T00:00:00Z', launchedAt: START }],
  });
  // A login that is refused.
  addAccount(world, 'globex', {}, 'changed since');
  return world;
}

describe('A user of Nova’s os-simple-tenant-usage', () => {
  testRows('Nova: os-simple-tenant-usage', cloud, {
    N1: ({ answers: [all] }) => expect(all?.json).to.deep.include({ totals: OF_ALL, complete: false }),
    N2: ({ answers: [web] }) => expect(web?.json).to.deep.include({ complete: true, errors: [] }),
    N3: ({ answers: [acme] }) => expect(acme?.json).to.deep.include({ totals: OF_ALL, complete: true }),
    N4: ({ answers: [jakarta] }) =>
      expect(jakarta?.json).to.deep.include({
        start: '2012-10-09T03:10:44+07:00',
        end: '2012-10-09T04:10:44+07:00',
        totals: OF_ALL,
      }),
    N5: ({ answers: [page] }) => {
      const { next, domains } = page!.json as { next: string; domains: { projects: unknown[] }[] };
      expect(domains.flatMap(({ projects }) => projects)).to.have.lengthOf(1);
      expect(next).to.match(/^\/api\/v1\/usage\?.*&marker=[0-9a-f]{32}$/);
    },
    N6: says(['acme', 'db', 'idle', 'web']),
    N7: says([idOf('acme', 'web')]),
    N8: says([START.replace('Z', '+00:00')], [END]),
    N9: says([1]),
    N10: says([1]),
    N11: says([512]),
    N12: says([1]),
    N13: ({ answers: [idle] }) => expect(idle?.json).to.deep.include({ totals: NOTHING, complete: true }),
    N14: says(['acme db', 'acme web'], ['db', 'web'], ['m1.small', 'm1.tiny']),
    N15: says([2, 1], [2048, 512], [20, 1]),
    N16: says([0.5, 1]),
    N17: says(
      ['2012-10-08T20:10:44+00:00', '2012-10-01T00:00:00+00:00'],
      ['2012-10-08T20:40:44+00:00', null],
      ['terminated', 'active'],
    ),
    N19: ({ answers: [backwards] }) => expect(backwards?.text).to.include('start: '),
    N20: ({ answers: [refused] }) => {
      expect(refused?.json['errors']).to.have.lengthOf(1);
      expect(refused?.text).to.include('"domain":"globex","stage":"login","reason":"auth"');
    },
  });
});
