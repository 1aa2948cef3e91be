import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/* What it takes to find secrets where they should not be. */

/** All forms in which a text is looked for. */
export function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = html.replaceAll('"', '&quot;').replaceAll("'", '&#39;');
  const url = encodeURIComponent(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    // Without the first and last letters, which depend on what stands around.
    return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
  const others = [json, JSON.stringify(json).slice(1, -1), url, url.replaceAll('%20', '+'), html, quoted];
  return [...new Set([secret, ...others, ...base64, Buffer.from(secret).toString('hex')])];
}

/** The names of those secrets that a text holds, and in which form. */
export function leaksIn(text: string, secrets: ReadonlyMap<string, string>): string[] {
  return [...secrets].flatMap(([name, secret]) =>
    formsOf(secret)
      .filter((form) => text.includes(form))
      .map((form) => {
        const at = text.indexOf(form);
        return `${name} as ${form}: …${text.slice(Math.max(0, at - 100), at)}`;
      }),
  );
}

interface Asked {
  /** Domain of the login from which the request's token comes; for a login, the one that it names. */
  domainId: string;
  route: 'login' | 'rescope' | 'other';
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
  reason?: string;
  body: string;
}

/** Stands before a cloud, and notes every token that passes, either way. It may answer in the cloud's place. */
export class Spy {
  readonly tokens = new Set<string>();
  /** null: the cloud is to answer. */
  answer: (asked: Asked) => Reply | null = () => null;
  readonly #domains = new Map<string, string>();
  readonly #server: Server;

  constructor(port: number) {
    this.#server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { method, url: path = '', headers } = incoming;
        const body = Buffer.concat(chunks).toString();
        const asked = { ...this.#from(headers, body), path, headers, body };
        const reply = this.answer(asked);
        if (reply) {
          outgoing.writeHead(reply.status, reply.reason ?? '', reply.headers ?? {}).end(reply.body);
          return;
        }
        const forward = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
          const token = response.headers['x-subject-token'];
          if (typeof token === 'string') this.#note(token, asked.domainId);
          outgoing.writeHead(response.statusCode!, response.headers);
          response.pipe(outgoing);
          response.on('error', () => outgoing.destroy());
        });
        // A fault of the cloud is one of this here too.
        forward.on('error', () => incoming.socket.destroy());
        outgoing.on('close', () => forward.destroy());
        forward.end(body);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #from(headers: IncomingHttpHeaders, body: string): Pick<Asked, 'domainId' | 'route'> {
    const header = headers['x-auth-token'];
    if (typeof header === 'string') return { domainId: this.#note(header), route: 'other' };
    const { identity } = (JSON.parse(body) as { auth: { identity: Record<string, { id?: string }> } }).auth;
    const token = identity['token']?.id;
    if (token !== undefined) return { domainId: this.#note(token), route: 'rescope' };
    const user = (identity['password'] as { user?: { domain: { id: string } } } | undefined)?.user;
    return { domainId: user?.domain.id ?? '', route: 'login' };
  }

  /** @returns the domain that a token is of */
  #note(token: string, domainId?: string): string {
    this.tokens.add(token);
    if (domainId !== undefined) this.#domains.set(token, domainId);
    return this.#domains.get(token) ?? '';
  }
}
