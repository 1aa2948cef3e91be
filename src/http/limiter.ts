import type { Lifetime } from './lifetime.js';

/** Who waits for a slot, in the order of asking. */
interface Holder {
  held: number;
  /** Grants a slot to the one who waits. */
  waiting: (() => void)[];
}

export interface LimiterOptions {
  /** Requests in flight, or projects being read, at most. */
  slots: number;
  /** Holders (domains) that hold any slot at most. */
  holders: number;
}

/**
 * Shares slots, of requests or of projects that are read, fairly among domains, in one place for both limits. A holder that
 * waits for its first slot goes before one that holds any; none is given more than a quarter of the slots while another
 * waits; and where all holders that may be are, they take turns. So a domain with a thousand projects on a slow cloud leaves
 * room for all others.
 */
export class FairLimiter {
  readonly #options: LimiterOptions;
  readonly #share: number;
  /** Every holder that holds or waits; those that hold nothing stand in the order in which they began to wait. */
  readonly #idle = new Map<string, Holder>();
  readonly #active = new Map<string, Holder>();
  #used = 0;

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#share = Math.max(1, Math.floor(options.slots / 4));
  }

  /** Slots in use. */
  get used(): number {
    return this.#used;
  }

  /**
   * Runs a task in a slot of `holder`.
   * @throws the reason of the lifetime's end, if that comes before the task began; the task is never cut off here
   */
  async run<T>(holder: string, life: Lifetime, task: () => Promise<T>): Promise<T> {
    await this.#acquire(holder, life);
    try {
      // Those who leave at the end make room, which may have been given to one whose end it is too.
      life.check();
      return await task();
    } finally {
      this.#release(holder);
    }
  }

  #acquire(name: string, life: Lifetime): Promise<void> {
    life.check();
    const holder = this.#active.get(name) ?? this.#idle.get(name) ?? { held: 0, waiting: [] };
    if (holder.held === 0) this.#idle.set(name, holder);
    return new Promise((resolve, reject) => {
      const grant = (): void => {
        off();
        resolve();
      };
      const off = life.onEnd((reason) => {
        holder.waiting.splice(holder.waiting.indexOf(grant), 1);
        if (holder.held === 0 && holder.waiting.length === 0) this.#idle.delete(name);
        reject(reason);
        this.#pump();
      });
      holder.waiting.push(grant);
      this.#pump();
    });
  }

  #release(name: string): void {
    const holder = this.#active.get(name);
    if (!holder) throw new Error(`${name} holds no slot`);
    this.#used -= 1;
    holder.held -= 1;
    if (holder.held === 0) {
      this.#active.delete(name);
      if (holder.waiting.length > 0) this.#idle.set(name, holder);
    }
    this.#pump();
  }

  #pump(): void {
    while (this.#used < this.#options.slots) {
      const next = this.#next();
      if (!next) return;
      const [name, holder] = next;
      this.#idle.delete(name);
      this.#active.set(name, holder);
      this.#used += 1;
      holder.held += 1;
      holder.waiting.shift()?.();
    }
  }

  #next(): [string, Holder] | null {
    const first = this.#idle.entries().next();
    if (!first.done && this.#active.size < this.#options.holders) return first.value;
    // Where no further holder may begin, the one who has been at it longest gets no more, so that it soon makes room.
    const [longest] = first.done ? [] : this.#active.keys();
    const asking = [...this.#active].filter(([name, holder]) => holder.waiting.length > 0 && name !== longest);
    const alone = first.done && asking.length === 1;
    const entitled = alone ? asking : asking.filter(([, holder]) => holder.held < this.#share);
    return entitled.reduce<[string, Holder] | null>((a, b) => (a && a[1].held <= b[1].held ? a : b), null);
  }
}
