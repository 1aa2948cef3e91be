import { expect } from 'chai';
import fc from 'fast-check';
import { CollectError } from '../../src/errors.js';
import type { Server } from '../../src/openstack/compute.js';
import { snapshotErrors, takeSnapshot, type Snapshot } from '../../src/snapshot/snapshot.js';
import { isInUse, type Counting } from '../../src/usage/counting.js';
import { Progress } from '../../src/usage/progress.js';
import { makeDomain } from '../helpers/domains.js';

const server = (id: string, change: Partial<Server> = {}): Server => ({
  id,
  projectId: 'p',
  status: 'ACTIVE',
  launched: true,
  vcpus: 1,
  ramMb: 512,
  flavor: 'small',
  ...change,
});

/** A domain that has finished, with these servers. */
function done(servers: Server[] = []): Progress {
  const progress = new Progress();
  progress.strategy = 'domain-list';
  progress.stage = 'servers';
  progress.addServers(servers);
  progress.finishedAt = 2000;
  return progress;
}

function failed(): Progress {
  const progress = new Progress();
  progress.fail(new CollectError('auth', 'refused', { status: 401 }));
  progress.finishedAt = 1500;
  return progress;
}

interface Rest {
  counting?: Counting;
  countFlavors?: boolean;
  problems?: { line: number; message: string }[];
}

function take(
  progresses: Progress[],
  { counting = 'allocated', countFlavors = false, problems = [] }: Rest = {},
): Snapshot {
  return takeSnapshot({
    collectedAt: 0,
    startedAt: 1000,
    now: 3000,
    counting,
    countFlavors,
    problems,
    domains: progresses.map((progress, i) => ({ domain: makeDomain(`d${i}`), progress })),
  });
}

