import { setImmediate } from 'node:timers/promises';

import { expect } from 'chai';
import type { CollectSettings } from '../../src/settings/settings.js';
import type { Answer, Call, Fault, Route, SimulatorSettings } from '../../src/simulator/server.js';
import { World } from '../../src/simulator/world.js';
import { TestClock } from '../helpers/clock.js';
import { addTenant, closeRigs, errorsOf, inUse, of, startRig, type Rig, type Tenant } from '../helpers/rig.js';

const MINUTE_MS = 60_000;

interface Plan {
  settings?: Partial<CollectSettings>;
  cloud?: Partial<SimulatorSettings>;
  projects?: string[];
  /** Servers of a domain that nobody watches. */
  others?: number;
  /** Servers of acme that are newer than those. */
  newer?: number;
}

/** As a call is written here: `servers` with all that they are, or their `names`; `acme/main`, who asks as a rule, is left out. */
function describeCall({ domains, projects, servers }: World, call: Call): string {
  const { route, path, query, status } = call;
  const name = (id: string): string => (domains.get(id) ?? projects.get(id) ?? servers.get(id))?.name ?? id;
  const last = name(path.split('/').at(-1) ?? '');
  const listed = last === 'detail' ? 'servers' : 'names';
  const what = { servers: listed, usage: `usage ${last}`, unknown: `server ${last}` }[route as string] ?? route;
  const asked = query.replace(/[0-9a-f]{32}/g, name).replace(/(changes-since|marker)=[^&]+/, '$1');
  const who = `${name(call.domainId ?? '')}/${name(call.projectId ?? '')}`;
  const refused = status !== null && status < 300 ? '' : ` ${status}`;
  return `${who === 'acme/main' ? '' : `${who} `}${what}${asked ? `?${asked}` : ''}${refused}`;
}

/** acme, whose administrator sees the whole cloud: 2 servers in each of its projects, and many newer ones of a stranger. */
class Stage {
  readonly world = new World({ seed: 'doubts' });
  readonly clock = new TestClock();
  readonly acme: Tenant;
  readonly stranger: Tenant;
  rig!: Rig;

  constructor({ projects = ['main', 'p1', 'p2'], others = 50, newer = 0 }: Plan) {
    const { world } = this;
    this.acme = addTenant(world, 'acme', 'admin', projects);
    for (const projectId of Object.values(this.acme.projects)) world.addServers(2, { projectId, vcpus: 2, ramMb: 3 });
    this.stranger = addTenant(world, 'stranger', 'member', ['main', 'x1']);
    world.addServers(others, { projectId: this.stranger.projects['x1']!, vcpus: 7, ramMb: 7 });
    world.addServers(newer, { projectId: this.id('main'), vcpus: 1, ramMb: 1 });
  }

  pass(minutes: number): void {
    this.clock.advance(minutes * MINUTE_MS);
    this.world.advance(minutes * MINUTE_MS);
  }

  id(project: string): string {
    return this.acme.projects[project]!;
  }

  /** A scrape of figures that are right. @returns the calls that it made */
  async scrape(): Promise<string[]> {
    const { rig, world, acme } = this;
    rig.sim.clear();
    const snapshot = await rig.scrape();
    expect(errorsOf(snapshot, 'acme')).to.deep.equal([]);
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'ok', strategy: 'cloud-list' });
    expect(of(snapshot, 'acme').usage).to.deep.equal(inUse(world, acme.id, 'allocated'));
    return this.calls();
  }

  /** It lists the whole cloud now; what was wrong is mended. */
  async expectWholeForAnHour(): Promise<void> {
    expect(await this.scrape()).to.deep.equal([CHANGES]);
    for (const minutes of [20, 20, 19]) {
      this.pass(minutes);
      expect(await this.scrape()).to.deep.equal([WHOLE]);
    }
    this.pass(1);
    expect(await this.scrape()).to.have.members([PROJECTS, ROWS, PROOF, ...picked(...ALL)]);
    expect(await this.scrape()).to.deep.equal(ASKED);
  }

  calls(): string[] {
    return this.rig.sim.calls.map((call) => describeCall(this.world, call));
  }
}

async function stage(plan: Plan = {}): Promise<Stage> {
  const scene = new Stage(plan);
  const { world, clock, acme } = scene;
  scene.rig = await startRig({
    world,
    clock,
    settings: { incremental: 'auto', ...plan.settings },
    cloud: { tokenSeconds: 86_400, ...plan.cloud },
  });
  scene.rig.watch(acme);
  scene.pass(10);
  return scene;
}

