import { CollectError, SettingError } from '../errors.js';
import { readBounded } from '../files.js';
import type { Logger } from '../log.js';
import { printable } from '../text.js';
import { parseTariffs } from './parse.js';
import type { TariffsState } from './state.js';

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads the tariffs file once, for commands that do not stay.
 * @param zone of a file that names none
 * @throws SettingError naming file, lines, and what to do
 */
export async function readTariffsFile(path: string, { zone }: { zone: string; log: Logger }): Promise<TariffsState> {
  const shown = printable(path);
  const bytes = await readBounded(path, 'tariffs file', MAX_FILE_BYTES).catch((error: unknown) => {
    throw error instanceof CollectError ? new SettingError(`--tariffs.file: ${shown}: ${error.message}`) : error;
  });
  const { book, problems } = parseTariffs(bytes.toString('utf8'), zone);
  if (book) return { book, lastReloadSuccessful: true };
  const lines = problems.map(({ line, message }) => `${shown}:${line}: ${message}`);
  throw new SettingError(['--tariffs.file: it is not taken', ...lines].join('\n'));
}
