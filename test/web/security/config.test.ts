import { expect } from 'chai';
import { Secret } from '../../../src/secret.js';
import { isSameConfig, OPEN, type WebConfig } from '../../../src/web/security/config.js';

type Users = WebConfig['users'];

describe('a web configuration', () => {
  const users = (hash = '$2b$10$a', name = 'alice'): Users => new Map([[name, new Secret(hash)]]);
  const changes: [what: string, users: Users][] = [
    ['the hash of a user', users('$2b$10$b')],
    ['the name of a user', users('$2b$10$a', 'bob')],
    ['one user more', new Map([...users()!, ['bob', new Secret('$2b$10$a')]])],
    ['no user at all', null],
  ];
  for (const [what, others] of changes) {
    it(`is another one with ${what}, though secrets look the same`, () => {
      for (const [one, two] of [
        [users(), others],
        [others, users()],
      ] as const) {
        expect(isSameConfig({ ...OPEN, users: one }, { ...OPEN, users: two })).to.be.false;
      }
    });
  }

  it('is the same with equal users, and another one with another header', () => {
    const config = (headers: Record<string, string>): WebConfig => ({ ...OPEN, headers, users: users() });
    expect(isSameConfig(config({ A: 'b' }), config({ A: 'b' }))).to.be.true;
    expect(isSameConfig(config({ A: 'b' }), config({ A: 'c' }))).to.be.false;
    expect(isSameConfig(OPEN, { ...OPEN })).to.be.true;
  });
});
