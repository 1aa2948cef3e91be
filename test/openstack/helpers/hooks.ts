import { config } from 'chai';

import { stopAllExporters } from './program.js';
import { up } from './rig.js';

// Errors that a snapshot tells are to be read in full.
config.truncateThreshold = 0;

/** Around the whole suite. A rig that is missing, or does not come up, fails every test: nothing is skipped. */
export const mochaHooks: Mocha.RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(15 * 60_000);
    await up();
  },
  async afterAll() {
    await stopAllExporters();
  },
};
