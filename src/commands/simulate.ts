import type { Logger } from '../log.js';
import type { ListenAddress } from '../settings/values.js';
import type { Listening } from '../web/listen.js';
import { DEMO_LOGIN, startDemoCloud } from './demo-cloud.js';

/** A simulated cloud alone, for trying settings out; its auth URL is the result. */
export async function startSimulate(
  listen: ListenAddress,
  log: Logger,
  print: (text: string) => void,
): Promise<Listening> {
  const { simulator } = await startDemoCloud(listen);
  print(simulator.authUrl);
  log.info('simulated cloud with the domains of the shipped domains.txt', DEMO_LOGIN);
  return { url: simulator.authUrl, close: () => simulator.close() };
}
