import { expect } from 'chai';
import type { ServerResponse } from 'node:http';
import { listen } from '../../src/web/listen.js';

const ANY = { host: '127.0.0.1', port: 0 };

describe('listen', () => {
  it('names the address, the flag and the way out where the port is in use', async () => {
    const first = await listen((_req, res) => void res.end(), ANY);
    const port = Number(new URL(first.url).port);
    const error: unknown = await listen(() => undefined, { host: '127.0.0.1', port }).catch(
      (caught: unknown) => caught,
    );
    await first.close();
    expect((error as Error).message).to.equal(
      `--web.listen-address: 127.0.0.1:${port} is in use already: choose another`,
    );
  });

  it('tells why an address can’t be had', async () => {
    const error: unknown = await listen(() => undefined, { host: '192.0.2.1', port: 0 }).catch(
      (caught: unknown) => caught,
    );
    expect((error as Error).message).to.equal(
      '--web.listen-address: 192.0.2.1:0 is no address of this machine (EADDRNOTAVAIL): ' +
        'choose one of its own, or :port for all',
    );
  });

  for (const [host, url] of [
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+\/$/],
    [null, /^http:\/\/localhost:\d+\/$/],
  ] as const) {
    it(`gives an address that can be opened for a listener on ${host}`, async () => {
      const server = await listen((_req, res) => void res.end('here'), { host, port: 0 });
      try {
        expect(server.url).to.match(url);
        expect(await (await fetch(server.url)).text()).to.equal('here');
      } finally {
        await server.close();
      }
    });
  }

  it('lets a running scrape end when it closes, and takes no new one', async () => {
    const waiting: ServerResponse[] = [];
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const server = await listen((_req, res) => {
      waiting.push(res);
      arrive();
    }, ANY);
    const scrape = fetch(server.url);
    await arrived;
    let closed = false;
    const close = server.close().then(() => (closed = true));
    const refused: unknown = await fetch(server.url).catch((caught: unknown) => caught);
    expect(refused).to.be.instanceOf(TypeError);
    expect(closed).to.equal(false);
    waiting[0]?.end('whole');
    expect(await (await scrape).text()).to.equal('whole');
    const ended = performance.now();
    await close;
    expect(performance.now() - ended, 'its connection is idle now').to.be.below(3000);
  });

  it('does not wait for idle connections', async () => {
    const server = await listen((_req, res) => void res.end('x'), ANY);
    await (await fetch(server.url)).text();
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).to.be.below(3000);
  });
});
