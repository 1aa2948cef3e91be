import { stopAllExporters } from './program.js';
import { up } from './rig.js';

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
