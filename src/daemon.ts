import { systemClock } from './clock.js';
import { openDomainsFile, type FileState } from './domains/watch.js';
import type { Logger } from './log.js';
import { SelfMetrics, type Build } from './metrics/self.js';
import { Passwords } from './openstack/password.js';
import type { Settings } from './settings/settings.js';
import { Collector } from './snapshot/collector.js';
import { Journal } from './snapshot/journal.js';
import { createApp } from './web/app.js';
import { listen, type Listening } from './web/listen.js';

export interface DaemonOptions {
  settings: Settings;
  log: Logger;
  env: NodeJS.ProcessEnv;
  build: Build;
  /** The list in force, at the start and after each edit. */
  onDomains?: (state: FileState) => void;
}

/**
 * Builds the parts in order and starts them.
 * @throws SettingError for what the user has to mend; Error where the address can't be had
 */
export async function startDaemon({ settings, log, env, build, onDomains }: DaemonOptions): Promise<Listening> {
  const self = new SelfMetrics({ build, withProcess: true });
  const journal = new Journal(log);
  const collector = new Collector({
    settings: settings.collect,
    passwords: new Passwords(env),
    clock: systemClock,
    random: Math.random,
    log,
    observer: self,
    onEnd: (snapshot) => journal.note(snapshot),
  });
  const file = await openDomainsFile(settings.domainsFile, {
    defaults: settings.defaults,
    log,
    ...(onDomains ? { onReload: onDomains } : {}),
  });
  onDomains?.(file.current());
  const app = createApp({
    settings,
    collector,
    file: () => file.current(),
    self,
    clock: systemClock,
    log,
    version: build.version,
  });
  try {
    const server = await listen(app, settings.web.listen);
    log.info('listening', { url: server.url, metrics: settings.web.telemetryPath, version: build.version });
    return {
      url: server.url,
      close: async () => {
        await server.close();
        await Promise.all([file.close(), collector.close()]);
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
