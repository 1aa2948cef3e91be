import type { Visit } from './visit.js';

/**
 * What comes within a share of the time that the collection has left; null where it takes longer. It goes on by itself.
 * @param share from 0 up to 1
 * @throws what the promise rejects with; CollectionOver
 */
export async function inTime<T>({ ask }: Visit, share: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, share * ask.timeLeft()), null);
  });
  try {
    return await ask.life.race(Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}
