import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { run } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import type { World } from '../../src/simulator/world.js';
import { addDomain, countOf, linesOf, USER, withCloud, withRig, worldOf } from './rig.js';

const SECRETS = { env: 'env-Staple_2', filed: 'file-Correct_3', several: 'many-Horse_4' };
const WRONG = 'wrong-Battery_1';

/** Makes a credential of a domain's user, for the project that is named as the domain. */
function credentialOf(world: World, name: string, secret: string): { domain: string; id: string } {
  const { id: domain } = world.findDomain({ name })!;
  const { id: userId } = world.findUser(domain, USER)!;
  const { id: projectId } = world.findProject(domain, name)!;
  return { domain, id: world.addApplicationCredential({ userId, projectId, secret }).id };
}

/** Domains by the roles of their users, and a line of domains.txt for each; those with a file take it from `file`. */
function scene(): { world: World; lines: (file: string) => string } {
  const world = worldOf(
    { name: 'plain', projects: [1, 1] },
    { name: 'env', role: 'admin', projects: [2, 3] },
    { name: 'filed', projects: [4] },
    { name: 'several', projects: [5, 6, 7] },
  );
  const [env, filed, several] = [
    credentialOf(world, 'env', SECRETS.env),
    credentialOf(world, 'filed', SECRETS.filed),
    credentialOf(world, 'several', SECRETS.several),
  ];
  const lines = (file: string): string =>
    linesOf(world, 'plain') +
    `${env.domain} name=env app_credential_id=${env.id} app_credential_secret_env=ENV_SECRET\n` +
    `${filed.domain} name=filed app_credential_id=${filed.id} app_credential_secret_file=${file}\n` +
    `${several.domain} name=several app_credential_id=${several.id} app_credential_secret_env=SEVERAL_SECRET\n`;
  return { world, lines };
}

const ENV = { ENV_SECRET: SECRETS.env, SEVERAL_SECRET: SECRETS.several };

describe('Application credentials in domains.txt', () => {
  together(3, {
    ['serve where they see all, or all there is; elsewhere they are forbidden; a wrong secret is sent once']:
      async () => {
        const { world, lines } = scene();
        await withRig({ world, lines: '', env: ENV }, async (rig) => {
          const file = join(rig.folder, 'filed-secret');
          await writeFile(file, `${WRONG}\n`, { mode: 0o600 });
          await writeFile(rig.file, lines(file));
          await sleep(1000);
          for (let i = 1; i <= 3; i++) {
            const page = await rig.metrics();
            for (const [domain, vcpus] of [
              ['plain', 2],
              ['env', 5],
              ['filed', undefined],
              ['several', 5],
            ] as const) {
              expect(page.of('vhi_domain_vcpus_in_use', domain), domain).to.equal(vcpus);
            }
            expect(page.get('vhi_total_vcpus_in_use')).to.equal(12);
            expect(page.complete).to.equal(0);
            expect(page.series('vhi_domain_collect_error_info')).to.deep.equal([
              'vhi_domain_collect_error_info{domain="filed",stage="login",reason="auth"}',
              'vhi_domain_collect_error_info{domain="several",stage="servers",reason="forbidden"}',
            ]);
            expect(page.get('vhi_cloud_logins_total{result="auth"}')).to.equal(1);
            expect(page.get('vhi_cloud_logins_total{result="success"}')).to.equal(3);
          }
          const { errors } = await rig.snapshot();
          expect(errors.map(({ count, status }) => [count, status])).to.deep.equal([
            [1, 401],
            [2, null],
          ]);
          expect(errors[1]!.message).to.include('user and password');
          expect(countOf(rig.takeCalls(), 'rescope')).to.equal(1);

          // The file is looked at at every scrape, while the wrong secret waits.
          await writeFile(file, SECRETS.filed);
          const page = await rig.metrics();
          expect(page.of('vhi_domain_vcpus_in_use', 'filed')).to.equal(4);
          expect(page.get('vhi_total_vcpus_in_use')).to.equal(16);
          expect(countOf(rig.takeCalls(), 'login')).to.equal(1);

          const told = [rig.program.stderr, rig.program.stdout, ...rig.answers].join('\n');
          for (const secret of [WRONG, ...Object.values(SECRETS)]) expect(told).not.to.include(secret);
          for (const { id } of world.applicationCredentials.values()) expect(told).not.to.include(id);
        });
      },

    ['are told by check, and need no user, password or project of the settings']: async () => {
      const { world, lines } = scene();
      const bare = { VHI_USERNAME: '', VHI_PASSWORD: '' };
      await withCloud({ world, lines: '', env: { ...ENV, ...bare } }, async ({ folder, env, args }) => {
        const file = join(folder, 'filed-secret');
        await writeFile(file, SECRETS.filed, { mode: 0o600 });
        const [, ...own] = lines(file).trim().split('\n');
        await writeFile(join(folder, 'domains.txt'), own.join('\n'));
        const { code, stdout } = await run(['check', ...args], { env });
        expect(code).to.equal(1);
        const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
        const row = (name: string): string[] | undefined => rows.find(([first]) => first === name);
        expect(row('env')).to.include.members(['ok', 'cloud-list', 'all of the domain']);
        expect(row('filed')).to.include.members(['ok', 'project-list', "the user's only"]);
        expect(row('several')).to.include.members(['partial', 'project-list', '3']);
        expect(stdout).to.include('user and password');
      });
    },

    ['that are mixed with a user or a password make the line a problem, and the others still count']: async () => {
      const world = worldOf({ name: 'good', projects: [2] });
      const id = addDomain(world, { name: 'mixed' });
      const lines = `${linesOf(world, 'good')}${id} name=mixed user=u app_credential_id=x app_credential_secret_env=X\n`;
      await withRig({ world, lines }, async (rig) => {
        const { complete, totals, errors } = await rig.snapshot();
        expect({ complete, vcpus: totals?.vcpus }).to.deep.equal({ complete: false, vcpus: 2 });
        expect(errors[0]).to.include({ line: 2, stage: 'config', reason: 'config' });
        expect(errors[0]!.message).to.match(/^an application credential has .*, user can't be given/);
      });
    },
  });
});
