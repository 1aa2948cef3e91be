import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until nothing is thrown. @throws the last error, after `ms` */
export async function eventually<T>(ms: number, attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() >= end) throw error;
      await sleep(250);
    }
  }
}
