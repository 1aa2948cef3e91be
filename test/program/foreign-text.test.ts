import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { withRig, worldOf } from './rig.js';

describe('Foreign text', () => {
  it('from the cloud is escaped wherever it is shown', async () => {
    const evil = 'evil\u001b[31m\u202e\nlevel=info';
    const world = worldOf({ name: 'acme', projects: [1, 2] }, { name: 'globex' });
    const acme = world.findDomain({ name: 'acme' })!;
    const globex = world.findDomain({ name: 'globex' })!;
    const second = world.projectsOf(acme.id)[1]!;
    second.name = evil;
    await withRig({ world, args: ['--collect.projects', '--log.level=debug'] }, async (rig) => {
      const escaped = 'evil\\u001b[31m\\u202e\\u000alevel=info';
      const good = await rig.metrics();
      expect(good.text).to.include(`project="${escaped.replaceAll('\\', '\\\\')}"`);
      const message = `${evil} ${'x'.repeat(500)}`;
      rig.simulator.faults.add({
        kind: 'status',
        status: 500,
        body: JSON.stringify({ computeFault: { code: 500, message } }),
        route: 'servers',
        projectId: second.id,
        times: 1,
      });
      rig.simulator.faults.add({
        kind: 'body',
        status: 403,
        body: JSON.stringify({ error: { message } }),
        route: 'authProjects',
        domainId: globex.id,
        times: 1,
      });
      const { errors } = await rig.snapshot();
      expect(errors.map(({ domain, stage, status }) => [domain, stage, status])).to.deep.equal([
        ['acme', 'servers', 500],
        ['globex', 'projects', 403],
      ]);
      expect(errors[0]!.message).to.include(`project "${escaped}"`);
      // What the cloud says is cut to 200 characters.
      for (const error of errors)
        expect(error.message)
          .to.match(/x{100,}…/)
          .and.not.match(/x{201}/);
      rig.answers.push(await (await fetch(rig.url)).text());
      world.removeProject(second.id);
      await rig.metrics();
      await sleep(50);
      expect(rig.program.stderr).to.include('msg="a project is gone"');
      const all = rig.answers.join('\n') + rig.program.stderr;
      // eslint-disable-next-line no-control-regex -- they are what is looked for
      expect(all).not.to.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      for (const line of rig.program.stderr.split('\n').slice(0, -1)) expect(line).to.match(/^ts=/);
    });
  });
});
