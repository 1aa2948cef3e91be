import { startDaemon, type Daemon, type DaemonOptions } from '../daemon.js';
import { addDomains, demoDefaults, SHIPPED_DOMAINS_FILE, startDemoCloud } from './demo-cloud.js';

/** How often something happens in the simulated cloud. */
const STEP_MS = 3000;

/**
 * A simulated cloud and the exporter on it: servers come and go, and now and then a domain fails.
 * @param domainsFile in place of the one that comes with the program
 */
export async function startDemo(
  { settings, log, variables, build }: DaemonOptions,
  domainsFile = SHIPPED_DOMAINS_FILE,
): Promise<Daemon> {
  const { cloud, simulator } = await startDemoCloud(settings.simulateListen);
  try {
    const daemon = await startDaemon({
      settings: { ...settings, domainsFile, defaults: demoDefaults(simulator.authUrl) },
      log,
      variables,
      build,
      onDomains: ({ list }) => addDomains(cloud, list.domains),
    });
    const timer = setInterval(() => log.debug(cloud.churn(simulator.faults)), STEP_MS);
    log.info(
      `demo: open ${daemon.url} in a browser, or scrape it; edit ${domainsFile} while it runs; end it with Ctrl-C`,
    );
    return {
      url: daemon.url,
      reload: daemon.reload,
      close: async () => {
        clearInterval(timer);
        await daemon.close();
        await simulator.close();
      },
    };
  } catch (error) {
    await simulator.close();
    throw error;
  }
}
