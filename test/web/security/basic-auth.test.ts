import { expect } from 'chai';
import { spy } from 'sinon';
import { Secret } from '../../../src/secret.js';
import { BasicAuth, readCredentials } from '../../../src/web/security/basic-auth.js';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('credentials', () => {
  it('are read from the header', () => {
    const read = (header: string): unknown[] => {
      const { user, password } = readCredentials(header)!;
      return [user, password.reveal()];
    };
    expect(read(basic('alice:wonder:land'))).to.deep.equal(['alice', 'wonder:land']);
    expect(read(basic('zoë:pä☃').replace('Basic', 'bAsIc'))).to.deep.equal(['zoë', 'pä☃']);
    expect(read(basic(':'))).to.deep.equal(['', '']);
  });

  for (const [what, header] of [
    ['are missing', undefined],
    ['are empty', ''],
    ['are of another scheme', 'Bearer YTpi'],
    ['lack a colon', basic('alice')],
    ['are not base64', 'Basic a:b'],
    ['are cut short', 'Basic '],
    ['are not UTF-8', `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`],
    ['have something behind them', `${basic('a:b')} x`],
    ['come twice', `${basic('a:b')}, ${basic('a:b')}`],
  ] as const) {
    it(`count for nothing when they ${what}`, () => expect(readCredentials(header)).to.equal(null));
  }
});

/** Stands in for bcrypt: a hash is its password behind `$2b$cost$`; compared when the test says so. */
class Compare {
  readonly asked: { password: string; hash: string; answer: (same: boolean) => void; fail: (e: Error) => void }[] = [];
  /** Answers at once. */
  atOnce = true;

  readonly compare = (password: string, hash: string): Promise<boolean> =>
    new Promise((resolve, reject) => {
      this.asked.push({ password, hash, answer: resolve, fail: reject });
      if (this.atOnce) resolve(hash === `$2b$10$${password}`);
    });

