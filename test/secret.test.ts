import { format, inspect, isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { Secret } from '../src/secret.js';

describe('Secret', () => {
  const secret = new Secret('hunter2');
  const ways: [how: string, shown: string][] = [
    ['in a template', `${secret.toString()} ${String(secret)}`],
    ['joined to a string', ['password: ', secret].join('')],
    ['as JSON', JSON.stringify({ secret })],
    ['inspected, hidden properties too', inspect({ secret }, { showHidden: true, depth: 9 })],
    ['formatted', format('%s %o %O %j', secret, secret, secret, secret)],
    ['copied', JSON.stringify(Object.assign({}, secret))],
    ['as its keys', Reflect.ownKeys(secret).join()],
    ['in the message of an error', new Error(String(secret)).message],
  ];
  for (const [how, shown] of ways) {
    it(`does not show itself ${how}`, () => {
      expect(shown).not.to.contain('hunter2');
    });
  }

  const repeated: [how: string, text: string, isThere: boolean][] = [
    ['as it is', 'a Pa"s\\s & <ö> b', true],
    ['in JSON', JSON.stringify({ p: 'Pa"s\\s & <ö>' }), true],
    ['in JSON of ASCII alone', '{"p":"Pa\\"s\\\\s & <\\u00f6>"}', true],
    ['in a URL', `?p=${encodeURIComponent('Pa"s\\s & <ö>')}`, true],
    ['in a URL with small letters', '?p=Pa%22s%5cs%20%26%20%3c%c3%b6%3e', true],
    ['in a form', '?p=Pa%22s%5Cs+%26+%3C%C3%B6%3E', true],
    ['in HTML', '<b>Pa&quot;s\\s &amp; &lt;ö&gt;</b>', true],
    ['in Base64, behind a user', Buffer.from('boss:Pa"s\\s & <ö>').toString('base64'), true],
    ['in JSON in a URL', encodeURIComponent(JSON.stringify({ p: 'Pa"s\\s & <ö>' })), true],
    ['in JSON in HTML', '{&quot;p&quot;:&quot;Pa\\&quot;s\\\\s &amp; &lt;ö&gt;&quot;}', true],
    ['in JSON in Base64', Buffer.from(JSON.stringify({ p: 'Pa"s\\s & <ö>' })).toString('base64'), true],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ p: 'Pa"s\\s & <ö>' })), true],
    ['in part', 'Pa"s', false],
    ['not at all', 'hunter2', false],
  ];
  for (const [how, text, isThere] of repeated) {
    it(`${isThere ? 'is found' : 'is not found'} in a text that repeats it ${how}`, () => {
      expect(new Secret('Pa"s\\s & <ö>').isIn(text)).to.equal(isThere);
    });
  }

  it('is told from another one by `equals` alone', () => {
    expect(secret.equals(new Secret('hunter2'))).to.be.true;
    expect(secret.equals(new Secret('hunter3'))).to.be.false;
    expect(isDeepStrictEqual(secret, new Secret('hunter3')), 'for all others they are the same').to.be.true;
  });

  it('is found by its first 24 characters', () => {
    const long = new Secret(`gAAAAAB${'x'.repeat(17)}rest`);
    expect(long.isIn(`gAAAAAB${'x'.repeat(17)}`)).to.be.true;
    expect(long.isIn(`gAAAAAB${'x'.repeat(16)}`)).to.be.false;
  });

  it('is looked for though it is no whole text', () => {
    expect(new Secret('\ud83d').isIn('hunter2')).to.be.false;
  });

  it('reveals itself only when asked to', () => {
    expect(secret.reveal()).to.equal('hunter2');
  });
});
