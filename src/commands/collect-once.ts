import { systemClock } from '../clock.js';
import type { FileState } from '../domains/list.js';
import { readDomainsFile } from '../domains/watch.js';
import type { Logger } from '../log.js';
import { Passwords } from '../openstack/password.js';
import type { SecretVariables } from '../secret.js';
import type { Settings } from '../settings/settings.js';
import { Collector } from '../snapshot/collector.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { progressText } from './progress-text.js';
import type { Terminal } from './terminal.js';

export interface CommandOptions {
  settings: Settings;
  log: Logger;
  variables: SecretVariables;
  /** Writes a result to stdout. */
  print: (text: string) => void;
  terminal: Terminal;
}

/**
 * One collection, without a server.
 * @throws SettingError where the domains file can't be read
 */
export async function collectOnce({
  settings,
  log,
  variables,
  terminal,
}: CommandOptions): Promise<{ snapshot: Snapshot; file: FileState }> {
  const file = await readDomainsFile(settings.domainsFile, { defaults: settings.defaults, log });
  const nothing = (): void => undefined;
  const collector = new Collector({
    settings: settings.collect,
    passwords: new Passwords(variables),
    clock: systemClock,
    random: Math.random,
    log,
    observer: { attempt: nothing, login: nothing, error: nothing },
  });
  try {
    const task = collector.snapshot(file.list, settings.collect.timeoutMs, new AbortController().signal);
    const tell = (columns: number): string => (collector.progress ? progressText(collector.progress, columns) : '');
    return { snapshot: await (terminal.status?.during(task, tell) ?? task), file };
  } finally {
    await collector.close();
  }
}
