import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
  socket: Socket;
}

/** Answers one request; `count` is 1 for the first. */
export type Handler = (request: Received, response: ServerResponse, count: number) => void;

export interface Loopback {
  url: string;
  port: number;
  requests: Received[];
  /** Connections made so far. */
  connections: number;
  handler: Handler;
  close: () => Promise<void>;
}

const running: Loopback[] = [];

/** A real HTTP server on loopback, over TLS where it is given a certificate. */
export async function startLoopback(
  handler: Handler,
  { tls, port = 0 }: { tls?: { key: Buffer; cert: Buffer }; port?: number } = {},
): Promise<Loopback> {
  const receive = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const received = { method, url, headers, body: Buffer.concat(chunks).toString(), socket };
      loopback.requests.push(received);
      loopback.handler(received, response, loopback.requests.length);
    });
  };
  const server: Server = tls ? createTlsServer(tls, receive) : createServer(receive);
  server.on('connection', () => (loopback.connections += 1));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const at = (server.address() as AddressInfo).port;
  const loopback: Loopback = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${at}`,
    port: at,
    requests: [],
    connections: 0,
    handler,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  running.push(loopback);
  return loopback;
}

/** Ends every server that `startLoopback` made. */
export async function stopLoopbacks(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.close()));
}

/** Sends JSON. */
export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export interface Certificate {
  tls: { key: Buffer; cert: Buffer };
  /** The certificate in PEM, as a CA file. */
  path: string;
  remove: () => void;
}

/** A self-signed certificate for 127.0.0.1. */
export async function selfSigned(): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), 'vhi-tls-'));
  const path = join(folder, 'cert.pem');
  writeFileSync(path, made.cert);
  return {
    tls: { key: Buffer.from(made.private), cert: Buffer.from(made.cert) },
    path,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
