import { format, inspect } from 'node:util';
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

  it('reveals itself only when asked to', () => {
    expect(secret.reveal()).to.equal('hunter2');
  });
});
