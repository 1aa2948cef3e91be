import { worldFromExpected } from '../../../src/simulator/seed.js';
import { startSimulator, type Simulator, type SimulatorSettings } from '../../../src/simulator/server.js';
import type { Expected } from './expected.js';
import type { Cloud } from './figures.js';
import { seed } from './rig.js';

/** How both clouds are filled alike. */
export interface Setup {
  /** Arguments of the rig's `seed`. */
  seed: readonly string[];
  /** The simulator's word for what the real cloud allows its domains' users by a policy file. */
  simulatedRole?: string;
  simulator?: Partial<SimulatorSettings>;
}

/**
 * Defines the same tests twice: against the real cloud, and against a simulator that holds the same.
 * @param define gets the cloud, which is there once tests run
 */
export function onBothClouds(setup: Setup, define: (cloud: () => Cloud) => void): void {
  let expected: Expected | null = null;
  before('fills the cloud', async function () {
    this.timeout(300_000);
    expected = await seed(...setup.seed);
  });

  describe('on a real OpenStack', () => {
    define(() => ({ authUrl: expected!.auth_url, expected: expected! }));
  });

  describe('on the simulator', () => {
    let simulator: Simulator | null = null;
    before(async () => {
      simulator = await simulate(expected!, setup);
    });
    after(() => simulator?.close());
    define(() => ({ authUrl: simulator!.authUrl, expected: expected! }));
  });
}

/** A simulator that holds what the real cloud was filled with. */
export function simulate(expected: Expected, setup: Omit<Setup, 'seed'> = {}): Promise<Simulator> {
  const { simulatedRole } = setup;
  const args = { ...expected.args, ...(simulatedRole === undefined ? {} : { member_role: simulatedRole }) };
  return startSimulator({ world: worldFromExpected({ ...expected, args }), ...setup.simulator });
}
