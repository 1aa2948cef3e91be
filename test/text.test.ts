import { expect } from 'chai';
import fc from 'fast-check';
import { excerpt, printable } from '../src/text.js';

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const anyText = fc.string({
  unit: fc.oneof(
    fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('text', () => {
  const escapes: [what: string, text: string, shown: string][] = [
    ['a line feed', 'a\nb', 'a\\u000ab'],
    ['a terminal escape', '\x1b[31m', '\\u001b[31m'],
    ['a C1 control', '\x9b', '\\u009b'],
    ['a bidirectional override', 'a\u202eb', 'a\\u202eb'],
    ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
    ['a line separator', '\u2028', '\\u2028'],
    ['a byte order mark', '\ufeff', '\\ufeff'],
    ['half of a surrogate pair', '\ud83d!', '\\ud83d!'],
    ['a tag character', '\u{e0041}', '\\u{e0041}'],
  ];
  for (const [what, text, shown] of escapes) {
    it(`escapes ${what}`, () => {
      expect(printable(text)).to.equal(shown);
    });
  }

  it('leaves letters of any script, blanks and emoji alone', () => {
    const text = 'Müller & Söhne 株式会社 😀 "a\\b"';
    expect(printable(text)).to.equal(text);
  });

  it('shows nothing unsafe, whatever it is given', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 50 }), (text, max) => {
        expect(printable(text)).not.to.match(UNSAFE);
        expect(excerpt(text, max)).not.to.match(UNSAFE);
        expect(excerpt(text, max).length).to.be.at.most(max);
      }),
    );
  });

  it('cuts only what is too long, with a mark at the end', () => {
    expect(excerpt('a'.repeat(200))).to.equal('a'.repeat(200));
    expect(excerpt('a'.repeat(201))).to.equal(`${'a'.repeat(199)}…`);
    expect(excerpt('abcdef', 4)).to.equal('abc…');
  });

  const urls: [text: string, shown: string][] = [
    ['at https://boss:hunter2@h/v3', 'at https://<secret>@h/v3'],
    ['https://hunter2@h, http://:p@h', 'https://<secret>@h, http://<secret>@h'],
    ['https://boss:hun/t@er2@h/v3', 'https://<secret>@h/v3'],
    ['"https://boss:hunter2@h" <http://a:b@h>', '"https://<secret>@h" <http://<secret>@h>'],
    ['https://h/v3 boss@example.com', 'https://h/v3 boss@example.com'],
    ['/etc/https:/boss:hunter2@h/a.pem', '/etc/https:/<secret>@h/a.pem'],
    ['ftp://boss:hunter2@h', 'ftp://<secret>@h'],
    ['boss:hunter2@h', 'boss:hunter2@h'],
  ];
  for (const [text, shown] of urls) {
    it(`leaves user and password of a URL out: ${shown}`, () => {
      expect(printable(text)).to.equal(shown);
      expect(printable(shown)).to.equal(shown);
    });
  }

  it('shows no beginning of a password whose end it cuts off', () => {
    expect(excerpt(`https://boss:${'hunter'.repeat(40)}@h`, 20)).to.equal('https://<secret>@h');
    expect(excerpt(`https://boss:hunter2@${'h'.repeat(40)}`, 20)).to.equal('https://<secret>@hh…');
  });

  it('does not cut a character in two', () => {
    expect(excerpt('ab😀cd', 4)).to.equal('ab…');
    expect(excerpt('abc😀cd', 4)).to.equal('abc…');
  });

  it('takes no time for what it does not show', () => {
    // Escaped as a whole, this would be longer than a text may be.
    expect(excerpt('\u001b'.repeat(100e6), 9)).to.equal('\\u001b\\u…');
  });
});
