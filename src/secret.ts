import { inspect } from 'node:util';

const HIDDEN = '<secret>';

/** A password or token. Prints as `<secret>` wherever it ends up by accident; `reveal()` is the only way to the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
