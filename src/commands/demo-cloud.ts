import { fileURLToPath } from 'node:url';

import { NO_DEFAULTS, type Domain, type DomainDefaults } from '../domains/domain.js';
import { readDomainsFile } from '../domains/watch.js';
import { Secret } from '../secret.js';
import type { ListenAddress } from '../settings/values.js';
import { createDemoCloud, type DemoCloud } from '../simulator/demo-world.js';
import { startSimulator, type Simulator } from '../simulator/server.js';

/** The domains.txt that comes with the program. */
export const SHIPPED_DOMAINS_FILE = fileURLToPath(new URL('../../domains.txt', import.meta.url));

/** No secret: the cloud is made up, and listens on loopback only. */
export const DEMO_LOGIN = { user: 'demo-admin', password: 'demo-password' } as const;

/** The settings that lines of domains.txt take in a demo. */
export function demoDefaults(authUrl: string): DomainDefaults {
  return {
    ...NO_DEFAULTS,
    authUrl,
    user: DEMO_LOGIN.user,
    password: { kind: 'inline', secret: new Secret(DEMO_LOGIN.password) },
  };
}

/** A simulated cloud that holds the domains of the shipped domains.txt. */
export async function startDemoCloud(listen: ListenAddress): Promise<{ cloud: DemoCloud; simulator: Simulator }> {
  const cloud = createDemoCloud({ domains: [], random: Math.random });
  const simulator = await startSimulator({
    world: cloud.world,
    ...cloud.options,
    // It may run for weeks, and nobody reads the record.
    record: false,
    listen: { host: listen.host ?? '127.0.0.1', port: listen.port },
  });
  // Whoever serves these domains tells of the file; its bad lines need not be told twice.
  const quiet = { info: () => undefined, warn: () => undefined };
  const defaults = demoDefaults(simulator.authUrl);
  const { list } = await readDomainsFile(SHIPPED_DOMAINS_FILE, { defaults, log: quiet });
  addDomains(cloud, list.domains);
  return { cloud, simulator };
}

/** Sees to it that the simulated cloud knows every domain that takes its login from the settings. */
export function addDomains(cloud: DemoCloud, domains: readonly Domain[]): void {
  for (const { id, label, credential } of domains) {
    if (credential.kind !== 'password' || credential.password.kind !== 'inline') continue;
    const { user, project, password } = credential;
    cloud.ensureDomain({ id, name: label, project, user, password: password.secret.reveal() });
  }
}
