import { expect } from 'chai';
import type { Fault } from '../../src/simulator/server.js';
import { ask, get, login, loginBody, names, post, type Reply, stage, type Stage, stopAll, until } from './client.js';

/** Node's name for what went wrong with a connection. */
async function failure(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'none';
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
    return cause?.code ?? String(error);
  }
}

describe('simulator: faults', () => {
  let cloud: Stage;
  let token: string;
  const list = (query = ''): Promise<Reply> => get(`${cloud.sim.computeUrl}/servers/detail${query}`, token, '2.47');

  beforeEach(async () => {
    cloud = await stage('admin');
    token = await login(cloud.sim, cloud.acme.id);
  });
  afterEach(stopAll);

  it('answer with any status and headers', async () => {
    cloud.sim.faults.add({ kind: 'status', status: 429, retryAfter: 7 });
    const limited = await list();
    expect(limited.status).to.equal(429);
    expect(limited.headers.get('retry-after')).to.equal('7');
    cloud.sim.faults.clear();
    cloud.sim.faults.add({ kind: 'status', status: 302, location: 'https://elsewhere/' });
    expect((await list()).headers.get('location')).to.equal('https://elsewhere/');
  });

  it('write a body as the one who fails would', async () => {
    const bodies = async (status: number): Promise<string[]> => {
      const remove = cloud.sim.faults.add({ kind: 'status', status });
      const texts = [(await list()).text, (await get(`${cloud.sim.authUrl}/projects`, token)).text];
      remove();
      return texts;
    };
    expect((await bodies(500)).map((text) => text.slice(0, 14))).to.deep.equal(['{"computeFault', '{"error":{"cod']);
    expect((await bodies(503)).every((text) => text.startsWith('<html>'))).to.be.true;
    expect((await bodies(401)).map((text) => text.slice(0, 24))).to.deep.equal([
      '{"error":{"code":401,"ti',
      '{"error":{"code":401,"me',
    ]);
  });

  it('end after so many times, or when taken away', async () => {
    cloud.sim.faults.add({ kind: 'status', status: 500, times: 2 });
    const remove = cloud.sim.faults.add({ kind: 'status', status: 404 });
    expect([(await list()).status, (await list()).status, (await list()).status]).to.deep.equal([500, 500, 404]);
    remove();
    expect((await list()).status).to.equal(200);
    expect(cloud.sim.faults.size).to.equal(0);
  });

  it('reset the connection before an answer', async () => {
    cloud.sim.faults.add({ kind: 'reset' });
    expect(await failure(list())).to.be.oneOf(['ECONNRESET', 'UND_ERR_SOCKET']);
  });

  it('hang until the client leaves, which counts as no answer', async () => {
    cloud.sim.faults.add({ kind: 'hang' });
    const controller = new AbortController();
    const url = `${cloud.sim.computeUrl}/limits`;
    const reply = ask(url, { headers: { 'X-Auth-Token': token }, signal: controller.signal });
    await until(() => cloud.sim.inFlight === 1);
    controller.abort();
    expect(await failure(reply)).to.contain('AbortError');
    await until(() => cloud.sim.inFlight === 0);
    expect(cloud.sim.calls.at(-1)).to.include({ route: 'limits', status: null, bytes: 0 });
  });

  it('answer late, and not at all once the simulator is closed', async () => {
    cloud.sim.faults.add({ kind: 'slow', ms: 20, times: 1 });
    expect(names(await list())).to.have.length(1);
    expect(cloud.sim.calls.at(-1)?.ms).to.be.at.least(19);
    cloud.sim.faults.add({ kind: 'slow', ms: 3_600_000 });
    const late = failure(list());
    await until(() => cloud.sim.inFlight === 1);
    await cloud.sim.close();
    expect(await late).to.be.oneOf(['ECONNRESET', 'UND_ERR_SOCKET']);
  });

  it('let the body trickle', async () => {
    cloud.sim.faults.add({ kind: 'drip', ms: 1, bytes: 200 });
    expect(names(await list())).to.deep.equal(['acme-main']);
  });

  it('cut the body in the middle, however it is framed', async () => {
    cloud.sim.faults.add({ kind: 'truncate', times: 1 });
    expect(await failure(list())).to.be.oneOf(['ECONNRESET', 'UND_ERR_SOCKET']);
    cloud.sim.faults.add({ kind: 'truncate', framing: 'chunked', times: 1 });
    expect(await failure(list())).to.be.oneOf(['ECONNRESET', 'UND_ERR_SOCKET']);
    // As from uWSGI: nothing but the JSON tells that something is missing.
    cloud.sim.faults.add({ kind: 'truncate', framing: 'close', times: 1 });
    const reply = await list();
    expect(reply.headers.has('content-length')).to.be.false;
    expect(reply.text).to.match(/^\{"servers": \[\{"id"/);
    expect(reply.json).to.be.undefined;
  });

  it('answer with any text', async () => {
    cloud.sim.faults.add({ kind: 'body', body: '<html>maintenance</html>', contentType: 'text/html', times: 1 });
    const page = await list();
    expect([page.status, page.text]).to.deep.equal([200, '<html>maintenance</html>']);
    cloud.sim.faults.add({ kind: 'body', body: '{"servers": 7}' });
    expect((await list()).json).to.deep.equal({ servers: 7 });
  });

  it('change the right answer as they are told to', async () => {
    cloud.sim.faults.add({
      kind: 'edit',
      times: 1,
      edit: ({ headers, body }) => ({
        status: 203,
        headers: { ...headers, 'X-Edited': 'yes' },
        body: body.replace('"acme-main"', '"other"'),
      }),
    });
    const reply = await list();
    expect([reply.status, reply.headers.get('x-edited'), names(reply)]).to.deep.equal([203, 'yes', ['other']]);
    expect(cloud.sim.calls.at(-1)).to.include({ status: 203, bytes: Buffer.byteLength(reply.text) });
    expect(names(await list())).to.deep.equal(['acme-main']);
  });

  it('answer with what is no HTTP', async () => {
    cloud.sim.faults.add({ kind: 'junk', bytes: 'SSH-2.0-OpenSSH_9.2\r\n', times: 1 });
    expect(await failure(list())).to.match(/^HPE_/);
    expect((await list()).status).to.equal(200);
  });

  it('answer with a body of any size', async () => {
    for (const framing of ['chunked', 'length'] as const) {
      cloud.sim.faults.add({ kind: 'huge', bytes: 3_000_001, framing, times: 1 });
      const reply = await list();
      expect(reply.text).to.have.length(3_000_001);
      expect(reply.json).to.deep.equal({});
    }
  });

  it('delay every answer by the latency in force', async () => {
    cloud.sim.options.latencyMs = 20;
    await list();
    expect(cloud.sim.calls.at(-1)?.ms).to.be.at.least(19);
    cloud.sim.options.latencyMs = 3_600_000;
    const late = failure(list());
    await until(() => cloud.sim.inFlight === 1);
    await cloud.sim.close();
    expect(await late).not.to.equal('none');
  });

  describe('hit', () => {
    /** Which of a domain's requests a fault hits, by name. */
    async function hitBy(fault: Omit<Fault, 'kind'>): Promise<string[]> {
      const remove = cloud.sim.faults.add({ ...fault, kind: 'status', status: 418 });
      const { sim, acme, globex, world } = cloud;
      const marker = world.servers.listed({ kind: 'cloud' })[0]!.id;
      const replies = {
        login: await post(`${sim.authUrl}/auth/tokens`, loginBody(acme.id)),
        otherLogin: await post(`${sim.authUrl}/auth/tokens`, loginBody(globex.id)),
        projects: await get(`${sim.authUrl}/projects?domain_id=${acme.id}`, token),
        own: await list(),
        all: await list('?all_tenants=1&limit=1'),
        later: await list(`?all_tenants=1&limit=1&marker=${marker}`),
        limits: await get(`${sim.computeUrl}/limits`, token),
      };
      remove();
      return Object.entries(replies).flatMap(([name, reply]) => (reply.status === 418 ? [name] : []));
    }

    it('one domain', async () => {
      expect(await hitBy({ domainId: cloud.globex.id })).to.deep.equal(['otherLogin']);
    });
    it('one project', async () => {
      expect(await hitBy({ projectId: cloud.globex.main })).to.deep.equal(['otherLogin']);
      expect(await hitBy({ projectId: cloud.acme.side })).to.deep.equal([]);
    });
    it('one user', async () => {
      expect(await hitBy({ user: 'somebody' })).to.deep.equal([]);
    });
    it('one route, or some', async () => {
      expect(await hitBy({ route: 'limits' })).to.deep.equal(['limits']);
      expect(await hitBy({ route: ['login', 'projects'] })).to.deep.equal(['login', 'otherLogin', 'projects']);
    });
    it('requests for all tenants, or for one', async () => {
      expect(await hitBy({ route: 'servers', allTenants: true })).to.deep.equal(['all', 'later']);
      expect(await hitBy({ route: 'servers', allTenants: false }))
        .to.include('own')
        .and.not.include('all');
    });
    it('first or later pages', async () => {
      expect(await hitBy({ page: 'later' })).to.deep.equal(['later']);
      expect(await hitBy({ allTenants: true, page: 'first' })).to.deep.equal(['all']);
    });
  });
});
