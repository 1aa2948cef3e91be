import { expect } from 'chai';
import { createDemoCloud, type DemoCloud, type DemoDomain } from '../../src/simulator/demo-world.js';
import { Faults } from '../../src/simulator/server.js';

/** Numbers from 0 to 1 that look random and are not (mulberry32). */
function source(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

function line(name: string): DemoDomain {
  return { id: `id-of-${name}`, name, project: `${name}-main`, user: 'billing', password: `pw-${name}` };
}

const DOMAINS = ['acme', 'globex', 'initech', 'umbrella', 'hooli'].map(line);

function demo(seed = 1): DemoCloud {
  return createDemoCloud({ domains: DOMAINS, region: 'Demo', random: source(seed), now: () => Date.UTC(2026, 10, 22) });
}

function everything({ world }: DemoCloud): string {
  return JSON.stringify([[...world.projects.values()], world.servers.listed({ kind: 'cloud' })]);
}

describe('simulator: demo cloud', () => {
  it('gives each domain some projects and servers, and a user with a role on each project', () => {
    const { world, options } = demo();
    expect(options).to.deep.equal({ regions: ['Demo'] });
    const roles = DOMAINS.map((domain) => {
      const projects = world.projectsOf(domain.id);
      expect(projects.length).to.be.within(2, 6);
      const servers = world.servers.listed({ kind: 'domain', id: domain.id });
      expect(servers.length).to.be.within(1, 40);
      const user = world.findUser(domain.id, 'billing')!;
      expect([...user.roles.keys()]).to.have.members(projects.map((project) => project.id));
      expect(user.password).to.equal(domain.password);
      expect(world.findProject(domain.id, domain.project)).to.not.equal(undefined);
      return [...new Set(user.roles.values())];
    });
    expect(roles).to.deep.equal([['member'], ['domain_admin'], ['domain_lister'], ['member'], ['admin']]);
  });

  it('adds a domain later, and brings a known one in line', () => {
    const cloud = demo();
    const before = everything(cloud);
    cloud.ensureDomain(DOMAINS[0]!);
    expect(everything(cloud)).to.equal(before);
    cloud.ensureDomain({ ...DOMAINS[0]!, project: 'renamed', password: 'new' });
    const user = cloud.world.findUser(DOMAINS[0]!.id, 'billing')!;
    expect(user.password).to.equal('new');
    expect(user.roles.get(cloud.world.findProject(DOMAINS[0]!.id, 'renamed')!.id)).to.equal('member');
    cloud.ensureDomain(line('late'));
    expect(cloud.world.servers.listed({ kind: 'domain', id: 'id-of-late' })).not.to.be.empty;
  });

  it('lives the same life from the same random source', () => {
    const live = (seed: number): string[] => {
      const cloud = demo(seed);
      const faults = new Faults();
      return [...Array.from({ length: 200 }, () => cloud.churn(faults)), everything(cloud)];
    };
    expect(live(1)).to.deep.equal(live(1));
    expect(live(1)).to.not.deep.equal(live(2));
  });

  it('sees servers come, go, stop and change size, and domains fail and recover one at a time', () => {
    const cloud = demo();
    const faults = new Faults();
    const told: string[] = [];
    for (let step = 0; step < 2000; step++) {
      told.push(cloud.churn(faults));
      expect(faults.size).to.be.at.most(1);
      expect(cloud.world.servers.size).to.be.within(20, 800);
    }
    const all = told.join('\n');
    const fates = ['is being built', 'was deleted', 'was stopped', 'was started', 'was shelved', 'was resized to'];
    const outages = ['answers 503', 'does not answer any more', 'has taken the role away', 'has recovered'];
    for (const fate of [...fates, 'became ready', ...outages]) expect(all).to.contain(fate);
    expect(told.every((sentence) => /^[A-Z0-9].*[^,.]\.$/.test(sentence))).to.be.true;
  });
});