const PROJECTS = 'projects?domain_id=acme';
const ROWS = 'servers?all_tenants=1&limit=20';
const PROOF = 'servers?all_tenants=1&project_id=x1&limit=1';
const START = ['login', PROJECTS, ROWS];
const WHOLE = 'servers?all_tenants=1';
const CHANGES = 'servers?all_tenants=1&changes-since';
const ASKED = [PROJECTS, 'names?all_tenants=1&status=BUILD', CHANGES];
const listing = (project: string): string => `servers?all_tenants=1&project_id=${project}`;
const report = (project: string): string[] => [
  `usage ${project}`,
  `names?all_tenants=1&project_id=${project}&status=BUILD&status=ERROR`,
  `servers?all_tenants=1&project_id=${project}&changes-since`,
];
const picked = (...projects: string[]): string[] => projects.flatMap((id) => [listing(id), ...report(id)]);
const ALL = ['main', 'p1', 'p2'];
const many = (count: number): string[] => ['main', ...Array.from({ length: count - 1 }, (_, i) => `p${i}`)];

interface Row {
  id: string;
  tenant_id?: string;
  flavor?: { vcpus: number };
}

/** Answers of the simulator changed, where all rows are of one project. */
function editRows(key: 'servers' | 'server_usages', project: string, edit: (rows: Row[]) => unknown) {
  return (answer: Answer): Answer => {
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    const parent = (key === 'servers' ? body : (body['tenant_usage'] ?? {})) as Record<string, Row[] | undefined>;
    const rows = parent[key] ?? [];
    if (rows.length === 0 || rows.some(({ tenant_id: tenant }) => tenant !== project)) return answer;
    parent[key] = edit(rows) as Row[];
    return { ...answer, body: JSON.stringify(body) };
  };
}

