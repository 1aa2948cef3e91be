import { dirname, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

import { printable } from '../text.js';
import { fingerprint, pollFile } from './poll.js';
import { takeReading, type Reading } from './read.js';
import { Settler } from './settle.js';

/**
 * chokidar misses a folder that is removed and made anew, or swapped for another (also when it watches the folder too),
 * and inotify is silent on many network file systems. So a `stat` now and then looks as well; twice a second, so that
 * even such an edit is in force within one.
 */
const POLL_MS = 500;

export interface FileLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

/** A file as it was when somebody began to follow it. */
export interface FirstLook {
  reading: Reading;
  /** Taken before the reading, so that what changes in between is noticed. */
  print: string;
}

export interface FollowOptions {
  first: FirstLook;
  /** What messages call the file, in place of its path: `domains file`. */
  name: string;
  log: FileLog;
  /** How often `stat` looks for what chokidar misses. */
  pollMs?: number | undefined;
  /** Called with what the file holds once it has changed and settled, or when it was asked for. */
  believe: (reading: Reading) => void;
  /** What of the last reading that was believed could not be taken over; null: nothing. */
  failure: () => string | null;
}

/** A file whose edits are followed. */
export interface Followed {
  /**
   * Reads the file at once, and takes over what it holds without waiting for it to settle.
   * @throws Error of one line, without the path, when not all of it could be taken over
   */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export async function firstLook(path: string): Promise<FirstLook> {
  const print = await fingerprint(path);
  return { print, reading: await takeReading(path) };
}

/** Follows a file's edits, however they are made, until closed. */
export function followFile(path: string, options: FollowOptions): Followed {
  const { first, name, log, pollMs = POLL_MS, believe, failure } = options;
  const settler = new Settler({ initial: first.reading, read: () => takeReading(path), believe });
  const poke = (): void => settler.poke();
  const stopPolling = pollFile(path, { ms: pollMs, first: first.print, poke });
  const watcher = startChokidar(path, poke, (message) => {
    log.warn(`watching the ${name}: ${message}; it is still looked at now and then`);
  });
  return {
    reload: async () => {
      await settler.believeNow();
      const why = failure();
      if (why !== null) throw new Error(`the ${name} ${why}`);
    },
    close: async () => {
      stopPolling();
      settler.close();
      await watcher.close();
    },
  };
}

function startChokidar(path: string, poke: () => void, warn: (message: string) => void): FSWatcher {
  const file = resolve(path);
  const folder = dirname(file);
  // Watching the file alone loses it, now and then, when it is removed and made anew at once. `atomic` would hold news
  // back: what an editor does in between is the settler's business.
  const watcher = watch(folder, {
    ignoreInitial: true,
    atomic: false,
    depth: 0,
    ignored: (entry) => entry !== folder && entry !== file,
  });
  const told = new Set<string>();
  watcher.on('all', poke);
  // What changed between the first reading and now made no event.
  watcher.on('ready', poke);
  watcher.on('error', (error) => {
    const message = printable(error instanceof Error ? error.message : String(error));
    // Such as the limit of inotify watches being reached: the poll goes on, so that one line will do.
    if (!told.has(message)) warn(message);
    told.add(message);
  });
  return watcher;
}
