import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Program, until } from '../helpers/program.js';
import { linesOf, withCloud, withRig, worldOf } from './rig.js';

interface Entry {
  ts: string;
  level: string;
  msg: string;
  domain?: string;
}

/** The whole lines that were logged so far. */
function entries({ stderr }: { stderr: string }): Entry[] {
  return stderr
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Entry);
}

describe('The log', () => {
  it('is JSON on every line, one for each domain that changes and one per scrape at debug, all on stderr', async () => {
    const world = worldOf({ name: 'acme' }, { name: 'globex' });
    await withCloud({ world }, async ({ simulator, env, args }) => {
      const flags = ['--web.listen-address=127.0.0.1:0', '--log.format=json', '--log.level=debug', ...args];
      const program = new Program(flags, { env });
      try {
        const [, url] = await program.saw('stderr', /"msg":"listening","url":"(http:[^"]+)\/"/);
        const scrape = async (times: number): Promise<void> => {
          for (let i = 0; i < times; i++) await (await fetch(`${url}/metrics`)).text();
        };
        const globex = world.findDomain({ name: 'globex' })!.id;
        await scrape(3);
        const heal = simulator.faults.add({ kind: 'status', status: 500, route: 'servers', domainId: globex });
        await scrape(3);
        heal();
        await scrape(2);
        simulator.faults.add({ kind: 'status', status: 404, route: 'servers', domainId: globex });
        await scrape(2);
        await until('a line for each scrape', 10_000, () => program.stderr.split('"msg":"collected"').length === 11);
        const lines = entries(program);
        for (const { ts, level, msg } of lines) {
          expect(ts).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
          expect(['error', 'warn', 'info', 'debug']).to.include(level);
          expect(msg).to.be.a('string');
        }
        const changes = lines.filter(({ domain }) => domain !== undefined);
        expect(changes.map(({ level, msg, domain }) => `${level} ${domain}: ${msg}`)).to.deep.equal([
          'warn globex: domain is failing',
          'info globex: domain is well again',
          'warn globex: domain is failing',
        ]);
        expect(lines.filter(({ level }) => level === 'debug').map(({ msg }) => msg)).to.deep.equal(
          Array.from({ length: 10 }, () => 'collected'),
        );
        const { stdout } = await program.stop();
        expect(stdout).to.equal('');
        expect(entries(program).filter(({ level }) => level === 'error')).to.deep.equal([]);
      } finally {
        await program.kill();
      }
    });
  });

  it('is logfmt by default, says nothing of a scrape, and has one line for each reload', async () => {
    const world = worldOf({ name: 'acme' }, { name: 'globex' });
    await withRig({ world, lines: linesOf(world, 'acme') }, async (rig) => {
      const lines = (): string[] => rig.program.stderr.split('\n').slice(0, -1);
      const before = lines().length;
      await rig.metrics();
      await rig.metrics();
      await sleep(50);
      expect(lines()).to.have.length(before);
      await writeFile(rig.file, linesOf(world));
      await until('the reload in the log', 10_000, () => lines().length > before);
      await rig.metrics();
      await sleep(50);
      const later = lines().slice(before);
      expect(later).to.have.length(1);
      expect(later[0]).to.match(/^ts=\S+Z level=info msg="\/\S+domains\.txt reloaded" domains=2 problems=0$/);
      for (const line of lines())
        expect(line).to.match(/^ts=\S+ level=\w+ msg=("(?:[^"\\]|\\.)*"|\S+)( \w+=("(?:[^"\\]|\\.)*"|\S+))*$/);
    });
  });
});
