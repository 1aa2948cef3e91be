import { timingSafeEqual } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { hashSync } from 'bcryptjs';

/** Salt and settings are what stands before the 31 characters of the digest. */
const DIGEST_LENGTH = 31;

parentPort?.on('message', ({ password, hash }: { password: string; hash: string }) => {
  // `$2x$` marks hashes of an old program that had a fault with letters beyond ASCII: for all others it is the same.
  const stored = hash.replace(/^\$2x/, '$2y');
  const made = hashSync(password, stored.slice(0, -DIGEST_LENGTH));
  parentPort?.postMessage(made.length === stored.length && timingSafeEqual(Buffer.from(made), Buffer.from(stored)));
});
