import { expect } from 'chai';
import fc from 'fast-check';
import { duration, listenAddress, loopbackAddress, positiveDuration } from '../../src/settings/values.js';

const UNITS = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** As Prometheus prints durations: units from large to small, those that are 0 left out. */
function render(ms: number): string {
  let rest = ms;
  const text = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? `${count}${unit}` : '';
  }).join('');
  return text || '0s';
}

describe('setting values', () => {
  it('reads every duration back as it was written', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (ms) => {
        expect(duration(render(ms))).to.equal(ms);
      }),
    );
  });

  it('adds up units in Prometheus’ order, and refuses any other text', () => {
    const parts = fc.array(fc.tuple(fc.nat({ max: 999 }), fc.constantFrom(...UNITS.map(([unit]) => unit))), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(parts, (list) => {
        const text = list.map(([count, unit]) => `${count}${unit}`).join('');
        const places = list.map(([, unit]) => UNITS.findIndex(([name]) => name === unit));
        const ordered = places.every((place, i) => i === 0 || place > places[i - 1]!);
        if (ordered) {
          const sum = list.reduce((total, [count], i) => total + count * UNITS[places[i]!]![1], 0);
          expect(duration(text)).to.equal(sum);
        } else expect(() => duration(text)).to.throw('must be a duration with units');
      }),
    );
  });

  for (const text of [
    '',
    ' ',
    '5',
    '5 s',
    ' 5s',
    '5s ',
    '-5s',
    '+5s',
    '1.5s',
    '5S',
    '5sec',
    '1s1m',
    '1s1s',
    'ms',
    '∞',
  ]) {
    it(`refuses the duration "${text}"`, () => {
      expect(() => duration(text)).to.throw('such as 500ms, 30s, 5m or 1m30s');
    });
  }

  it('refuses a time-out of nothing, and one that a timer cannot wait for', () => {
    for (const text of ['0s', '0ms', '25d', '1y']) expect(() => positiveDuration(text)).to.throw('longer than 0');
    expect(positiveDuration('24d')).to.equal(24 * 86_400_000);
  });

  it('reads any port with and without a host', () => {
    fc.assert(
      fc.property(fc.nat({ max: 65_535 }), fc.ipV4(), fc.ipV6(), fc.domain(), (port, v4, v6, name) => {
        expect(listenAddress(`:${port}`)).to.deep.equal({ host: null, port });
        expect(listenAddress(`${v4}:${port}`)).to.deep.equal({ host: v4, port });
        expect(listenAddress(`[${v6}]:${port}`)).to.deep.equal({ host: v6, port });
        expect(listenAddress(`${name}:${port}`)).to.deep.equal({ host: name, port });
        expect(() => listenAddress(`${v6}:${port}`)).to.throw('[address]:port');
      }),
    );
  });

  for (const text of [
    '',
    ':',
    'host',
    '80',
    ':65536',
    ':123456',
    ':-1',
    'a:b:1',
    'http://a:1',
    'a:1/',
    '[::1]1',
    '[]:1',
    '[zz]:1',
  ]) {
    it(`refuses to listen on "${text}"`, () => {
      expect(() => listenAddress(text)).to.throw(':port, host:port or [address]:port');
    });
  }

  it('lets the simulated cloud listen on loopback only', () => {
    for (const text of ['127.0.0.1:0', '127.8.8.8:1', '[::1]:1', 'localhost:1']) {
      expect(loopbackAddress(text)).to.deep.equal(listenAddress(text));
    }
    for (const text of [':0', '0.0.0.0:0', '10.0.0.1:0', '[::]:0', '127.0.0.1.example:0', 'example:0']) {
      expect(() => loopbackAddress(text), text).to.throw('must be on loopback');
    }
  });
});
