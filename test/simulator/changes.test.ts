import { expect } from 'chai';
import { isoSeconds } from '../../src/simulator/ids.js';
import { ask, get, login, loginBody, names, post, stage, type Stage, stopAll } from './client.js';

describe('simulator: the clock of the world', () => {
  let cloud: Stage;
  let token: string;
  let list: string;

  beforeEach(async () => {
    cloud = await stage('member');
    token = await login(cloud.sim, cloud.acme.id);
    list = `${cloud.sim.computeUrl}/servers/detail`;
  });
  afterEach(stopAll);

  it('dates what Nova answers: it moves by a second with each server made or changed, and as it is told', async () => {
    const dates: (string | null)[] = [];
    const read = async (url = list): Promise<void> => {
      dates.push((await get(url, token)).headers.get('date'));
    };
    await read();
    const { id } = cloud.world.addServer({ projectId: cloud.acme.main });
    await read();
    cloud.world.changeServer(id, { status: 'SHUTOFF' });
    await read(`${cloud.sim.computeUrl}/limits`);
    cloud.world.advance(59_999);
    await read(`${cloud.sim.computeUrl}/nowhere`);
    cloud.world.advance(1);
    await read(`${cloud.sim.computeUrl}/`);
    const times = ['00:04', '00:05', '00:06', '01:05', '01:06'];
    expect(dates).to.deep.equal(times.map((time) => `Thu, 01 Jan 2026 00:${time} GMT`));
  });

  it('dates neither what Keystone answers nor what stands in for Nova', async () => {
    const isReal = ({ headers }: { headers: Headers }): boolean =>
      Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 60_000;
    expect(isReal(await post(`${cloud.sim.authUrl}/auth/tokens`, loginBody(cloud.acme.id)))).to.equal(true);
    expect(isReal(await ask(`http://127.0.0.1:${cloud.sim.port}/elsewhere`))).to.equal(true);
    expect(isReal(await get(list, 'nonsense')), 'a 401 is of Nova’s own server').to.equal(false);
    cloud.sim.faults.add({ kind: 'status', status: 502, times: 1 });
    expect(isReal(await get(list, token))).to.equal(true);
    cloud.sim.faults.add({ kind: 'slow', ms: 1, times: 1 });
    expect(isReal(await get(list, token))).to.equal(false);
  });

  it('stamps what is made or changed, unless told when that was', async () => {
    const { world, acme } = cloud;
    const updated = async (): Promise<string | undefined> => (await get(list, token)).json.servers[0]?.updated;
    const { id } = world.addServer({ projectId: acme.main, created: '2026-07-01T00:00:00Z' });
    expect(await updated()).to.equal('2026-01-01T00:00:04Z');
    world.changeServer(id, { vcpus: 2 });
    expect(await updated()).to.equal('2026-01-01T00:00:05Z');
    world.changeServer(id, { updated: '2026-07-02T00:00:00Z' });
    expect(await updated()).to.equal('2026-07-02T00:00:00Z');
    world.changeServer(id, { updated: null });
    expect(await updated(), 'where the row has none').to.equal(isoSeconds(world.now));
    expect(world.now).to.equal(Date.UTC(2026, 0, 1, 0, 0, 8));
  });

  it('does not go back', () => {
    for (const ms of [-1, NaN]) expect(() => cloud.world.advance(ms)).to.throw(`time can't pass by ${ms} ms`);
  });
});

