import { dirname, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { printable } from '../text.js';
import { type DomainsLog, type FileState, ListKeeper, type ListOptions } from './list.js';
import { fingerprint, pollFile } from './poll.js';
import { readBounded } from './read.js';
import { Settler } from './settle.js';

export type { DomainList, DomainsLog, FileState } from './list.js';

/**
 * chokidar misses a folder that is removed and made anew, or swapped for another (also when it watches the folder too),
 * and inotify is silent on many network file systems. So a `stat` now and then looks as well; twice a second, so that
 * even such an edit is in force within one.
 */
const POLL_MS = 500;

export interface OpenOptions extends ListOptions {
  /** Called with each new state, after it came into force. */
  onReload?: (state: FileState) => void;
  /** How often `stat` looks for what chokidar misses. */
  pollMs?: number;
}

/** domains.txt, watched: the list in force follows the file's edits. */
export interface DomainsFile {
  current(): FileState;
  /**
   * Reads the file at once, and takes over what it holds without waiting for it to settle.
   * @throws Error of one line, when not all of it could be taken over
   */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Reads domains.txt once, for commands that do not stay.
 * @throws SettingError if it can't be read, or holds problems and no good line
 */
export async function readDomainsFile(path: string, options: ListOptions): Promise<FileState> {
  return new ListKeeper(path, await readBounded(path), options).state;
}

/**
 * Reads domains.txt and follows its edits until closed.
 * @throws SettingError as {@link readDomainsFile}
 */
export async function openDomainsFile(path: string, options: OpenOptions): Promise<DomainsFile> {
  // Taken before the first reading, so that what changes in between is noticed.
  const first = await fingerprint(path);
  const initial = await readBounded(path);
  const keeper = new ListKeeper(path, initial, options);
  const settler = new Settler({
    initial,
    read: () => readBounded(path),
    believe: (reading) => {
      const state = keeper.update(reading);
      options.onReload?.(state);
    },
  });
  const poke = () => {
    settler.poke();
  };
  const stopPolling = pollFile(path, { ms: options.pollMs ?? POLL_MS, first, poke });
  const watcher = startChokidar(path, options.log, poke);
  return {
    current: () => keeper.state,
    reload: async () => {
      await settler.believeNow();
      if (keeper.failure !== null) throw new Error(`the domains file ${keeper.failure}`);
    },
    close: async () => {
      stopPolling();
      settler.close();
      await watcher.close();
    },
  };
}

function startChokidar(path: string, log: DomainsLog, poke: () => void): FSWatcher {
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
    if (!told.has(message)) log.warn(`watching the domains file: ${message}; it is still looked at now and then`);
    told.add(message);
  });
  return watcher;
}
