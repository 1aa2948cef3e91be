import { expect } from 'chai';

import { World } from '../../src/simulator/world.js';
import { addAccount, idOf } from './cloud.js';
import { says, testRows } from './rows.js';

/** Of the first of the date cases: 18:41:22 to 20:31:22, UTC. */
const HOURS = 11 / 6;

function cloud(): World {
  const world = new World({ seed: 'cloudstack' });
  const stopped = { status: 'SHUTOFF', flavorName: 'Small Instance', created: '2023-07-01T00:00:00Z' };
  addAccount(world, 'acme', { empty: [], web: [{ name: 'testeApi2', ...stopped }] });
  const gone = { created: '2023-09-01T00:00:00Z', status: 'DELETED', terminatedAt: '2023-11-01T00:00:00Z' };
  addAccount(world, 'globex', { web: [{ name: 'web', ...gone }] });
  return world;
}

const lineOf = (json: Record<string, unknown>, resource: string): unknown =>
  (json['lines'] as Record<string, unknown>[]).find((line) => line['resource'] === resource);

describe('A user of CloudStack’s usage and quota', () => {
  testRows('CloudStack: usage and quota', cloud, {
    C1: ({ answers: [web] }) => expect(web?.json).to.include({ complete: true, timezone: 'UTC' }),
    C2: says(['web'], [idOf('acme', 'web')]),
    C3: ({ values: [labels, ids] }) => {
      expect(labels).to.deep.equal(['acme']);
      expect(ids?.[0]).to.match(/^[0-9a-f]{32}$/);
    },
    C6: ({ answers: [page] }) => expect(page?.json['next']).to.match(/&limit=1&marker=/),
    C7: says([HOURS]),
    C8: says([1], [512]),
    C9: says(['testeApi2'], ['acme testeApi2']),
    C10: says(['Small Instance']),
    C12: says(['2023-07-20T18:41:22+00:00'], ['2023-07-20T20:31:22+00:00']),
    C13: ({ page }) => expect(page.of('vhi_domain_vcpus_in_use', 'acme')).to.equal(1),
    C15: says([HOURS]),
    C16: ({ series: [stopped] }) => expect(stopped).to.equal(1),
    C22: says([HOURS]),
    C23: says([HOURS * 512]),
    C26: says(
      [null, 'teste', null, 'teste2', null, null, 'RUNNING_VM', 'RUNNING_VM'],
      [
        ...['2023-09-27T00:00:00+00:00', '2023-09-28T02:00:00+00:00', '2023-09-30T00:00:00+00:00'],
        ...['2023-09-30T23:00:00+00:00', '2023-10-02T14:00:01+00:00'],
        ...['2023-09-27T00:00:00+00:00', '2023-09-27T00:00:00+00:00', '2023-10-01T00:00:00+00:00'],
      ],
      [
        ...['2023-09-28T01:59:59+00:00', '2023-09-29T23:59:59+00:00', '2023-09-30T22:59:59+00:00'],
        ...['2023-10-02T14:00:00+00:00', '2023-10-03T23:59:59+00:00'],
        ...['2023-10-03T23:59:59+00:00', '2023-09-30T23:59:59+00:00', '2023-10-03T23:59:59+00:00'],
      ],
    ),
    C27: ({ values: [to] }) => expect(to?.[1]).to.equal('2023-09-29T23:59:59+00:00'),
    C28: ({ series, page, values: [tariffs] }) => {
      expect(series).to.deep.equal([2]);
      expect(page.series('vhi_tariff_price{'), 'in force now').to.have.lengthOf(1);
      expect(tariffs).to.include.members(['teste', 'teste2', 'RUNNING_VM']);
    },
    C29: ({ answers: [july, hour] }) => {
      expect(lineOf(july!.json, 'server')).to.include({ quantity: '744.000000', price: '2', amount: '2.0000' });
      expect(lineOf(hour!.json, 'server')).to.include({ quantity: '1.000000', price: '2', amount: '0.0027' });
    },
    C32: ({ answers: [empty] }) => expect(empty?.json['lines']).to.have.lengthOf(3),
    C33: says(['2023-08-21T00:00:00+00:00'], ['2023-08-23T23:59:59+00:00']),
    C34: says(['0.0000'], ['CLF']),
    C35: says(['vcpu', 'ram_gb', 'server'], ['vCPU-hour', 'GB-hour', 'server-hour'], ['0', '0', '0.0000']),
    C36: ({ answers: [late] }) => expect(Date.parse(late!.json['end'] as string)).to.be.at.most(Date.now()),
    C37: says(['2024-01-19T10:00:00+08:00'], ['2024-01-20T23:59:59+08:00']),
    C40: ({ answers: [july] }) => expect(july?.json).to.include({ complete: true, total: '2.0000' }),
  });
});
