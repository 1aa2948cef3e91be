import { systemClock } from './clock.js';
import { openDomainsFile, type DomainsFile, type FileState } from './domains/watch.js';
import type { Logger } from './log.js';
import { SelfMetrics, type Build } from './metrics/self.js';
import { Passwords } from './openstack/password.js';
import { Reloader, type Reloadable } from './reload.js';
import type { SecretVariables } from './secret.js';
import type { Settings } from './settings/settings.js';
import { Collector } from './snapshot/collector.js';
import { Journal } from './snapshot/journal.js';
import { openTariffsFile, type TariffsFile } from './tariffs/file.js';
import type { TariffsState } from './tariffs/state.js';
import { strangerWatch } from './tariffs/strangers.js';
import { UsageDesk } from './usage-report/desk.js';
import { UsageReporter } from './usage-report/reporter.js';
import { createApp } from './web/app.js';
import { GRACE_MS } from './web/farewell.js';
import { listen, type Listening } from './web/listen.js';
import { guard } from './web/security/guard.js';
import { openWebSecurity, type WebSecurity } from './web/security/security.js';
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
  const files = await openFiles(settings, log, noteDomains);
  noteDomains(files.domains.current());
  const tariffs = (): TariffsState | null => files.tariffs?.current() ?? null;
  const collector = new Collector({
    settings: settings.collect,
    passwords,
    clock: systemClock,
    random: Math.random,
    log,
    observer: self,
    countFlavors: () => tariffs()?.book.tariffs.some(({ resource }) => resource === 'server') ?? false,
    onEnd: (snapshot) => journal.note(snapshot),
  });
  const desk = openDesk(collector, settings, log);
  const { domains, security } = files;
  const reloader = new Reloader({ log, parts: files.all });
  const reload = (): Promise<readonly string[]> => reloader.reload();
  const shared = { settings, collector, desk, self, clock: systemClock, log };
  const app = createApp({ ...shared, file: () => domains.current(), tariffs, reload, version: build.version });
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
        await Promise.all([files.close(), collector.close()]);
      },
    };
  } catch (error) {
    await files.close();
    throw error;
  }
}

interface Files {
  domains: DomainsFile;
  /** null without one. */
  tariffs: TariffsFile | null;
  security: WebSecurity;
  all: readonly Reloadable[];
  close: () => Promise<void>;
}

/**
 * Reads all files, and follows their edits until closed.
 * @throws SettingError, and then follows none
 */
async function openFiles(settings: Settings, log: Logger, onReload: (state: FileState) => void): Promise<Files> {
  const { tariffsFile, timezone: zone, domainsFile, defaults, web } = settings;
  const all: (Reloadable & { close(): Promise<void> })[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(all.map((file) => file.close()));
  };
  const add = async <T extends (typeof all)[number]>(opening: Promise<T>): Promise<T> => {
    const file = await opening;
    all.push(file);
    return file;
  };
  try {
    let domains: DomainsFile | null = null;
    const note = strangerWatch(tariffsFile ?? '', log);
    const compare = (): void => {
      if (domains && tariffs) note(tariffs.current().book, domains.current().list.domains);
    };
    const tariffs =
      tariffsFile === null ? null : await add(openTariffsFile(tariffsFile, { zone, log, onReload: compare }));
    const onDomains = (state: FileState): void => {
      onReload(state);
      compare();
    };
    domains = await add(openDomainsFile(domainsFile, { defaults, log, onReload: onDomains }));
    compare();
    const security = await add(openWebSecurity(web.configFile, { log }));
    return { domains, tariffs, security, all, close };
  } catch (error) {
    await close();
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
