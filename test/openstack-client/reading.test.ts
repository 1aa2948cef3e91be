import { expect } from 'chai';

import { CollectError, CollectionOver } from '../../src/errors.js';
import { Lifetime } from '../../src/http/lifetime.js';
import { Reading } from '../../src/openstack/reading.js';
import { answer, ask, fail, failure, refusal } from './fake.js';
import { Nova, query } from './nova.js';

const MINUTE_MS = 60_000;

describe('a reading of servers', () => {
  let nova: Nova;
  beforeEach(() => (nova = new Nova()));

  it('is in full at first, and of what changed from then on, since five minutes before the last one', async () => {
    nova.listed = [{ id: 'a' }, { id: 'b' }];
    expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b ACTIVE']);
    nova.bench.clock.advance(MINUTE_MS);
    nova.changed = [{ id: 'b', status: 'SHUTOFF' }, { id: 'c' }];
    expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b SHUTOFF', 'c ACTIVE']);
    nova.bench.clock.advance(MINUTE_MS);
    nova.changed = [];
    expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b SHUTOFF', 'c ACTIVE']);
    const lines = nova.bench.http.lines.filter((line) => line.startsWith('GET'));
    expect(lines).to.deep.equal([
      'GET /servers/detail?all_tenants=1',
      'GET /servers/detail?all_tenants=1&changes-since=2026-11-22T04%3A15%3A00Z',
      'GET /servers/detail?all_tenants=1&changes-since=2026-11-22T04%3A16%3A00Z',
    ]);
  });

  it('takes the time before a slow answer, by which its rows may be', async () => {
    nova.onAnswer = () => nova.bench.clock.advance(90_000);
    await nova.read();
    await nova.read();
    expect(query(nova.bench.http.sent.at(-1)!).get('changes-since')).to.equal('2026-11-22T04:15:00Z');
  });

  it('goes by our clock where the cloud’s is ahead of it', async () => {
    nova.aheadMs = 60 * MINUTE_MS;
    await nova.read();
    await nova.read();
    expect(query(nova.bench.http.sent.at(-1)!).get('changes-since')).to.equal('2026-11-22T04:25:00Z');
  });

  it('takes over a new size', async () => {
    nova.listed = [{ id: 'a' }];
    await nova.read();
    nova.changed = [{ id: 'a', status: 'VERIFY_RESIZE', flavor: { vcpus: 4, ram: 8 } }];
    expect((await nova.read())[0]).to.include({ vcpus: 4, ramMb: 8 });
  });

  for (const status of ['DELETED', 'SOFT_DELETED']) {
    it(`lets go of what is ${status}, and has it again when it is restored`, async () => {
      nova.listed = [{ id: 'a' }, { id: 'b' }];
      await nova.read();
      nova.changed = [
        { id: 'b', status },
        { id: 'never seen', status },
      ];
      expect(await nova.states()).to.deep.equal(['a ACTIVE']);
      nova.changed = [{ id: 'b' }];
      expect(await nova.states()).to.have.members(['a ACTIVE', 'b ACTIVE']);
    });
  }

  describe('with servers that are being built', () => {
    beforeEach(async () => {
      nova.listed = [{ id: 'a' }, { id: 'b', status: 'BUILD' }];
      await nova.read();
      nova.asked();
    });

    it('looks up first whether there are these, whatever their number of pages, and then what changed', async () => {
      const [first, ...others] = [{ id: 'x' }, { id: 'b' }];
      const quick = nova.bench.onGet;
      nova.bench.onGet = (sent) => {
        const asked = query(sent);
        if (!asked.has('status') || sent.line.includes('/detail')) return quick(sent);
        const href = 'http://x/servers?status=BUILD&marker=x';
        if (!asked.has('marker')) return answer({ servers: [first], servers_links: [{ rel: 'next', href }] });
        return answer({ servers: others });
      };
      nova.building = [
        { id: 'b', status: 'BUILD' },
        { id: 'x', status: 'BUILD' },
      ];
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b BUILD', 'x BUILD']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'BUILD', 'changes', 'BUILD']);
    });

    it('lists in full where one that was not known was built behind what changed', async () => {
      const quick = nova.bench.onGet;
      nova.bench.onGet = (sent) => {
        const isNames = query(sent).has('status') && !sent.line.includes('/detail');
        return isNames ? answer({ servers: [{ id: 'b' }, { id: 'x' }] }) : quick(sent);
      };
      nova.building = [{ id: 'b', status: 'BUILD' }];
      nova.listed = [{ id: 'a' }, { id: 'b', status: 'BUILD' }, { id: 'x' }];
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b BUILD', 'x ACTIVE']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'changes', 'BUILD', 'full']);
    });

    it('looks them up with all that they are where names alone are refused', async () => {
      nova.building = [{ id: 'b', status: 'BUILD' }];
      nova.onAnswer = ({ line }) => {
        if (line.includes('/servers?')) fail(refusal(403));
      };
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b BUILD']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'BUILD', 'changes']);
    });

    it('is an error where pages of these lead round in a circle', async () => {
      const href = 'http://x/servers?status=BUILD&marker=x';
      const quick = nova.bench.onGet;
      nova.bench.onGet = (sent) =>
        query(sent).has('status')
          ? answer({ servers: [{ id: 'b' }], servers_links: [{ rel: 'next', href }] })
          : quick(sent);
      expect((await failure(nova.read())).message).to.equal('servers: the next link does not advance');
    });

    it('looks these up first, and then what changed', async () => {
      nova.building = [{ id: 'b', status: 'BUILD' }];
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b BUILD']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'changes']);
    });

    it('lists in full where neither shows one, which is gone, or its cell down', async () => {
      nova.listed = [{ id: 'a' }];
      expect(await nova.states()).to.deep.equal(['a ACTIVE']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'changes', 'full']);
      await nova.read();
      expect(nova.asked()).to.deep.equal(['changes']);
    });

    it('takes the later answer where one was built in between', async () => {
      nova.building = [{ id: 'b', status: 'BUILD' }];
      nova.changed = [{ id: 'b' }];
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b ACTIVE']);
    });

    it('adds one that is being built and was not known', async () => {
      nova.building = [
        { id: 'b', status: 'BUILD' },
        { id: 'c', status: 'BUILD' },
      ];
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b BUILD', 'c BUILD']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'changes', 'BUILD']);
      expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b BUILD', 'c BUILD']);
      expect(nova.asked()).to.deep.equal(['BUILD', 'changes']);
    });
  });

  describe('is in full again', () => {
    beforeEach(async () => {
      nova.listed = [{ id: 'a' }];
      await nova.read();
      nova.asked();
      nova.listed = [{ id: 'z' }];
    });

    const expectFull = async (asked: string[] = ['full']): Promise<void> => {
      expect(await nova.states()).to.deep.equal(['z ACTIVE']);
      expect(nova.asked()).to.deep.equal(asked);
    };

    it('after the resync interval, however often changes were read', async () => {
      for (let minute = 1; minute < 15; minute += 1) {
        nova.bench.clock.advance(MINUTE_MS);
        expect(await nova.states()).to.deep.equal(['a ACTIVE']);
      }
      nova.asked();
      nova.bench.clock.advance(MINUTE_MS);
      await expectFull();
    });

    it('more than half an hour after the last one', async () => {
      nova.bench.cloud.untilResync = () => 24 * 60 * MINUTE_MS;
      nova.bench.session.ledgers.clear();
      await nova.read();
      nova.asked();
      nova.bench.clock.advance(30 * MINUTE_MS);
      await nova.read();
      expect(nova.asked()).to.deep.equal(['changes']);
      nova.bench.clock.advance(30 * MINUTE_MS + 1);
      await expectFull();
    });

    it('after a new login, which may see more or less', async () => {
      nova.bench.revoke();
      await expectFull(['changes', 'changes', 'full']);
    });

    it('where a project has come or gone', async () => {
      nova.bench.session.keepOnly(new Set(['home']));
      await expectFull();
      nova.bench.session.keepOnly(new Set(['home']));
      await nova.read();
      expect(nova.asked()).to.deep.equal(['changes']);
      nova.bench.session.keepOnly(new Set(['home', 'new']));
      await expectFull();
    });

    it('at once where a row has no flavor', async () => {
      nova.changed = [{ id: 'a', flavor: null }];
      await expectFull(['changes', 'full']);
    });

    it('at once where a server of a project is there of which there was none', async () => {
      nova.changed = [{ id: 'b', tenant_id: 'new', status: 'DELETED' }];
      expect(await nova.states()).to.deep.equal(['a ACTIVE']);
      nova.asked();
      nova.changed = [{ id: 'b', tenant_id: 'new' }];
      await expectFull(['changes', 'full']);
    });

    it('at once where the cloud’s clock went back', async () => {
      nova.aheadMs = -5 * MINUTE_MS - 1000;
      await expectFull(['changes', 'full']);
    });

    const ignore = (): void => void (nova.changed = [{ id: 'a', updated: '2026-11-22T04:14:59Z' }]);
    const refuse = (): void => {
      nova.onAnswer = (sent) => {
        if (query(sent).has('changes-since')) fail(refusal(400));
      };
    };
    for (const [what, act] of [
      ['does not know of changes, and shows what is older', ignore],
      ['refuses to tell of changes', refuse],
    ] as const) {
      it(`at once where Nova ${what}; and is not asked for an hour`, async () => {
        act();
        await expectFull(['changes', 'full']);
        await expectFull();
        nova.bench.clock.advance(59 * MINUTE_MS);
        await expectFull();
        nova.bench.clock.advance(MINUTE_MS);
        await expectFull();
        await expectFull(['changes', 'full']);
      });
    }

    for (const status of [403, 500, 503]) {
      it(`after a reading that ended with ${status}`, async () => {
        nova.onAnswer = () => fail(refusal(status));
        expect((await failure(nova.read())).status).to.equal(status);
        nova.onAnswer = () => undefined;
        nova.asked();
        await expectFull();
      });
    }
  });

  it('is of changes still after a collection that ended before its time', async () => {
    nova.listed = [{ id: 'a' }];
    await nova.read();
    const life = new Lifetime();
    nova.onAnswer = () => fail(new CollectionOver());
    await failure(nova.read(nova.bench.visit(ask(life))));
    nova.onAnswer = () => undefined;
    nova.asked();
    expect(await nova.states()).to.deep.equal(['a ACTIVE']);
    expect(nova.asked()).to.deep.equal(['changes']);
  });

  it('is always in full where that is wanted', async () => {
    nova.bench.cloud.untilResync = null;
    await nova.read();
    await nova.read();
    expect(nova.asked()).to.deep.equal(['full', 'full']);
  });

  it('is always in full where a cell is down', async () => {
    nova.listed = [{ id: 'a', flavor: null }];
    await nova.read();
    await nova.read();
    expect(nova.asked()).to.deep.equal(['full', 'full']);
  });

  it('goes by the time of the login where answers tell none', async () => {
    nova.hasDate = false;
    nova.bench.clock.advance(MINUTE_MS);
    await nova.bench.visit().login();
    nova.bench.clock.advance(10 * MINUTE_MS);
    await nova.read();
    await nova.read();
    // Issued at 4:30, whatever our clock showed then.
    expect(query(nova.bench.http.sent.at(-1)!).get('changes-since')).to.equal('2026-11-22T04:35:00Z');
  });

  it('keeps what a domain wants apart from what the cloud wants', async () => {
    for (const of of ['domain', 'cloud', 'domain'] as const)
      for await (const page of new Reading(nova.bench.visit(), of).pages()) expect(page.servers).to.deep.equal([]);
    expect(nova.asked()).to.deep.equal(['full', 'full', 'changes']);
  });

  it('keeps the listings of projects apart, and of those alone that there are', async () => {
    nova.bench.session.keepOnly(new Set(['p1', 'p2']));
    for (const id of ['p1', 'p2']) await nova.read(nova.bench.visit(), id);
    nova.asked();
    nova.bench.session.keepOnly(new Set(['p2', 'p3']));
    for (const id of ['p1', 'p2']) await nova.read(nova.bench.visit(), id);
    expect(nova.asked()).to.deep.equal(['full', 'changes']);
  });

  it('remembers nothing of a listing that nobody wanted to its end, unless it is told the rest', async () => {
    nova.listed = [{ id: 'a' }];
    const begin = async (): Promise<Reading> => {
      const reading = new Reading(nova.bench.visit(), 'cloud');
      for await (const page of reading.pages()) {
        expect(page.servers).to.have.length(1);
        break;
      }
      expect(reading.isFull).to.equal(true);
      return reading;
    };
    const [row] = await nova.read(nova.bench.visit(), 'other');
    nova.asked();
    await begin();
    (await begin()).keep([row!, { ...row!, id: 'b' }]);
    expect(await nova.states()).to.deep.equal(['a ACTIVE', 'b ACTIVE']);
    expect(nova.asked()).to.deep.equal(['full', 'full', 'changes']);
  });

  it('is not undone by one that began before it', async () => {
    nova.listed = [{ id: 'a' }];
    await nova.read();
    let answerFirst: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (answerFirst = resolve));
    const quick = nova.bench.onGet;
    nova.changed = [{ id: 'a', status: 'SHUTOFF' }];
    nova.bench.onGet = async (sent) => {
      const before = await quick(sent);
      await gate;
      return before;
    };
    const slow = nova.read();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    nova.bench.onGet = quick;
    nova.bench.clock.advance(1000);
    nova.changed = [{ id: 'a', status: 'DELETED' }];
    expect(await nova.states()).to.deep.equal([]);
    answerFirst();
    expect(await slow).to.deep.equal([]);
    nova.changed = [];
    expect(await nova.states()).to.deep.equal([]);
  });

  it('ends with what ends a listing', async () => {
    nova.onAnswer = () => fail(new CollectError('bad_response', 'nonsense'));
    expect((await failure(nova.read())).message).to.equal('nonsense');
  });
});
