import { firstLook, followFile, type Followed } from '../watch/follow.js';
import { takeReading } from '../watch/read.js';
import { type FileState, ListKeeper, type ListOptions } from './list.js';

export type { DomainList, FileState } from './list.js';

export interface OpenOptions extends ListOptions {
  /** Called with each new state, after it came into force. */
  onReload?: (state: FileState) => void;
  /** How often `stat` looks for what chokidar misses. */
  pollMs?: number;
}

/** domains.txt, watched: the list in force follows the file's edits. */
export interface DomainsFile extends Followed {
  current(): FileState;
}

/**
 * Reads domains.txt once, for commands that do not stay.
 * @throws SettingError if it can't be read, or holds problems and no good line
 */
export async function readDomainsFile(path: string, options: ListOptions): Promise<FileState> {
  return new ListKeeper(path, await takeReading(path), options).state;
}

/**
 * Reads domains.txt and follows its edits until closed.
 * @throws SettingError as {@link readDomainsFile}
 */
export async function openDomainsFile(path: string, options: OpenOptions): Promise<DomainsFile> {
  const { log, pollMs, onReload } = options;
  const first = await firstLook(path);
  const keeper = new ListKeeper(path, first.reading, options);
  const followed = followFile(path, {
    first,
    name: 'domains file',
    log,
    pollMs,
    believe: (reading) => {
      const state = keeper.update(reading);
      onReload?.(state);
    },
    failure: () => keeper.failure,
  });
  return { current: () => keeper.state, ...followed };
}
