import { expect } from 'chai';
import sinon from 'sinon';
import { deflateSync } from 'node:zlib';
import { HttpFailure } from '../../src/http/request.js';
import { startLoopback, stopLoopbacks, type Handler } from '../helpers/loopback.js';
import { askFor, clientFor, closeClients, failureOf, get, login } from './client-bench.js';

/** Sends each part as a chunk of its own, be it one byte. */
const inParts =
  (parts: Iterable<Uint8Array>, status = 200): Handler =>
  (_request, response) => {
    response.writeHead(status);
    for (const part of parts) response.write(part);
    response.end();
  };
const bytesOf = (text: string): Uint8Array[] => [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));

describe('the body of an answer', () => {
  afterEach(async () => {
    sinon.restore();
    await closeClients();
    await stopLoopbacks();
  });

  const fetched = async (handler: Handler) => {
    const server = await startLoopback(handler);
    const { client, codes } = clientFor();
    return { answer: await client.send(get(`${server.url}/a`), askFor(), 'get'), server, codes };
  };

  it('is not parsed before its JSON is asked for', async () => {
    const text = '{"servers":["only here"]}';
    const parse = sinon.spy(JSON, 'parse');
    const { answer } = await fetched(inParts([Buffer.from(text)]));
    expect(parse.calledWith(text)).to.equal(false);
    expect(answer.json()).to.deep.equal({ servers: ['only here'] });
    expect(parse.calledWith(text)).to.equal(true);
  });

  it('is bad_response where it is no JSON, when that is asked for, and not asked for again', async () => {
    const { answer, server, codes } = await fetched(inParts([Buffer.from('<html>')]));
    expect(answer.json)
      .to.throw(HttpFailure, 'GET /a: the answer is not JSON, or was cut off')
      .that.deep.includes({ reason: 'bad_response', status: null, failure: { kind: 'other' } });
    expect([server.requests.length, codes()]).to.deep.equal([1, ['200']]);
  });

  const letters: [what: string, json: unknown][] = [
    ['two bytes', { name: 'größer' }],
    ['three bytes', { name: '€uro', 字: ['漢'] }],
    ['four bytes', { name: 'a😀b' }],
    ['one byte', { name: 'plain', n: 1.5e3 }],
  ];
  for (const [what, json] of letters) {
    const text = JSON.stringify(json);

    it(`is right in one chunk, with letters of ${what}`, async () => {
      const { answer } = await fetched(inParts([Buffer.from(text)]));
      expect(answer.json()).to.deep.equal(json);
    });

    it(`is right though each byte is a chunk of its own, with letters of ${what}`, async () => {
      const { answer } = await fetched(inParts(bytesOf(text)));
      expect(answer.json()).to.deep.equal(json);
    });
  }

  it('of an error is quoted right though a letter of it is cut in two', async () => {
    const server = await startLoopback(inParts(bytesOf('{"error":{"message":"größer"}}'), 403));
    const failure = await failureOf(clientFor().client.send(get(`${server.url}/a`), askFor(), 'get'));
    expect(failure).to.include({ reason: 'forbidden', message: 'GET /a: HTTP 403: größer' });
  });

  const whole = deflateSync(JSON.stringify({ a: Array.from({ length: 10_000 }, (_, i) => i) }));
  const head = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');
  const spoilt = Buffer.from(whole).fill(0xff, whole.length >> 1, (whole.length >> 1) + 50);
  const broke = (code: string) => ({ reason: 'network', message: `GET /a: the connection broke (${code})` });
  const breaks: [what: string, sent: Uint8Array[], failure: { reason: string; message: string }][] = [
    [
      'the connection ends before its length',
      [Buffer.from(`${head('Content-Length: 100')}{"a":`)],
      broke('ECONNRESET'),
    ],
    [
      'the connection ends before the last of its chunks',
      [Buffer.from(`${head('Transfer-Encoding: chunked')}5\r\n{"a":\r\n`)],
      broke('ERR_STREAM_PREMATURE_CLOSE'),
    ],
    [
      'the connection ends before a compressed one has begun',
      [Buffer.from(head('Content-Encoding: deflate', 'Content-Length: 100'))],
      broke('ECONNRESET'),
    ],
    [
      'it is spoilt in the middle of what was compressed',
      [Buffer.from(head('Content-Encoding: deflate', `Content-Length: ${whole.length}`)), spoilt],
      { reason: 'bad_response', message: "GET /a: the answer can't be decompressed" },
    ],
  ];
  for (const [what, sent, failure] of breaks) {
    it(`is ${failure.reason} where ${what}`, async () => {
      const server = await startLoopback(({ socket }) => socket.end(Buffer.concat(sent)));
      const { client, codes } = clientFor();
      // Not repeated, so that the first failure is the one told.
      const request = { ...login(`${server.url}/a`), method: 'GET' as const, body: undefined };
      expect(await failureOf(client.send(request, askFor(), 'login'))).to.include(failure);
      expect(codes()).to.deep.equal([failure.reason === 'network' ? 'network' : '200']);
    });
  }
});