  get costs(): string[] {
    return this.asked.map(({ hash }) => hash.split('$')[2] ?? '');
  }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('basic authentication', () => {
  const users = new Map([['alice', new Secret('$2b$10$wonder')]]);
  let compare: Compare;
  let auth: BasicAuth;
  beforeEach(() => {
    compare = new Compare();
    auth = new BasicAuth(compare.compare);
  });
  const check = (user: string, password: string, of = users) =>
    auth.check(of, { user, password: new Secret(password) });

  it('knows right from wrong', async () => {
    expect(await check('alice', 'wonder')).to.equal('right');
    expect(await check('alice', 'land')).to.equal('wrong');
    expect(await check('Alice', 'wonder')).to.equal('wrong');
    expect(await check('', '')).to.equal('wrong');
    expect(await check('__proto__', 'wonder')).to.equal('wrong');
  });

  it('compares once for a right password, and each time for a wrong one', async () => {
    for (let i = 0; i < 3; i++) await check('alice', 'wonder');
    expect(compare.asked).to.have.length(1);
    for (let i = 0; i < 3; i++) await check('alice', 'land');
    expect(compare.asked).to.have.length(4);
  });

  it('compares for an unknown user as for a wrong password: as often, and at the cost of a real one', async () => {
    const mixed = new Map([
      ['alice', new Secret('$2b$10$wonder')],
      ['bob', new Secret('$2b$12$build')],
    ]);
    for (let i = 0; i < 3; i++) expect(await check('mallory', 'x', mixed)).to.equal('wrong');
    expect(compare.asked).to.have.length(3);
    expect(new Set(compare.costs).size, 'always the same for one name').to.equal(1);
    compare.asked.length = 0;
    for (let i = 0; i < 40; i++) await check(`user-${i}`, 'x', mixed);
    expect(new Set(compare.costs)).to.deep.equal(new Set(['10', '12']));
    const hashes = compare.asked.map(({ hash }) => hash);
    expect(hashes.every((hash) => hash.split('$')[3]?.length === 53)).to.equal(true);
  });

  it('lets no unknown user in, whatever the comparison says', async () => {
    compare.atOnce = false;
    const verdict = check('mallory', 'wonder');
    await turns();
    compare.asked[0]?.answer(true);
    expect(await verdict).to.equal('wrong');
    const again = check('mallory', 'wonder');
    await turns();
    expect(compare.asked, 'nothing was remembered').to.have.length(2);
    compare.asked[1]?.answer(true);
    expect(await again).to.equal('wrong');
  });

  it('compares one at a time, lets 16 wait, and turns the next away without a comparison', async () => {
    compare.atOnce = false;
    const verdicts = Array.from({ length: 17 }, (_, i) => check('alice', `guess-${i}`));
    await turns();
    expect(compare.asked).to.have.length(1);
    expect(await check('alice', 'one more')).to.equal('busy');
    expect(await check('mallory', 'one more')).to.equal('busy');
    for (let i = 0; i < 17; i++) {
      expect(compare.asked).to.have.length(i + 1);
      compare.asked[i]?.answer(false);
      await turns();
    }
    expect(new Set(await Promise.all(verdicts))).to.deep.equal(new Set(['wrong']));
    const later = check('alice', 'one more');
    await turns();
    compare.asked[17]?.answer(false);
    expect(await later).to.equal('wrong');
  });

  it('goes on knowing a right password while others crowd the queue', async () => {
    expect(await check('alice', 'wonder')).to.equal('right');
    compare.atOnce = false;
    for (let i = 0; i < 17; i++) void check('mallory', `guess-${i}`);
    expect(await check('mallory', 'x')).to.equal('busy');
    expect(await check('alice', 'wonder')).to.equal('right');
  });

  it('compares once for fifty who bring the same at the same time', async () => {
    compare.atOnce = false;
    const verdicts = Array.from({ length: 50 }, () => check('alice', 'wonder'));
    await turns();
    compare.asked[0]?.answer(true);
    expect(new Set(await Promise.all(verdicts))).to.deep.equal(new Set(['right']));
    expect(compare.asked).to.have.length(1);
  });

  it('remembers 100, and forgets those that were not used for longest', async () => {
    const many = new Map(Array.from({ length: 101 }, (_, i) => [`user-${i}`, new Secret(`$2b$10$pw-${i}`)]));
    for (let i = 0; i < 100; i++) await check(`user-${i}`, `pw-${i}`, many);
    await check('user-0', 'pw-0', many);
    await check('user-100', 'pw-100', many);
    expect(compare.asked).to.have.length(101);
    await check('user-0', 'pw-0', many);
    await check('user-2', 'pw-2', many);
    expect(compare.asked, 'still known').to.have.length(101);
    await check('user-1', 'pw-1', many);
    expect(compare.asked, 'forgotten').to.have.length(102);
  });

  it('does not let wrong passwords push a right one out', async () => {
    await check('alice', 'wonder');
    for (let i = 0; i < 150; i++) await check('alice', `guess-${i}`);
    compare.asked.length = 0;
    await check('alice', 'wonder');
    expect(compare.asked).to.deep.equal([]);
  });

  it('knows a password for the hash that it was right for, and no other', async () => {
    await check('alice', 'wonder');
    expect(await check('alice', 'wonder', new Map([['alice', new Secret('$2b$10$changed')]]))).to.equal('wrong');
    expect(await check('bob', 'wonder', new Map([['bob', new Secret('$2b$10$changed')]]))).to.equal('wrong');
    // Nor may name and password be split elsewhere.
    expect(await check('alice","wonder', '', users)).to.equal('wrong');
  });

  it('compares for one who waits, though others with the same credentials have left, and for none when all have', async () => {
    compare.atOnce = false;
    const gone = new Set<string>();
    const verdicts: Record<string, string> = {};
    for (const [who, password] of [
      ['first', 'x'],
      ['a', 'wonder'],
      ['b', 'wonder'],
      ['c', 'land'],
      ['d', 'land'],
    ] as const) {
      const credentials = { user: 'alice', password: new Secret(password) };
      void auth.check(users, credentials, () => gone.has(who)).then((verdict) => (verdicts[who] = verdict));
    }
    await turns();
    for (const who of ['first', 'a', 'c', 'd']) gone.add(who);
    compare.asked[0]?.answer(false);
    await turns();
    expect(compare.asked.map(({ password }) => password)).to.deep.equal(['x', 'wonder']);
    compare.asked[1]?.answer(true);
    await turns();
    expect(compare.asked).to.have.length(2);
    expect(verdicts['b']).to.equal('right');
    // Whoever comes after them with the same is compared.
    const later = check('alice', 'land');
    await turns();
    compare.asked[2]?.answer(false);
    expect(await later).to.equal('wrong');
  });

  it('keeps neither name nor password in what it remembers', async () => {
    const KEY = /^[A-Za-z0-9+/]{43}=$/;
    const remembered = async (by: BasicAuth): Promise<string[]> => {
      const add = spy(Set.prototype, 'add');
      await by.check(users, { user: 'alice', password: new Secret('wonder') }).finally(() => add.restore());
      return add.args.map(([value]) => String(value));
    };
    const own = await remembered(auth);
    expect(own.join()).not.to.contain('wonder').and.not.to.contain('alice');
    const key = own.find((text) => KEY.test(text));
    expect(key, 'an HMAC of 32 bytes').to.be.a('string');
    const theirs = await remembered(new BasicAuth(compare.compare));
    expect(theirs.some((text) => KEY.test(text))).to.equal(true);
    expect(theirs, 'the key of the hash is each one’s own').not.to.include(key);
  });

  it('fails, and lets nobody in, when the comparison fails; the next one is made', async () => {
    compare.atOnce = false;
    const verdict = check('alice', 'wonder').catch((error: unknown) => (error as Error).message);
    await turns();
    compare.asked[0]?.fail(new Error('no thread'));
    expect(await verdict).to.equal('no thread');
    const next = check('alice', 'wonder');
    await turns();
    compare.asked[1]?.answer(true);
    expect(await next).to.equal('right');
  });
});
