import pLimit from 'p-limit';

/**
 * Tests that share nothing, and mostly wait: some of them run at once, and each reports for itself.
 * @param atOnce how many; those that follow begin as others end
 */
export function together(atOnce: number, tests: Record<string, () => Promise<void>>): void {
  const running = new Map<string, Promise<void>>();
  const limit = pLimit(atOnce);
  before(() => {
    for (const [title, test] of Object.entries(tests)) {
      const end = limit(test);
      end.catch(() => undefined); // Told by its own `it`.
      running.set(title, end);
    }
  });
  for (const title of Object.keys(tests)) {
    it(title, async function () {
      this.timeout(40_000);
      await running.get(title);
    });
  }
}
