import type { Clock } from '../clock.js';
import type { Server } from './compute.js';
import { Remembered } from './remembered.js';

/** What is known of a login as one that can tell others what changed; another login may see less. */
export class FeedMemory {
  /** Servers that were being built in all of the cloud when it was asked last. */
  building: ReadonlyMap<string, Server> = new Map();
  /** Whether it sees servers of a domain, by id; where it could not tell what changed, false of its own. */
  readonly sees: Remembered<boolean>;

  constructor(clock: Pick<Clock, 'mono'>) {
    this.sees = new Remembered(clock);
  }
}
