import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { Operations } from '../../src/simulator/operations.js';
import type { StatementJson } from '../../src/statement/statement.js';
import { run, until, type Exit } from '../helpers/program.js';
import { countOf, withCloud, withRig, type Rig } from './rig.js';
import {
  expectMistakes,
  OCTOBER,
  refuse,
  TARIFFS,
  usageCloud,
  withTariffs,
  type Mistake,
  type UsageCloud,
} from './usage-cloud.js';

const DATES = 'start=2026-10-01&end=2026-10-31';
const OF_WEB = ['vcpu vCPU 1488.000000 208894.00', 'ram_gb RAM 2976.000000 148800.00', 'server null 744.000000 0'];
const OF_NONE = ['vcpu vCPU 0.000000 0.00', 'ram_gb RAM 0.000000 0.00', 'server null 0.000000 0'];
const OF_DB = ['vcpu vCPU 96.000000 0.00', 'ram_gb RAM 192.000000 9600.00', 'server null 24.000000 0'];

const BY_FLAVOR = `${TARIFFS}  - {name: large, resource: server, price: "9", per: hour, flavor: m1.large}\n`;
const NAMELESS = 'the price of servers goes by their flavor, and Nova does not name that of 1 any more';

/** Nova tells no flavor of the server of acme any more. */
function loseFlavor({ world, projects }: UsageCloud): void {
  const [web] = world.servers.ofProject(projects['web']!);
  world.changeServer(web!.id, { flavorName: '' });
}

/** The lines of each project, in order. */
function byProject({ lines }: StatementJson): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { project, resource, tariff, quantity, amount } of lines)
    (found[project] ??= []).push([resource, tariff ?? 'null', quantity, amount].join(' '));
  return found;
}

/** The README's lines of code between a mark and the end of the block. */
async function example(pattern: RegExp): Promise<string> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, text] = pattern.exec(readme.slice(readme.indexOf('\n## Statements\n'))) ?? [];
  if (text === undefined) throw new Error(`the README has no ${pattern}`);
  return text;
}

