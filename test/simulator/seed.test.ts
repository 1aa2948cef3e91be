import { expect } from 'chai';
import { type ExpectedBlock, type ExpectedRig, worldFromExpected } from '../../src/simulator/seed.js';

function block(servers: number, vcpus: number, ram_mb: number, disk_gb: number): ExpectedBlock {
  return { servers, vcpus, ram_mb, disk_gb };
}

/** In the shape of the rig's expected.json; figures of a project that was really seeded. */
function rig(): ExpectedRig {
  const user = { user: 'admin-dom-700', password: 'pw-dom-700', user_id: 'u700' };
  return {
    args: { member_role: 'member' },
    cloud_admin: { user: 'admin', password: 'rig-throwaway', project: 'admin', domain_id: 'default' },
    domains: [
      {
        name: 'dom-700',
        id: 'd700',
        kind: 'member',
        admin: user,
        projects: [
          {
            name: 'dom-700-prj-01',
            id: 'p1',
            enabled: true,
            parent_id: 'd700',
            by_status: {
              ACTIVE: block(20, 41, 194048, 463),
              BUILD: block(2, 5, 66048, 81),
              DELETED: block(5, 23, 45568, 221),
              ERROR: block(3, 3, 4608, 21),
              PAUSED: block(1, 4, 65536, 80),
              RESCUE: block(1, 1, 2048, 10),
              SHELVED_OFFLOADED: block(2, 9, 18432, 90),
              SHUTOFF: block(4, 4, 6656, 31),
              SOFT_DELETED: block(1, 1, 512, 1),
              VERIFY_RESIZE: block(1, 1, 512, 1),
            },
            listed: block(34, 68, 357888, 777),
            placement: block(31, 58, 335872, 668),
            quota: { instances: -1, cores: -1, ram: -1 },
          },
          {
            name: 'dom-700-disabled',
            id: 'p2',
            enabled: false,
            parent_id: 'p1',
            by_status: {},
            listed: block(0, 0, 0, 0),
            placement: block(0, 0, 0, 0),
            quota: { instances: 10, cores: 20, ram: 51200 },
          },
        ],
      },
    ],
  };
}

describe('simulator: world from the real rig', () => {
  const world = worldFromExpected(rig());
  const servers = world.servers.ofProject('p1');
  const sum = (rows: typeof servers): ExpectedBlock =>
    rows.reduce(
      (total, row) => ({
        servers: total.servers + 1,
        vcpus: total.vcpus + row.vcpus,
        ram_mb: total.ram_mb + row.ramMb,
        disk_gb: total.disk_gb + row.diskGb,
      }),
      block(0, 0, 0, 0),
    );

  it('has exactly the figures of every status', () => {
    const { by_status, listed } = rig().domains[0]!.projects[0]!;
    for (const [status, figures] of Object.entries(by_status)) {
      expect(sum(servers.filter((row) => row.status === status))).to.deep.equal(figures);
    }
    expect(servers).to.have.length(40);
    expect(sum([...world.servers.listed({ kind: 'project', id: 'p1' })])).to.deep.equal(listed);
    expect(world.usage('p1')).to.deep.equal({ servers: 34, vcpus: 68, ramMb: 357888 });
  });

  it('tells never launched errors from the others, so that the allocated figures come out', () => {
    const errors = servers.filter((row) => row.status === 'ERROR');
    expect(errors.map((row) => row.launchedAt === null)).to.have.members([false, true, true]);
    const listed = world.servers.listed({ kind: 'project', id: 'p1' });
    const allocated = listed.filter(
      (row) => row.status !== 'SHELVED_OFFLOADED' && !(row.status === 'ERROR' && row.launchedAt === null),
    );
    const soft = rig().domains[0]!.projects[0]!.by_status['SOFT_DELETED']!;
    const placement = rig().domains[0]!.projects[0]!.placement;
    expect(sum([...allocated, ...servers.filter((row) => row.status === 'SOFT_DELETED')])).to.deep.equal(placement);
    expect(sum(allocated).vcpus).to.equal(placement.vcpus - soft.vcpus);
  });

  it('has the same names, ids, users and roles', () => {
    expect(world.domains.get('d700')).to.include({ name: 'dom-700', enabled: true });
    expect(world.projects.get('p2')).to.include({ name: 'dom-700-disabled', enabled: false, parentId: 'p1' });
    expect(world.projects.get('p1')?.quota).to.deep.equal({ instances: -1, cores: -1, ramMb: -1 });
    const user = world.users.get('u700')!;
    expect(user).to.include({ name: 'admin-dom-700', password: 'pw-dom-700', domainId: 'd700' });
    expect([...user.roles]).to.deep.equal([
      ['p1', 'member'],
      ['p2', 'member'],
    ]);
    const admin = world.findUser('default', 'admin')!;
    expect(admin.password).to.equal('rig-throwaway');
    expect([...admin.roles.values()]).to.deep.equal(['admin']);
  });

  it('gives a cloud administrator the role admin on all its projects', () => {
    const expected = rig();
    expected.domains[0]!.kind = 'cloudadmin';
    expect([...worldFromExpected(expected).users.get('u700')!.roles.values()]).to.deep.equal(['admin', 'admin']);
  });

  it('refuses figures that contradict each other', () => {
    const expected = rig();
    expected.domains[0]!.projects[0]!.placement.vcpus += 1000;
    expect(() => worldFromExpected(expected)).to.throw('dom-700-prj-01: placement does not agree with by_status');
  });
});
