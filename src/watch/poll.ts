import { stat } from 'node:fs/promises';

/** Changes whenever the file does, or what its path leads to. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/**
 * Looks at the file's fingerprint again and again, and calls `poke` whenever it differs from the look before.
 * @returns what ends it
 */
export function pollFile(path: string, options: { ms: number; first: string; poke: () => void }): () => void {
  let last = options.first;
  let ended = false;
  let timer = setTimeout(look, options.ms).unref();
  return () => {
    ended = true;
    clearTimeout(timer);
  };

  function look(): void {
    void fingerprint(path).then((now) => {
      if (ended) return;
      if (now !== last) options.poke();
      last = now;
      // Only now: on a file system that hangs, a fixed beat would take one thread of the pool after the other.
      timer = setTimeout(look, options.ms).unref();
    });
  }
}
