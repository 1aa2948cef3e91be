import { queryObjects } from 'node:v8';

import { expect } from 'chai';

import { World } from '../../src/simulator/world.js';
import { CloudListing } from '../../src/usage/cloud-listing.js';
import { addTenant, closeRigs, startRig } from '../helpers/rig.js';

describe('the rows of a listing that domains shared', () => {
  afterEach(closeRigs);

  it('are let go when the collection is over, though its snapshot is kept', async () => {
    const before = queryObjects(CloudListing);
    const world = new World({ seed: 'rows' });
    const tenants = ['a', 'b'].map((name) => addTenant(world, name, 'admin'));
    for (const { projects } of tenants)
      for (const projectId of Object.values(projects)) world.addServer({ projectId, vcpus: 1 });
    const rig = await startRig({ world, settings: { minIntervalMs: 60_000 } });
    rig.watch(...tenants);
    const snapshot = await rig.scrape();
    expect(snapshot.totals).to.include({ vcpus: 4, servers: 4 });
    expect(snapshot.domains.map(({ strategy }) => strategy)).to.deep.equal(['cloud-list', 'cloud-list']);
    expect(await rig.scrape()).to.equal(snapshot);
    expect(queryObjects(CloudListing)).to.equal(before);
  });
});
