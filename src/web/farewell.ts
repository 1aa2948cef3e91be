import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How long running answers may take to end. */
export const GRACE_MS = 5000;

/** How often it is looked whether the last answer has ended. */
const LOOK_MS = 50;

/**
 * Prepares a server, also one over TLS, to be closed in order.
 * @returns what closes it: no new connection, running answers may end within the grace, nothing is left open after it
 */
export function farewell(server: Server, graceMs = GRACE_MS): () => Promise<void> {
  const sockets = new Set<Socket>();
  const answers = new Map<Socket, Set<ServerResponse>>();
  let closing = false;

  // Over TLS, these are the bare ones: the server itself knows of no connection whose handshake is not over.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Before the handler, which may send the headers at once.
  server.prependListener('request', ({ socket }, answer) => {
    const own = answers.get(socket) ?? new Set();
    if (!answers.has(socket)) {
      answers.set(socket, own);
      // A pipelined answer that had to wait for another is never told that its connection is gone.
      socket.once('close', () => answers.delete(socket));
    }
    own.add(answer);
    answer.once('close', () => own.delete(answer));
    if (closing) answer.setHeader('Connection', 'close');
  });

  const running = (): ServerResponse[] => [...answers.values()].flatMap((own) => [...own]);
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return () =>
    new Promise((resolve) => {
      closing = true;
      for (const answer of running()) if (!answer.headersSent) answer.setHeader('Connection', 'close');
      const timer = setTimeout(cut, graceMs);
      const look = setInterval(() => {
        for (const [socket, own] of answers) if (own.size === 0) socket.destroy();
        // Those too that never asked for anything, as a browser opens some in advance.
        if (running().length === 0) cut();
      }, LOOK_MS);
      // The server's own, which `close` calls, cuts answers that have ended here but are not yet delivered.
      server.closeIdleConnections = () => undefined;
      server.close(() => {
        clearTimeout(timer);
        clearInterval(look);
        resolve();
      });
    });
}
