import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { benchWorld } from '../../bench/world.js';
import { isListed } from '../../src/simulator/model.js';
import { detailRow } from '../../src/simulator/nova-row.js';

describe('bench: floor and world', () => {
  it('has a floor that is one short file, and knows nothing of the exporter', () => {
    const text = readFileSync(new URL('../../bench/floor.ts', import.meta.url), 'utf8');
    expect(text.trimEnd().split('\n')).to.have.length.at.most(80);
    expect(text).not.to.include('src/');
  });

  it('makes a world of the size that was asked for, and knows what is in it', () => {
    const { world, truth } = benchWorld({ domains: 3, projects: 7, servers: 50 }, 'domain-list');
    expect([world.domains.size, world.projects.size, world.servers.size]).to.deep.equal([3, 7, 50]);
    const servers = world.servers.listed({ kind: 'cloud' });
    const sum = (of: (server: (typeof servers)[number]) => number): number =>
      servers.reduce((all, one) => all + of(one), 0);
    expect(truth).to.deep.equal({ servers: 50, vcpus: sum(({ vcpus }) => vcpus), ramMb: sum(({ ramMb }) => ramMb) });
    expect(servers.every(({ status }) => isListed(status))).to.be.true;
  });

  it('has rows of a real size', () => {
    const { world } = benchWorld({ domains: 1, projects: 1, servers: 1 }, 'domain-list');
    const [server] = world.servers.listed({ kind: 'cloud' });
    const base = 'http://127.0.0.1:40000';
    expect(detailRow(server!, { minor: 69, admin: false, self: `${base}/v2.1`, bookmark: base, now: '' }))
      .to.have.length.above(1300)
      .and.below(1400);
  });

  it('gives the users the role that each strategy needs, on all projects of their domain', () => {
    for (const [strategy, role] of [
      ['domain-list', 'domain_admin'],
      ['cloud-list', 'admin'],
      ['project-list', 'member'],
      ['project-limits', 'member'],
    ] as const) {
      const { world } = benchWorld({ domains: 2, projects: 5, servers: 5 }, strategy);
      for (const user of world.users.values()) {
        expect([...user.roles.keys()]).to.have.members(world.projectsOf(user.domainId).map(({ id }) => id));
        expect(new Set(user.roles.values())).to.deep.equal(new Set([role]));
      }
    }
  });
});
