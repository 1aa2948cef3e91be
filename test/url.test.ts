import { expect } from 'chai';
import fc from 'fast-check';
import { isLoopbackUrl, normaliseAuthUrl, normaliseUrl } from '../src/url.js';

describe('url', () => {
  const authUrls: [given: string, made: string][] = [
    ['https://host:5000/v3', 'https://host:5000/v3'],
    ['https://host:5000/v3/', 'https://host:5000/v3'],
    ['https://host:5000', 'https://host:5000/v3'],
    ['https://host:5000/', 'https://host:5000/v3'],
    ['https://HOST:443/identity', 'https://host/identity/v3'],
    ['http://[::1]:5000', 'http://[::1]:5000/v3'],
  ];
  for (const [given, made] of authUrls) {
    it(`makes the auth URL ${made} of ${given}`, () => {
      expect(normaliseAuthUrl(given)).to.equal(made);
    });
  }

  const refused: [text: string, message: string][] = [
    ['', 'is not a URL, write it like https://host:5000/v3'],
    ['just a word', 'is not a URL, write it like https://host:5000/v3'],
    ['ftp://host', 'must begin with https:// or http://'],
    ['host:5000', 'must begin with https:// or http://'],
    ['https://admin:hunter2@host', 'must not hold a user name or password'],
    ['https://host/v3?a=b', 'must not hold a query or fragment'],
    ['https://host/?', 'must not hold a query or fragment'],
    ['https://host/#', 'must not hold a query or fragment'],
    ['https://host:5000/v2.0', 'names Keystone v2.0, only v3 is spoken'],
  ];
  for (const [text, message] of refused) {
    it(`says that '${text}' ${message}`, () => {
      expect(() => normaliseAuthUrl(text)).to.throw(Error, message);
    });
  }

  it('leaves the path of another service as it is, but for the slash at its end', () => {
    expect(normaliseUrl('https://host:8774/v2.1/')).to.equal('https://host:8774/v2.1');
  });

  it('gives the same once more for what it has made', () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        const made = normaliseAuthUrl(url);
        expect(normaliseAuthUrl(made)).to.equal(made);
        expect(normaliseAuthUrl(`${made}/`)).to.equal(made);
      }),
    );
  });

  const hosts: [url: string, loopback: boolean][] = [
    ['http://localhost:5000', true],
    ['http://127.0.0.1', true],
    ['http://127.8.9.10', true],
    ['http://[::1]:5000', true],
    ['http://[::ffff:127.0.0.1]:5000', true],
    ['http://127.example.org', false],
    ['http://localhost.example.org', false],
    ['http://192.0.2.1', false],
    ['http://[2001:db8::1]', false],
    ['http://[::ffff:192.0.2.1]', false],
  ];
  for (const [url, loopback] of hosts) {
    it(`${loopback ? 'takes' : 'does not take'} ${url} for this machine`, () => {
      expect(isLoopbackUrl(url)).to.equal(loopback);
    });
  }
});
