import { createServer, type RequestListener, type Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { withBrackets, type ListenAddress } from '../settings/values.js';
import { farewell } from './farewell.js';
import { limit } from './limits.js';
import { listenError } from './listen-error.js';

export interface Listening {
  /** Where to point a browser: a listener on all addresses is named by localhost. */
  url: string;
  /** Lets running answers end, for some seconds at most. */
  close: () => Promise<void>;
}

export interface Bound extends Listening {
  /** The IP address. */
  address: string;
}

/**
 * Opens the socket.
 * @param create a server of another kind, such as HTTPS
 * @throws Error that names the address and what is wrong with it
 */
export async function listen(
  handler: RequestListener,
  { host, port }: ListenAddress,
  create: (handler: RequestListener) => Server | HttpsServer = createServer,
): Promise<Bound> {
  const server = create(handler);
  limit(server);
  const close = farewell(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError({ host, port }, error));
    });
    server.listen({ port, ...(host === null ? {} : { host }) }, resolve);
  });
  const { port: bound, address } = server.address() as AddressInfo;
  const name = host === null ? 'localhost' : withBrackets(host);
  return {
    url: `${server instanceof HttpsServer ? 'https' : 'http'}://${name}:${bound}/`,
    address,
    close,
  };
}