/** What computes the hash again, of a statement on stdin. */
async function hashCommand(): Promise<string> {
  return (await example(/```sh\n(node -e [^`]+)```/)).replace('< october.json', '');
}

/** Feeds a text to a command line of the README; answers what it prints. */
async function shell(command: string, input: string): Promise<string> {
  const running = promisify(execFile)('sh', ['-c', command]);
  running.child.stdin!.end(input);
  return (await running).stdout.trim();
}

describe('GET /api/v1/statement', () => {
  let cloud: UsageCloud;
  beforeEach(() => {
    cloud = usageCloud();
  });
  const withStatements = (body: (rig: Rig) => Promise<void>, ...more: string[]): Promise<void> =>
    withTariffs((flag) => withRig({ world: cloud.world, args: [flag, ...more] }, body));

  async function ask(
    rig: Rig,
    query: string,
    init: RequestInit = {},
  ): Promise<{ status: number; statement: StatementJson; error: { code: string; message: string } }> {
    const response = await fetch(`${rig.url}/api/v1/statement?${query}`, init);
    const body = (await response.json()) as { error: { code: string; message: string } };
    return { status: response.status, statement: body as unknown as StatementJson, error: body.error };
  }
  async function askCsv(rig: Rig, query: string): Promise<{ status: number; rows: string[] }> {
    const response = await fetch(`${rig.url}/api/v1/statement?${query}&format=csv`);
    expect(response.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
    const text = await response.text();
    expect(text.endsWith('\n')).to.equal(true);
    return {
      status: response.status,
      rows: text
        .trimEnd()
        .replace(/[0-9a-f]{32}/g, 'ID')
        .split('\n'),
    };
  }

  it('answers whatever an address has before its parameters', async () => {
    await withStatements(async (rig) => {
      const { port, hostname } = new URL(rig.url);
      for (const name of ['statement', 'usage']) {
        for (const method of ['GET', 'HEAD']) {
          const path = `http://h:99999999/api/v1/${name}?${DATES}`;
          const status = await new Promise((resolve, reject) => {
            const asked = request({ hostname, port, path, method }, (answer) => resolve(answer.resume().statusCode));
            asked.on('error', reject).end();
          });
          expect(status, `${method} ${name}`).to.equal(200);
        }
      }
    });
  });

  it('tells what each project of all domains costs, in the zone of the tariffs', async () => {
    await withStatements(async (rig) => {
      const { status, statement } = await ask(rig, DATES);
      expect(status).to.equal(200);
      expect(Object.keys(statement).join(' ')).to.equal(
        'start end timezone currency source basis complete lines total errors sha256',
      );
      expect(statement).to.deep.include({
        start: '2026-10-01T00:00:00+07:00',
        end: '2026-10-31T23:59:59+07:00',
        timezone: 'Asia/Jakarta',
        currency: 'IDR',
        complete: true,
        total: '367294.00',
        errors: [],
      });
      expect(byProject(statement)).to.deep.equal({ acme: OF_NONE, web: OF_WEB, globex: OF_NONE, db: OF_DB });
    });
  });

  it('answers the README’s example as the README has it, but for ids', async () => {
    expect(await example(/```yaml\n([^`]+)```/)).to.equal(TARIFFS);
    const address = await example(/\/api\/v1\/statement\?([^\s']+)'/);
    const shown = JSON.parse(await example(/```json\n([^`]+)```/)) as StatementJson;
    const plain = (statement: StatementJson): unknown => ({
      ...statement,
      sha256: '',
      lines: statement.lines.map((line) => ({ ...line, projectId: '' })),
    });
    await withStatements(async (rig) => {
      const { statement } = await ask(rig, address);
      expect(plain(statement)).to.deep.equal(plain(shown));
    });
    // The hash is that of the lines as they are printed.
    expect(await shell(await hashCommand(), JSON.stringify(shown))).to.equal('true');
  });

  it('carries a hash that the README’s command computes again, of what the API and the command tell', async () => {
    const command = await hashCommand();
    await withStatements(async (rig) => {
      const { statement } = await ask(rig, DATES);
      expect(await shell(command, JSON.stringify(statement))).to.equal('true');
      expect(await shell(command, JSON.stringify({ ...statement, total: '0.00' }))).to.equal('false');
      expect((await ask(rig, DATES)).statement.sha256).to.equal(statement.sha256);
    });
  });

  it('is not complete where a price goes by a flavor that Nova does not name any more', async () => {
    loseFlavor(cloud);
    await withTariffs(
      (flag) =>
        withRig({ world: cloud.world, args: [flag] }, async (rig) => {
          const { status, statement } = await ask(rig, DATES);
          expect([status, statement.complete, statement.sha256]).to.deep.equal([200, false, undefined]);
          expect(statement.errors[0]).to.include({ domain: 'acme', stage: 'usage', reason: 'incomplete', count: 1 });
          expect(statement.errors[0]?.message).to.include(NAMELESS);
          expect((await ask(rig, `${DATES}&domain=globex`)).statement.complete).to.equal(true);
        }),
      BY_FLAVOR,
    );
  });

  it('shows by its hash that a resize restated the past', async () => {
    await withStatements(async (rig) => {
      const before = (await ask(rig, `${DATES}&domain=acme`)).statement;
      const [web] = cloud.world.servers.ofProject(cloud.projects['web']!);
      new Operations(cloud.world).resize(web!.id, { flavorName: 'm1.big', vcpus: 4, ramMb: 4096, diskGb: 20 });
      const after = (await ask(rig, `${DATES}&domain=acme`)).statement;
      expect(byProject(after)['web']![0]).to.equal('vcpu vCPU 2976.000000 432838.00');
      expect([before.complete, after.complete]).to.deep.equal([true, true]);
      expect(after.sha256)
        .to.match(/^[0-9a-f]{64}$/)
        .and.not.to.equal(before.sha256);
    });
  });

  it('answers for one domain or project, and in another zone by the tariffs’ months', async () => {
    await withStatements(async (rig) => {
      expect(byProject((await ask(rig, `${DATES}&domain=globex&project=db`)).statement)).to.deep.equal({ db: OF_DB });
      expect(Object.keys(byProject((await ask(rig, `${DATES}&domain=acme`)).statement))).to.have.members([
        'acme',
        'web',
      ]);
      const { statement } = await ask(rig, `${DATES}&domain=acme&project=web&tz=UTC`);
      expect(statement).to.include({ start: '2026-10-01T00:00:00+00:00', timezone: 'UTC' });
      const [first, second] = statement.lines;
      // October of Jakarta ends seven hours before that of UTC.
      expect([first!.to, second!.from]).to.deep.equal(['2026-10-31T16:59:59+00:00', '2026-10-31T17:00:00+00:00']);
      expect([first!.quantity, second!.quantity]).to.deep.equal(['1474.000000', '14.000000']);
    });
  });

  it('does not take usage of the same dates in another zone for its own', async () => {
    await withStatements(async (rig) => {
      rig.simulator.faults.add({ kind: 'slow', ms: 300, route: 'usage' });
      const [usage, { statement }] = await Promise.all([
        fetch(`${rig.url}/api/v1/usage?${DATES}&tz=UTC`).then(
          (response) => response.json() as Promise<{ end: string }>,
        ),
        ask(rig, DATES),
      ]);
      expect([usage.end, statement.end]).to.deep.equal(['2026-10-31T23:59:59+00:00', '2026-10-31T23:59:59+07:00']);
      expect(statement.total).to.equal('367294.00');
    });
  });

  it('ends now where the end is to come', async () => {
    await withStatements(async (rig) => {
      const { statement } = await ask(rig, 'start=2026-10-01&end=2999-12-31');
      // The clock of this cloud stands still since some time.
      expect(statement.end).to.match(/^2026-11-20T07:00:0\d\+07:00$/);
      expect(statement.lines.at(-1)!.to).to.equal(statement.end);
    });
  });

  it('is CSV too, with the total as the last row, in which no name is a formula', async () => {
    cloud.world.projects.get(cloud.projects['db']!)!.name = '=db';
    await withStatements(async (rig) => {
      const { status, rows } = await askCsv(rig, `${DATES}&domain=globex`);
      expect(status).to.equal(200);
      const [header, ...lines] = rows;
      expect(header).to.equal(
        'domain,project,projectId,resource,flavor,tariff,from,to,unit,quantity,free,price,per,amount',
      );
      const when = '2026-10-01T00:00:00+07:00,2026-10-31T23:59:59+07:00';
      expect(lines.filter((line) => !line.includes(',globex,'))).to.deep.equal([
        `globex,'=db,ID,vcpu,,vCPU,${when},vCPU-hour,96.000000,96.000000,150.50,hour,0.00`,
        `globex,'=db,ID,ram_gb,,RAM,${when},GB-hour,192.000000,0.000000,37200,month,9600.00`,
        `globex,'=db,ID,server,,,${when},server-hour,24.000000,0.000000,,,0`,
        'total,,,,,,,,IDR,,,,,9600.00',
      ]);
    });
  });

  it('says that it is not complete where a domain fails, has no hash then, and is 503 where all do', async () => {
    refuse(cloud, 'acme');
    await withStatements(async (rig) => {
      const { status, statement } = await ask(rig, DATES);
      expect(status).to.equal(200);
      expect(statement).to.include({ complete: false, total: '9600.00' }).and.not.to.have.property('sha256');
      expect(byProject(statement)).to.deep.equal({ globex: OF_NONE, db: OF_DB });
      expect(statement.errors.map(({ domain, stage, reason }) => [domain, stage, reason])).to.deep.equal([
        ['acme', 'login', 'auth'],
      ]);
      const { rows } = await askCsv(rig, DATES);
      expect(rows.at(-1)).to.equal('"total of what could be read, not complete",,,,,,,,IDR,,,,,9600.00');
    });
    refuse(cloud, 'globex');
    await withStatements(async (rig) => {
      const { status, statement } = await ask(rig, DATES);
      expect([status, statement.total, statement.lines]).to.deep.equal([503, null, []]);
      const csv = await askCsv(rig, DATES);
      expect([csv.status, csv.rows.at(-1)]).to.deep.equal([
        503,
        '"total of what could be read, not complete",,,,,,,,IDR,,,,,',
      ]);
    });
  });

  it('tells the caller what is wrong with a question, and asks the cloud nothing for it', async () => {
    const BAD: Mistake[] = [
      ['end=2026-10-31', 400, /^start: is missing: give an instant such as /],
      [`${DATES}&format=xml`, 400, /^format: "xml" is neither json nor csv: give one of them$/],
      [`${DATES}&format=`, 400, /^format: "" is neither/],
      [`${DATES}&format=csv&format=csv`, 400, /^format: is given more than once: give it once$/],
      [`${DATES}&detailed=1`, 400, /^detailed: is no parameter: there are start, end, tz, domain, project, format$/],
      [`${DATES}&domain=nobody`, 404, /^domain: "nobody" is no name or id of a domain/],
      [`${DATES}&domain=nobody&format=csv`, 404, /^domain: "nobody" is no name or id of a domain/],
    ];
    await withStatements(async (rig) => {
      await expectMistakes(rig, BAD, ask);
      const none = await ask(rig, `${DATES}&project=${'f'.repeat(32)}`);
      expect([none.status, none.error.code]).to.deep.equal([404, 'not_found']);
    });
  });

  it('refuses what takes more requests than are allowed, and names the number', async () => {
    await withStatements(async (rig) => {
      const { status, error } = await ask(rig, DATES);
      expect([status, error.code]).to.deep.equal([422, 'too_large']);
      expect(error.message).to.match(/^more than 2 requests to the cloud: .* --usage\.max-requests$/);
    }, '--usage.max-requests=2');
  });

  it('is 409 without tariffs, with HEAD and no other method, and asks the cloud for none of it', async () => {
    await withRig({ world: cloud.world }, async (rig) => {
      rig.takeCalls();
      const { status, error } = await ask(rig, DATES);
      expect([status, error.code]).to.deep.equal([409, 'no_tariffs']);
      expect(error.message).to.include('--tariffs.file');
      const address = `${rig.url}/api/v1/statement?${DATES}`;
      for (const [query = '', type] of [
        ['', 'application/json; charset=utf-8'],
        ['&format=csv', 'text/csv; charset=utf-8'],
      ]) {
        const head = await fetch(address + query, { method: 'HEAD' });
        expect([head.status, head.headers.get('content-type')]).to.deep.equal([200, type]);
      }
      const post = await fetch(address, { method: 'POST' });
      expect([post.status, post.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
      expect(rig.takeCalls()).to.deep.equal([]);
    });
  });

  it('shares the report with usage of the same dates, and ends at its own deadline', async () => {
    await withStatements(async (rig) => {
      await ask(rig, DATES);
      rig.takeCalls();
      await ask(rig, DATES);
      const alone = countOf(rig.takeCalls(), 'usage');
      const hurry = rig.simulator.faults.add({ kind: 'slow', ms: 500, route: 'usage' });
      await Promise.all([ask(rig, DATES), fetch(`${rig.url}/api/v1/usage?${OCTOBER}`)]);
      expect(countOf(rig.takeCalls(), 'usage')).to.equal(alone);
      hurry();
      rig.simulator.faults.add({ kind: 'hang', route: 'usage' });
      const asking = ask(rig, DATES, { headers: { 'X-Prometheus-Scrape-Timeout-Seconds': '2' } });
      await until('a question for usage', 5000, () => countOf(rig.simulator.calls, 'usage') > 0);
      const { statement } = await asking;
      expect(statement.complete).to.equal(false);
      expect(statement.errors.map(({ stage, reason }) => `${stage} ${reason}`)).to.include('usage timeout');
    });
  });
});

