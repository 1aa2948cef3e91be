import { expect } from 'chai';
import type { CollectError } from '../../src/errors.js';
import { HttpFailure } from '../../src/http/request.js';
import { Ledgers } from '../../src/openstack/ledger.js';
import { Remembered } from '../../src/openstack/remembered.js';
import type { Visit } from '../../src/openstack/visit.js';
import { TestClock } from '../helpers/clock.js';
import { answer as httpAnswer, deferred } from '../openstack-client/fake.js';
import { CloudListing, CloudListings, CloudMemory, type Member } from '../../src/usage/cloud-listing.js';
import { ViewLost } from '../../src/usage/strategy.js';

interface Page {
  ids: string[];
  next?: string;
}
type Trio = [FakeMember, FakeMember, FakeMember];
type Answer = (marker: string | null) => Promise<Page>;

/** A domain whose credential lists by `answer`; a server `p1-x` is of project `p1`. */
class FakeMember implements Member {
  readonly visit: Visit;
  readonly received: string[] = [];
  readonly projects: string[];
  starts = 0;
  requests = 0;

  answer: Answer;

  constructor(projects: string[], answer: Answer, untilResync: Visit['cloud']['untilResync'] = null) {
    this.projects = projects;
    this.answer = answer;
    const compute = async (path: string) => {
      this.requests += 1;
      const { ids, next } = await this.answer(new URLSearchParams(path.split('?')[1]).get('marker'));
      const servers = ids.map((id) => ({
        id,
        tenant_id: id.split('-')[0],
        status: 'ACTIVE',
        flavor: { vcpus: 1, ram: 512 },
        'OS-SRV-USG:launched_at': 'now',
      }));
      const servers_links = next === undefined ? [] : [{ rel: 'next', href: `http://x/?marker=${next}` }];
      return httpAnswer({ servers, servers_links });
    };
    const sharedEndpoint = () => Promise.resolve('http://nova');
    const clock = new TestClock();
    const session = { pageRows: new Remembered(clock), cloudTime: () => null, ledgers: new Ledgers(), logins: 1 };
    const remembered = { microversions: new Remembered(clock), withoutChanges: new Remembered(clock) };
    this.visit = { compute, sharedEndpoint, session, cloud: { ...remembered, clock, untilResync } } as unknown as Visit;
  }

  projectIds = (): string[] => this.projects;
  /** Its projects as they turn out to be when they are read anew. */
  found: string[] = [];
  lookUp(): Promise<boolean> {
    this.projects.push(...this.found.splice(0));
    return Promise.resolve(true);
  }
  receive(servers: { id: string }[]): void {
    this.received.push(...servers.map(({ id }) => id));
  }
  startOver(): void {
    this.starts += 1;
    this.received.length = 0;
  }
}

const all: Answer = () => Promise.resolve({ ids: ['a-1', 'b-1', 'a-2', 'c-1'] });
const fails =
  (reason: 'unavailable' | 'forbidden' | 'auth', status: number): Answer =>
  () =>
    Promise.reject(new HttpFailure(reason, `HTTP ${status}`, { kind: 'status', status, retryAfterMs: null }));
const never: Answer = () => Promise.reject(new Error('this member must not list'));

