import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Limits {
  /** Open at once. Beyond them the oldest that awaits no answer has to go, so that idle ones keep nobody out. */
  connections: number;
  /** Requests of one connection that await their answers; no client that means it sends so many ahead. */
  pending: number;
  /** How long a request may take to arrive, the connection's first from its beginning. */
  requestMs: number;
  /** How long an answer may take to be read, once it is written. */
  deliveryMs: number;
  /** Of answers that are written and not yet read, over all connections. Beyond them the slowest reader has to go. */
  unreadBytes: number;
}

const LIMITS: Limits = {
  connections: 512,
  pending: 16,
  requestMs: 10_000,
  deliveryMs: 60_000,
  unreadBytes: 64 * 1024 * 1024,
};

/** How many times within each limit of time it is looked who is over it. */
const LOOKS = 10;

interface Connection {
  socket: Socket;
  /** In the order of the requests: the first one is being delivered, the others wait. */
  answers: Set<ServerResponse>;
  /** Since when the first answer has been written in full, and waits to be read. */
  written: { answer: ServerResponse; since: number } | null;
}

/** Keeps clients, also over TLS, from taking up the process: those who are slow, silent, or many. */
export function limit(server: Server, limits: Limits = LIMITS): void {
  const guard = new Connections(limits);
  server.headersTimeout = limits.requestMs;
  server.requestTimeout = limits.requestMs;
  // Node looks every 30 s else. An option of the constructors by name, it is read when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: limits.requestMs / LOOKS });
  // Before Node's own listeners: over TLS these are the bare sockets, whose handshake is yet to come.
  server.prependListener('connection', (socket: Socket) => guard.open(socket));
  server.prependListener('request', ({ socket }, answer) => guard.ask(socket, answer));
  server.once('listening', () => {
    const timer = setInterval(() => guard.look(), limits.deliveryMs / LOOKS).unref();
    server.once('close', () => clearInterval(timer));
  });
}

class Connections {
  readonly #limits: Limits;
  /** The oldest first. By the addresses and ports of both ends, which a bare socket and the TLS on it have in common. */
  readonly #open = new Map<string, Connection>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  open(socket: Socket): void {
    if (this.#open.size >= this.#limits.connections && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    const connection = { socket, answers: new Set<ServerResponse>(), written: null };
    this.#open.set(key, connection);
    socket.once('close', () => {
      if (this.#open.get(key) === connection) this.#open.delete(key);
    });
  }

  ask(socket: Socket, answer: ServerResponse): void {
    const connection = this.#open.get(keyOf(socket));
    if (!connection) return; // Cut off while its request was on the way.
    connection.answers.add(answer);
    answer.once('close', () => connection.answers.delete(answer));
    if (connection.answers.size > this.#limits.pending) connection.socket.destroy();
    this.look();
  }

  /** Cuts off who reads too slowly. */
  look(): void {
    const now = performance.now();
    let unread = 0;
    const readers: { connection: Connection; since: number; bytes: number }[] = [];
    for (const connection of this.#open.values()) {
      const since = writtenSince(connection, now);
      if (since === null) continue;
      const bytes = [...connection.answers].reduce((sum, { writableLength }) => sum + writableLength, 0);
      unread += bytes;
      readers.push({ connection, since, bytes });
    }
    readers.sort((a, b) => a.since - b.since);
    for (const { connection, since, bytes } of readers) {
      if (unread <= this.#limits.unreadBytes && now - since < this.#limits.deliveryMs) break;
      connection.socket.destroy();
      unread -= bytes;
    }
  }

  #makeRoom(): boolean {
    for (const [key, { socket, answers }] of this.#open) {
      if (answers.size > 0) continue;
      this.#open.delete(key);
      socket.destroy();
      return true;
    }
    return false;
  }
}

/** A client may connect to several addresses of this machine from one port. */
const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  [remoteAddress, remotePort, localAddress, localPort].join(' ');

function writtenSince(connection: Connection, now: number): number | null {
  const [answer] = connection.answers;
  if (!answer?.writableEnded) connection.written = null;
  else if (connection.written?.answer !== answer) connection.written = { answer, since: now };
  return connection.written?.since ?? null;
}
