import type { FileState } from '../domains/list.js';
import type { Costs } from '../rating/cost.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { TariffsState } from '../tariffs/state.js';

/** What a page of metrics is made of, beside the exporter's own counters. */
export interface Page {
  snapshot: Snapshot;
  file: FileState;
  /** null without a tariffs file. */
  tariffs: TariffsState | null;
  /** Series per project too. */
  withProjects: boolean;
  /** When the snapshot was taken, too: where it may be given more than once. */
  withTimestamp: boolean;
}

/** With what is worked out once for all families. */
export interface PricedPage extends Page {
  costs: Costs | null;
}

/** A label-less series has no labels; a series that has no value is left out, never 0. */
export interface Series {
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  help: (page: Page) => string;
  labels: readonly string[];
  series: (page: PricedPage) => Iterable<Series>;
}
