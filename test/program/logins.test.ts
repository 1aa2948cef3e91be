import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { together } from '../helpers/together.js';
import { addDomain, countOf, linesOf, PASSWORD, type Rig, withRig, worldOf } from './rig.js';

const WRONG = 'wrong-Battery-1';
const FROM_ENV = 'env-Staple-2';
const IN_FILE = 'file-Correct-3';

/** Password logins by domain since the last time, as the cloud saw them. */
function takeLogins(rig: Rig): Record<string, number> {
  const logins: Record<string, number> = {};
  for (const { route, domainId } of rig.takeCalls()) {
    if (route !== 'login') continue;
    const { name } = rig.world.domains.get(domainId!)!;
    logins[name] = (logins[name] ?? 0) + 1;
  }
  return logins;
}

describe('A password that Keystone refuses', () => {
  together(2, {
    ['is sent once over five scrapes, and again only when it or its line changes']: async () => {
      const world = worldOf({ name: 'good', projects: [2] });
      const id = {
        inline: addDomain(world, { name: 'inline', projects: [3] }),
        filed: addDomain(world, { name: 'filed', password: IN_FILE, projects: [4] }),
        env: addDomain(world, { name: 'env', password: FROM_ENV, projects: [5] }),
      };
      const lines = (inline: string, filed: string, comment = ''): string =>
        `${comment}${linesOf(world, 'good')}${id.inline} name=inline password=${inline}\n` +
        `${id.filed} name=filed password_file=${filed}\n` +
        `${id.env} name=env password_env=ENV_PASSWORD # ${comment.trim()}\n` +
        `${id.env} name=unset region=RegionOne password_env=NO_SUCH_VARIABLE\n`;
      await withRig({ world, lines: '', env: { ENV_PASSWORD: FROM_ENV } }, async (rig) => {
        const file = join(rig.folder, 'filed-password');
        await writeFile(file, `${WRONG}\n`, { mode: 0o600 });
        await writeFile(rig.file, lines(WRONG, file));
        await sleep(1000);
        for (let i = 0; i < 5; i++) {
          const page = await rig.metrics();
          expect(page.of('vhi_domain_vcpus_in_use', 'good')).to.equal(2);
          expect(page.of('vhi_domain_vcpus_in_use', 'env')).to.equal(5);
          expect(page.get('vhi_total_vcpus_in_use')).to.equal(7);
          expect(page.get('vhi_domain_collect_failures_total{domain="inline",reason="auth"}')).to.equal(i + 1);
          expect(page.get('vhi_cloud_logins_total{result="auth"}')).to.equal(2);
          expect(page.get('vhi_cloud_logins_total{result="success"}')).to.equal(2);
        }
        expect(takeLogins(rig)).to.deep.equal({ good: 1, inline: 1, filed: 1, env: 1 });

        const { errors } = await rig.snapshot();
        expect(errors.map(({ domain, stage, reason, status }) => [domain, stage, reason, status])).to.deep.equal([
          ['inline', 'login', 'auth', 401],
          ['filed', 'login', 'auth', 401],
          ['unset', 'login', 'config', null],
        ]);
        for (const word of ['password', 'user', 'domain', 'project "inline"', 'disabled', 'locked', 'next try is at']) {
          expect(errors[0]!.message).to.include(word);
        }
        expect(errors[2]!.message).to.include('NO_SUCH_VARIABLE');

        // Comments, other lines and a touched file reset nothing; nor does the file with the same password written anew.
        await writeFile(rig.file, lines(WRONG, file, '# edited\n'));
        await utimes(rig.file, new Date(), new Date());
        await writeFile(file, WRONG);
        await sleep(1000);
        expect((await rig.metrics()).get('vhi_total_vcpus_in_use')).to.equal(7);
        expect(takeLogins(rig)).to.deep.equal({});

        // The password file is looked at at every scrape, the line after its edit is in force.
        await writeFile(file, IN_FILE);
        expect((await rig.metrics()).of('vhi_domain_vcpus_in_use', 'filed')).to.equal(4);
        expect(takeLogins(rig)).to.deep.equal({ filed: 1 });
        await writeFile(rig.file, lines(PASSWORD, file));
        await sleep(1000);
        expect((await rig.metrics()).of('vhi_domain_vcpus_in_use', 'inline')).to.equal(3);
        expect(takeLogins(rig)).to.deep.equal({ inline: 1 });

        const told = [rig.program.stderr, rig.program.stdout, ...rig.answers].join('\n');
        for (const secret of [PASSWORD, WRONG, FROM_ENV, IN_FILE]) expect(told).not.to.include(secret);
        expect(await readFile(`/proc/${rig.program.pid}/cmdline`, 'utf8')).not.to.match(/Horse|Battery|Staple|Correct/);
      });
    },

    ['is not sent again soon, so that the account is not locked, however often Prometheus asks, and is tried again when the line names another user or project']:
      async () => {
        const world = worldOf({ name: 'acme', password: 'another' });
        const { id } = world.findDomain({ name: 'acme' })!;
        const [user] = world.users.values();
        await withRig({ world, cloud: { lockoutAttempts: 3 } }, async (rig) => {
          for (let i = 0; i < 10; i++) await rig.metrics();
          expect(user).to.include({ attempts: 1, locked: false });
          world.addUser({
            domainId: id,
            name: 'billing',
            password: PASSWORD,
            roles: { [world.projectsOf(id)[0]!.id]: 'member' },
          });
          await writeFile(rig.file, `${id} name=acme user=billing\n`);
          await sleep(1000);
          expect((await rig.metrics()).complete).to.equal(1);
          expect(user!.attempts).to.equal(1);
        });
      },
  });
});

