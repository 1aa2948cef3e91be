import { inspect } from 'node:util';

const HIDDEN = '<secret>';

/** Of a longer secret a piece from its start gives it away as surely as the whole; some services cut what they quote. */
const TELLING_LENGTH = 24;

/**
 * A password, a token, or a password's hash. Prints as `<secret>` wherever it ends up by accident; `reveal()` is the only way
 * to the text. For those who compare objects by what they show, all are the same: `equals` tells them apart.
 */
export class Secret {
  readonly #text: string;
  /** Made when first looked for: each request looks for some. */
  #forms: readonly string[] | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  /** Whether a text repeats it, as it is or as JSON, URLs, HTML or Base64 write it. */
  isIn(text: string): boolean {
    this.#forms ??= [...new Set(formsOf(this.#text.slice(0, TELLING_LENGTH)))];
    return this.#forms.some((form) => text.includes(form));
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

/** Variables that hold secrets: taken out of the environment, so that neither a child process nor a diagnostic report shows them. */
export class SecretVariables {
  readonly #env: NodeJS.ProcessEnv;
  readonly #taken = new Map<string, Secret>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** What the variable holds now, or held when it was taken; undefined where it was never set, or empty. */
  take(name: string): Secret | undefined {
    const text = this.#env[name];
    if (text) {
      this.#taken.set(name, new Secret(text));
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- process.env is a dictionary
      delete this.#env[name];
    }
    return this.#taken.get(name);
  }
}

/** As it is and as JSON, and either in what else a text may be wrapped in: a body that is repeated is JSON by itself. */
function formsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replaceAll(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const quoted = text.replaceAll(/['\\]/g, '\\$&');
  return [...new Set([text, json, ascii, quoted, JSON.stringify(json).slice(1, -1)])].flatMap(wrappedForms);
}

function wrappedForms(text: string): string[] {
  // By way of bytes, since half of a surrogate pair would throw.
  const url = encodeURIComponent(Buffer.from(text).toString());
  return [
    text,
    url,
    url.replaceAll('%20', '+'),
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...htmlForms(text),
    ...[0, 1, 2].map((offset) => base64Form(text, offset)).filter((form) => form.length >= 4),
  ];
}

function htmlForms(text: string): string[] {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = escaped.replaceAll('"', '&quot;');
  return [escaped, ...['&#39;', '&#x27;', '&apos;'].map((quote) => quoted.replaceAll("'", quote))];
}

/** What is the same in Base64 whatever stands around it, where `offset` bytes (modulo 3) stand before. */
function base64Form(text: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const start = Math.ceil((offset * 8) / 6);
  return bytes.toString('base64').slice(start, Math.floor((bytes.length * 8) / 6));
}