describe('a cloud that a domain’s login sees', () => {
  afterEach(closeRigs);

  describe('is listed as a whole from the start, where', () => {
    const cases: Record<string, [plan: Plan, cold: string[], warm?: string[]]> = {
      'it shows 19 servers': [{ others: 13 }, []],
      'half of the newest 20 are the domain’s own': [{ newer: 10 }, []],
      'changes are not asked for': [{ settings: { incremental: 'off' } }, [PROOF], [WHOLE]],
      'Nova ignores which project it is asked for': [{ newer: 1, cloud: { projectFilter: false } }, [PROOF]],
      'the domain has 101 projects': [{ projects: many(101), others: 500 }, [PROOF]],
    };
    for (const [title, [plan, proof, warm = [CHANGES]]] of Object.entries(cases)) {
      it(title, async () => {
        const scene = await stage(plan);
        expect(await scene.scrape()).to.have.members([...START, ...proof, WHOLE, PROJECTS]);
        expect(await scene.scrape()).to.deep.equal(warm);
      });
    }

    for (const status of [400, 403, 500]) {
      it(`Nova answers ${status} when it is asked for one project`, async () => {
        const scene = await stage();
        const { sim } = scene.rig;
        const bad: Answer = { status, headers: {}, body: '{"badRequest": {"message": "no", "code": 400}}' };
        const edit = (answer: Answer): Answer => (sim.calls.at(-1)?.query.includes('project_id') ? bad : answer);
        sim.faults.add({ kind: 'edit', route: 'servers', edit });
        expect(await scene.scrape()).to.have.members([...START, `${PROOF} ${status}`, WHOLE, PROJECTS]);
        sim.faults.clear();
        await scene.expectWholeForAnHour();
      });
    }

    it('Nova shows no server of a stranger that it is asked for', async () => {
      const scene = await stage({ newer: 1 });
      const { rig, stranger } = scene;
      const edit = editRows('servers', stranger.projects['x1']!, () => []);
      rig.sim.faults.add({ kind: 'edit', route: 'servers', edit });
      expect(await scene.scrape()).to.have.members([...START, PROOF, WHOLE, PROJECTS]);
      rig.sim.faults.clear();
      await scene.expectWholeForAnHour();
    });

    it('the strangers are in the list themselves', async () => {
      const scene = await stage();
      const { rig, acme, stranger } = scene;
      rig.watch(stranger);
      await rig.scrape();
      rig.watch(acme, stranger);
      const own = (await scene.scrape()).filter((call) => !call.startsWith('stranger'));
      expect(own).to.have.members([...START, WHOLE, PROJECTS]);
    });
  });

  describe('is not listed as a whole, where', () => {
    const cases: Record<string, [plan: Plan, projects?: string[]]> = {
      'it shows 20 servers': [{ others: 14 }],
      '11 of the newest 20 are strangers’': [{ newer: 9 }],
      'the domain has 100 projects': [{ projects: many(100) }, many(100)],
    };
    for (const [title, [plan, projects = ALL]] of Object.entries(cases)) {
      it(title, async () => {
        const scene = await stage(plan);
        expect(await scene.scrape()).to.have.members([...START, PROOF, ...picked(...projects)]);
        expect(await scene.scrape()).to.deep.equal(ASKED);
      });
    }
  });

  for (const [role, projects, isWhole] of [
    ['admin', 98, true],
    ['admin', 97, false],
    ['member', 98, false],
  ] as const) {
    const what = `${projects} projects of ${role === 'admin' ? 'another who sees it' : 'one who does not see it'}`;
    it(`is ${isWhole ? '' : 'not '}listed as a whole beside ${what}`, async () => {
      const scene = await stage({ settings: { requestConcurrency: 2 } });
      const { rig, world, acme } = scene;
      const globex = addTenant(world, 'globex', role, many(projects));
      rig.sim.faults.add({ kind: 'status', status: 403, route: 'usage', domainId: globex.id });
      rig.watch(globex);
      await rig.scrape();
      rig.watch(acme, globex);
      const calls = await scene.scrape();
      const own = calls.filter((call) => !call.startsWith('globex/'));
      // The other one lists for both.
      expect(own).to.have.members([...START, PROOF, ...(isWhole ? [PROJECTS] : picked(...ALL))]);
    });
  }

  describe('is listed as a whole in the same scrape, and for an hour, where', () => {
    const refusals: Record<string, Fault> = {
      ...Object.fromEntries(
        [403, 404, 500, 501].map((status) => [
          `the usage report is answered by ${status}`,
          { kind: 'status', status, route: 'usage' },
        ]),
      ),
      'the usage report is none': { kind: 'body', body: '{}', route: 'usage' },
    };
    for (const [title, fault] of Object.entries(refusals)) {
      it(title, async () => {
        const scene = await stage();
        scene.rig.sim.faults.add(fault);
        const asked = ALL.flatMap((id) => [
          listing(id),
          `usage ${id}${fault.kind === 'status' ? ` ${fault.status}` : ''}`,
        ]);
        expect(await scene.scrape()).to.have.members([...START, PROOF, ...asked, WHOLE, PROJECTS]);
        scene.rig.sim.faults.clear();
        await scene.expectWholeForAnHour();
      });
    }

    const edits: Record<string, [route: Route, edit: (rows: Row[]) => unknown, asked?: string[]]> = {
      'a project’s listing lacks a server, and Nova has it': ['servers', (rows) => rows.slice(1), ['vm-3', 'vm-4']],
      'a project’s listing shows nothing': ['servers', () => []],
      'a project’s listing has a server of another size': [
        'servers',
        (rows) => rows.map((row) => ({ ...row, flavor: { ...row.flavor, vcpus: 9 } })),
      ],
      'the report lacks a server': ['usage', (rows) => rows.slice(1)],
      'the report has nothing': ['usage', () => []],
    };
    for (const [title, [route, edit, asked = []]] of Object.entries(edits)) {
      it(title, async () => {
        const scene = await stage();
        const { faults } = scene.rig.sim;
        const key = route === 'servers' ? 'servers' : 'server_usages';
        faults.add({ kind: 'edit', route, edit: editRows(key, scene.id('p1'), edit) });
        faults.add({ kind: 'body', body: '{"server": {}}', route: 'unknown' });
        const shown = asked.map((name) => `server ${name}`);
        expect(await scene.scrape()).to.have.members([...START, PROOF, ...picked(...ALL), ...shown, WHOLE, PROJECTS]);
        faults.clear();
        await scene.expectWholeForAnHour();
      });
    }

    it('a project’s listing lacks a server, and Nova shows none by its id', async () => {
      const scene = await stage();
      const edit = editRows('servers', scene.id('p1'), (rows) => rows.slice(1));
      scene.rig.sim.faults.add({ kind: 'edit', route: 'servers', edit });
      const shown = ['server vm-3 404', WHOLE, PROJECTS];
      expect(await scene.scrape()).to.have.members([...START, PROOF, ...picked(...ALL), ...shown]);
    });

    it('Nova ignores which project it is asked for, and its newest server is the stranger’s', async () => {
      const scene = await stage({ cloud: { projectFilter: false } });
      expect(await scene.scrape()).to.include(WHOLE);
      scene.rig.sim.options.projectFilter = true;
      await scene.expectWholeForAnHour();
    });

    it('a server was never launched, and is neither being built nor failed', async () => {
      const scene = await stage();
      const { id } = scene.world.addServer({ projectId: scene.id('p1'), launchedAt: null });
      scene.pass(10);
      const asked = [...picked('main', 'p2'), listing('p1')];
      expect(await scene.scrape()).to.have.members([...START, PROOF, ...asked, WHOLE, PROJECTS]);
      scene.world.changeServer(id, { launchedAt: '2026-01-01T00:00:00Z' });
      await scene.expectWholeForAnHour();
    });

    it('time is up before all is confirmed', async () => {
      const scene = await stage();
      const { rig } = scene;
      const edit = (answer: Answer): Answer => {
        rig.collector.answerNow();
        return answer;
      };
      rig.sim.faults.add({ kind: 'edit', route: 'usage', edit, times: 1 });
      const snapshot = await rig.scrape();
      expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers timeout']);
      expect(of(snapshot, 'acme').result).to.equal('partial');
      // What it cut off ends in this turn.
      await setImmediate();
      expect(await scene.scrape()).to.have.members([WHOLE, PROJECTS]);
      await scene.expectWholeForAnHour();
    });
  });

  it('is listed as a whole for an hour where Nova tells of no changes', async () => {
    const scene = await stage();
    const { sim } = scene.rig;
    const bad: Answer = { status: 400, headers: {}, body: '{"badRequest": {"message": "no", "code": 400}}' };
    const edit = (answer: Answer): Answer => (sim.calls.at(-1)?.query.includes('changes-since') ? bad : answer);
    sim.faults.add({ kind: 'edit', route: 'servers', edit });
    const asked = picked(...ALL).map((call) => (call.includes('changes-since') ? `${call} 400` : call));
    expect(await scene.scrape()).to.have.members([...START, PROOF, ...asked, WHOLE, PROJECTS]);
    expect(await scene.scrape()).to.deep.equal([`${CHANGES} 400`, WHOLE]);
    sim.faults.clear();
    // A new login changes nothing of that.
    sim.revokeTokens();
    expect(await scene.scrape()).to.have.members([`/ ${WHOLE} 401`, 'login', WHOLE]);
    scene.pass(59);
    expect(await scene.scrape()).to.deep.equal([PROJECTS, WHOLE]);
    scene.pass(1);
    expect(await scene.scrape()).to.have.members([PROJECTS, ROWS, PROOF, ...picked(...ALL)]);
  });

  it('has its projects picked once more where a page of one is refused, since its marker is gone', async () => {
    const scene = await stage({ cloud: { maxLimit: 20 } });
    scene.world.addServers(25, { projectId: scene.id('p1') });
    scene.world.addServers(50, { projectId: scene.stranger.projects['x1']! });
    scene.pass(10);
    scene.rig.sim.faults.add({ kind: 'status', status: 400, route: 'servers', page: 'later', times: 1 });
    const calls = await scene.scrape();
    expect(calls)
      .to.include(`${listing('p1')}&marker 400`)
      .and.not.to.include(WHOLE);
    expect(calls.filter((call) => [ROWS, listing('p1'), `${listing('p1')}&marker`].includes(call))).to.have.members([
      ROWS,
      listing('p1'),
      ROWS,
      listing('p1'),
      `${listing('p1')}&marker`,
    ]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('has its projects picked though servers come and go between a listing, its report and the changes', async () => {
    const scene = await stage();
    const { rig, world } = scene;
    const projectId = scene.id('p1');
    const edit = (answer: Answer): Answer => {
      const { route, query, path } = rig.sim.calls.at(-1)!;
      const isOfP1 = route === 'usage' ? path.endsWith(projectId) : query.endsWith(`project_id=${projectId}`);
      if (!isOfP1) return answer;
      world.addServer({ projectId, vcpus: 5 });
      const old = world.servers.ofProject(projectId).find(({ status }) => status === 'ACTIVE');
      world.changeServer(old!.id, { status: 'DELETED' });
      return answer;
    };
    rig.sim.faults.add({ kind: 'edit', route: ['servers', 'usage'], edit });
    rig.sim.clear();
    expect((await rig.scrape()).complete).to.equal(true);
    expect(scene.calls()).to.have.members([...START, PROOF, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
    expect((await rig.scrape()).totals).to.deep.equal({ vcpus: 18, ramMb: 1036, servers: 6 });
  });

  it('has a server that the report has for ever, and Nova has no more, looked up once for each full listing', async () => {
    const scene = await stage();
    const { faults } = scene.rig.sim;
    const edit = editRows('server_usages', scene.id('p1'), (rows) => [
      ...rows,
      { ...rows[0], instance_id: 'ghost', state: 'active' },
    ]);
    faults.add({ kind: 'edit', route: 'usage', edit });
    faults.add({ kind: 'body', body: '{"server": {}}', route: 'unknown', times: 1 });
    const shown = ['server vm-4', 'server ghost 404'];
    expect(await scene.scrape()).to.have.members([...START, PROOF, ...picked(...ALL), ...shown]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
    scene.pass(12);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...ALL.flatMap(report)]);
  });

  it('is not complete while a cell is down, and picked again in an hour when it is up', async () => {
    const scene = await stage();
    const { rig, world } = scene;
    world.addServers(2, { projectId: scene.id('p1'), cell: 'cell2', vcpus: 50, ramMb: 1 });
    world.downCells.add('cell2');
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      rig.sim.clear();
      const snapshot = await rig.scrape();
      expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers incomplete']);
      expect(of(snapshot, 'acme').usage).to.deep.equal({ vcpus: 12, ramMb: 18 });
      if (scrape === 2) expect(scene.calls()).to.deep.equal([WHOLE]);
    }
    world.downCells.clear();
    expect(await scene.scrape()).to.deep.equal([WHOLE]);
    await scene.expectWholeForAnHour();
  });

  it('has servers of a cell that goes down counted, until the report is due and they are found to be missing', async () => {
    const scene = await stage();
    const { rig, world } = scene;
    world.addServers(2, { projectId: scene.id('p1'), cell: 'cell2', vcpus: 50, ramMb: 1 });
    await scene.scrape();
    world.downCells.add('cell2');
    expect(await scene.scrape()).to.deep.equal(ASKED);
    scene.pass(12);
    rig.sim.clear();
    const snapshot = await rig.scrape();
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers incomplete']);
    expect(of(snapshot, 'acme').usage).to.deep.equal({ vcpus: 12, ramMb: 18 });
    const refused = ALL.map((id) => `usage ${id} 500`);
    expect(scene.calls()).to.have.members([PROJECTS, ...refused, ...ALL.map(listing), ...refused, WHOLE, PROJECTS]);
  });

  it('is partial where Nova wants to be left alone with reports, and picked again in the next scrape', async () => {
    const scene = await stage();
    const { rig } = scene;
    rig.sim.faults.add({ kind: 'status', status: 429, retryAfter: 0, route: 'usage' });
    rig.sim.clear();
    const snapshot = await rig.scrape();
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers rate_limited']);
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 12, ramMb: 18 } });
    const refused = ALL.map((id) => `usage ${id} 429`);
    // Each is repeated once.
    expect(scene.calls()).to.have.members([...START, PROOF, ...ALL.map(listing), ...refused, ...refused]);
    rig.sim.faults.clear();
    expect(await scene.scrape()).to.have.members([PROJECTS, ...picked(...ALL)]);
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });

  it('has one project fail alone, and listed anew in the next scrape', async () => {
    const scene = await stage();
    const { sim } = scene.rig;
    const bad: Answer = { status: 500, headers: {}, body: '{}' };
    const isListing = (query = ''): boolean => query.endsWith(`project_id=${scene.id('p1')}`);
    const spoil = (answer: Answer): Answer => (isListing(sim.calls.at(-1)?.query) ? bad : answer);
    sim.faults.add({ kind: 'edit', route: 'servers', edit: spoil });
    const snapshot = await scene.rig.scrape();
    expect(errorsOf(snapshot, 'acme')).to.deep.equal(['servers unavailable']);
    expect(of(snapshot, 'acme')).to.deep.include({ result: 'partial', usage: { vcpus: 8, ramMb: 12 } });
    sim.faults.clear();
    expect(await scene.scrape()).to.have.members([...ASKED, ...picked('p1')]);
  });

  it('is asked about each project alone for an hour where it did not tell what changed in all', async () => {
    const scene = await stage();
    const { rig } = scene;
    await scene.scrape();
    rig.sim.faults.add({ kind: 'status', status: 500, route: 'servers', times: 1 });
    const alone = ALL.map((id) => `servers?all_tenants=1&project_id=${id}&changes-since`);
    expect(await scene.scrape()).to.have.members([PROJECTS, `${ASKED[1]} 500`, ...alone]);
    scene.pass(11);
    expect(await scene.scrape()).to.have.members([PROJECTS, ...alone]);
    scene.pass(49);
    await scene.scrape();
    expect(await scene.scrape()).to.deep.equal(ASKED);
  });
});
