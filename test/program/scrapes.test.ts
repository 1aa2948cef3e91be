import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '../helpers/program.js';
import { startSimulator } from '../../src/simulator/server.js';
import { countOf, linesOf, PASSWORD, USER, withRig, worldOf } from './rig.js';

describe('Scrapes of the real program', () => {
  it('share one collection when they overlap, metrics and JSON alike', async () => {
    const world = worldOf({ name: 'acme', projects: [2, 1] }, { name: 'globex', role: 'domain_admin' });
    await withRig({ world, cloud: { latencyMs: 60 } }, async (rig) => {
      await rig.metrics();
      rig.takeCalls();
      await rig.metrics();
      const alone = rig.takeCalls().length;
      const [page, json] = await Promise.all([rig.metrics(), sleep(30).then(() => rig.snapshot()), rig.metrics()]);
      expect(rig.takeCalls()).to.have.length(alone);
      expect(page.get('vhi_total_vcpus_in_use')).to.equal(5);
      expect(json.totals!.vcpus).to.equal(5);
      // One that comes after the end begins a new one.
      await rig.metrics();
      expect(rig.takeCalls()).to.have.length(alone);
    });
  });

  it('are each answered at their own deadline, though they share a collection', async () => {
    const world = worldOf({ name: 'quick' }, { name: 'slow', projects: [3] });
    await withRig({ world }, async (rig) => {
      // Warm: all but the listing is known.
      await rig.metrics({ timeout: 30 });
      rig.simulator.faults.add({
        kind: 'slow',
        ms: 4000,
        route: 'servers',
        domainId: world.findDomain({ name: 'slow' })!.id,
      });
      rig.takeCalls();
      const start = performance.now();
      const timed = async (timeout: number, delay = 0) => {
        await sleep(delay);
        const page = await rig.metrics({ timeout });
        return { page, ms: performance.now() - start };
      };
      const [long, short, middle] = await Promise.all([timed(10), timed(1, 50), timed(2, 50)]);
      expect(countOf(rig.takeCalls(), 'servers')).to.equal(2);
      expect(short.ms).to.be.at.least(500);
      expect(middle.ms).to.be.greaterThan(short.ms).and.at.least(1500);
      expect(long.ms).to.be.greaterThan(middle.ms).and.at.least(3990);
      for (const { page } of [short, middle]) {
        expect(page.complete).to.equal(0);
        expect(page.get('vhi_total_vcpus_in_use')).to.equal(2);
        expect(page.get('vhi_domain_collect_error_info{domain="slow",stage="servers",reason="timeout"}')).to.equal(1);
      }
      expect(long.page.complete).to.equal(1);
      expect(long.page.get('vhi_total_vcpus_in_use')).to.equal(5);
      // One error of one collection, however many answers showed it.
      expect(long.page.get('vhi_domain_collect_failures_total{domain="slow",reason="timeout"}')).to.equal(1);
    });
  });

  it('are not spoilt by a client that leaves, and end what is in flight when all have left', async () => {
    const world = worldOf({ name: 'acme', projects: [1, 1, 1] }, { name: 'globex' });
    await withRig({ world }, async (rig) => {
      await rig.metrics();
      const end = rig.simulator.faults.add({ kind: 'slow', ms: 700, route: 'servers' });
      const leaver = new AbortController();
      const left = rig.metrics({ signal: leaver.signal }).catch((error: unknown) => (error as Error).name);
      const stays = rig.metrics();
      await until('requests in flight', 10_000, () => rig.simulator.inFlight === 4);
      leaver.abort();
      expect(await left).to.equal('AbortError');
      expect((await stays).complete).to.equal(1);

      end();
      rig.simulator.faults.add({ kind: 'hang', route: 'servers' });
      rig.takeCalls();
      const clients = [new AbortController(), new AbortController()];
      const gone = clients.map(({ signal }) => rig.metrics({ signal }).catch(() => 'left'));
      await until('requests in flight', 10_000, () => rig.simulator.inFlight === 4);
      clients[0]!.abort();
      await sleep(200);
      expect(rig.simulator.inFlight).to.equal(4);
      clients[1]!.abort();
      await Promise.all(gone);
      await until('nothing in flight', 10_000, () => rig.simulator.inFlight === 0);
      rig.simulator.faults.clear();
      const page = await rig.metrics();
      expect(page.complete).to.equal(1);
      expect(page.get('vhi_cloud_requests_total{service="compute",code="aborted"}')).to.equal(4);
    });
  });

  it('end what is in flight at the deadline, but a login, whose token serves the next one', async () => {
    const world = worldOf({ name: 'acme' }, { name: 'late' });
    const late = world.findDomain({ name: 'late' })!.id;
    await withRig({ world }, async (rig) => {
      rig.simulator.faults.add({ kind: 'slow', ms: 4000, route: 'login', domainId: late, times: 1 });
      const hang = rig.simulator.faults.add({ kind: 'hang', route: 'servers', allTenants: false });
      const first = await rig.metrics({ timeout: 1 });
      expect(first.get('vhi_domain_collect_error_info{domain="late",stage="login",reason="timeout"}')).to.equal(1);
      // Not one domain was collected: there is no total, rather than a wrong one.
      expect(first.series('vhi_total')).to.deep.equal([]);
      await until('only the login in flight', 3000, () => rig.simulator.inFlight === 1);
      hang();
      expect((await rig.metrics()).complete).to.equal(1);
      expect(countOf(rig.takeCalls(), 'login')).to.equal(2);
    });
  });

  it('never have more requests in flight than --collect.request-concurrency, though 20 come at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `domain-${i}`);
    const world = worldOf(...names.map((name) => ({ name, projects: [1, 1, 1] })));
    const limits: [requests: string, domains: string, peak: number][] = [
      ['4', '32', 4],
      ['1', '1', 1],
    ];
    await Promise.all(
      limits.map(async ([requests, domains, peak]) => {
        const args = [`--collect.request-concurrency=${requests}`, `--collect.domain-concurrency=${domains}`];
        await withRig({ world, args, cloud: { latencyMs: 3 } }, async (rig) => {
          const pages = await Promise.all(Array.from({ length: 20 }, () => rig.metrics()));
          for (const page of pages) {
            expect(page.complete).to.equal(1);
            expect(page.get('vhi_total_vcpus_in_use')).to.equal(36);
          }
          expect(rig.simulator.peakInFlight).to.equal(peak);
          expect(countOf(rig.takeCalls(), 'login')).to.equal(12);
        });
      }),
    );
  });

  it('of 40 domains on a hanging cloud and 10 healthy ones find the 10 exact, while the 40 still hang', async () => {
    const healthy = worldOf(...Array.from({ length: 10 }, (_, i) => ({ name: `well-${i}`, projects: [1, 2] })));
    const hanging = await startSimulator({
      world: worldOf(...Array.from({ length: 40 }, (_, i) => ({ name: `h-${i}` }))),
    });
    hanging.faults.add({ kind: 'hang' });
    const login = `auth_url=${hanging.authUrl} user=${USER} password=${PASSWORD}`;
    const lines = linesOf(hanging.world).replaceAll('\n', ` ${login}\n`) + linesOf(healthy);
    try {
      await Promise.all(
        [32, 2].map(async (limit) => {
          const requests = limit === 32 ? 64 : 2;
          const args = [`--collect.domain-concurrency=${limit}`, `--collect.request-concurrency=${requests}`];
          await withRig({ world: healthy, lines, args }, async (rig) => {
            const { domains, complete } = await rig.snapshot({ timeout: 8 });
            expect(complete).to.be.false;
            for (const { domain, result, vcpus, durationSeconds } of domains.slice(-10)) {
              expect([result, vcpus], domain).to.deep.equal(['ok', 3]);
              expect(durationSeconds, domain).to.be.below(6);
            }
            expect(domains.filter(({ result }) => result === 'failed')).to.have.length(40);
          });
        }),
      );
      expect(hanging.peakInFlight).to.be.at.most(32 + 2);
    } finally {
      await hanging.close();
    }
  });

  it('by HEAD start no collection, and other methods and paths are told apart', async () => {
    await withRig({ world: worldOf({ name: 'acme' }) }, async (rig) => {
      const ask = async (method: string, path: string) => {
        const response = await fetch(rig.url + path, { method });
        return [response.status, response.headers.get('allow'), await response.text()] as const;
      };
      expect(await ask('HEAD', '/metrics')).to.deep.equal([200, null, '']);
      expect(await ask('HEAD', '/api/v1/snapshot')).to.deep.equal([200, null, '']);
      expect((await ask('GET', '/'))[0]).to.equal(200);
      expect((await ask('GET', '/-/healthy'))[0]).to.equal(200);
      expect(await ask('POST', '/metrics')).to.deep.equal([405, 'GET, HEAD', 'only GET and HEAD are allowed here\n']);
      const [status, , body] = await ask('GET', '/api/v2');
      expect(status).to.equal(404);
      expect(JSON.parse(body)).to.have.nested.property('error.code', 'not_found');
      expect((await ask('GET', '/metrics/'))[0]).to.equal(404);
      expect((await ask('POST', '/-/reload'))[0]).to.equal(403);
      expect(rig.takeCalls()).to.deep.equal([]);
    });
  });
});