describe('simulator: changes-since', () => {
  let cloud: Stage;
  let token: string;

  /** Names of what changed, as one who may see the domain is told. */
  async function changes(since: string, more = '', resource = '/servers/detail'): Promise<string[]> {
    const query = `changes-since=${encodeURIComponent(since)}${more}`;
    return names(await get(`${cloud.sim.computeUrl}${resource}?${query}`, token, '2.69'));
  }

  function add(name: string, input: object = {}): string {
    return cloud.world.addServer({ projectId: cloud.acme.main, name, ...input }).id;
  }

  beforeEach(async () => {
    cloud = await stage('domain_admin', { maxLimit: 3 });
    token = await login(cloud.sim, cloud.acme.id);
    // The four servers of the stage are from its seconds 0 to 3.
    cloud.world.advance(60_000);
  });
  afterEach(stopAll);

  it('has what was updated at that time or later, the newest by making first', async () => {
    add('one');
    add('two');
    expect(await changes('2026-01-01T00:01:04Z')).to.deep.equal(['two', 'one']);
    expect(await changes('2026-01-01T00:01:05Z')).to.deep.equal(['two']);
    expect(await changes('2026-01-01T00:01:06Z')).to.deep.equal([]);
    const [main] = cloud.world.servers.ofProject(cloud.acme.main);
    cloud.world.changeServer(main!.id, { vcpus: 3 });
    expect(await changes('2026-01-01T00:01:05Z')).to.deep.equal(['two', 'acme-main']);
    expect(await changes('2026-01-01T00:01:05Z', '', '/servers')).to.deep.equal(['two', 'acme-main']);
  });

  it('counts fractions of the time, which rows have not', async () => {
    add('one');
    expect(await changes('2026-01-01T00:01:03.999999Z')).to.deep.equal(['one']);
    expect(await changes('2026-01-01T00:01:04.000Z')).to.deep.equal(['one']);
    expect(await changes('2026-01-01T00:01:04.001Z')).to.deep.equal([]);
    expect(await changes('2026-01-01T00:01:04.000001Z')).to.deep.equal([]);
    cloud.world.advance(900);
    add('late in its second');
    expect(await changes('2026-01-01T00:01:05Z')).to.deep.equal(['late in its second']);
    expect(await changes('2026-01-01T00:01:05.5Z')).to.deep.equal([]);
  });

  it('takes a time as Python does', async () => {
    add('one');
    const same = ['20260101T000104Z', '2026-01-01 00:01:04', '2026-1-1T01:01:04+01:00', '2025-12-31T22:31:04,0-0130'];
    for (const time of same) expect(await changes(time), time).to.deep.equal(['one']);
    for (const time of ['2026', '2026-01', '20260101']) expect(await changes(time), time).to.include('acme-main');
    for (const time of ['2026-01-02', '2027']) expect(await changes(time), time).to.deep.equal([]);
  });

  it('refuses what is no time, before a limit that is none, and a plus that was not encoded', async () => {
    const list = `${cloud.sim.computeUrl}/servers/detail`;
    const bad = ['', 'nonsense', '2026-02-29', '2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z', '0000-01-01', '202601'];
    for (const time of [...bad, '1767225600', '2026-01-01t00:00:00z', '2026-01-01T00:00:00+24:00']) {
      const { status, json } = await get(`${list}?limit=x&changes-since=${encodeURIComponent(time)}`, token, '2.75');
      const message = `Invalid input for query parameters changes-since. Value: ${time}. '${time}' is not a 'date-time'`;
      expect({ status, json }).to.deep.equal({ status: 400, json: { badRequest: { code: 400, message } } });
    }
    expect((await get(`${list}?changes-since=2026-01-01T00:00:00+00:00`, token)).status).to.equal(400);
    expect((await get(`${list}?changes-since=nonsense&changes-since=2026`, token)).status).to.equal(400);
    expect(cloud.sim.unknownPaths).to.deep.equal([]);
  });

  it('has deleted servers too, and says when they ended', async () => {
    add('soft', { status: 'SOFT_DELETED' });
    const id = add('gone');
    cloud.world.changeServer(id, { status: 'DELETED' });
    const { json } = await get(`${cloud.sim.computeUrl}/servers/detail?changes-since=2026-01-01T00:01Z`, token);
    expect(json.servers.map(({ name, status }) => [name, status])).to.deep.equal([
      ['gone', 'DELETED'],
      ['soft', 'SOFT_DELETED'],
    ]);
    const ends = json.servers.map((row) => (row as unknown as Record<string, unknown>)['OS-SRV-USG:terminated_at']);
    expect(ends).to.deep.equal(['2026-01-01T00:01:06.000000', null]);
  });

  it('has no row that was never updated, but each build request', async () => {
    add('asked for', { status: 'BUILD', unscheduled: true, updated: null });
    add('never touched', { status: 'BUILD', updated: null });
    expect(await changes('2026-01-01T00:01:00Z')).to.deep.equal(['asked for']);
    expect(await changes('2027-01-01T00:00:00Z')).to.deep.equal(['asked for']);
  });

  it('has nothing of a cell that is down, not even an UNKNOWN row; a build request is in none', async () => {
    add('lost', { cell: 'cell2' });
    add('asked for', { cell: 'cell2', status: 'BUILD', unscheduled: true, updated: null });
    add('well');
    cloud.world.downCells.add('cell2');
    expect(await changes('2026-01-01T00:01Z')).to.deep.equal(['well', 'asked for']);
    const plain = await get(`${cloud.sim.computeUrl}/servers/detail?status=BUILD`, token, '2.69');
    expect(names(plain)).to.deep.equal(['asked for']);
    cloud.world.downCells.clear();
    expect(await changes('2026-01-01T00:01Z')).to.deep.equal(['well', 'asked for', 'lost']);
  });

  it('goes by pages, after markers that are deleted as well, and with the time in the links', async () => {
    const ids = Array.from({ length: 5 }, (_, i) => add(`vm-${i}`));
    cloud.world.changeServer(ids[2]!, { status: 'DELETED' });
    const since = '2026-01-01T00:01Z';
    const { json } = await get(`${cloud.sim.computeUrl}/servers/detail?changes-since=${since}`, token);
    expect(json.servers.map(({ name }) => name)).to.deep.equal(['vm-4', 'vm-3', 'vm-2']);
    const query = `changes-since=${encodeURIComponent(since)}&marker=${ids[2]}`;
    expect(json.servers_links![0]!.href).to.equal(`${cloud.sim.computeUrl}/servers/detail?${query}`);
    expect(names(await get(json.servers_links![0]!.href, token))).to.deep.equal(['vm-1', 'vm-0']);
    cloud.world.removeServer(ids[2]!);
    expect((await get(json.servers_links![0]!.href, token)).json.badRequest.message).to.match(
      /^marker \[.*\] not found/,
    );
    expect(await changes(since, '&limit=0')).to.deep.equal([]);
  });

  it('can be of a status, of all tenants and of a project', async () => {
    add('stopped', { status: 'SHUTOFF' });
    add('beside', { projectId: cloud.acme.side });
    add('foreign', { projectId: cloud.globex.main });
    const since = '2026-01-01T00:01Z';
    expect(await changes(since)).to.deep.equal(['stopped']);
    expect(await changes(since, '&status=ACTIVE')).to.deep.equal([]);
    expect(await changes(since, '&all_tenants=1')).to.deep.equal(['beside', 'stopped']);
    expect(await changes(since, '&all_tenants=1&status=shutoff')).to.deep.equal(['stopped']);
    expect(await changes(since, `&all_tenants=1&project_id=${cloud.acme.side}`)).to.deep.equal(['beside']);
    expect(await changes(since, `&project_id=${cloud.acme.side}`), 'ignored alone').to.deep.equal(['stopped']);
  });

  it('is refused over all tenants as the plain list is', async () => {
    cloud.world.findUser(cloud.acme.id, 'boss')?.roles.set(cloud.acme.main, 'member');
    const url = `${cloud.sim.computeUrl}/servers/detail?all_tenants=1&changes-since=2026`;
    expect((await get(url, token)).status).to.equal(403);
  });
});
