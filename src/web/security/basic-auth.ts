import { createHmac, randomBytes } from 'node:crypto';
import pLimit from 'p-limit';

import { Secret } from '../../secret.js';

/** Comparisons that wait while one goes on; whoever comes on top is told to come back. */
const MAX_WAITING = 16;
const MAX_CACHED = 100;
/** Takes the place of salt and digest, for users that there are not. */
const NO_DIGEST = '.'.repeat(53);

export interface Credentials {
  user: string;
  password: Secret;
}

/** `right`, `wrong`, or `busy`: too many others wait already. */
export type Verdict = 'right' | 'wrong' | 'busy';

/** What an `Authorization: Basic …` header says; null if there is none, or it is malformed. */
export function readCredentials(header: string | undefined): Credentials | null {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'));
    const colon = text.indexOf(':');
    return colon === -1 ? null : { user: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
  } catch {
    return null;
  }
}

interface Comparison {
  same: Promise<boolean>;
  /** Of each who waits for it. */
  hasLeft: (() => boolean)[];
}

/**
 * Decides on credentials. An unknown user costs what a wrong password costs. Right ones are remembered, under a hash
 * whose key nobody else has; wrong ones are not, so that guesses can't push a scraper's out.
 */
export class BasicAuth {
  readonly #compare: (password: string, hash: string) => Promise<boolean>;
  readonly #secret = randomBytes(32);
  readonly #oneAtATime = pLimit(1);
  /** By key: those who bring the same credentials at once share one comparison. */
  readonly #inFlight = new Map<string, Comparison>();
  /** Keys, the one used last at the end. */
  readonly #right = new Set<string>();

  constructor(compare: (password: string, hash: string) => Promise<boolean>) {
    this.#compare = compare;
  }

  /**
   * @param hasLeft whether the client is gone: then its turn passes without a comparison
   * @throws Error if it could not be compared
   */
  async check(
    users: ReadonlyMap<string, Secret>,
    { user, password: secret }: Credentials,
    hasLeft = () => false,
  ): Promise<Verdict> {
    const stored = users.get(user)?.reveal();
    const password = secret.reveal();
    const hash = stored ?? this.#decoy(users, user);
    const key = this.#digest(JSON.stringify([user, password, hash])).toString('base64');
    if (this.#right.delete(key)) {
      this.#right.add(key);
      return 'right';
    }
    let comparison = this.#inFlight.get(key);
    if (!comparison) {
      if (this.#inFlight.size > MAX_WAITING) return 'busy';
      comparison = this.#queue(key, () => this.#compare(password, hash));
    }
    comparison.hasLeft.push(hasLeft);
    const same = await comparison.same;
    if (!same || stored === undefined) return 'wrong';
    this.#remember(key);
    return 'right';
  }

  #queue(key: string, compare: () => Promise<boolean>): Comparison {
    const hasLeft: Comparison['hasLeft'] = [];
    const same = this.#oneAtATime(async () => {
      try {
        return !hasLeft.every((one) => one()) && (await compare());
      } finally {
        // In the same turn, so that nobody joins what is over.
        this.#inFlight.delete(key);
      }
    });
    const comparison = { same, hasLeft };
    this.#inFlight.set(key, comparison);
    return comparison;
  }

  /** Of the cost of one of the users, always the same one for a name: the time it takes tells nothing. */
  #decoy(users: ReadonlyMap<string, Secret>, user: string): string {
    const hashes = [...users.values()];
    const hash = hashes[this.#digest(user).readUInt32BE() % hashes.length]?.reveal() ?? '$2b$10$';
    return hash.slice(0, hash.lastIndexOf('$') + 1) + NO_DIGEST;
  }

  #remember(key: string): void {
    this.#right.add(key);
    const [oldest = ''] = this.#right;
    if (this.#right.size > MAX_CACHED) this.#right.delete(oldest);
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#secret).update(text).digest();
  }
}
