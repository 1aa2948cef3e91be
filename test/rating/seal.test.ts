import { expect } from 'chai';
import fc from 'fast-check';

import { canonicalJson, seal } from '../../src/rating/seal.js';

/** An object of the same members, in the opposite order at every depth. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, member]) => [key, reversed(member)]));
}

describe('the hash of a statement', () => {
  it('is over the canonical JSON of RFC 8785, as its example shows', () => {
    const value = {
      // eslint-disable-next-line no-loss-of-precision -- the RFC's own example
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).to.equal(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts names by UTF-16 code units, as the RFC shows', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect([...canonicalJson(value).matchAll(/:(\d)/g)].map(([, number]) => number).join('')).to.equal('2467153');
  });

  it('is the SHA-256 that other programs compute', () => {
    const { sha256 } = seal({ total: '0.00', complete: true, lines: [] });
    // printf '{"complete":true,"lines":[],"total":"0.00"}' | sha256sum
    expect(sha256).to.equal('e910dfd053c5d64502419e0e9837104cd5f2044c84a915e406679bafb9001431');
  });

  it('is not there for an incomplete statement', () => {
    expect(seal({ complete: false, total: '1.00' })).to.deep.equal({ complete: false, total: '1.00' });
  });

  it('does not depend on the order of fields, and on all else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const hash = (lines: unknown): string | undefined => seal({ complete: true, lines }).sha256;
        fc.pre(!/\\ud[89a-f]/i.test(JSON.stringify([a, b])));
        expect(hash(reversed(a))).to.equal(hash(a));
        expect(hash(a) === hash(b)).to.equal(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });

  it('refuses what has no JSON', () => {
    expect(() => canonicalJson(undefined)).to.throw(TypeError);
    expect(() => canonicalJson({ hours: NaN })).to.throw('NaN');
  });
});