describe('Tokens', () => {
  together(3, {
    ['that were revoked cost one new login a domain, and the scrape is complete']: async () => {
      const world = worldOf(
        { name: 'member', projects: [2, 1, 1, 3] },
        { name: 'lister', role: 'domain_lister', projects: [2, 2, 2] },
        { name: 'domainwide', role: 'domain_admin', projects: [1, 1] },
        { name: 'cloudwide', role: 'admin', projects: [3, 1] },
      );
      await withRig({ world }, async (rig) => {
        expect((await rig.metrics()).complete).to.equal(1);
        rig.takeCalls();
        for (let i = 0; i < 2; i++) {
          rig.simulator.revokeTokens();
          const page = await rig.metrics();
          expect(page.complete, page.series('vhi_domain_collect_error_info').join()).to.equal(1);
          expect(page.get('vhi_total_vcpus_in_use')).to.equal(19);
          expect(takeLogins(rig)).to.deep.equal({ member: 1, lister: 1, domainwide: 1, cloudwide: 1 });
        }
        expect((await rig.metrics()).complete).to.equal(1);
        expect(takeLogins(rig)).to.deep.equal({});
      });
    },

    ['that live for a few seconds are renewed on the way, and every scrape is complete']: async () => {
      const world = worldOf({ name: 'member', projects: [2, 1, 1] }, { name: 'domainwide', role: 'domain_admin' });
      await withRig({ world, cloud: { tokenSeconds: 2 } }, async (rig) => {
        for (let i = 0; i < 12; i++) {
          const page = await rig.metrics();
          expect(page.complete, page.series('vhi_domain_collect_error_info').join()).to.equal(1);
          expect(page.get('vhi_total_vcpus_in_use')).to.equal(6);
          await sleep(300);
        }
        expect(takeLogins(rig)['member']).to.be.within(2, 6);
      });
    },

    ["of a project in which the user lost the role are that project's forbidden, without a login at every scrape"]:
      async () => {
        const world = worldOf({ name: 'acme', role: 'domain_lister', projects: [2, 3, 4] });
        const [user] = world.users.values();
        const lost = [...world.projects.values()].find(({ name }) => name === 'acme-2')!;
        await withRig({ world }, async (rig) => {
          expect((await rig.metrics()).get('vhi_total_vcpus_in_use')).to.equal(9);
          // Keystone revokes a user's tokens with the role.
          user!.roles.delete(lost.id);
          rig.simulator.revokeTokens(user!.id);
          rig.takeCalls();
          for (let i = 0; i < 3; i++) {
            const { domains } = await rig.snapshot();
            expect(domains[0]).to.include({ result: 'partial', vcpus: 6, projects: 3 });
            expect(domains[0]!.errors).to.have.length(1);
            expect(domains[0]!.errors[0]).to.include({ stage: 'servers', reason: 'forbidden', status: 401, count: 1 });
            expect(domains[0]!.errors[0]!.message).to.include('project "acme-2"');
            expect(countOf(rig.takeCalls(), 'login'), `scrape ${i + 1}`).to.equal(i === 0 ? 1 : 0);
          }
          user!.roles.set(lost.id, 'domain_lister');
          expect((await rig.metrics()).complete).to.equal(1);
          expect(takeLogins(rig)).to.deep.equal({});
        });
      },
  });
});
