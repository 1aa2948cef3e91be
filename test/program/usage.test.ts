import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { get as httpGet, type IncomingMessage } from 'node:http';

import { expect } from 'chai';

import type { UsageJson } from '../../src/usage-report/json.js';
import { until } from '../helpers/program.js';
import { countOf, withRig, type Rig, type RigOptions } from './rig.js';
import {
  expectMistakes,
  NOTHING,
  OCTOBER,
  OF_ALL,
  OF_DB,
  OF_WEB,
  refuse,
  usageCloud,
  type Mistake,
  type UsageCloud,
} from './usage-cloud.js';

describe('GET /api/v1/usage', () => {
  let cloud: UsageCloud;
  beforeEach(() => {
    cloud = usageCloud();
  });
  const withUsage = (body: (rig: Rig) => Promise<void>, options: Partial<RigOptions> = {}): Promise<void> =>
    withRig({ world: cloud.world, ...options }, body);

  async function ask(
    rig: Rig,
    query: string,
    init: RequestInit = {},
  ): Promise<{ status: number; usage: UsageJson; error: { code: string; message: string } }> {
    const response = await fetch(`${rig.url}/api/v1/usage?${query}`, init);
    const body = (await response.json()) as { error: { code: string; message: string } };
    return { status: response.status, usage: body as unknown as UsageJson, error: body.error };
  }
  const idsOf = ({ domains }: UsageJson): string[] =>
    domains.flatMap(({ projects }) => projects.map(({ projectId }) => projectId));

  it('answers what all domains and projects used, a project without usage with zeros', async () => {
    await withUsage(async (rig) => {
      const { status, usage } = await ask(rig, OCTOBER);
      expect(status).to.equal(200);
      expect(usage).to.deep.include({
        start: '2026-10-01T00:00:00+07:00',
        end: '2026-10-31T23:59:59+07:00',
        timezone: 'Asia/Jakarta',
        source: 'nova',
        basis: "hours of existence at today's flavor",
        complete: true,
        next: null,
        totals: OF_ALL,
        errors: [],
      });
      const shown = usage.domains.map(({ domain, result, totals, projects }) => ({
        ...{ domain, result, totals },
        projects: Object.fromEntries(projects.map((one) => [one.project, one.totals])),
      }));
      expect(shown).to.deep.equal([
        { domain: 'acme', result: 'ok', totals: OF_WEB, projects: { acme: NOTHING, web: OF_WEB } },
        { domain: 'globex', result: 'ok', totals: OF_DB, projects: { globex: NOTHING, db: OF_DB } },
      ]);
    });
  });

  it('answers the README’s example as the README has it', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const [, address = '', text = ''] = /\/api\/v1\/usage\?(\S+)'\n```\n```json\n([^`]+)```/.exec(readme) ?? [];
    const example = JSON.parse(text) as UsageJson;
    await withUsage(async (rig) => {
      const { usage } = await ask(rig, address);
      // Ids are made up.
      const plain = (value: UsageJson): unknown =>
        JSON.parse(JSON.stringify(value).replace(/"(id|projectId|serverId)":"[^"]*"/g, '"$1":""'));
      expect(plain(usage)).to.deep.equal(plain(example));
    });
  });

  it('answers for one domain by name or id, for one project by id, or by name with the domain', async () => {
    await withUsage(async (rig) => {
      const { web = '', db = '' } = cloud.projects;
      const { domainId = '' } = cloud.world.projects.get(web) ?? {};
      for (const query of ['domain=acme', `domain=${domainId}`]) {
        const { usage } = await ask(rig, `${OCTOBER}&${query}`);
        expect([usage.totals, usage.domains.map(({ domain }) => domain)], query).to.deep.equal([OF_WEB, ['acme']]);
      }
      for (const query of [`project=${db}`, 'domain=globex&project=db', `domain=globex&project=${db}`]) {
        const { usage } = await ask(rig, `${OCTOBER}&${query}`);
        expect([usage.totals, idsOf(usage)], query).to.deep.equal([OF_DB, [db]]);
      }
    });
  });

  it('shows each server in detail', async () => {
    await withUsage(async (rig) => {
      const { usage } = await ask(rig, `${OCTOBER}&domain=acme&project=web&detailed=1`);
      const [server, ...others] = usage.domains[0]!.projects[0]!.servers!;
      expect(others).to.deep.equal([]);
      expect(server).to.deep.include({ name: 'web-1', flavor: 'm1.small', vcpus: 2, ramMb: 4096, localGb: 20 });
      expect(server).to.deep.include({ startedAt: '2026-09-01T07:00:00+07:00', endedAt: null, hours: 744 });
      const { usage: plain } = await ask(rig, `${OCTOBER}&detailed=0`);
      expect(plain.domains[0]!.projects[0]).not.to.have.property('servers');
    });
  });

  it('reads dates in the zone of the settings, and ends now where the end is to come', async () => {
    await withUsage(
      async (rig) => {
        const { usage } = await ask(rig, 'start=2026-10-01&end=2026-10-31');
        expect([usage.timezone, usage.totals]).to.deep.equal(['Asia/Jakarta', OF_ALL]);
        // The clock of this cloud stands still since some time.
        const late = (await ask(rig, 'start=2026-10-01&end=2999-12-31&limit=1')).usage;
        expect(Date.parse(late.end)).to.be.at.most(Date.now());
        expect(new URL(late.next!, rig.url).searchParams.get('end')).to.match(/^2026-11-20T00:00:0\dZ$/);
      },
      { env: { TZ: 'Asia/Jakarta' } },
    );
  });

  it('warns of a TZ that is no zone once, and uses UTC', async () => {
    await withUsage(
      async (rig) => {
        expect((await ask(rig, 'start=2026-10-01&end=2026-10-31')).usage.timezone).to.equal('UTC');
        expect(rig.program.stderr.match(/TZ: .*is not a time zone/g)).to.have.lengthOf(1);
      },
      { env: { TZ: ':/etc/localtime' } },
    );
  });

  it('gives projects in pages, each with the address of the next', async () => {
    await withUsage(async (rig) => {
      const whole = (await ask(rig, OCTOBER)).usage;
      const ids: string[] = [];
      let address = `/api/v1/usage?${OCTOBER}&limit=1`;
      for (let pages = 1; pages <= 4; pages += 1) {
        const { usage } = await ask(rig, address.split('?')[1]!);
        expect([usage.end, usage.totals]).to.deep.equal([whole.end, OF_ALL]);
        ids.push(...idsOf(usage));
        expect(usage.next === null).to.equal(pages === 4);
        address = usage.next ?? '';
      }
      expect(ids).to.deep.equal(idsOf(whole));
    });
  });

  it('tells the caller what is wrong with a question, and asks the cloud nothing for it', async () => {
    const BAD: Mistake[] = [
      ['end=2026-10-31', 400, /^start: is missing: give an instant such as /],
      ['start=yesterday&end=2026-10-31', 400, /^start: "yesterday" is not a date: give /],
      ['start=2026-10-01T00:00:00+07:00&end=2026-10-31', 400, /^start: .* write \+ as %2B/],
      ['start=2026-10-31&end=2026-10-01', 400, /^start: .* is not before the end/],
      ['start=2998-01-01&end=2999-01-01', 400, /^start: .* is not past yet/],
      [`${OCTOBER}&tz=UTC`, 400, /^tz: is given more than once: give it once$/],
      ['start=2026-10-01&end=2026-10-31&tz=Mars', 400, /^tz: "Mars" is not a time zone: give an IANA/],
      [`${OCTOBER}&limit=0`, 400, /^limit: "0" is no number of projects: give 1 to 999999$/],
      [`${OCTOBER}&limit=x`, 400, /^limit: "x" /],
      [`${OCTOBER}&marker=`, 400, /^marker: is empty/],
      [`${OCTOBER}&detailed=yes`, 400, /^detailed: "yes" is neither 1 nor 0/],
      [`${OCTOBER}&domian=acme`, 400, /^domian: is no parameter: did you mean domain\?$/],
      [`${OCTOBER}&%00=1`, 400, /^\\u0000: is no parameter: there are start, end, /],
      [`${OCTOBER}&project=web`, 400, /^project: "web" is no id of 32 hexadecimal digits: give that, or domain/],
      [`${OCTOBER}&project=`, 400, /^project: is empty/],
      [`${OCTOBER}&domain=`, 400, /^domain: is empty/],
      [`${OCTOBER}&domain=nobody`, 404, /^domain: "nobody" is no name or id of a domain/],
    ];
    await withUsage(async (rig) => {
      await expectMistakes(rig, BAD, ask);
    });
  });

  it('tells of a project and of a marker that there are not', async () => {
    await withUsage(async (rig) => {
      const none = 'f'.repeat(32);
      const unknown = await ask(rig, `${OCTOBER}&project=${none}`);
      expect([unknown.status, unknown.error.code]).to.deep.equal([404, 'not_found']);
      expect(unknown.error.message).to.equal(`project: "${none}" is no project that the logins can see`);
      expect((await ask(rig, `${OCTOBER}&domain=acme&project=db`)).status).to.equal(404);
      const marker = await ask(rig, `${OCTOBER}&marker=${none}`);
      expect([marker.status, marker.error.code]).to.deep.equal([400, 'bad_parameter']);
    });
  });

  it('refuses what takes more requests than are allowed, and names the number', async () => {
    await withUsage(
      async (rig) => {
        const { status, error } = await ask(rig, OCTOBER);
        expect([status, error.code]).to.deep.equal([422, 'too_large']);
        expect(error.message).to.match(/^more than 2 requests to the cloud: .* --usage\.max-requests$/);
      },
      { args: ['--usage.max-requests=2'] },
    );
  });

  it('is partial where a domain fails, and 503 where all do', async () => {
    refuse(cloud, 'acme');
    await withUsage(async (rig) => {
      const { status, usage } = await ask(rig, OCTOBER);
      expect([status, usage.complete, usage.totals]).to.deep.equal([200, false, OF_DB]);
      expect(usage.domains[0]).to.deep.include({ domain: 'acme', result: 'failed', totals: null, projects: [] });
      expect(usage.errors.map(({ domain, stage, reason }) => [domain, stage, reason])).to.deep.equal([
        ['acme', 'login', 'auth'],
      ]);
    });
    refuse(cloud, 'globex');
    await withUsage(async (rig) => {
      const { status, usage } = await ask(rig, OCTOBER);
      expect([status, usage.complete, usage.totals]).to.deep.equal([503, false, null]);
    });
  });

  it('is read once for all who ask the same at once, with the logins of the scrapes', async () => {
    await withUsage(async (rig) => {
      await rig.metrics();
      rig.takeCalls();
      await ask(rig, OCTOBER);
      const alone = countOf(rig.takeCalls(), 'usage');
      rig.simulator.faults.add({ kind: 'slow', ms: 500, route: 'usage' });
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask(rig, OCTOBER)));
      for (const { usage } of answers) expect(usage.totals).to.deep.equal(OF_ALL);
      const calls = rig.takeCalls();
      expect(countOf(calls, 'usage')).to.equal(alone);
      const { tokens } = await fetch(`${rig.url}/metrics`)
        .then((response) => response.text())
        .then((text) => ({ tokens: /vhi_cloud_logins_total\{result="success"\} (\d+)/.exec(text)?.[1] }));
      expect(tokens).to.equal('2');
    });
  });

  it('holds no scrape up while the cloud is slow to tell usage, and ends at its own deadline', async () => {
    await withUsage(async (rig) => {
      await rig.metrics();
      rig.simulator.faults.add({ kind: 'hang', route: 'usage' });
      const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '2' };
      const asking = ask(rig, OCTOBER, { headers });
      await until('a question for usage', 5000, () => countOf(rig.simulator.calls, 'usage') > 0);
      const begun = performance.now();
      const page = await rig.metrics({ timeout: 10 });
      expect(page.complete).to.equal(1);
      expect(performance.now() - begun).to.be.below(1000);
      const { usage } = await asking;
      expect(usage.complete).to.equal(false);
      expect(usage.errors.map(({ stage, reason }) => `${stage} ${reason}`)).to.include('usage timeout');
    });
  });

  it('takes part in the farewell: what is there is answered when the program ends', async function () {
    this.timeout(30_000);
    await withUsage(async (rig) => {
      rig.simulator.faults.add({ kind: 'hang', route: 'usage' });
      const asking = ask(rig, OCTOBER);
      await until('a question for usage', 5000, () => countOf(rig.simulator.calls, 'usage') > 0);
      const exit = rig.program.stop();
      expect((await asking).usage.complete).to.equal(false);
      expect((await exit).code).to.equal(0);
    });
  });

  it('is compressed for who takes gzip, has HEAD, and knows no other method', async () => {
    await withUsage(async (rig) => {
      const address = `${rig.url}/api/v1/usage?${OCTOBER}`;
      const zipped = await new Promise<{ answer: IncomingMessage; body: Buffer }>((resolve, reject) => {
        httpGet(address, { headers: { 'Accept-Encoding': 'gzip' } }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => resolve({ answer, body: Buffer.concat(chunks) }));
        }).on('error', reject);
      });
      expect(zipped.answer.headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
      expect((JSON.parse(gunzipSync(zipped.body).toString()) as UsageJson).totals).to.deep.equal(OF_ALL);
      rig.takeCalls();
      const head = await fetch(address, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-type')]).to.deep.equal([200, 'application/json; charset=utf-8']);
      const post = await fetch(address, { method: 'POST' });
      expect([post.status, post.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
      expect(rig.takeCalls()).to.deep.equal([]);
    });
  });
});
