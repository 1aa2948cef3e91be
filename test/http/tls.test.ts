import { expect } from 'chai';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json, selfSigned, startLoopback, stopLoopbacks, type Certificate } from '../helpers/loopback.js';
import { askFor, clientFor, closeClients, failureOf, get, until } from './client-bench.js';

describe('HttpClient over TLS', () => {
  let own: Certificate;
  let other: Certificate;
  before(async () => {
    own = await selfSigned();
    other = await selfSigned();
  });
  after(() => {
    own.remove();
    other.remove();
  });
  afterEach(async () => {
    await closeClients();
    await stopLoopbacks();
  });

  const start = (tls = own.tls) => startLoopback((_request, response) => json(response, { fine: true }), { tls });

  it('does not trust a self-signed certificate: network, asked once', async () => {
    const server = await start();
    const { client, codes } = clientFor();
    const failure = await failureOf(client.send(get(`${server.url}/a`), askFor(), 'get'));
    expect(failure.reason).to.equal('network');
    expect(failure.message).to.equal('GET /a: the certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)');
    expect(codes()).to.deep.equal(['network']);
    expect(server.requests).to.deep.equal([]);
  });

  it('trusts it with its CA file, and no other certificate then', async () => {
    const { client } = clientFor();
    const tls = { caFile: own.path, insecure: false };
    const server = await start();
    expect((await client.send(get(server.url, { tls }), askFor(), 'get')).json()).to.deep.equal({ fine: true });
    const stranger = await start(other.tls);
    expect((await failureOf(client.send(get(stranger.url, { tls }), askFor(), 'get'))).reason).to.equal('network');
  });

  it('takes any certificate where it is told to, for that cloud alone', async () => {
    const server = await start();
    const { client } = clientFor();
    const insecure = { caFile: null, insecure: true };
    expect((await client.send(get(server.url, { tls: insecure }), askFor(), 'get')).json()).to.deep.equal({
      fine: true,
    });
    expect(process.env).not.to.have.property('NODE_TLS_REJECT_UNAUTHORIZED');
    expect((await failureOf(client.send(get(server.url), askFor(), 'get'))).reason).to.equal('network');
    expect((await failureOf(clientFor().client.send(get(server.url), askFor(), 'get'))).reason).to.equal('network');
  });

  it('names an unreadable CA file config, sends nothing, and looks again the next time', async () => {
    const server = await start();
    const { client, attempts } = clientFor();
    const caFile = join(own.path, '..', 'later.pem');
    const request = get(server.url, { tls: { caFile, insecure: false } });
    const error: unknown = await client.send(request, askFor(), 'get').catch((caught: unknown) => caught);
    expect(error).to.include({ reason: 'config', message: 'the CA file cannot be read (ENOENT)' });
    expect(attempts).to.deep.equal([]);
    copyFileSync(own.path, caFile);
    expect((await client.send(request, askFor(), 'get')).json()).to.deep.equal({ fine: true });
    rmSync(caFile);
  });

  it('reads the CA file anew after a certificate was refused', async () => {
    const server = await start();
    const { client } = clientFor();
    const caFile = join(own.path, '..', 'replaced.pem');
    copyFileSync(other.path, caFile);
    const request = get(server.url, { tls: { caFile, insecure: false } });
    expect((await failureOf(client.send(request, askFor(), 'get'))).reason).to.equal('network');
    copyFileSync(own.path, caFile);
    expect((await client.send(request, askFor(), 'get')).json()).to.deep.equal({ fine: true });
  });

  it('has a config, not a crash, for a CA file that holds no certificate', async () => {
    const server = await start();
    const caFile = join(own.path, '..', 'broken.pem');
    writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
    const request = get(server.url, { tls: { caFile, insecure: false } });
    const error: unknown = await clientFor()
      .client.send(request, askFor(), 'get')
      .catch((caught: unknown) => caught);
    expect(error).to.have.property('reason').that.is.oneOf(['config', 'network']);
  });

  it('does not break off what others have in flight when one certificate is refused', async () => {
    let finish = (): void => undefined;
    const good = await startLoopback(
      (_request, response) => {
        finish = () => json(response, { fine: true });
      },
      { tls: own.tls },
    );
    const stranger = await start(other.tls);
    const { client, codes } = clientFor();
    const tls = { caFile: own.path, insecure: false };
    const inFlight = client.send(get(good.url, { tls }), askFor(), 'get');
    await until(() => good.requests.length === 1);
    await failureOf(client.send(get(stranger.url, { tls }), askFor(), 'get'));
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect((await inFlight).json()).to.deep.equal({ fine: true });
    expect(codes()).to.deep.equal(['network', '200']);
    expect(good.requests).to.have.length(1);
  });
});
