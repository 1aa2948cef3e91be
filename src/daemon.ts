import { systemClock } from './clock.js';
import { openDomainsFile, type FileState } from './domains/watch.js';
import type { Logger } from './log.js';
import { SelfMetrics, type Build } from './metrics/self.js';
import { Passwords } from './openstack/password.js';
import { Reloader } from './reload.js';
import type { SecretVariables } from './secret.js';
import type { Settings } from './settings/settings.js';
import { Collector } from './snapshot/collector.js';
import { Journal } from './snapshot/journal.js';
import { readTariffsFile } from './tariffs/file.js';
import type { TariffsState } from './tariffs/state.js';
import { UsageDesk } from './usage-report/desk.js';
import { UsageReporter } from './usage-report/reporter.js';
import { createApp } from './web/app.js';
import { GRACE_MS } from './web/farewell.js';
import { listen, type Listening } from './web/listen.js';
import { guard } from './web/security/guard.js';
import { openWebSecurity } from './web/security/security.js';
import { createTlsServer } from './web/security/tls-server.js';

export interface DaemonOptions {
  settings: Settings;
  log: Logger;
  variables: SecretVariables;
  build: Build;
  /** The list in force, at the start and after each edit. */
  onDomains?: (state: FileState) => void;
}

/** A daemon that listens. */
export interface Daemon extends Listening {
  /** Reads all files again; answers what could not be taken over, a line each. Never rejects. */
  reload: () => Promise<readonly string[]>;
}

/** How long before the end of the grace a scrape is answered with what is there, so that the answer still arrives. */
const LAST_ANSWER_MS = 500;

/**
 * Builds the parts in order and starts them.
 * @throws SettingError for what the user has to mend; Error where the address can't be had
 */
export async function startDaemon({ settings, log, variables, build, onDomains }: DaemonOptions): Promise<Daemon> {
  const self = new SelfMetrics({ build, withProcess: true });
  const journal = new Journal(log);
  const passwords = new Passwords(variables);
  const noteDomains = (state: FileState): void => {
    passwords.take(state.list.domains);
    onDomains?.(state);
  };
  const collector = new Collector({
    settings: settings.collect,
    passwords,
    clock: systemClock,
    random: Math.random,
    log,
    observer: self,
    onEnd: (snapshot) => journal.note(snapshot),
  });
  const desk = openDesk(collector, settings, log);
  const tariffs = await readTariffs(settings, log);
  const file = await openDomainsFile(settings.domainsFile, { defaults: settings.defaults, log, onReload: noteDomains });
  noteDomains(file.current());
  const security = await openWebSecurity(settings.web.configFile, { log }).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  const reloader = new Reloader({ log, parts: [file, security] });
  const reload = (): Promise<readonly string[]> => reloader.reload();
  const shared = { settings, collector, desk, self, clock: systemClock, log };
  const files = { file: () => file.current(), tariffs: () => tariffs };
  const app = createApp({ ...shared, ...files, reload, version: build.version });
  try {
    const { tls } = security.config;
    const server = await listen(
      guard(app, { security, listen: settings.web.listen, clock: systemClock, log }),
      settings.web.listen,
      ...(tls ? [createTlsServer(tls, security, log)] : []),
    );
    security.warnOfExposure(server.address);
    log.info('listening', { url: server.url, metrics: settings.web.telemetryPath, version: build.version });
    return {
      url: server.url,
      reload,
      close: async () => {
        const hurry = setTimeout(() => {
          collector.answerNow();
          desk.answerNow();
        }, GRACE_MS - LAST_ANSWER_MS);
        await server.close();
        clearTimeout(hurry);
        await Promise.all([file.close(), security.close(), collector.close()]);
      },
    };
  } catch (error) {
    await Promise.all([file.close(), security.close()]);
    throw error;
  }
}

/** Usage reports, with the identities and connections of the scrapes. */
function openDesk({ visits }: Collector, { collect, usage }: Settings, log: Logger): UsageDesk {
  const { requestConcurrency } = collect;
  const { maxRequests } = usage;
  const reporter = new UsageReporter({ visits, clock: systemClock, log, requestConcurrency, maxRequests });
  return new UsageDesk(reporter, systemClock);
}

async function readTariffs({ tariffsFile, timezone: zone }: Settings, log: Logger): Promise<TariffsState | null> {
  return tariffsFile === null ? null : readTariffsFile(tariffsFile, { zone, log });
}
