import { type Reading, sameReading } from './read.js';

/** A change is believed once the file has not changed for so long. */
const SETTLE_MS = 250;
/** The same for a file that became empty or lost more than half of its lines: an editor may be in the middle. */
const SUSPICIOUS_SETTLE_MS = 2000;

export interface SettlerOptions {
  /** What was believed at the start. */
  initial: Reading;
  read: () => Promise<Reading>;
  /** Called with each reading that differs from the one believed before and has settled, or that was asked for. */
  believe: (reading: Reading) => void;
}

/**
 * Decides when a change of the file is to be believed. It does not matter how often, or for what, it is poked: the file
 * is read, and what counts is whether its bytes differ, first from those believed, then from those seen a while ago.
 */
export class Settler {
  readonly #options: SettlerOptions;
  #believed: Reading;
  #lastBytes: Buffer;
  #candidate: Reading | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** How many more times the timer has to go off before the candidate is believed. */
  #ticksLeft = 0;
  #reading = false;
  #readAgain = false;
  /** Those who wait for a reading that is believed at once. */
  #asking: (() => void)[] = [];
  #closed = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#believed = options.initial;
    this.#lastBytes = options.initial.kind === 'bytes' ? options.initial.bytes : Buffer.alloc(0);
  }

  /** Something may have happened to the file. */
  poke(): void {
    this.#readAgain = true;
    if (!this.#reading && !this.#closed) void this.#readWhilePoked();
  }

  /** Reads the file and believes what it holds, for somebody who says that it is finished. */
  believeNow(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#asking.push(resolve);
      this.poke();
    });
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const told of this.#asking.splice(0)) told();
  }

  /** One reading at a time: two at once could end in the wrong order. */
  async #readWhilePoked(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#readAgain) {
        this.#readAgain = false;
        const due = this.#ticksLeft <= 0;
        // Who asks from here on may have changed the file since: the next reading is theirs.
        const asking = this.#asking.splice(0);
        const reading = await this.#options.read();
        if (!this.#closed) this.#take(reading, asking.length > 0, due);
        for (const told of asking) told();
        if (this.#closed) return;
      }
    } finally {
      this.#reading = false;
    }
  }

  #take(reading: Reading, isAskedFor: boolean, due: boolean): void {
    if (isAskedFor) this.#believe(reading);
    else this.#weigh(reading, due);
  }

  #weigh(reading: Reading, due: boolean): void {
    if (sameReading(reading, this.#believed)) {
      this.#await(null);
    } else if (!this.#candidate || !sameReading(reading, this.#candidate)) {
      this.#await(reading);
    } else if (due) {
      this.#believe(reading);
    }
  }

  #believe(reading: Reading): void {
    this.#await(null);
    this.#believed = reading;
    if (reading.kind === 'bytes') this.#lastBytes = reading.bytes;
    this.#options.believe(reading);
  }

  #await(candidate: Reading | null): void {
    clearInterval(this.#timer);
    this.#candidate = candidate;
    if (!candidate) return;
    const wait = isSuspicious(candidate, this.#lastBytes) ? SUSPICIOUS_SETTLE_MS : SETTLE_MS;
    this.#ticksLeft = wait / SETTLE_MS;
    // Looks on the way too: chokidar drops the second of two events within 5 ms, so that the writing after a truncation
    // would be noticed at the end of the long wait only.
    this.#timer = setInterval(() => {
      this.#ticksLeft--;
      this.poke();
    }, SETTLE_MS);
    this.#timer.unref();
  }
}

function isSuspicious(reading: Reading, before: Buffer): boolean {
  if (reading.kind === 'lost') return false;
  if (isBlank(reading.bytes)) return !isBlank(before);
  return countLines(reading.bytes) < countLines(before) / 2;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

function countLines(bytes: Buffer): number {
  let lines = bytes.length > 0 && bytes.at(-1) !== 0x0a ? 1 : 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lines++;
  return lines;
}
