import { nearest } from '../text.js';

/** What a line may say besides its id, in the order in which messages list it. */
export const KEYS = [
  'name',
  'project',
  'user',
  'password_env',
  'password_file',
  'password',
  'app_credential_id',
  'app_credential_secret_env',
  'app_credential_secret_file',
  'auth_url',
  'region',
  'interface',
  'compute_url',
  'ca_file',
  'insecure',
  'disabled_projects',
] as const;
export type Key = (typeof KEYS)[number];

export function isKey(text: string): text is Key {
  return (KEYS as readonly string[]).includes(text);
}

/** The key that a misspelt one was probably meant to be: a slip or two away, or shortened, or lengthened. */
export function nearestKey(text: string): Key | null {
  // Longer ones are no slips, and a hostile file shall not buy time with them.
  if (text.length > 30) return null;
  const typed = text.toLowerCase().replaceAll('-', '_');
  const slip = nearest(typed, KEYS);
  if (slip !== null && isKey(slip)) return slip;
  return KEYS.find((key) => typed.length >= 3 && (key.startsWith(typed) || typed.startsWith(key))) ?? null;
}
