import { expect } from 'chai';

import type { UsageJson } from '../../src/usage-report/json.js';
import { run, type Exit } from '../helpers/program.js';
import { withCloud } from './rig.js';
import { OF_ALL, OF_DB, refuse, usageCloud, type UsageCloud } from './usage-cloud.js';

const OCTOBER = ['--start=2026-10-01', '--end=2026-10-31', '--tz=Asia/Jakarta'];

describe('vhi-exporter usage', () => {
  let cloud: UsageCloud;
  beforeEach(() => {
    cloud = usageCloud();
  });
  /** Runs the command once for each list of flags, on one cloud. */
  const usages = (...flags: string[][]): Promise<Exit[]> =>
    withCloud({ world: cloud.world }, async ({ env, args }) => {
      const exits: Exit[] = [];
      for (const more of flags) exits.push(await run(['usage', '--log.level=error', ...args, ...more], { env }));
      return exits;
    });

  it('prints a table of projects, or of servers, with the totals and what the figures are', async () => {
    const [projects, servers] = await usages(OCTOBER, [...OCTOBER, '--detailed', '--domain=globex']);
    expect([projects!.code, projects!.stderr]).to.deep.equal([0, '']);
    const squeezed = (text: string): string[] => text.split('\n').map((line) => line.replace(/ {2,}/g, ' | '));
    const [header, ...rows] = squeezed(projects!.stdout);
    expect(header).to.equal('DOMAIN | RESULT | PROJECT | SERVER HOURS | VCPU HOURS | RAM MB HOURS | DISK GB HOURS');
    const { stdout } = projects!;
    expect(rows.filter((line) => line.startsWith('acme'))).to.have.lengthOf(2);
    expect(stdout).to.match(/^acme +ok +web +744\.00 +1488\.00 +3047424\.00 +14880\.00$/m);
    expect(stdout).to.match(/^acme +ok +acme +0\.00 +0\.00 +0\.00 +0\.00$/m);
    expect(stdout).to.match(/^TOTAL +complete +- +768\.00 +1584\.00 +3244032\.00 +15840\.00$/m);
    expect(stdout.trimEnd().split('\n').at(-1)).to.equal(
      "2026-10-01T00:00:00+07:00 to 2026-10-31T23:59:59+07:00 (Asia/Jakarta): hours of existence at today's flavor.",
    );
    expect(servers!.stdout).to.match(
      /^globex +ok +db +=db "1" +m1\.large +active +24\.00 +96\.00 +196608\.00 +960\.00$/m,
    );
  });

  it('prints the JSON of the API', async () => {
    const [exit] = await usages([...OCTOBER, '--output=json', '--domain=globex', '--project=db', '--detailed']);
    const usage = JSON.parse(exit!.stdout) as UsageJson;
    expect([exit!.code, usage.complete, usage.totals]).to.deep.equal([0, true, OF_DB]);
    expect(usage.domains[0]!.projects[0]!.servers!.map(({ name }) => name)).to.deep.equal(['=db "1"']);
  });

  it('prints CSV, a row for each project, or for each server, in which no name is a formula', async () => {
    const [projects, servers] = await usages(
      [...OCTOBER, '--output=csv'],
      [...OCTOBER, '--output=csv', '--detailed', '--domain=globex'],
    );
    const [header, ...rows] = projects!.stdout.trimEnd().split('\n');
    expect(header).to.equal('domain,domainId,project,projectId,serverHours,vcpuHours,ramMbHours,localGbHours');
    const figures = rows.map((row) => row.replace(/[0-9a-f]{32}/g, 'ID'));
    expect(figures).to.have.members([
      'acme,ID,acme,ID,0,0,0,0',
      'acme,ID,web,ID,744,1488,3047424,14880',
      'globex,ID,globex,ID,0,0,0,0',
      'globex,ID,db,ID,24,96,196608,960',
    ]);
    const [titles, ...lines] = servers!.stdout.trimEnd().split('\n');
    expect(titles).to.equal(
      'domain,domainId,project,projectId,serverId,name,flavor,vcpus,ramMb,localGb,state,startedAt,endedAt,hours',
    );
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.match(/,"'=db ""1""",m1\.large,4,8192,40,active,2026-10-31T00:00:00\+07:00,,24$/);
  });

  it('tells on stderr what is missing, and exits with 1', async () => {
    refuse(cloud, 'acme');
    for (const exit of await usages([...OCTOBER, '--output=csv'], OCTOBER)) {
      expect(exit.code).to.equal(1);
      expect(exit.stderr).to.match(
        /^Not complete: hours are missing\.\n\nauth \(1 domain\)\nacme: login, auth: .*\nwhat to do: /m,
      );
      expect(exit.stdout)
        .to.match(/^globex/m)
        .and.not.to.include('what to do');
    }
    refuse(cloud, 'globex');
    const [none] = await usages([...OCTOBER, '--output=json']);
    expect([none!.code, (JSON.parse(none!.stdout) as UsageJson).totals]).to.deep.equal([1, null]);
  });

  it('ends with 2 and one line for a question that can’t be put', async () => {
    const BAD: [flags: string[], says: RegExp][] = [
      [['--end=2026-10-31'], /^vhi-exporter: --start: is missing: give an instant such as .*\n$/],
      [['--start=soon', '--end=2026-10-31'], /^vhi-exporter: --start: "soon" is not a date: give .*\n$/],
      [[...OCTOBER, '--tz=Mars'], /^vhi-exporter: --tz: "Mars" is not a time zone: give .*\n$/],
      [[...OCTOBER, '--domain=nobody'], /^vhi-exporter: --domain: "nobody" is no name or id of a domain .*\n$/],
      [[...OCTOBER, '--project=web'], /^vhi-exporter: --project: "web" is no id of 32 .*\n$/],
      [[...OCTOBER, '--domain=acme', '--project=db'], /^vhi-exporter: --project: "db" is no project .*\n$/],
    ];
    const exits = await usages(...BAD.map(([flags]) => flags));
    BAD.forEach(([flags, says], i) => {
      const { code, stdout, stderr } = exits[i]!;
      expect([code, stdout], flags.join(' ')).to.deep.equal([2, '']);
      expect(stderr).to.match(says);
    });
  });

  it('ends with 1 where it takes more requests than are allowed', async () => {
    const [few, enough] = await usages(
      [...OCTOBER, '--usage.max-requests=2'],
      [...OCTOBER, '--usage.max-requests=50', '--output=json'],
    );
    expect([few!.code, few!.stdout]).to.deep.equal([1, '']);
    expect(few!.stderr).to.match(/^vhi-exporter: more than 2 requests to the cloud: .*\n$/);
    expect((JSON.parse(enough!.stdout) as UsageJson).totals).to.deep.equal(OF_ALL);
  });
});
