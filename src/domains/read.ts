import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MAX_FILE_BYTES } from './parse.js';

/** What one look at the file showed: its first bytes (one more than is allowed, at most), or why there are none. */
export type Reading = { kind: 'bytes'; bytes: Buffer; mode: number } | { kind: 'lost'; why: string };

export function sameReading(a: Reading, b: Reading): boolean {
  if (a.kind === 'bytes' && b.kind === 'bytes') return a.bytes.equals(b.bytes);
  return a.kind === 'lost' && b.kind === 'lost' && a.why === b.why;
}

/** Never rejects: a file that can't be read is an answer too. */
export async function readBounded(path: string): Promise<Reading> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a fifo would wait for its writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (stat.isDirectory()) return { kind: 'lost', why: 'is a directory, not a file' };
    if (!stat.isFile()) return { kind: 'lost', why: 'is not a regular file' };
    return { kind: 'bytes', bytes: await readStart(handle), mode: stat.mode };
  } catch (error) {
    return { kind: 'lost', why: reasonOf(error as NodeJS.ErrnoException) };
  } finally {
    await handle?.close().catch(() => undefined);
  }
}

/** The file may grow meanwhile: its size says nothing, only the bytes read do. */
async function readStart(handle: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = MAX_FILE_BYTES + 1;
  while (left > 0) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(left, 65_536)));
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
  return Buffer.concat(chunks);
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
