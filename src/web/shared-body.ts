import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { Request, Response } from 'express';

const compress = promisify(gzip);

/** A text that is made once for all who wait for it, and compressed once for those of them who take gzip. */
export class SharedBody {
  readonly #text: Promise<string>;
  #gzip: Promise<Buffer> | null = null;

  constructor(text: Promise<string>) {
    this.#text = text;
  }

  /** Ends the response with it, in the encoding that the client prefers. Its type and status are the caller's. */
  async send(req: Request, res: Response): Promise<void> {
    res.vary('Accept-Encoding');
    if (req.acceptsEncodings('gzip', 'identity') === 'gzip') {
      // Beside the event loop, in a thread of Node's own.
      this.#gzip ??= this.#text.then((text) => compress(text));
      const bytes = await this.#gzip;
      res.setHeader('Content-Encoding', 'gzip').end(bytes);
    } else {
      res.end(await this.#text);
    }
  }
}

/**
 * Bodies while they are made. Who asks later has a new one made, though it may be of the same snapshot: it tells of the
 * exporter itself, too.
 */
export class SharedBodies<Source extends object> {
  readonly #making = new Map<Source, Map<string, SharedBody>>();

  /** @param kind tells bodies of one source apart */
  of(source: Source, kind: string, make: () => Promise<string>): SharedBody {
    const kinds = this.#making.get(source) ?? new Map<string, SharedBody>();
    let body = kinds.get(kind);
    if (!body) {
      const text = make();
      body = new SharedBody(text);
      this.#making.set(source, kinds.set(kind, body));
      const forget = (): void => {
        kinds.delete(kind);
        if (kinds.size === 0) this.#making.delete(source);
      };
      text.then(forget, forget);
    }
    return body;
  }
}
