import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { get as httpGet, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { FileState } from '../../src/domains/list.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import { takeSnapshot } from '../../src/snapshot/snapshot.js';
import { Progress } from '../../src/usage/progress.js';
import { createApp } from '../../src/web/app.js';
import { listen, type Listening } from '../../src/web/listen.js';
import { TestClock } from '../helpers/clock.js';
import { makeDomain } from '../helpers/domains.js';
import { RecordingLogger } from '../helpers/log.js';
import { COLLECTED_AT, samplePage, sampleSelf, sampleSnapshot } from '../metrics/sample.js';

/** Stands in for the collector: answers when it is told to, and keeps how it was asked. */
class StubCollector {
  readonly asked: { timeLeftMs: number; left: AbortSignal }[] = [];
  last: Snapshot | null = null;
  answer: () => Promise<Snapshot> = () => Promise.resolve(sampleSnapshot());

  snapshot(_list: unknown, timeLeftMs: number, left: AbortSignal): Promise<Snapshot> {
    this.asked.push({ timeLeftMs, left });
    return this.answer();
  }
}

function nothingCollected(): Snapshot {
  const progress = new Progress();
  progress.finishedAt = 1;
  const domains = [{ domain: makeDomain('acme'), progress }];
  return takeSnapshot({ collectedAt: 0, startedAt: 0, now: 1, counting: 'allocated', problems: [], domains });
}

/** Waits for what other events of this process bring about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('web', () => {
  let collector: StubCollector;
  let log: RecordingLogger;
  let server: Listening | null = null;
  let url = '';
  let enableLifecycle = false;
  let minIntervalMs = 0;
  let reloads = 0;
  let problems: readonly string[] = [];

  async function start(telemetryPath = '/metrics', file: FileState = samplePage().file): Promise<void> {
    collector = new StubCollector();
    log = new RecordingLogger();
    const app = createApp({
      settings: {
        timezone: 'UTC',
        collect: {
          timeoutMs: 300_000,
          timeoutOffsetMs: 500,
          requestTimeoutMs: 1,
          minIntervalMs,
          domainConcurrency: 1,
          requestConcurrency: 1,
          counting: 'allocated',
          strategy: 'auto',
          incremental: 'off',
          resyncIntervalMs: 900_000,
          projects: false,
        },
        web: { listen: { host: '127.0.0.1', port: 0 }, configFile: null, telemetryPath, enableLifecycle },
      },
      collector,
      desk: { report: () => Promise.reject(new Error('no test asks it')) },
      file: () => file,
      tariffs: () => null,
      reload: async () => {
        reloads += 1;
        return Promise.resolve(problems);
      },
      self: sampleSelf(),
      clock: new TestClock(COLLECTED_AT + 90_000),
      log,
      version: '1.2.3',
    });
    server = await listen(app, { host: '127.0.0.1', port: 0 });
    url = server.url.slice(0, -1);
  }

  beforeEach(async () => {
    enableLifecycle = false;
    minIntervalMs = 0;
    reloads = 0;
    problems = [];
    await start();
  });
  afterEach(() => server?.close());

  /** The whole answer: a body left unread would keep the server from closing. */
  async function ask(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(`${url}${path}`, init);
    const { status, headers } = response;
    const body = await response.text();
    return new Response(status === 304 ? null : body, { status, headers });
  }

  const get = (path: string, headers: Record<string, string> = {}) => ask(path, { headers });

  describe('/-/reload', () => {
    /** Another server, on which it is switched on. */
    async function switchOn(): Promise<void> {
      await server?.close();
      enableLifecycle = true;
      await start();
    }

    for (const method of ['POST', 'PUT']) {
      it(`reads the files again on ${method}`, async () => {
        await switchOn();
        const response = await ask('/-/reload', { method });
        expect([response.status, await response.text(), reloads]).to.deep.equal([200, 'reloaded\n', 1]);
      });

      it(`says in one line what could not be taken over on ${method}, with 500`, async () => {
        await switchOn();
        problems = ['the domains file does not exist', 'the web configuration is bad'];
        const response = await ask('/-/reload', { method });
        expect(response.status).to.equal(500);
        expect(await response.text()).to.equal('the domains file does not exist; the web configuration is bad\n');
      });

      it(`answers ${method} with 403 and does nothing where it is not switched on`, async () => {
        const response = await ask('/-/reload', { method });
        expect([response.status, reloads]).to.deep.equal([403, 0]);
        expect(await response.text()).to.contain('--web.enable-lifecycle');
      });
    }

    for (const isOn of [true, false]) {
      for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH']) {
        it(`answers ${method} with 405 and what is allowed, ${isOn ? 'switched on' : 'or not'}`, async () => {
          if (isOn) await switchOn();
          const response = await ask('/-/reload', { method });
          expect([response.status, response.headers.get('allow'), reloads]).to.deep.equal([405, 'POST, PUT', 0]);
        });
      }
    }

    const pages: [what: string, headers: Record<string, string>][] = [
      ['of another origin', { Origin: 'https://evil.example' }],
      ['in a sandbox', { Origin: 'null' }],
      ['of the origin itself, where none asks for it', { Origin: 'http://127.0.0.1:10180' }],
      ['whose browser names but its site', { 'Sec-Fetch-Site': 'cross-site' }],
    ];
    for (const [what, headers] of pages) {
      it(`refuses a web page ${what}`, async () => {
        await switchOn();
        // As a form sends it, which a browser does without asking first.
        const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
        const status = await new Promise((resolve, reject) => {
          const request = httpRequest(`${url}/-/reload`, { method: 'POST', headers: { ...form, ...headers } });
          request.on('error', reject).on('response', (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          request.end('a=b');
        });
        expect([status, reloads]).to.deep.equal([403, 0]);
      });
    }

    it('is not what a telemetry path or another spelling leads to', async () => {
      await switchOn();
      for (const path of ['/-/reload/', '/-/Reload']) {
        expect((await ask(path, { method: 'POST' })).status, path).to.equal(404);
      }
      expect(reloads).to.equal(0);
    });
  });

  describe('routes', () => {
    it('collects for each scrape of /metrics', async () => {
      const response = await get('/metrics');
      expect(response.status).to.equal(200);
      expect(await response.text())
        .to.contain('\nvhi_total_vcpus_in_use 22\n')
        .and.not.contain('vhi_project_');
      await get('/metrics');
      expect(collector.asked).to.have.length(2);
    });

    it('answers /metrics with 200 though nothing could be collected', async () => {
      collector.answer = () => Promise.resolve(nothingCollected());
      const response = await get('/metrics');
      expect(response.status).to.equal(200);
      expect(await response.text())
        .to.contain('\nvhi_snapshot_complete 0\n')
        .and.not.contain('vhi_total_');
    });

    it('answers the API with 503 and the same body when nothing could be collected', async () => {
      collector.answer = () => Promise.resolve(nothingCollected());
      const response = await get('/api/v1/snapshot');
      expect(response.status).to.equal(503);
      expect(await response.json()).to.deep.include({ totals: null, complete: false });
    });

    it('answers the API with 200 for a partial snapshot', async () => {
      expect((await get('/api/v1/snapshot')).status).to.equal(200);
    });

    it('is healthy and ready without a collection', async () => {
      for (const path of ['/-/healthy', '/-/ready', '/']) expect((await get(path)).status, path).to.equal(200);
      expect(collector.asked).to.deep.equal([]);
    });

    for (const path of ['/nothing', '/metrics/', '/Metrics', '/api/v1/snapshot/', '/api/v1', '/index.html']) {
      it(`answers ${path} with 404`, async () => {
        const response = await get(path);
        expect(response.status).to.equal(404);
        if (path.startsWith('/api')) {
          expect(await response.json()).to.have.nested.property('error.code', 'not_found');
        } else {
          expect(response.headers.get('content-type')).to.match(/^text\/plain/);
        }
      });
    }

    for (const path of ['/metrics', '/api/v1/snapshot', '/', '/-/healthy', '/-/ready']) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        it(`refuses ${method} ${path} with 405 and what is allowed`, async () => {
          const response = await ask(path, { method });
          expect(response.status).to.equal(405);
          expect(response.headers.get('allow')).to.equal('GET, HEAD');
          expect(collector.asked).to.deep.equal([]);
          if (path.startsWith('/api')) {
            expect(await response.json()).to.have.nested.property('error.code', 'method_not_allowed');
          }
        });
      }

      it(`answers HEAD ${path} without a collection and without a body`, async () => {
        const response = await ask(path, { method: 'HEAD' });
        expect(response.status).to.equal(200);
        expect(await response.text()).to.equal('');
        expect(collector.asked).to.deep.equal([]);
        if (path !== '/metrics' && path !== '/api/v1/snapshot') return;
        const same = await get(path);
        for (const name of ['content-type', 'vary']) {
          expect(response.headers.get(name), name).to.equal(same.headers.get(name)).and.not.equal(null);
        }
      });
    }

    it('serves metrics where the telemetry path says', async () => {
      await server?.close();
      await start('/probe/vhi');
      expect((await get('/metrics')).status).to.equal(404);
      expect(await (await get('/probe/vhi')).text()).to.contain('vhi_total_vcpus_in_use');
      expect(await (await get('/')).text()).to.contain('href="./probe/vhi"');
    });

    it('serves metrics instead of the status page where the telemetry path is /', async () => {
      await server?.close();
      await start('/');
      expect(await (await get('/')).text()).to.contain('vhi_total_vcpus_in_use');
    });

    it('answers a defect with 500, says nothing of it, and logs it', async () => {
      collector.answer = () => Promise.reject(new TypeError('secret detail'));
      const response = await get('/api/v1/snapshot');
      expect(response.status).to.equal(500);
      expect(await response.text()).not.to.contain('secret detail');
      expect((await get('/metrics')).status).to.equal(500);
      expect(log.lines.map(({ level }) => level)).to.deep.equal(['error', 'error']);
    });
  });

  describe('format', () => {
    const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
    const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
    const PROMETHEUS_2 =
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    const PROMETHEUS_3 =
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
    const PROTOBUF =
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,' +
      PROMETHEUS_3;

    for (const [who, accept, type] of [
      ['Prometheus 2', PROMETHEUS_2, OPENMETRICS],
      ['Prometheus 3', PROMETHEUS_3, OPENMETRICS],
      ['a scraper that prefers protobuf', PROTOBUF, OPENMETRICS],
      ['curl', '*/*', TEXT],
      ['one that wants text', 'text/plain', TEXT],
      ['one that wants text 0.0.4', 'text/plain;version=0.0.4', TEXT],
      [
        'one that prefers text',
        'text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.2',
        TEXT,
      ],
      ['one that wants OpenMetrics without a version', 'application/openmetrics-text', OPENMETRICS],
      ['one that refuses OpenMetrics', 'application/openmetrics-text;q=0,*/*;q=0.1', TEXT],
      ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', TEXT],
      ['one that wants something else', 'application/json', TEXT],
      ['one with an empty header', '', TEXT],
      ['one with nonsense', ';;q=,', TEXT],
    ] as const) {
      it(`is ${type} for ${who}`, async () => {
        const response = await get('/metrics', { accept });
        expect(response.headers.get('content-type')).to.equal(type);
        expect((await response.text()).endsWith('# EOF\n')).to.equal(type === OPENMETRICS);
      });
    }
  });

  describe('a snapshot of before', () => {
    it('is told with its age and time, where it may be given again', async () => {
      await server?.close();
      minIntervalMs = 120_000;
      await start();
      const page = await get('/metrics');
      expect(page.headers.get('age')).to.equal('90');
      expect(await page.text()).to.contain(`\nvhi_snapshot_timestamp_seconds ${COLLECTED_AT / 1000}\n`);
      expect((await get('/api/v1/snapshot')).headers.get('age')).to.equal('90');
    });

    it('has no age to tell by default, since there is none', async () => {
      const page = await get('/metrics');
      expect(page.headers.get('age')).to.equal(null);
      expect(await page.text()).not.to.contain('vhi_snapshot_timestamp_seconds');
      expect((await get('/api/v1/snapshot')).headers.get('age')).to.equal(null);
    });
  });

  describe('deadline and client', () => {
    it('takes the scraper’s timeout less the offset, for the API as well', async () => {
      const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '10' };
      await get('/metrics', headers);
      await get('/api/v1/snapshot', headers);
      await get('/metrics');
      expect(collector.asked.map(({ timeLeftMs }) => timeLeftMs)).to.deep.equal([9500, 9500, 300_000]);
    });

    it('tells the collector that a client has left', async () => {
      collector.answer = () => new Promise(() => undefined);
      // Not `fetch`, which opens another connection when this one ends.
      const request = httpGet(`${url}/metrics`).on('error', () => undefined);
      await until(() => collector.asked.length === 1);
      expect(collector.asked[0]?.left.aborted).to.equal(false);
      request.destroy();
      await until(() => collector.asked[0]?.left.aborted === true);
      expect(log.lines).to.deep.equal([]);
    });

    it('tells it for each request of the connection, also those whose answers wait for another', async () => {
      collector.answer = () => new Promise(() => undefined);
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(15));
      await until(() => collector.asked.length === 15);
      socket.destroy();
      await until(() => collector.asked.every(({ left }) => left.aborted));
    });

    it('does not take one that got its answer for one that has left', async () => {
      await (await get('/metrics')).text();
      await (await get('/api/v1/snapshot')).text();
      await server?.close();
      expect(collector.asked.map(({ left }) => left.aborted)).to.deep.equal([false, false]);
    });
  });

  it('writes JSON as the contract’s example does, keys in its order', async () => {
    const body = (await (await get('/api/v1/snapshot')).json()) as Record<string, unknown> & {
      domains: Record<string, unknown>[];
      errors: Record<string, unknown>[];
      totals: Record<string, unknown>;
    };
    expect(Object.keys(body)).to.deep.equal([
      ...['collectedAt', 'durationSeconds', 'complete', 'counting', 'totals', 'domains', 'errors'],
    ]);
    expect(body['collectedAt']).to.equal('2026-11-22T04:30:00.000Z');
    expect(Object.entries(body.totals)).to.deep.equal([
      ['vcpus', 22],
      ['ramMb', 45056],
      ['servers', 3],
    ]);
    expect(Object.entries(body.domains[0] ?? {})).to.deep.equal([
      ['domain', 'acme'],
      ['id', 'acme'],
      ['result', 'ok'],
      ['strategy', 'project-list'],
      ['vcpus', 6],
      ['ramMb', 12288],
      ['servers', 2],
      ['projects', 2],
      ['durationSeconds', 0.25],
      ['errors', []],
    ]);
    expect(body.domains[2]).to.deep.include({
      result: 'failed',
      strategy: null,
      vcpus: null,
      servers: null,
      projects: null,
    });
    const login = { stage: 'login', reason: 'auth', status: 401, count: 1, message: 'Keystone refused the login' };
    expect(body.domains[2]?.['errors']).to.deep.equal([login]);
    expect(Object.entries(body.errors.at(-2) ?? {})).to.deep.equal(Object.entries({ domain: 'globex', ...login }));
    expect(Object.entries(body.errors.at(-1) ?? {})).to.deep.equal([
      ['domain', null],
      ['line', 7],
      ['stage', 'config'],
      ['reason', 'config'],
      ['status', null],
      ['count', 1],
      ['message', 'unknown key "nmae", did you mean "name"?'],
    ]);
  });

  describe('status page', () => {
    it('shows the last snapshot, its age and the file, and asks for none', async () => {
      collector.last = sampleSnapshot();
      const page = await (await get('/')).text();
      expect(page).to.contain('45,056 MiB').and.to.contain('>90 s</span> ago').and.to.contain('>Partial<');
      expect(page).to.contain('Line 7: <bdi>unknown key &quot;nmae&quot;');
      expect(collector.asked).to.deep.equal([]);
    });

    it('says so when there is none yet', async () => {
      expect(await (await get('/')).text()).to.contain('Nothing was collected yet');
    });

    it('allows its own style and script, by their hashes, and nothing else', async () => {
      collector.last = sampleSnapshot();
      const response = await get('/');
      const page = await response.text();
      const hashOf = (element: string): string => {
        const parts = page.split(new RegExp(`</?${element}>`));
        expect(parts, element).to.have.length(3);
        return `'sha256-${createHash('sha256').update(parts[1]!).digest('base64')}'`;
      };
      expect(response.headers.get('content-security-policy')?.split('; ')).to.have.members([
        "default-src 'none'",
        `style-src ${hashOf('style')}`,
        `script-src ${hashOf('script')}`,
        "connect-src 'self'",
        'img-src data:',
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]);
      expect(page).not.to.match(/\s(style|on[a-z]+)=/);
      expect(response.headers.get('x-content-type-options')).to.equal('nosniff');
      expect(response.headers.get('referrer-policy')).to.equal('no-referrer');
      expect(response.headers.get('cache-control')).to.equal('no-store');
      expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    });

    it('answers 304 to one who has the page, until anything but its ages changes', async () => {
      collector.last = sampleSnapshot();
      const first = await get('/');
      const headers = { 'If-None-Match': first.headers.get('etag') ?? '' };
      // As a proxy that compresses writes it.
      const weak = { 'If-None-Match': `W/${first.headers.get('etag')}` };
      for (const same of [headers, weak]) {
        const again = await get('/', { ...same, 'Cache-Control': 'no-cache' });
        expect(again.status).to.equal(304);
        expect(await again.text()).to.equal('');
      }
      expect((await get('/', { 'If-None-Match': '"another"' })).status).to.equal(200);
      collector.last = nothingCollected();
      expect((await get('/', headers)).status).to.equal(200);
      await server?.close();
      await start('/metrics', { ...samplePage().file, lastReloadSuccessful: false });
      collector.last = sampleSnapshot();
      expect((await get('/', headers)).status).to.equal(200);
    });
  });
});