describe('vhi-exporter statement', () => {
  let cloud: UsageCloud;
  beforeEach(() => {
    cloud = usageCloud();
  });
  const FLAGS = ['--start=2026-10-01', '--end=2026-10-31'];
  /** Runs the command once for each list of flags, on one cloud. */
  const statements = (...flags: string[][]): Promise<Exit[]> =>
    withTariffs((tariffs) =>
      withCloud({ world: cloud.world }, async ({ env, args }) => {
        const exits: Exit[] = [];
        for (const more of flags) {
          exits.push(await run(['statement', '--log.level=error', ...args, tariffs, ...more], { env }));
        }
        return exits;
      }),
    );

  it('prints a table of the lines, the total with its currency, and what the figures are', async () => {
    const [whole, cut] = await statements(FLAGS, [...FLAGS, '--tz=UTC', '--domain=globex']);
    const { code, stdout, stderr } = whole!;
    expect([code, stderr]).to.deep.equal([0, '']);
    const [header] = stdout.split('\n');
    expect(header!.split(/ {2,}/)).to.deep.equal([
      ...['DOMAIN', 'PROJECT', 'RESOURCE', 'TARIFF', 'QUANTITY', 'FREE', 'PRICE PER', 'AMOUNT IDR'],
    ]);
    expect(stdout).to.match(/^acme +web +vcpu +vCPU +1488\.000000 +100\.000000 +150\.50 \/ hour +208894\.00$/m);
    expect(stdout).to.match(/^acme +acme +server +- +0\.000000 +0\.000000 +- +0$/m);
    expect(stdout).to.match(/^TOTAL +complete +- +- +- +- +- +367294\.00$/m);
    expect(stdout.trimEnd().split('\n').slice(-2).join('\n')).to.match(
      /^2026-10-01T00:00:00\+07:00 to 2026-10-31T23:59:59\+07:00 \(Asia\/Jakarta\): hours of .* flavor\.\nSHA-256 [0-9a-f]{64}$/,
    );
    expect(cut!.stdout).to.match(/^globex +db +vcpu +vCPU +2026-10-01T00:00:00\+00:00 +2026-10-31T16:59:59\+00:00 /m);
  });

  it('prints the JSON and the CSV of the API', async () => {
    const [json, csv] = await statements(
      [...FLAGS, '--output=json', '--domain=globex', '--project=db'],
      [...FLAGS, '--output=csv', '--domain=globex', '--project=db'],
    );
    const statement = JSON.parse(json!.stdout) as StatementJson;
    expect([json!.code, byProject(statement), statement.total]).to.deep.equal([0, { db: OF_DB }, '9600.00']);
    expect(statement.sha256).to.match(/^[0-9a-f]{64}$/);
    expect(csv!.stdout.split('\n').slice(-2)).to.deep.equal(['total,,,,,,,,IDR,,,,,9600.00', '']);
  });

  it('tells of servers whose price goes by a flavor that Nova does not name any more', async () => {
    loseFlavor(cloud);
    await withTariffs(
      (tariffs) =>
        withCloud({ world: cloud.world }, async ({ env, args }) => {
          const { code, stderr } = await run(['statement', '--log.level=error', ...args, tariffs, ...FLAGS], { env });
          expect([code, stderr.includes(NAMELESS)]).to.deep.equal([1, true]);
        }),
      BY_FLAVOR,
    );
  });

  it('tells on stderr what is missing, and exits with 1', async () => {
    refuse(cloud, 'acme');
    const [table, csv] = await statements(FLAGS, [...FLAGS, '--output=csv']);
    for (const { code, stderr } of [table!, csv!]) {
      expect(code).to.equal(1);
      expect(stderr).to.match(/^Not complete: amounts are missing\.\n\nauth \(1 domain\)\nacme: login, auth: .*/);
    }
    expect(table!.stdout)
      .to.match(/^TOTAL +not complete +.* 9600\.00$/m)
      .and.not.to.include('SHA-256');
    expect(csv!.stdout).to.include('\n"total of what could be read, not complete",');
    refuse(cloud, 'globex');
    const [none] = await statements([...FLAGS, '--output=json']);
    expect([none!.code, (JSON.parse(none!.stdout) as StatementJson).total]).to.deep.equal([1, null]);
  });

  it('ends with 2 and one line for a question that can’t be put, and without tariffs', async () => {
    const BAD: [flags: string[], says: RegExp][] = [
      [['--end=2026-10-31'], /^vhi-exporter: --start: is missing: give an instant such as .*\n$/],
      [[...FLAGS, '--tz=Mars'], /^vhi-exporter: --tz: "Mars" is not a time zone: give .*\n$/],
      [[...FLAGS, '--domain=nobody'], /^vhi-exporter: --domain: "nobody" is no name or id of a domain .*\n$/],
      [[...FLAGS, '--domain=acme', '--project=db'], /^vhi-exporter: --project: "db" is no project .*\n$/],
      [[...FLAGS, '--detailed'], /^vhi-exporter: --detailed does not go with statement, only with usage\n$/],
    ];
    const exits = await statements(...BAD.map(([flags]) => flags));
    BAD.forEach(([flags, says], i) => {
      const { code, stdout, stderr } = exits[i]!;
      expect([code, stdout], flags.join(' ')).to.deep.equal([2, '']);
      expect(stderr).to.match(says);
    });
    const { code, stdout, stderr } = await run(['statement', ...FLAGS]);
    expect([code, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.match(/^vhi-exporter: --tariffs\.file is missing: .*\n$/);
  });

  it('ends with 1 where it takes more requests than are allowed', async () => {
    const [few] = await statements([...FLAGS, '--usage.max-requests=2']);
    expect([few!.code, few!.stdout]).to.deep.equal([1, '']);
    expect(few!.stderr).to.match(/^vhi-exporter: more than 2 requests to the cloud: .*\n$/);
  });
});
