import { administrator, type Filled } from './cloud.js';
import { askInTurn } from './bare.js';
import { openRelay } from './relay.js';
import { takeTurns, type Contender, type Series } from './turns.js';
import { Watched } from './watched.js';

/* The exporter as a whole process against what a walk of all projects takes that asks for one after another. */

export const BASELINE = 'one limit after another';
export const COLD = 'cold';
export const WARM = 'warm';
export const WARM_IN_FULL = 'warm in full';

/** Of the baseline's time, at most. */
export const TARGETS: Readonly<Record<string, number>> = { [WARM]: 0.33, [COLD]: 2 };

const BY_CHANGES = ['--collect.incremental=auto'];
const IN_FULL = ['--collect.incremental=off'];
/** The second one may still be a full listing, where the first one learnt which strategy it is to be. */
const WARM_UPS = 2;

export interface Race {
  rounds: number;
  /** That the baseline asks for. */
  projects: number;
  series: Series[];
}

/** @param wrong is told of each figure that is not exact */
export async function race({ configured, neighbour }: Filled, rounds: number, wrong: string[]): Promise<Race> {
  const nova = configured.urls.nova;
  const { token, projectId } = await administrator(configured);
  // Earlier runs leave projects behind: a walk of all that there are would be slower than on a fresh cloud.
  const domains = [...configured.domains, ...neighbour.domains];
  const ids = [...domains.flatMap(({ projects }) => projects.map(({ id }) => id)), projectId];
  const urls = ids.map((id) => `${nova}/v2.1/limits?tenant_id=${id}`);
  const start = (title: string, args: readonly string[]): Promise<Watched> =>
    Watched.start({ title, expected: configured, args }, wrong);

  const warm = await start(WARM, BY_CHANGES);
  const inFull = await start(WARM_IN_FULL, IN_FULL);
  for (let i = 0; i < WARM_UPS; i += 1) for (const one of [warm, inFull]) await one.scrape();
  await askInTurn(urls, token);
  const contenders: Contender[] = [
    { name: BASELINE, run: () => askInTurn(urls, token) },
    {
      name: COLD,
      run: async () => {
        const fresh = await start(COLD, BY_CHANGES);
        try {
          return await fresh.scrape();
        } finally {
          await fresh.stop();
        }
      },
    },
    { name: WARM, run: () => warm.scrape() },
    { name: WARM_IN_FULL, run: () => inFull.scrape() },
  ];
  const series = await takeTurns(rounds, contenders);
  await Promise.all([warm.stop(), inFull.stop()]);
  const bytes = await countBytes({ configured, neighbour }, wrong);
  return {
    rounds,
    projects: ids.length,
    series: series.map((one) => ({ ...one, bytes: bytes[one.name] ?? one.bytes })),
  };
}

/** In scrapes of their own, which nobody times. */
async function countBytes({ configured }: Filled, wrong: string[]): Promise<Record<string, number>> {
  const relay = await openRelay(configured.urls.nova);
  const bytes: Record<string, number> = {};
  try {
    for (const [args, name] of [
      [IN_FULL, WARM_IN_FULL],
      [BY_CHANGES, WARM],
    ] as const) {
      const options = { title: `${name}, relayed`, expected: configured, args, nova: relay.url };
      const watched = await Watched.start(options, wrong);
      // The last one's first scrape stays.
      for (const step of [COLD, ...Array<string>(WARM_UPS).fill(name)]) {
        await watched.scrape();
        bytes[step] = relay.takeBytes();
      }
      await watched.stop();
    }
    return bytes;
  } finally {
    await relay.close();
  }
}
