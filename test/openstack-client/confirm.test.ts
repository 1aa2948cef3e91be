import { expect } from 'chai';

import { CollectError, CollectionOver } from '../../src/errors.js';
import { HttpFailure, type HttpAnswer } from '../../src/http/request.js';
import { answer, fail, failure, refusal } from './fake.js';
import { Nova } from './nova.js';

const MINUTE_MS = 60_000;

interface Report {
  instance_id: string;
  state?: string;
  vcpus?: number;
  memory_mb?: number;
}

/** Nova's usage report of all tenants, two rows a page. */
function report(rows: readonly Report[], marker: string | null): HttpAnswer {
  const start = rows.findIndex(({ instance_id: id }) => id === marker) + 1;
  const page = rows.slice(start, start + 2);
  const usages = page.map((row) => ({ state: 'active', vcpus: 1, memory_mb: 1, ...row }));
  const href = `http://x/os-simple-tenant-usage?detailed=1&marker=${page.at(-1)?.instance_id}`;
  const links = page.length === 2 ? { tenant_usages_links: [{ rel: 'next', href }] } : {};
  return answer({ tenant_usages: usages.length > 0 ? [{ server_usages: usages }] : [], ...links });
}

describe('a long listing that is due to be read in full', () => {
  let nova: Nova;
  let launched: Report[];
  let reported: (marker: string | null) => HttpAnswer;

  beforeEach(async () => {
    nova = new Nova();
    nova.bench.cloud.confirmFrom = 3;
    nova.listed = [
      { id: 'a' },
      { id: 'b', status: 'SHUTOFF', flavor: { vcpus: 4, ram: 8 }, tenant_id: 'p2' },
      { id: 'c', status: 'ERROR', 'OS-SRV-USG:launched_at': null },
    ];
    nova.unlaunched = [nova.listed[2]!];
    launched = [{ instance_id: 'a' }, { instance_id: 'b', state: 'stopped', vcpus: 4, memory_mb: 8 }];
    reported = (marker) => report(launched, marker);
    nova.onUsage = (marker) => reported(marker);
    nova.onShow = (id) => ('abc'.includes(id) ? answer({ server: {} }) : fail(refusal(404)));
    await nova.read();
    nova.asked();
    nova.bench.clock.advance(15 * MINUTE_MS);
  });

  const CONFIRM = ['usage', 'usage', 'BUILD,ERROR', 'changes'];
  const expectStates = async (states: string[], asked: string[]): Promise<void> => {
    expect(await nova.states()).to.have.members(states);
    expect(nova.asked()).to.deep.equal(asked);
  };
  const KNOWN = ['a ACTIVE', 'b SHUTOFF', 'c ERROR'];

  it('is confirmed by Nova’s usage report, and then as good as a full one', async () => {
    await expectStates(KNOWN, CONFIRM);
    nova.bench.clock.advance(14 * MINUTE_MS);
    await expectStates(KNOWN, ['changes']);
    nova.bench.clock.advance(MINUTE_MS);
    await expectStates(KNOWN, CONFIRM);
  });

  it('tells when it was confirmed', async () => {
    const reading = nova.reading();
    for await (const page of reading.pages()) expect(page.servers).to.have.length(3);
    expect(reading.isFull).to.equal(false);
    expect(reading.fullAt).to.equal(nova.bench.clock.wall());
  });

  it('is read in full where it is short', async () => {
    nova.bench.cloud.confirmFrom = 4;
    await expectStates(KNOWN, ['full']);
  });

  it('may differ by what changed since, and by what was launched or deleted while it was asked about', async () => {
    nova.changed = [
      { id: 'a', status: 'DELETED' },
      { id: 'b', status: 'VERIFY_RESIZE', flavor: { vcpus: 9, ram: 9 } },
      { id: 'd' },
    ];
    await expectStates(['b VERIFY_RESIZE', 'c ERROR', 'd ACTIVE'], CONFIRM);
  });

  it('takes over a server that was never launched, and that no change told of', async () => {
    nova.unlaunched.push({ id: 'd', status: 'BUILD', 'OS-SRV-USG:launched_at': null });
    await expectStates([...KNOWN, 'd BUILD'], [...CONFIRM, 'BUILD,ERROR']);
  });

  for (const state of ['soft-delete', 'deleted', 'terminated']) {
    it(`leaves out servers that are ${state}`, async () => {
      launched.push({ instance_id: 'x', state }, { instance_id: 'y', state });
      await expectStates(KNOWN, ['usage', ...CONFIRM]);
    });
  }

  describe('is read in full after all, and for an hour, where', () => {
    const FULL = [...CONFIRM, 'full'];
    const cases: Record<string, [act: () => void, asked?: string[]]> = {
      'the report lacks a server': [() => launched.splice(0, 1), ['usage', 'BUILD,ERROR', 'changes', 'full']],
      'vCPUs differ': [() => (launched[1]!.vcpus = 5)],
      'RAM differs': [() => (launched[1]!.memory_mb = 9)],
      'the state is another': [() => (launched[1]!.state = 'active')],
      'a state is none that is known': [() => (launched[0]!.state = 'dreaming')],
      'a server is in the report alone, and there': [
        () => {
          launched.push({ instance_id: 'd' });
          nova.onShow = () => answer({ server: {} });
        },
        ['usage', 'usage', 'BUILD,ERROR', 'changes', 'b', 'd', 'full'],
      ],
      'there are too many of them': [
        () => launched.push(...Array.from({ length: 11 }, (_, i) => ({ instance_id: `d${i}` }))),
        [
          ...Array<string>(7).fill('usage'),
          'BUILD,ERROR',
          'changes',
          'b',
          ...Array.from({ length: 10 }, (_, i) => `d${i}`),
          'full',
        ],
      ],
      'Nova shows this login no other project’s server by its id': [
        () => {
          launched.push({ instance_id: 'd' });
          nova.onShow = () => fail(refusal(404));
        },
        ['usage', 'usage', 'BUILD,ERROR', 'changes', 'b', 'full'],
      ],
      'the report is refused': [() => (reported = () => fail(refusal(403))), ['usage', 'full']],
      'there is no such report': [() => (reported = () => fail(refusal(404))), ['usage', 'full']],
      'a cell is down': [() => (reported = () => fail(refusal(500))), ['usage', 'full']],
      'the report is no report': [
        () => (reported = () => answer({ tenant_usages: [{ server_usages: 1 }] })),
        ['usage', 'full'],
      ],
      'its pages lead round in a circle': [
        () => (reported = () => report([...launched, { instance_id: 'z' }], null)),
        ['usage', 'usage', 'full'],
      ],
    };
    for (const [title, [act, asked = FULL]] of Object.entries(cases)) {
      it(title, async () => {
        act();
        nova.listed = [{ id: 'z' }, { id: 'y' }, { id: 'x' }];
        const states = ['z ACTIVE', 'y ACTIVE', 'x ACTIVE'];
        await expectStates(states, asked);
        for (const minutes of [15, 30]) {
          nova.bench.clock.advance(minutes * MINUTE_MS);
          await expectStates(states, ['full']);
        }
      });
    }
  });

  it('is confirmed by a report that has a server more, which is looked up once, and gone: Nova never noted when', async () => {
    launched.push({ instance_id: 'ghost' });
    const usage = ['usage', 'usage', 'BUILD,ERROR', 'changes'];
    await expectStates(KNOWN, [...usage, 'b', 'ghost']);
    nova.bench.clock.advance(15 * MINUTE_MS);
    await expectStates(KNOWN, usage);
    launched.push({ instance_id: 'ghost 2' });
    nova.bench.clock.advance(15 * MINUTE_MS);
    await expectStates(KNOWN, ['usage', ...usage, 'b', 'ghost%202']);
  });

  it('holds a server against the report that comes to life again, as all others', async () => {
    launched.push({ instance_id: 'ghost' });
    await nova.read();
    nova.changed = [{ id: 'ghost', updated: '2026-11-22T04:35:00Z' }];
    await nova.read();
    nova.changed = [];
    launched[2]!.vcpus = 2;
    nova.asked();
    nova.bench.clock.advance(15 * MINUTE_MS);
    await expectStates(KNOWN, [...CONFIRM, 'full']);
  });

  it('is read in full once an hour, whatever confirms it', async () => {
    for (let quarter = 1; quarter <= 3; quarter += 1) {
      await expectStates(KNOWN, CONFIRM);
      nova.bench.clock.advance(15 * MINUTE_MS);
    }
    await expectStates(KNOWN, ['full']);
    nova.bench.clock.advance(15 * MINUTE_MS);
    await expectStates(KNOWN, CONFIRM);
  });

  it('is read in full where a server was not launched and is neither BUILD nor ERROR: no report tells of it', async () => {
    nova.changed = [{ id: 'c', status: 'ACTIVE', 'OS-SRV-USG:launched_at': null }];
    nova.bench.clock.advance(-MINUTE_MS);
    await nova.read();
    nova.asked();
    nova.bench.clock.advance(MINUTE_MS);
    await expectStates(KNOWN, ['full']);
  });

  it('is read in full once where a server is gone that never was launched', async () => {
    nova.unlaunched = [];
    nova.listed.length = 2;
    nova.listed.push({ id: 'd' });
    launched.push({ instance_id: 'd' });
    const states = ['a ACTIVE', 'b SHUTOFF', 'd ACTIVE'];
    await expectStates(states, [...CONFIRM, 'full']);
    nova.bench.clock.advance(15 * MINUTE_MS);
    await expectStates(states, CONFIRM);
  });

  it('is read in full the next time where the collection ended before it was confirmed', async () => {
    reported = () => fail(new CollectionOver());
    expect(await failure(nova.read())).to.be.instanceOf(CollectionOver);
    nova.asked();
    await expectStates(KNOWN, ['full']);
  });

  it('is not read in full where Nova asks to be left alone', async () => {
    reported = () =>
      fail(new HttpFailure('rate_limited', 'HTTP 429', { kind: 'status', status: 429, retryAfterMs: null }));
    expect((await failure(nova.read())).reason).to.equal('rate_limited');
    expect(nova.asked()).to.deep.equal(['usage']);
  });

  it('is an error where the full listing fails too', async () => {
    nova.onAnswer = () => fail(new CollectError('network', 'cut off'));
    expect((await failure(nova.read())).message).to.equal('cut off');
  });

  it('is that of one project where one is read, with nothing but `{}` for one without servers', async () => {
    nova = new Nova();
    nova.bench.cloud.confirmFrom = 0;
    nova.onUsage = () => answer({ tenant_usage: {} });
    await nova.read(nova.bench.visit(), 'p1');
    nova.bench.http.sent.length = 0;
    nova.bench.clock.advance(15 * MINUTE_MS);
    expect(await nova.read(nova.bench.visit(), 'p1')).to.deep.equal([]);
    const lines = nova.bench.http.lines.filter((line) => line.startsWith('GET')).slice(-3);
    expect(lines).to.deep.equal([
      'GET /os-simple-tenant-usage/p1',
      'GET /servers?status=BUILD&status=ERROR',
      'GET /servers/detail?changes-since=2026-11-22T04%3A15%3A00Z',
    ]);
  });
});