/** The error that a promise ends with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

describe('cloud listing', () => {
  it('does not take a project for foreign that the lister finds to be its own, and has another one list', async () => {
    const listing = new CloudListing(new CloudMemory());
    const shrunk = new FakeMember(['a'], () => Promise.resolve({ ids: ['a-1', 'new-1'] }));
    shrunk.found.push('new');
    const next = new FakeMember(['b'], all);
    const [lost] = await Promise.all([failure(listing.join(shrunk)), listing.join(next)]);
    expect(lost).to.be.instanceOf(ViewLost);
    expect(next.received).to.deep.equal(['b-1']);
  });

  it('lists once for all members, and gives each the servers of its projects', async () => {
    const listing = new CloudListing(new CloudMemory());
    const [a, b, c] = [new FakeMember(['a'], all), new FakeMember(['b', 'b2'], never), new FakeMember(['c'], never)];
    await Promise.all([a, b, c].map((member) => listing.join(member)));
    expect([a, b, c].map(({ received }) => received)).to.deep.equal([['a-1', 'a-2'], ['b-1'], ['c-1']]);
    expect([a, b, c].map(({ requests }) => requests)).to.deep.equal([1, 0, 0]);
  });

  it('lets the same member list as the last time, if it is there, since it needs to ask for changes only', async () => {
    const memory = new CloudMemory();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => new FakeMember([id], all, () => 900_000)) as Trio;
    const lists = async (...members: FakeMember[]): Promise<number[]> => {
      const listing = new CloudListing(memory);
      await Promise.all(members.map((member) => listing.join(member)));
      return [a, b, c].map(({ requests }) => requests);
    };
    expect(await lists(b)).to.deep.equal([0, 1, 0]);
    expect(await lists(a, b, c)).to.deep.equal([0, 2, 0]);
    expect(await lists(a, c)).to.deep.equal([1, 2, 0]);
    expect(await lists(c, b, a)).to.deep.equal([2, 2, 0]);
  });

  it('gives a member that joins late the pages that came before, and a member that joins last all of them', async () => {
    const listing = new CloudListing(new CloudMemory());
    const asked = deferred<null>();
    const second = deferred<Page>();
    const first = new FakeMember(['a'], (marker) => {
      if (marker === null) return Promise.resolve({ ids: ['a-1', 'b-1'], next: 'b-1' });
      asked.resolve(null);
      return second.promise;
    });
    const late = new FakeMember(['b'], never);
    const joined = listing.join(first);
    // A listing that fails before is the test's failure.
    await Promise.race([asked.promise, joined]);
    const lateJoined = listing.join(late);
    expect(late.received).to.deep.equal(['b-1']);
    second.resolve({ ids: ['b-2'] });
    await Promise.all([joined, lateJoined]);
    expect(late.received).to.deep.equal(['b-1', 'b-2']);

    const last = new FakeMember(['b'], never);
    await listing.join(last);
    expect(last.received).to.deep.equal(['b-1', 'b-2']);
    expect(first.requests).to.equal(2);
  });

  it('lets the next member repeat a listing that failed, from the start, and doubles nothing', async () => {
    const listing = new CloudListing(new CloudMemory());
    const a = new FakeMember(['a'], (marker) =>
      marker === null ? Promise.resolve({ ids: ['a-1', 'b-1'], next: 'b-1' }) : fails('unavailable', 500)(marker),
    );
    const b = new FakeMember(['b'], all);
    await Promise.all([listing.join(a), listing.join(b)]);
    expect([a.received, b.received]).to.deep.equal([['a-1', 'a-2'], ['b-1']]);
    expect([a.starts, b.starts]).to.deep.equal([1, 1]);
    const late = new FakeMember(['b'], never);
    await listing.join(late);
    expect(late.received).to.deep.equal(['b-1']);
  });

  it('is an error of all members, and of those to come, once two failed', async () => {
    const listing = new CloudListing(new CloudMemory());
    const members = [
      new FakeMember(['a'], fails('unavailable', 500)),
      new FakeMember(['b'], fails('unavailable', 503)),
      new FakeMember(['c'], never),
    ];
    const errors = await Promise.all(members.map((member) => failure(listing.join(member))));
    expect(errors.map((error) => (error as HttpFailure).status)).to.deep.equal([503, 503, 503]);
    const late = await failure(listing.join(new FakeMember(['d'], never)));
    expect((late as HttpFailure).status).to.equal(503);
  });

  it('lets a member that joins after the only one failed list once more', async () => {
    const listing = new CloudListing(new CloudMemory());
    const a = await failure(listing.join(new FakeMember(['a'], fails('unavailable', 500))));
    expect((a as HttpFailure).status).to.equal(500);
    const b = new FakeMember(['b'], all);
    await listing.join(b);
    expect(b.received).to.deep.equal(['b-1']);
  });

  it('puts out a lister that is forbidden, and goes on for the others', async () => {
    const listing = new CloudListing(new CloudMemory());
    const [a, b] = [new FakeMember(['a'], fails('forbidden', 403)), new FakeMember(['b'], all)];
    const [error] = await Promise.all([failure(listing.join(a)), listing.join(b)]);
    expect(error).to.be.instanceOf(ViewLost).with.property('view', 'unknown');
    expect(b.received).to.deep.equal(['b-1']);
  });

  it('puts out a lister that sees only itself, whose listing would be the zero of all others', async () => {
    const listing = new CloudListing(new CloudMemory());
    const a = new FakeMember(['a'], () => Promise.resolve({ ids: ['a-1', 'a-2'] }));
    const b = new FakeMember(['b'], all);
    const [error] = await Promise.all([failure(listing.join(a)), listing.join(b)]);
    expect(error).to.be.instanceOf(ViewLost);
    expect(a.received).to.deep.equal([]);
    expect(b.received).to.deep.equal(['b-1']);
  });

  it('fails only the lister itself where its login fails', async () => {
    const listing = new CloudListing(new CloudMemory());
    const [a, b] = [new FakeMember(['a'], fails('auth', 401)), new FakeMember(['b'], all)];
    const [error] = await Promise.all([failure(listing.join(a)), listing.join(b)]);
    expect((error as CollectError).reason).to.equal('auth');
    expect(b.received).to.deep.equal(['b-1']);
  });

  it('tells of projects that are nobody’s until all members have looked them up, and then knows them', async () => {
    const memory = new Map<string, CloudMemory>();
    const known = (): string[] => [...(memory.get('cloud')?.foreign ?? [])];
    const [a, b] = [new FakeMember(['a'], all), new FakeMember(['b'], all)];
    for (const isFirst of [true, false]) {
      const listing = new CloudListings(memory).get('cloud');
      await Promise.all([listing.join(a), listing.join(b)]);
      expect([listing.isKnownTo(a), listing.isKnownTo(b)], 'c is nobody’s').to.deep.equal([!isFirst, !isFirst]);
      listing.settle(a, true);
      expect(known(), 'one has not looked yet').to.deep.equal(isFirst ? [] : ['c']);
      listing.settle(b, true);
      expect(known()).to.deep.equal(['c']);
    }
  });

  it('lets one look that was away when the others called a project foreign', async () => {
    const memory = new CloudMemory();
    const [a, b] = [new FakeMember(['a'], all), new FakeMember(['b'], all)];
    const without = new CloudListing(memory);
    await without.join(a);
    without.settle(a, true);
    expect([...memory.foreign]).to.deep.equal(['b', 'c']);
    const listing = new CloudListing(memory);
    await Promise.all([listing.join(a), listing.join(b)]);
    expect([listing.isKnownTo(a), listing.isKnownTo(b)]).to.deep.equal([true, false]);
    b.found = ['c'];
    await b.lookUp();
    listing.adopt(b);
    expect(b.received).to.deep.equal(['b-1', 'c-1']);
  });

  it('is proven for a member by its own login, or by servers of it that it holds', async () => {
    const memory = new CloudMemory();
    const [a, b] = [new FakeMember(['a'], all), new FakeMember(['b'], never)];
    const rows = [['a-1', 'c-1'], ['a-1', 'b-1', 'c-1'], ['c-1']];
    a.answer = () => Promise.resolve({ ids: rows.shift()! });
    for (const [shown, what] of [
      [[true, false], 'nothing of b yet'],
      [[true, true], 'a server of b'],
      [[true, false], 'nothing any more'],
    ] as const) {
      const listing = new CloudListing(memory);
      await Promise.all([listing.join(a), listing.join(b)]);
      expect([listing.shows(a), listing.shows(b)], what).to.deep.equal(shown);
    }
  });

  it('remembers nothing while a member could not look it up', async () => {
    const memory = new CloudMemory();
    const listing = new CloudListing(memory);
    const members = [new FakeMember(['a'], all), new FakeMember(['b'], all)] as const;
    await Promise.all(members.map((member) => listing.join(member)));
    listing.settle(members[0], false);
    listing.settle(members[1], true);
    expect([...memory.foreign]).to.deep.equal([]);
  });

  it('gives a member that learnt of a new project the servers that nobody wanted before', async () => {
    const listing = new CloudListing(new CloudMemory());
    const a = new FakeMember(['a'], all);
    await listing.join(a);
    expect(listing.isKnownTo(a)).to.equal(false);
    a.projects.push('b', 'c');
    listing.adopt(a);
    expect(a.received).to.deep.equal(['a-1', 'a-2', 'b-1', 'c-1']);
    expect(listing.isKnownTo(a)).to.equal(true);
    listing.adopt(a);
    expect(a.received).to.have.length(4);
  });

  it('is one for each cloud in a collection, and a new one in the next', () => {
    const memory = new Map<string, CloudMemory>();
    const listings = new CloudListings(memory);
    expect(listings.get('x')).to.equal(listings.get('x'));
    expect(listings.get('x')).not.to.equal(listings.get('y'));
    expect(new CloudListings(memory).get('x')).not.to.equal(listings.get('x'));
  });
});
