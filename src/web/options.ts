import type { Clock } from '../clock.js';
import type { FileState } from '../domains/list.js';
import type { Logger } from '../log.js';
import type { SelfMetrics } from '../metrics/self.js';
import type { Settings } from '../settings/settings.js';
import type { Collector } from '../snapshot/collector.js';
import type { TariffsState } from '../tariffs/state.js';
import type { UsageDesk } from '../usage-report/desk.js';

/** What the routes answer from. */
export interface AppOptions {
  settings: Pick<Settings, 'collect' | 'timezone' | 'web'>;
  collector: Pick<Collector, 'snapshot' | 'last'>;
  desk: Pick<UsageDesk, 'report'>;
  file: () => FileState;
  /** null without a tariffs file. */
  tariffs: () => TariffsState | null;
  /** Reads all files again; answers what could not be taken over, a line each. */
  reload: () => Promise<readonly string[]>;
  self: SelfMetrics;
  clock: Clock;
  log: Logger;
  version: string;
}
