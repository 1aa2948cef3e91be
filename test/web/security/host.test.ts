import { expect } from 'chai';
import { isOwnHost } from '../../../src/web/security/host.js';

describe('the Host header', () => {
  const table: [header: string | undefined, listenName: string | null, own: boolean][] = [
    // Addresses.
    ['127.0.0.1', null, true],
    ['127.0.0.1:10180', null, true],
    ['10.1.2.3:80', null, true],
    ['[::1]', null, true],
    ['[::1]:10180', null, true],
    ['[2001:db8::1]:10180', null, true],
    ['[::FFFF:127.0.0.1]', null, true],
    ['127.0.0.1:', null, true],
    // Names of this machine.
    ['localhost', null, true],
    ['localhost:10180', null, true],
    ['LocalHost:10180', null, true],
    ['localhost.', null, true],
    ['localhost.:10180', null, true],
    ['exporter.internal', 'exporter.internal', true],
    ['EXPORTER.internal.:10180', 'Exporter.Internal', true],
    ['exporter.internal', 'exporter.internal.', true],
    // Names that may be anybody's.
    ['evil.example', null, false],
    ['evil.example:10180', '127.0.0.1', false],
    ['exporter.internal', null, false],
    ['exporter.internal.evil.example', 'exporter.internal', false],
    ['localhost.evil.example', null, false],
    ['evil.localhost', null, false],
    ['127.0.0.1.evil.example', null, false],
    ['localhost..', null, false],
    // What is no host.
    [undefined, null, false],
    ['', null, false],
    [':10180', null, false],
    ['[]', null, false],
    ['[evil.example]', null, false],
    ['[127.0.0.1]', null, false],
    ['::1', null, false],
    ['[::1', null, false],
    ['localhost:port', null, false],
    ['localhost:123456', null, false],
    ['localhost:80:80', null, false],
    ['localhost, evil.example', null, false],
    ['user@localhost', null, false],
    ['127.1', null, false],
    ['2130706433', null, false],
    ['0x7f.0.0.1', null, false],
    ['localhost/', null, false],
    ['localhost ', null, false],
  ];
  for (const [header, listenName, own] of table) {
    it(`is ${own ? 'its own' : 'foreign'}: ${JSON.stringify(header)}, where ${listenName ?? 'no name'} is listened on`, () => {
      expect(isOwnHost(header, listenName)).to.equal(own);
    });
  }
});
