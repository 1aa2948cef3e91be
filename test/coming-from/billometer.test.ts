import { expect } from 'chai';

import { World } from '../../src/simulator/world.js';
import { addAccount, idOf } from './cloud.js';
import { says, testRows, type Answer } from './rows.js';

const LARGE = { vcpus: 4, ramMb: 8192, flavorName: 'm1.large' };
const MEDIUM = { vcpus: 2, ramMb: 4096, flavorName: 'm1.medium' };
/** 24.98333 hours before the end of 2015-10-01. */
const LATE = '2015-09-30T23:01:00Z';
const HOURS = 24 + 59 / 60;

function cloud(): World {
  const world = new World({ seed: 'billometer' });
  addAccount(world, 'acme', {
    empty: [],
    lab: [
      { name: 'cfg01', ...LARGE, created: LATE },
      { name: 'test300', ...MEDIUM, created: LATE },
    ],
    large: [{ name: 'large', ...LARGE, created: LATE }],
    medium: [{ name: 'medium', ...MEDIUM, created: LATE }],
  });
  // 34 × 2,017 hours are the 68,578 units of the reference.
  const many = { created: '2015-08-01T00:00:00Z', status: 'DELETED', terminatedAt: '2015-10-24T01:00:00Z' };
  addAccount(world, 'globex', { many: Array.from({ length: 34 }, (_, i) => ({ name: `vm-${i}`, ...many })) });
  addAccount(world, 'initech', {
    tux: ['a', 'b', 'c', 'd'].map((name) => ({ name, ...MEDIUM, created: '2015-09-01T00:00:00Z' })),
  });
  addAccount(world, 'hooli', { web: [{ name: 'web', ramMb: 1024, created: '2015-10-01T00:00:00Z' }] });
  return world;
}

/** The lines of a resource that a statement has. */
const linesOf = ({ json }: Answer, resource: string): Record<string, unknown>[] =>
  (json['lines'] as Record<string, unknown>[]).filter((line) => line['resource'] === resource);

describe('A user of Billometer', () => {
  testRows('Billometer', cloud, {
    B2: says(['tux'], [idOf('initech', 'tux')]),
    B3: says([null, null, null, null]),
    B4: ({ series }) => expect(series).to.deep.equal([4]),
    B5: ({ answers: [tux] }) => expect(tux?.json).to.include({ complete: true, total: '1211.6091' }),
    B7: ({ answers: [empty] }) => {
      expect(linesOf(empty!, 'vcpu')).to.have.lengthOf(1);
      expect(linesOf(empty!, 'vcpu')[0]).to.include({
        ...{ tariff: 'VCPU', quantity: '0.000000', price: '0.821904', per: 'hour', amount: '0.0000' },
      });
    },
    B8: says(
      ['vcpu', 'ram_gb', 'server'],
      ['vCPU-hour', 'GB-hour', 'server-hour'],
      ['0.821904', '0.377856', null],
      ['0.0000', '0.0000', '0'],
    ),
    B12: says(['1211.6091']),
    B13: ({ series }) => expect(series).to.deep.equal([0.821904]),
    B16: says(['empty'], [idOf('acme', 'empty')]),
    B19: says(['cfg01', 'test300'], ['acme cfg01', 'acme test300'], ['m1.large', 'm1.medium']),
    B20: says(['active', 'active'], [null, null]),
    B21: says([HOURS, HOURS]),
    B22: ({ answers: [large, medium] }) => {
      expect(large?.json).to.include({ complete: true, total: '157.6564' });
      expect(medium?.json).to.include({ complete: true, total: '78.8282' });
    },
    B24: says(['0.000000', '0.000000', '0.000000']),
    B25: ({ answers: [web] }) =>
      expect(linesOf(web!, 'vcpu')).to.deep.equal([
        { ...linesOf(web!, 'vcpu')[0], quantity: '744.000000', free: '100.000000', amount: '529.3062' },
      ]),
    B30: ({ series }) => expect(series).to.deep.equal([0.377856]),
    B31: ({ series: [cost] }) => expect(cost).to.be.closeTo(12.620928, 1e-12),
    // 12 vCPUs with 24 GB of acme, and 1 with 1 GB of hooli, besides.
    B32: ({ series: [cost] }) => expect(cost).to.be.closeTo(32.75208, 1e-12),
    B34: ({ answers: [many] }) =>
      expect(linesOf(many!, 'server')).to.deep.equal([
        { ...linesOf(many!, 'server')[0], quantity: '68578.000000', price: '0.000002222', amount: '0.1524' },
      ]),
    B35: ({ answers: [slash] }) => expect(slash?.text).to.include('not_found'),
    B36: ({ answers: [nobody] }) => expect(nobody?.text).to.include('domain: \\"nobody\\" is no name or id'),
    B37: ({ answers: [csv] }) => {
      const rows = csv!.text.trimEnd().split(/\r?\n/);
      expect(rows[0]).to.match(/^domain,project,projectId,resource,/);
      expect(rows.at(-1)).to.include('1211.6091');
    },
  });
});
