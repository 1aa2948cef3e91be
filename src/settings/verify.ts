import { readFile } from 'node:fs/promises';

import { SettingError } from '../errors.js';
import { printable } from '../text.js';
import type { Settings } from './settings.js';

/**
 * Looks at the files that settings name, at the start, when somebody is there to read what is wrong. (The domains file
 * and passwords are looked at where they are used: they may change.)
 * @throws SettingError naming the flag
 */
export async function verifyFiles({ defaults: { caFile } }: Settings): Promise<void> {
  if (caFile === null) return;
  const name = `--cloud.ca-file: ${printable(caFile)}`;
  const text = await readFile(caFile, 'utf8').catch((error: unknown) => {
    throw new SettingError(`${name} can't be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  });
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new SettingError(`${name} holds no certificate: it must be a PEM file`);
  }
}
