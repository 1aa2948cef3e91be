import type { Clock } from '../clock.js';
import type { Server } from './compute.js';
import { Remembered } from './remembered.js';

/** What is known of a login as one that can tell others what changed; another login may see less. */
export class FeedMemory {
  /** Servers that were being built in all of the cloud when it was asked last. */
  building: ReadonlyMap<string, Server> = new Map();
  /** It could not tell, or would have to tell too much. */
  readonly silent: Remembered<true>;
  /** Whether it sees servers of a domain that is not its own, by id. */
  readonly sees: Remembered<boolean>;

  constructor(clock: Pick<Clock, 'mono'>) {
    this.silent = new Remembered(clock);
    this.sees = new Remembered(clock);
  }
}
