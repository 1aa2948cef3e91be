import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { listening } from './helpers/program.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What `promtool check metrics` says of a page, a line each. */
async function lint(page: string): Promise<string[]> {
  const promtool = spawn(process.env['PROMTOOL'] ?? 'promtool', ['check', 'metrics'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [promtool.stdout, promtool.stderr])
    stream.on('data', (chunk: Buffer) => (said += String(chunk)));
  const closed = once(promtool, 'close');
  promtool.stdin.end(page);
  await closed;
  return said.split('\n').filter((line) => line !== '');
}

describe('The page of the demo', () => {
  it('has nothing that promtool dislikes but the unit in the names that the user fixed', async () => {
    const args = [CLI, 'demo', '--web.listen-address=127.0.0.1:0', '--log.format=json', '--collect.projects'];
    const demo = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      const { url } = await listening(demo);
      const page = await (await fetch(`${url}/metrics`)).text();
      expect(page).to.match(/^vhi_total_ram_mb_in_use \d+$/m);
      const families = ['vhi_total', 'vhi_domain', 'vhi_project'].map((name) => `${name}_ram_mb_in_use`);
      const complaints = await lint(page);
      const allowed = families.map((name) => `${name} metric names should not contain abbreviated units`);
      expect(complaints.sort()).to.deep.equal(allowed.sort());
    } finally {
      demo.kill('SIGTERM');
      await once(demo, 'exit');
    }
  });
});
