import { expect } from 'chai';

import { DEMO_LOGIN, startDemoCloud } from '../../src/commands/demo-cloud.js';
import { get, loginBody, post } from '../simulator/client.js';

describe('the cloud of demo and simulate', () => {
  it('keeps no record of what it is asked, however long it runs', async () => {
    const { simulator } = await startDemoCloud({ host: '127.0.0.1', port: 0 });
    try {
      const { id } = simulator.world.findDomain({ name: 'acme' })!;
      const body = loginBody(id, DEMO_LOGIN.user, DEMO_LOGIN.password, 'acme');
      const { status, headers } = await post(`${simulator.authUrl}/auth/tokens`, body);
      expect(status).to.equal(201);
      const list = `${simulator.computeUrl}/servers/detail`;
      expect((await get(list, headers.get('x-subject-token') ?? '')).status).to.equal(200);
      expect(simulator.counts).to.include({ login: 1, servers: 1 });
      expect(simulator.calls).to.deep.equal([]);
    } finally {
      await simulator.close();
    }
  });
});
