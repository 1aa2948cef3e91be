import { expect } from 'chai';
import { inspect } from 'node:util';
import { disclose } from '../../src/http/disclose.js';
import { Secret } from '../../src/secret.js';
import { json, startLoopback, stopLoopbacks } from '../helpers/loopback.js';
import { askFor, clientFor, closeClients, failureOf, get, login } from './client-bench.js';

/** Not of the form by which Keystone's are known. */
const TOKEN = 'tAAAAABp"s<cr>t"&+/1234567890';
const HIDDEN = 'HTTP 400: (what the cloud says repeats a secret, and is not shown)';
const PASSWORD = 'Pa"ss\\w0rd & <ö> 100%';

describe('A request with secrets', () => {
  afterEach(async () => {
    await closeClients();
    await stopLoopbacks();
  });
  const token = new Secret(TOKEN);
  const password = new Secret(PASSWORD);

  it('shows none of them before it is sent', () => {
    const request = { ...get('http://h/'), token, body: { auth: { password } } };
    for (const text of [JSON.stringify(request), inspect(request, { depth: 9, showHidden: true })]) {
      expect(text)
        .to.include('<secret>')
        .and.not.to.match(/tAAAA|Pa.?"ss/);
    }
  });

  it('is sent with all of them, wherever they are in the body', () => {
    const body = { a: [new Secret('one'), { b: new Secret('two') }], c: '<secret>', d: null };
    const { headers, body: sent, secrets } = disclose({ headers: { A: 'b' }, token, body });
    expect(headers).to.deep.equal({ 'Content-Type': 'application/json', A: 'b', 'X-Auth-Token': TOKEN });
    expect(JSON.parse(sent!)).to.deep.equal({ a: ['one', { b: 'two' }], c: '<secret>', d: null });
    expect(secrets.map((secret) => secret.reveal())).to.deep.equal([TOKEN, 'one', 'two']);
  });

  it('has neither a body nor its type where there is nothing to send', () => {
    expect(disclose({ headers: { A: 'b' } })).to.deep.equal({ headers: { A: 'b' }, body: null, secrets: [] });
  });

  const html = TOKEN.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const echoes: [how: string, said: string][] = [
    ['as it is', `bad token ${TOKEN}`],
    ['cut by the cloud', `bad token ${TOKEN.slice(0, 24)}...`],
    ['where what is shown ends', `${'x'.repeat(190)}${TOKEN}`],
    ['as JSON', JSON.stringify({ headers: { 'X-Auth-Token': TOKEN } })],
    ['in a URL', `http://cloud.example/?token=${encodeURIComponent(TOKEN)}`],
    ['as HTML', `<p>${html}</p>`],
    ...[0, 1, 2].map((n): [string, string] => [
      `in Base64 behind ${n} bytes`,
      Buffer.from(`${'x'.repeat(n)}${TOKEN}`).toString('base64'),
    ]),
  ];
  for (const [how, said] of echoes) {
    it(`is told without what the cloud says, where that repeats the token ${how}`, async () => {
      const server = await startLoopback((_request, response) => {
        json(response, { badRequest: { code: 400, message: said } }, 400);
      });
      const listing = { ...get(`${server.url}/servers`), token };
      const { message } = await failureOf(clientFor().client.send(listing, askFor(), 'get'));
      expect(message).to.equal(`GET /servers: ${HIDDEN}`);
      const rescope = login(`${server.url}/v3/auth/tokens`, { auth: { token: { id: token } } });
      const failure = await failureOf(clientFor().client.send(rescope, askFor(), 'get'));
      expect(failure.message).to.equal(`POST /v3/auth/tokens: ${HIDDEN}`);
    });
  }

  const keystones = `gAAAAABp${'x'.repeat(100)}`;
  const later: [what: string, said: string][] = [
    ['a password that was sent before', `debug: last login {"password": ${JSON.stringify(PASSWORD)}}`],
    ['the URL of an earlier request', `no ${encodeURIComponent(JSON.stringify({ password: PASSWORD }))}`],
    ['a token of Keystone, whosesoever', `X-Auth-Token: ${keystones}`],
    ['a token of Keystone, cut', `bad token ${keystones.slice(0, 10)}...`],
    ['a token of Keystone in Base64', Buffer.from(`token ${keystones}`).toString('base64')],
  ];
  for (const [what, said] of later) {
    it(`is told without what the cloud says, where that repeats ${what}`, async () => {
      const server = await startLoopback((_request, response) => {
        json(response, { error: { code: 400, message: said } }, 400);
      });
      const secrets = [new Secret('another'), password];
      const listing = { ...get(`${server.url}/projects`), token, secrets };
      const failure = await failureOf(clientFor().client.send(listing, askFor(), 'get'));
      expect(failure.message).to.equal(`GET /projects: ${HIDDEN}`);
      const rescope = { ...login(`${server.url}/v3/auth/tokens`, { auth: { token: { id: token } } }), secrets };
      const { message } = await failureOf(clientFor().client.send(rescope, askFor(), 'get'));
      expect(message).to.equal(`POST /v3/auth/tokens: ${HIDDEN}`);
    });
  }

  it('sends nothing of what an answer may repeat beside it', () => {
    expect(disclose({ headers: {}, token, secrets: [password] })).to.deep.equal({
      headers: { 'X-Auth-Token': TOKEN },
      body: null,
      secrets: [password, token],
    });
  });

  it('is told with what the cloud says otherwise', async () => {
    const server = await startLoopback((_request, response) => {
      json(response, { error: { message: 'rescope a scoped token' } }, 403);
    });
    const request = login(`${server.url}/v3/auth/tokens`, { auth: { token: { id: token } } });
    const { message } = await failureOf(clientFor().client.send(request, askFor(), 'get'));
    expect(message).to.equal('POST /v3/auth/tokens: HTTP 403: rescope a scoped token');
  });

  for (const [what, text] of [
    ['the token', TOKEN],
    ['a password that was sent before', PASSWORD],
    ['a token of another project', keystones],
  ] as const) {
    it(`is told without the path, where the catalog has put ${what} there`, async () => {
      const server = await startLoopback((_request, response) => {
        json(response, {}, 500);
      });
      const url = `${server.url}/${encodeURIComponent(text)}/servers`;
      const sent = clientFor().client.send({ ...get(url), token, secrets: [password] }, askFor(), 'get');
      expect((await failureOf(sent)).message).to.equal('GET /…: HTTP 500');
    });
  }

  it('is told without a word of the cloud where it is a login', async () => {
    const server = await startLoopback((_request, response) => {
      json(response, { error: { message: 'whatever' } }, 400, { 'X-Message': PASSWORD });
    });
    const request = { ...login(`${server.url}/v3/auth/tokens`, { auth: { password } }), isLogin: true };
    const { message } = await failureOf(clientFor().client.send(request, askFor(), 'login'));
    expect(message).to.equal('POST /v3/auth/tokens: HTTP 400');
    expect(JSON.parse(server.requests[0]!.body)).to.deep.equal({ auth: { password: PASSWORD } });
  });

  it('names no address to which it was sent on', async () => {
    const server = await startLoopback((_request, response) => {
      response.writeHead(302, { Location: `http://boss:hunter2@127.0.0.1/?token=${encodeURIComponent(TOKEN)}` }).end();
    });
    const { message } = await failureOf(clientFor().client.send({ ...get(`${server.url}/a`), token }, askFor(), 'get'));
    expect(message).to.equal('GET /a: HTTP 302 (a redirect is not followed)');
  });
});
