import { expect } from 'chai';
import { cut, width } from '../../src/commands/width.js';

describe('the width of a text', () => {
  const cases: [text: string, columns: number][] = [
    ['', 0],
    ['acme', 4],
    ['Müller', 6],
    ['Mu\u0308ller', 6],
    ['Ελλάδα', 6],
    ['東京データ', 10],
    ['한국', 4],
    ['한', 2],
    ['ＡＣＭＥ', 8],
    ['ｱｸﾒ', 3],
    ['🚀', 2],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['’…–€', 4],
    ['สวัสดี', 4],
  ];
  for (const [text, columns] of cases) {
    it(`of "${text}" is ${columns}`, () => {
      expect(width(text)).to.equal(columns);
    });
  }
});

describe('a text cut to a width', () => {
  it('is itself where it fits', () => {
    expect(cut('customer', 8)).to.equal('customer');
    expect(cut('東京', 4)).to.equal('東京');
  });

  it('keeps both its ends', () => {
    expect(cut('customer-009', 11)).to.equal('custo…r-009');
    expect(cut('customer-009', 2)).to.equal('c…');
    expect(cut('customer-009', 1)).to.equal('…');
    expect(cut('customer-009', 0)).to.equal('');
  });

  it('is never wider than it may be, and cuts no character in two', () => {
    for (const text of ['東京データセンター', '👍🏽👍🏽👍🏽👍🏽👍🏽', 'Mu\u0308u\u0308u\u0308u\u0308ller', 'a東b京c都d']) {
      for (let columns = 0; columns < 20; columns += 1) {
        const shown = cut(text, columns);
        expect(width(shown), shown).to.be.at.most(columns);
        const [head = '', tail = ''] = shown.split('…');
        expect(text.startsWith(head) && text.endsWith(tail), shown).to.be.true;
        expect(shown).not.to.match(/^\p{M}|…\p{M}|…[\u{1f3fb}-\u{1f3ff}]/u);
      }
    }
  });
});
