import { readStart } from '../files.js';

/** The largest file that is read as a whole, in bytes. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** What one look at the file showed: its first bytes (one more than is allowed, at most), or why there are none. */
export type Reading = { kind: 'bytes'; bytes: Buffer; mode: number } | { kind: 'lost'; why: string };

export function sameReading(a: Reading, b: Reading): boolean {
  if (a.kind === 'bytes' && b.kind === 'bytes') return a.bytes.equals(b.bytes);
  return a.kind === 'lost' && b.kind === 'lost' && a.why === b.why;
}

/** Never rejects: a file that can't be read is an answer too. */
export async function takeReading(path: string): Promise<Reading> {
  try {
    const { stat, bytes } = await readStart(path, MAX_FILE_BYTES + 1);
    if (bytes) return { kind: 'bytes', bytes, mode: stat.mode };
    return { kind: 'lost', why: stat.isDirectory() ? 'is a directory, not a file' : 'is not a regular file' };
  } catch (error) {
    return { kind: 'lost', why: reasonOf(error as NodeJS.ErrnoException) };
  }
}

/** The whole file as text, without a byte order mark; or why there is none. */
export function textOf(reading: Reading): { text: string; why: null } | { text: null; why: string } {
  if (reading.kind === 'lost') return { text: null, why: reading.why };
  if (reading.bytes.length > MAX_FILE_BYTES) return { text: null, why: 'is larger than 1 MiB' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(reading.bytes), why: null };
  } catch {
    return { text: null, why: 'is not UTF-8, save it in that encoding' };
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return `can't be read: permission denied (${error.code})`;
    case 'ENOTDIR':
      return "can't be read: a part of its path is not a directory (ENOTDIR)";
    case 'ENXIO':
      return 'is not a regular file';
    default:
      return `can't be read (${error.code ?? error.message})`;
  }
}
