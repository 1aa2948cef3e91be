import { expect } from 'chai';
import { alternativeNames } from '../../../src/web/security/client-certificate.js';

describe('the alternative names of a certificate', () => {
  for (const [text, names] of [
    ['', []],
    ['DNS:a.example', ['a.example']],
    ['DNS:a.example, DNS:b.example', ['a.example', 'b.example']],
    [
      'email:ops@example.org, URI:spiffe://a/b, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
      ['ops@example.org', 'spiffe://a/b', '10.0.0.1', '2001:DB8:0:0:0:0:0:1'],
    ],
    // One that would look like two if it were not quoted.
    ['email:"x, DNS:admin.example", DNS:b.example', ['x, DNS:admin.example', 'b.example']],
    ['DNS:"say \\"hi\\", DNS:c", DNS:d', ['say "hi", DNS:c', 'd']],
    ['othername:<unsupported>, DNS:a.example', ['a.example']],
    ['DirName:"/O=x, DNS:evil.example", Registered ID:1.2.3, DNS:a.example', ['a.example']],
    ['nonsense', []],
  ] as const) {
    it(`of ${JSON.stringify(text)} are ${JSON.stringify(names)}`, () => {
      expect(alternativeNames(text)).to.deep.equal(names);
    });
  }
});
