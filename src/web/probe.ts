import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';

import type { ListenAddress } from '../settings/values.js';

/** The answer to a probe: it is alive, it speaks something else, or what is wrong in a few words. */
export type ProbeResult = { alive: true } | { alive: false; why: string; isOtherProtocol: boolean };

/** What a server says, in TLS, to one who brings no certificate of its own: it is there, and works. */
const WANTS_CERTIFICATE = /ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/;
/** What comes of plain HTTP on a port of HTTPS. */
const NOT_HTTP = /^(ECONNRESET|HPE_\w+)$/;

/**
 * Asks a daemon on this machine whether it is healthy. Its certificate is not looked at: nothing secret is sent, and the
 * files may be newer than what is in force. Never rejects.
 */
export function probe(scheme: 'http' | 'https', listen: ListenAddress, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const { host, port } = reachable(listen);
    const options: RequestOptions = { host, port, path: '/-/healthy', agent: false, signal };
    const onAnswer = (answer: IncomingMessage): void => {
      answer.resume();
      const { statusCode } = answer;
      resolve(
        statusCode === 200
          ? { alive: true }
          : { alive: false, why: `answers with status ${statusCode}`, isOtherProtocol: false },
      );
    };
    let shookHands = false;
    const request: ClientRequest =
      scheme === 'http'
        ? requestHttp(options, onAnswer)
        : requestHttps({ ...options, rejectUnauthorized: false }, onAnswer);
    request.on('socket', (socket) => socket.once('secureConnect', () => (shookHands = true)));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const code = signal.aborted ? 'no answer in time' : (error.code ?? error.message);
      if (WANTS_CERTIFICATE.test(code) || (shookHands && code === 'ECONNRESET')) resolve({ alive: true });
      else resolve({ alive: false, why: code, isOtherProtocol: scheme === 'http' && NOT_HTTP.test(code) });
    });
    request.end();
  });
}

/** Where a daemon that listens there can be reached from this machine. */
export function reachable({ host, port }: ListenAddress): { host: string; port: number } {
  if (host === null || host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}
