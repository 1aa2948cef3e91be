import http from 'node:http';
import https from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../helpers/loopback.js';

/** An address of its own for one service of one domain: passes requests on, one on each connection, until it is shut. */
export class Door {
  readonly #upstream: number;
  readonly #certificate: Certificate | null;
  #server: http.Server | null = null;
  #port = 0;
  #placeholder: Socket | null = null;
  #trouble: Error | null = null;

  /** @param upstream port of the simulator */
  constructor(upstream: number, certificate: Certificate | null) {
    this.#upstream = upstream;
    this.#certificate = certificate;
  }

  get url(): string {
    return `${this.#certificate ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  /** As it is meant to be: it answers, and shows its own certificate. */
  async open(): Promise<void> {
    if (this.#server) {
      if (this.#certificate) this.show(this.#certificate);
      return;
    }
    if (this.#trouble) throw this.#trouble;
    this.#placeholder?.destroy();
    this.#placeholder = null;
    for (let tries = 1; ; tries += 1) {
      const pass = (request: http.IncomingMessage, response: http.ServerResponse): void =>
        this.#pass(request, response);
      const server = this.#certificate ? https.createServer(this.#certificate.tls, pass) : http.createServer(pass);
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(this.#port, '127.0.0.1', resolve);
        });
        this.#server = server;
        this.#port = (server.address() as AddressInfo).port;
        return;
      } catch (error) {
        // The last connections of this port may take a moment to go.
        if (tries === 100) throw error;
        await sleep(20);
      }
    }
  }

  /** From now on connections are refused; what was asked before is still answered. */
  shut(): void {
    this.#server?.close();
    this.#server = null;
    // Holds the port, so that it is given to nobody else meanwhile.
    const local = { localAddress: '127.0.0.1', localPort: this.#port };
    this.#placeholder = connect({ host: '127.0.0.1', port: this.#upstream, ...local });
    this.#placeholder.on('error', (error) => (this.#trouble = error));
  }

  /** From now on it shows this certificate. */
  show(certificate: Certificate): void {
    if (!(this.#server instanceof https.Server)) throw new Error('no door with a certificate');
    this.#server.setSecureContext(certificate.tls);
  }

  /** Ends the connections that are there, answered or not. */
  cut(): void {
    this.#server?.closeAllConnections();
  }

  close(): void {
    this.#placeholder?.destroy();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method, url, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: this.#upstream, method, path: url, headers, agent: false });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 0, { ...answer.headers, connection: 'close' });
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }
}
