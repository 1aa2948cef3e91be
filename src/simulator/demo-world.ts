import { DemoBuilder, type DemoDomain } from './demo-builder.js';
import { DemoChurn } from './demo-churn.js';
import type { Random } from './demo-stock.js';
import type { Faults } from './faults.js';
import type { CloudOptions } from './options.js';
import type { World } from './world.js';

export type { DemoDomain } from './demo-builder.js';

export interface DemoSettings {
  domains: readonly DemoDomain[];
  region?: string;
  /** Equal sources and clocks make equal clouds. */
  random: Random;
  /** Milliseconds; servers are some days older. Default: the real clock. */
  now?: () => number;
}

export interface DemoCloud {
  world: World;
  /** To be given to `startSimulator` with the world. */
  options: Partial<CloudOptions>;
  /** Adds a domain with projects and servers; of one that is there, brings user, password and project in line. */
  ensureDomain(domain: DemoDomain): void;
  /** One step of a living cloud. @returns a sentence that says what happened */
  churn(faults: Pick<Faults, 'add'>): string;
}

/** A believable cloud with the given domains, and what makes it live. */
export function createDemoCloud(settings: DemoSettings): DemoCloud {
  const builder = new DemoBuilder(settings);
  const churn = new DemoChurn(builder);
  for (const domain of settings.domains) builder.ensureDomain(domain);
  return {
    world: builder.world,
    options: settings.region === undefined ? {} : { regions: [settings.region] },
    ensureDomain: (domain) => {
      builder.ensureDomain(domain);
    },
    churn: (faults) => churn.step(faults),
  };
}
