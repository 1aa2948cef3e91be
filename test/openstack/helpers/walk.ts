import type { Driver } from './driver.js';

/* A walk of servers from state to state, by chance, and the same one again for the same seed. */

interface Walker {
  id: string;
  status: string;
  flavor: string;
}

interface Step {
  from: readonly string[];
  go: (driver: Driver, walker: Walker) => Promise<void>;
}

function action(from: string, to: string, body: Record<string, unknown>): Step {
  return {
    from: from.split(' '),
    go: async (driver, walker) => {
      await driver.act(walker.id, to, body);
      walker.status = to;
    },
  };
}

const LARGEST = '5';

/** Never a smaller one: what was shelved has an image of its own, which asks for the disk that there was. */
const larger = ({ flavor }: Walker): string => String(Number(flavor) + 1);

const STEPS: Readonly<Record<string, Step>> = {
  stop: action('ACTIVE', 'SHUTOFF', { 'os-stop': null }),
  start: action('SHUTOFF', 'ACTIVE', { 'os-start': null }),
  reboot: action('ACTIVE', 'ACTIVE', { reboot: { type: 'HARD' } }),
  pause: action('ACTIVE', 'PAUSED', { pause: null }),
  unpause: action('PAUSED', 'ACTIVE', { unpause: null }),
  resize: {
    from: ['ACTIVE'],
    go: async (driver, walker) => {
      await driver.act(walker.id, 'VERIFY_RESIZE', { resize: { flavorRef: larger(walker) } });
      walker.status = 'VERIFY_RESIZE';
    },
  },
  confirm: {
    from: ['VERIFY_RESIZE'],
    go: async (driver, walker) => {
      await driver.act(walker.id, 'ACTIVE', { confirmResize: null });
      walker.flavor = larger(walker);
      walker.status = 'ACTIVE';
    },
  },
  revert: action('VERIFY_RESIZE', 'ACTIVE', { revertResize: null }),
  shelve: action('ACTIVE SHUTOFF', 'SHELVED_OFFLOADED', { shelve: null }),
  unshelve: action('SHELVED_OFFLOADED', 'ACTIVE', { unshelve: null }),
  rebuild: {
    from: ['ACTIVE'],
    go: (driver, { id }) => driver.rebuild(id),
  },
  fail: action('ACTIVE', 'ERROR', { 'os-resetState': { state: 'error' } }),
  mend: action('ERROR', 'ACTIVE', { 'os-resetState': { state: 'active' } }),
  delete: {
    from: ['ACTIVE', 'SHUTOFF', 'PAUSED', 'ERROR', 'VERIFY_RESIZE', 'SHELVED_OFFLOADED', 'NO_HOST'],
    go: async (driver, walker) => {
      await driver.remove(walker.id);
      walker.status = await driver.rest(walker.id, 'SOFT_DELETED', 'gone');
    },
  },
  restore: action('SOFT_DELETED', 'ACTIVE', { restore: null }),
  'force delete': action('ACTIVE SHUTOFF SOFT_DELETED', 'gone', { forceDelete: null }),
};

/** Numbers from 0 to 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keeps about so many servers. */
const FLEET = 8;

/** HTTP 500, or a server that does not come to rest where it should; all else is the test's. */
const isNovasOwn = (error: unknown): boolean =>
  error instanceof Error && /: 500 |^\S+ is \w+, .*; not /.test(error.message);

export class Walk {
  readonly #driver: Driver;
  readonly #projects: readonly string[];
  readonly #random: () => number;
  #fleet: Walker[] = [];
  #refused = 0;

  constructor(driver: Driver, projects: readonly string[], random: () => number) {
    this.#driver = driver;
    this.#projects = projects;
    this.#random = random;
  }

  /**
   * Servers that Nova itself failed to move, by HTTP 500 (as one that has just been unshelved, and has no host yet), or in the
   * midst of it. They stay where they are, and count.
   */
  get refused(): number {
    return this.#refused;
  }

  /** One to three things at once, to different servers. @returns what was done */
  async step(): Promise<string> {
    const count = 1 + Math.floor(this.#random() * 3);
    const idle = [...this.#fleet];
    const deeds: { name: string; done: Promise<void> }[] = [];
    for (let i = 0; i < count; i += 1) {
      const isNew = idle.length === 0 || this.#random() > this.#fleet.length / FLEET;
      deeds.push(isNew ? this.#arrive() : this.#move(idle.splice(Math.floor(this.#random() * idle.length), 1)[0]!));
    }
    await Promise.all(deeds.map(({ done }) => done));
    this.#fleet = this.#fleet.filter(({ status }) => status !== 'gone');
    return deeds.map(({ name }) => name).join(', ');
  }

  #move(walker: Walker): { name: string; done: Promise<void> } {
    const isLarge = walker.flavor === LARGEST;
    const open = Object.entries(STEPS).filter(
      ([name, { from }]) => from.includes(walker.status) && !(name === 'resize' && isLarge),
    );
    const [name, { go }] = this.#any(open);
    const done = go(this.#driver, walker).catch((error: unknown) => {
      if (!isNovasOwn(error)) throw error;
      this.#refused += 1;
      this.#fleet = this.#fleet.filter((other) => other !== walker);
    });
    return { name: `${name} ${walker.status} ${walker.id}`, done };
  }

  #arrive(): { name: string; done: Promise<void> } {
    const project = this.#any(this.#projects);
    const way = this.#any(['boot', 'boot', 'boot', 'boot without a host', 'boot and delete at once']);
    const flavor = way === 'boot without a host' ? 'huge' : this.#any(['2', '3']);
    const enter = async (): Promise<void> => {
      const id = await this.#driver.post(project, flavor);
      if (way.endsWith('at once')) await this.#driver.remove(id);
      const ends = { 'boot and delete at once': ['gone', 'SOFT_DELETED'], 'boot without a host': ['ERROR'] }[way];
      const status = await this.#driver.rest(id, ...(ends ?? ['ACTIVE']));
      this.#fleet.push({ id, flavor, status: flavor === 'huge' ? 'NO_HOST' : status });
    };
    const done = enter().catch((error: unknown) => {
      if (!isNovasOwn(error)) throw error;
      this.#refused += 1;
    });
    return { name: way, done };
  }

  #any<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}
