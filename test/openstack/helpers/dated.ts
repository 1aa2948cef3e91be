import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/* The web server that stands before Nova in a real cloud: the rig's uWSGI alone sends no `Date`. */

const OF_ONE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'date'];

/** A door to Nova that says what time it is, and remembers what was asked. */
export interface Door {
  url: string;
  /** Paths with their queries, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** @param aheadMs how far its clock is ahead of Nova's; null: it sends no `Date` */
export async function openDoor(nova: string, aheadMs: number | null = 0): Promise<Door> {
  const asked: string[] = [];
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { method, url = '', headers } = incoming;
    asked.push(url);
    const inner = request(`${nova}${url}`, { method, headers: { ...headers, connection: 'close' }, agent: false });
    inner.on('response', (reply) => {
      outgoing.sendDate = false;
      outgoing.writeHead(reply.statusCode ?? 502, headersOf(reply, aheadMs));
      reply.pipe(outgoing);
      reply.on('error', () => outgoing.destroy());
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  };
  const server = createServer(pass);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

function headersOf({ headers }: IncomingMessage, aheadMs: number | null): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !OF_ONE_CONNECTION.includes(name));
  const date = aheadMs === null ? {} : { date: new Date(Date.now() + aheadMs).toUTCString() };
  return { ...Object.fromEntries(kept), ...date };
}
