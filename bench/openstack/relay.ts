import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands before Nova, passes on all as it is, and counts. */
export interface Relay {
  url: string;
  /** Of all answers since the last call, with their headers. */
  takeBytes(): number;
  close(): Promise<void>;
}

/** @param target address of a server, without a path */
export async function openRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let bytes = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const cloud = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const [socket, other] of [
      [client, cloud],
      [cloud, client],
    ] as const) {
      open.add(socket);
      socket.once('close', () => {
        open.delete(socket);
        other.destroySoon();
      });
      socket.on('error', () => other.destroy());
    }
    cloud.on('data', (chunk) => (bytes += chunk.length));
    client.pipe(cloud);
    cloud.pipe(client);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeBytes: () => {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