describe('snapshot', () => {
  it('is complete with a total of 0 for an empty file', () => {
    expect(take([])).to.deep.include({ complete: true, totals: { vcpus: 0, ramMb: 0, servers: 0 } });
  });

  it('is complete for domains that are well, empty ones included', () => {
    const snapshot = take([done([server('a'), server('b')]), done()]);
    expect(snapshot).to.deep.include({ complete: true, totals: { vcpus: 2, ramMb: 1024, servers: 2 } });
    expect(snapshot.domains[1]).to.deep.include({ result: 'ok', usage: { vcpus: 0, ramMb: 0 }, servers: 0 });
  });

  it('has no totals when there are domains and not one could be collected', () => {
    expect(take([failed(), failed()])).to.deep.include({ complete: false, totals: null });
  });

  it('has no figures for a failed domain, and totals over the others', () => {
    const snapshot = take([failed(), done([server('a')])]);
    expect(snapshot.domains[0]).to.deep.include({
      result: 'failed',
      usage: null,
      servers: null,
      byStatus: null,
      byProject: [],
      projects: null,
      strategy: null,
    });
    expect(snapshot).to.deep.include({ complete: false, totals: { vcpus: 1, ramMb: 512, servers: 1 } });
  });

  it('is not complete while a line of the file is bad, though each domain is well', () => {
    const snapshot = take([done()], { problems: [{ line: 7, message: 'no id' }] });
    expect(snapshot.complete).to.equal(false);
    expect(snapshot.domains[0]?.result).to.equal('ok');
  });

  it('counts what was read of a domain that had not finished, and says that it had not', () => {
    const open = done([server('a')]);
    open.finishedAt = null;
    const [domain] = take([open]).domains;
    expect(domain).to.deep.include({ result: 'partial', usage: { vcpus: 1, ramMb: 512 }, durationSeconds: 2 });
    expect(domain?.errors.map(({ stage, reason, status, count }) => [stage, reason, status, count])).to.deep.equal([
      ['servers', 'timeout', null, 1],
    ]);
  });

  it('fails a domain that had not read anything yet, at the stage where it was', () => {
    const open = new Progress();
    open.stage = 'projects';
    const [domain] = take([open]).domains;
    expect(domain?.result).to.equal('failed');
    expect(domain?.errors.map(({ stage, reason }) => `${stage} ${reason}`)).to.deep.equal(['projects timeout']);
  });

  it('tells a request’s timeout and that of the scrape as one error where they are alike', () => {
    const open = done([server('a')]);
    open.finishedAt = null;
    open.fail(new CollectError('timeout', 'GET /servers/detail: no answer in 20 s'));
    const [domain] = take([open]).domains;
    expect(domain?.errors).to.have.length(1);
    expect(domain?.errors[0]).to.include({ count: 2 });
    expect(domain?.errors[0]?.message).to.match(/^GET .*; not finished/);
  });

  it('measures each domain from the start of the collection to its own end', () => {
    const snapshot = take([done(), failed()]);
    expect(snapshot.durationSeconds).to.equal(2);
    expect(snapshot.domains.map(({ durationSeconds }) => durationSeconds)).to.deep.equal([1, 0.5]);
  });

  it('counts a server once, for the first domain of the file, and each other domain names that one', () => {
    const twice = [server('a', { vcpus: 4 }), server('b', { vcpus: 2 })];
    const snapshot = take([done([twice[0] as Server]), done(twice), done(twice)]);
    expect(snapshot.domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([4, 2, 0]);
    expect(snapshot.totals).to.deep.include({ vcpus: 6, servers: 2 });
    expect(snapshot.domains[0]?.errors).to.deep.equal([]);
    for (const domain of snapshot.domains.slice(1)) {
      expect(domain.errors).to.have.length(1);
      expect(domain.errors[0]).to.include({ stage: 'servers', reason: 'incomplete', status: null });
      expect(domain.errors[0]?.message).to.contain('"d0"');
    }
    expect(snapshot.domains[2]?.errors[0]?.message).to.contain('"d1"');
    expect(snapshot.domains[2]?.errors[0]?.count).to.equal(2);
    expect(snapshot.domains[2]?.byStatus?.size).to.equal(0);
  });

  it('counts a project’s quota counters once, too, but not those of another cloud', () => {
    const limits = (endpoint: string): Progress => {
      const progress = done();
      progress.strategy = 'project-limits';
      progress.limits.set('p', { vcpus: 3, ramMb: 64, endpoint });
      return progress;
    };
    const snapshot = take([limits('x'), limits('x'), limits('y')], { counting: 'quota' });
    expect(snapshot.domains.map(({ usage }) => usage?.vcpus)).to.deep.equal([3, 0, 3]);
    expect(snapshot.domains.map(({ result }) => result)).to.deep.equal(['ok', 'partial', 'ok']);
    expect(snapshot.totals).to.deep.equal({ vcpus: 6, ramMb: 128, servers: null });
  });

  it('has no number of servers where one domain does not see them', () => {
    const limits = done();
    limits.strategy = 'project-limits';
    const snapshot = take([limits, done([server('a')])], { counting: 'quota' });
    expect(snapshot.domains.map(({ servers, byStatus }) => [servers, byStatus?.size])).to.deep.equal([
      [null, undefined],
      [1, 1],
    ]);
    expect(snapshot.totals?.servers).to.equal(null);
  });

  it('shows every status, counts UNKNOWN nowhere, and calls it incomplete', () => {
    const servers = [
      server('a'),
      server('b', { status: 'SHELVED_OFFLOADED' }),
      server('c', { status: 'UNKNOWN', vcpus: 0, ramMb: 0 }),
      server('d', { status: 'UNKNOWN', vcpus: 0, ramMb: 0 }),
    ];
    for (const counting of ['allocated', 'quota', 'running'] as const) {
      const [domain] = take([done(servers)], { counting }).domains;
      expect(Object.fromEntries(domain?.byStatus ?? [])).to.deep.equal({ ACTIVE: 1, SHELVED_OFFLOADED: 1, UNKNOWN: 2 });
      expect(domain?.servers).to.equal(counting === 'quota' ? 2 : 1);
      expect(domain).to.include({ result: 'partial' });
      expect(domain?.errors).to.have.length(1);
      expect(domain?.errors[0]).to.include({ reason: 'incomplete', stage: 'servers', count: 2 });
    }
  });

  it('gives each project of the domain its part, 0 included', () => {
    const progress = done([server('a'), server('b', { projectId: 'q', vcpus: 7 }), server('c', { vcpus: 2 })]);
    progress.projects = new Map(
      ['p', 'q', 'r'].map((id) => [id, { id, name: id.toUpperCase(), enabled: true, domainId: 'd' }]),
    );
    progress.noteRead(progress.projects.keys());
    expect(take([progress]).domains[0]?.byProject).to.deep.equal([
      { id: 'p', name: 'P', vcpus: 3, ramMb: 1024, serversByFlavor: null },
      { id: 'q', name: 'Q', vcpus: 7, ramMb: 512, serversByFlavor: null },
      { id: 'r', name: 'R', vcpus: 0, ramMb: 0, serversByFlavor: null },
    ]);
  });

  it('has no figure, rather than 0, for a project that was not read', () => {
    const progress = done([server('a')]);
    progress.fail(new CollectError('unavailable', 'project "R"', { status: 500 }));
    progress.noteRead(['q']);
    progress.projects = new Map(['p', 'q', 'r'].map((id) => [id, { id, name: id, enabled: true, domainId: 'd' }]));
    expect(take([progress]).domains[0]?.byProject.map(({ id, vcpus }) => [id, vcpus])).to.deep.equal([
      ['p', 1],
      ['q', 0],
    ]);
  });

  it('measures to the millisecond', () => {
    const progress = done();
    progress.finishedAt = 1000 + 1234.56789;
    expect(take([progress]).domains[0]?.durationSeconds).to.equal(1.235);
  });

  it('does not change when the collection goes on', () => {
    const progress = done([server('a')]);
    progress.projects = new Map();
    const snapshot = take([progress]);
    const shown = (): unknown =>
      snapshot.domains.map(({ usage, servers, byStatus, projects, errors, result, durationSeconds }) =>
        structuredClone({ usage, servers, byStatus, projects, errors, result, durationSeconds }),
      );
    const before = shown();
    progress.addServers([server('b')]);
    progress.fail(new CollectError('timeout', 'late'));
    progress.finishedAt = 9000;
    expect(shown()).to.deep.equal(before);
  });

  it('lists errors in the order of the file, those of bad lines last', () => {
    const problems = [{ line: 7, message: 'no id' }];
    const errors = snapshotErrors(take([failed(), done(), failed()], { problems }));
    expect(errors.map(({ domain, line }) => [domain, line])).to.deep.equal([
      ['d0', undefined],
      ['d2', undefined],
      [null, 7],
    ]);
    expect(errors[2]).to.deep.equal({
      domain: null,
      line: 7,
      stage: 'config',
      reason: 'config',
      status: null,
      count: 1,
      message: 'no id',
    });
  });
});

describe('servers by flavor', () => {
  const projects = new Map(['p', 'q'].map((id) => [id, { id, name: id, enabled: true, domainId: 'd' }]));
  const servers = [
    server('a'),
    server('b', { flavor: 'large' }),
    server('c', { flavor: 'large' }),
    server('d', { flavor: 'large', status: 'SHELVED_OFFLOADED' }),
    server('e', { projectId: 'q', flavor: '' }),
  ];
  const flavorsOf = (progress: Progress, countFlavors: boolean): unknown[] => {
    const [domain] = take([Object.assign(progress, { projects })], { countFlavors }).domains;
    return domain!.byProject.map(({ serversByFlavor }) => serversByFlavor && Object.fromEntries(serversByFlavor));
  };

  it('are those that count, of each project, where they are asked for', () => {
    expect(flavorsOf(done(servers), true)).to.deep.equal([{ small: 1, large: 2 }, { '': 1 }]);
    expect(flavorsOf(done(servers), false)).to.deep.equal([null, null]);
  });

  it('are not known where quota counters are read', () => {
    const progress = done();
    progress.strategy = 'project-limits';
    for (const id of projects.keys()) progress.limits.set(id, { endpoint: 'e', vcpus: 1, ramMb: 1 });
    progress.noteRead(projects.keys());
    expect(flavorsOf(progress, true)).to.deep.equal([null, null]);
  });

  it('are counted for one domain only, as all else is', () => {
    const [first, second] = [done(servers), Object.assign(done(servers), { projects })];
    second.noteRead(projects.keys());
    const { domains } = take([first, second], { countFlavors: true });
    expect(domains[1]?.byProject.map(({ serversByFlavor }) => serversByFlavor?.size)).to.deep.equal([0, 0]);
  });
});

const STATUSES = ['ACTIVE', 'SHUTOFF', 'ERROR', 'SHELVED_OFFLOADED', 'UNKNOWN', 'DELETED'];
const anyServer = fc.record({
  // Few ids, so that domains see each other's servers.
  id: fc.integer({ min: 0, max: 15 }).map(String),
  projectId: fc.constantFrom('p', 'q'),
  status: fc.constantFrom(...STATUSES),
  launched: fc.boolean(),
  vcpus: fc.integer({ min: 0, max: 99 }),
  ramMb: fc.integer({ min: 0, max: 99 }),
  flavor: fc.constantFrom('small', 'large', ''),
});
const anyProgress = fc
  .record({ servers: fc.option(fc.array(anyServer, { maxLength: 8 })), fails: fc.boolean(), ends: fc.boolean() })
  .map(({ servers, fails, ends }) => {
    const progress = servers ? done(servers) : new Progress();
    if (fails || !servers) progress.fail(new CollectError('unavailable', 'x'));
    progress.finishedAt = ends ? 2000 : null;
    return progress;
  });
const anyInput = fc.record({
  progresses: fc.array(anyProgress, { maxLength: 5 }),
  problems: fc.array(fc.record({ line: fc.nat(), message: fc.string() }), { maxLength: 1 }),
  counting: fc.constantFrom<Counting>('allocated', 'quota', 'running'),
});

describe('snapshot, whatever was read', () => {
  it('has totals that are the sum over its domains, or none', () => {
    fc.assert(
      fc.property(anyInput, ({ progresses, ...rest }) => {
        const { totals, domains } = take(progresses, rest);
        const sum = { vcpus: 0, ramMb: 0, servers: 0 };
        for (const { usage, servers } of domains) {
          sum.vcpus += usage?.vcpus ?? 0;
          sum.ramMb += usage?.ramMb ?? 0;
          sum.servers += servers ?? 0;
        }
        const nothing = domains.length > 0 && domains.every(({ result }) => result === 'failed');
        expect(totals).to.deep.equal(nothing ? null : sum);
      }),
    );
  });

  it('counts each server at most once over all domains, for the first that saw it', () => {
    fc.assert(
      fc.property(anyInput, ({ progresses, ...rest }) => {
        const { totals, domains } = take(progresses, rest);
        const first = new Map<string, Server>();
        for (const { servers } of progresses)
          for (const one of servers.values()) if (!first.has(one.id)) first.set(one.id, one);
        const counted = [...first.values()].filter((one) => isInUse(one, rest.counting));
        if (totals) expect(totals.vcpus).to.equal(counted.reduce((n, { vcpus }) => n + vcpus, 0));
        const seen = domains.reduce(
          (n, { byStatus }) => n + [...(byStatus?.values() ?? [])].reduce((a, b) => a + b, 0),
          0,
        );
        expect(seen).to.equal(first.size);
      }),
    );
  });

  it('is complete if and only if no domain has an error and no line is bad', () => {
    fc.assert(
      fc.property(anyInput, ({ progresses, ...rest }) => {
        const snapshot = take(progresses, rest);
        expect(snapshot.complete).to.equal(snapshotErrors(snapshot).length === 0);
        for (const { result, errors, usage } of snapshot.domains) {
          expect(result === 'ok').to.equal(errors.length === 0);
          expect(result === 'failed').to.equal(usage === null);
        }
      }),
    );
  });

  it('has one error for each domain, stage, reason and status', () => {
    fc.assert(
      fc.property(anyInput, ({ progresses, ...rest }) => {
        for (const { errors } of take(progresses, rest).domains) {
          const keys = errors.map(({ stage, reason, status }) => `${stage} ${reason} ${status}`);
          expect(new Set(keys).size).to.equal(keys.length);
        }
      }),
    );
  });
});
