import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { CollectError } from './errors.js';

const KIB = 1024;
const CHUNK_BYTES = 64 * KIB;

/**
 * Reads a regular file of at most `maxBytes`.
 * @param name what messages call it, in place of its path: `password file`
 * @throws CollectError of reason `config`
 */
export async function readBounded(path: string, name: string, maxBytes: number): Promise<Buffer> {
  const { bytes } = await readStart(path, maxBytes + 1).catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CollectError('config', `the ${name} cannot be read (${code})`, { cause });
  });
  if (!bytes) throw new CollectError('config', `the ${name} is not a regular file`);
  if (bytes.length > maxBytes) throw new CollectError('config', `the ${name} is larger than ${sizeText(maxBytes)}`);
  return bytes;
}

/**
 * Reads a file's first bytes; null where it is no regular file. One open, so that what is checked is what is read.
 * @throws Error of the system, with its code
 */
export async function readStart(path: string, most: number): Promise<{ stat: Stats; bytes: Buffer | null }> {
  // Without O_NONBLOCK a named pipe would hold the open until somebody writes to it; a terminal would become ours.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = await file.stat();
    return { stat, bytes: stat.isFile() ? await readBytes(file, most) : null };
  } finally {
    await file.close();
  }
}

/** The file may grow meanwhile: its size says nothing, only the bytes read do. */
async function readBytes(file: FileHandle, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = most;
  while (left > 0) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(left, CHUNK_BYTES)));
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
  return Buffer.concat(chunks);
}

const sizeText = (bytes: number): string =>
  bytes % (KIB * KIB) === 0 ? `${bytes / KIB / KIB} MiB` : `${bytes / KIB} KiB`;
