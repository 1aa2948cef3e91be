import { expect } from 'chai';

import type { Simulator } from '../../src/simulator/server.js';
import { adminBody, ask, post, rescopeBody, token, type Reply } from './helpers/api.js';
import { simulate } from './helpers/clouds.js';
import { credentialBody, deleteCredential, makeCredential, type Credential } from './helpers/credentials.js';
import { addFigures, projectFigures, type Expected, type Figures } from './helpers/expected.js';
import { runProgram, withExporter } from './helpers/program.js';
import { forgetSeenTokens, seed } from './helpers/rig.js';
import { shapeOf } from './helpers/shape.js';

/** A member of several projects, a cloud administrator of several, and a member of one. */
const [SEVERAL, ADMIN, ONE] = ['dom-561', 'dom-562', 'dom-563'] as const;

let expected: Expected;
let simulator: Simulator;
let credentials: Record<string, Credential>;
let admin: string;

/** What is allocated in the projects of a domain, or only in the one named like it. */
function figuresOf(name: string, which: 'all' | 'own' = 'all'): Figures {
  const { projects } = expected.domains.find((domain) => domain.name === name)!;
  const read = projects.filter((project) => which === 'all' || project.name === name);
  return addFigures(read.map((project) => projectFigures(project, 'allocated')));
}

const domainNamed = (name: string) => expected.domains.find((domain) => domain.name === name)!;

describe('Application credentials', () => {
  before('fills the cloud', async function () {
    this.timeout(300_000);
    const several = await seed(
      ...['--start', '561', '--domains', '2', '--projects', '3', '--servers', '12'],
      ...['--admin-project-servers', '9', '--cloudadmin', ADMIN],
    );
    const one = ['--start', '563', '--domains', '1', '--projects', '0', '--servers', '0'];
    const single = await seed(...one, '--admin-project-servers', '15', '--keep');
    expected = { ...several, domains: [...several.domains, ...single.domains] };
    admin = await token(expected.auth_url, adminBody(expected));
    credentials = {};
    for (const domain of expected.domains) {
      credentials[domain.name] = await makeCredential(expected.auth_url, domain);
    }
    simulator = await simulate(expected);
    for (const credential of Object.values(credentials)) simulator.world.addApplicationCredential(credential);
  });
  after(async () => {
    await simulator.close();
    for (const credential of Object.values(credentials)) {
      await deleteCredential(expected.auth_url, admin, credential);
    }
  });

  const CLOUDS = [
    ['a real OpenStack', () => expected.auth_url],
    ['the simulator', () => simulator.authUrl],
  ] as const;

  for (const [cloud, authUrl] of CLOUDS) {
    describe(`on ${cloud}`, () => {
      const options = (change: Record<string, Credential> = {}) => ({
        authUrl: authUrl(),
        domains: expected.domains,
        credentials: { ...credentials, ...change },
      });

      it('give the right figures where they see all, or all there is, and elsewhere say that a password is needed', async () => {
        await withExporter(options(), async (exporter) => {
          for (let scrape = 1; scrape <= 2; scrape++) {
            const { page, json } = await exporter.observe();
            const rows = new Map(json.domains.map((row) => [row.domain, row]));
            const row = (name: string) => {
              const { result, strategy, projects, servers, vcpus, ramMb } = rows.get(name)!;
              return { result, strategy, projects, figures: { servers, vcpus, ramMb } };
            };
            const all = { result: 'ok', strategy: 'cloud-list', projects: 4, figures: figuresOf(ADMIN) };
            expect(row(ADMIN)).to.deep.equal(all);
            const only = { result: 'ok', strategy: 'project-list', projects: 1, figures: figuresOf(ONE) };
            expect(row(ONE)).to.deep.equal(only);
            const part = { strategy: 'project-list', projects: 4, figures: figuresOf(SEVERAL, 'own') };
            expect(row(SEVERAL)).to.deep.equal({ result: 'partial', ...part });
            expect(json.errors).to.have.length(1);
            expect(json.errors[0]).to.include({ domain: SEVERAL, stage: 'servers', reason: 'forbidden', count: 3 });
            expect(json.errors[0]!.message).to.contain('user and password');
            expect(page.value('vhi_snapshot_complete')).to.equal(0);
            const total = addFigures([figuresOf(ADMIN), figuresOf(ONE), figuresOf(SEVERAL, 'own')]);
            expect(page.value('vhi_total_vcpus_in_use')).to.equal(total.vcpus);
            expect(page.value('vhi_total_ram_mb_in_use')).to.equal(total.ramMb);
            expect(page.value('vhi_cloud_logins_total', { result: 'success' })).to.equal(3);
            expect(page.value('vhi_cloud_requests_total', { service: 'identity', code: '401' })).to.equal(null);
          }
        });
      });

      it('make a complete snapshot of those domains that they can serve, and check says how', async () => {
        const served = { ...options(), domains: [domainNamed(ADMIN), domainNamed(ONE)] };
        await withExporter(served, async (exporter) => {
          const page = await exporter.scrape();
          expect(page.value('vhi_snapshot_complete')).to.equal(1);
          const total = addFigures([figuresOf(ADMIN), figuresOf(ONE)]);
          expect(page.value('vhi_total_vcpus_in_use')).to.equal(total.vcpus);
        });
        const { code, stdout } = await runProgram('check', served);
        expect(code, stdout).to.equal(0);
        expect(stdout).to.match(new RegExp(`${ADMIN} .*all of the domain.*cloud-list`));
        expect(stdout).to.match(new RegExp(`${ONE} .*the user's only.*project-list`));
      });

      it('with a wrong secret are auth, and sent once over three scrapes', async () => {
        const wrong = { [ADMIN]: { ...credentials[ADMIN]!, secret: 'wrong' } };
        await withExporter(options(wrong), async (exporter) => {
          for (let scrape = 1; scrape <= 3; scrape++) {
            const { page, json } = await exporter.observe();
            expect(json.errors[1]).to.include({ domain: ADMIN, stage: 'login', reason: 'auth', status: 401 });
            expect(page.value('vhi_domain_vcpus_in_use', { domain: ADMIN })).to.equal(null);
            expect(page.value('vhi_domain_vcpus_in_use', { domain: ONE })).to.equal(figuresOf(ONE).vcpus);
            expect(page.value('vhi_cloud_logins_total', { result: 'auth' })).to.equal(1);
            expect(page.value('vhi_cloud_logins_total', { result: 'success' })).to.equal(2);
          }
        });
      });

      it('that are unknown are auth, with what Keystone says of them: 404', async () => {
        const unknown = { [ADMIN]: { ...credentials[ADMIN]!, id: '0'.repeat(32) } };
        await withExporter(options(unknown), async (exporter) => {
          const { errors } = await exporter.snapshot();
          expect(errors[1]).to.include({ domain: ADMIN, stage: 'login', reason: 'auth', status: 404 });
          expect(errors[1]!.message).not.to.contain('0'.repeat(32));
        });
      });

      it('of another domain are config, and bring none of its figures', async () => {
        for (const other of [ADMIN, SEVERAL]) {
          await withExporter(options({ [ONE]: credentials[other]! }), async (exporter) => {
            const { page, json } = await exporter.observe();
            expect(json.errors[1]).to.include({ domain: ONE, stage: 'login', reason: 'config', status: null });
            expect(page.value('vhi_domain_vcpus_in_use', { domain: ONE })).to.equal(null);
            expect(page.value('vhi_domain_vcpus_in_use', { domain: ADMIN })).to.equal(figuresOf(ADMIN).vcpus);
          });
        }
      });
    });
  }

  it('that are deleted are told in the scrape that finds their token dead, and the others stay exact', async () => {
    const doomed = await makeCredential(expected.auth_url, domainNamed(ONE));
    const options = { authUrl: expected.auth_url, domains: expected.domains };
    await withExporter({ ...options, credentials: { ...credentials, [ONE]: doomed } }, async (exporter) => {
      expect((await exporter.scrape()).value('vhi_domain_vcpus_in_use', { domain: ONE })).to.equal(
        figuresOf(ONE).vcpus,
      );
      await deleteCredential(expected.auth_url, admin, doomed);
      await forgetSeenTokens();
      const { page, json } = await exporter.observe();
      expect(json.errors[1]).to.include({ domain: ONE, stage: 'login', reason: 'auth', status: 404 });
      expect(page.value('vhi_domain_vcpus_in_use', { domain: ONE })).to.equal(null);
      expect(page.value('vhi_domain_vcpus_in_use', { domain: ADMIN })).to.equal(figuresOf(ADMIN).vcpus);
    });
  });

  describe('are answered by the simulator as by Keystone', () => {
    type Question = (authUrl: string) => Promise<Reply>;

    const login = (change: (body: ReturnType<typeof credentialBody>) => unknown = () => undefined): Question => {
      return (authUrl) => {
        const body = credentialBody(credentials[SEVERAL]!);
        change(body);
        return post(`${authUrl}/auth/tokens`, body);
      };
    };
    const own = (authUrl: string): Promise<string> => token(authUrl, credentialBody(credentials[SEVERAL]!));
    const rescope = (ending: string): Question => {
      return async (authUrl) => {
        const project = domainNamed(SEVERAL).projects.find(({ name }) => name.endsWith(ending))!;
        return post(`${authUrl}/auth/tokens`, rescopeBody(await own(authUrl), project.id));
      };
    };
    const get = (path: (name: string) => string): Question => {
      return async (authUrl) => {
        return ask(`${authUrl}${path(SEVERAL)}`, { headers: { 'X-Auth-Token': await own(authUrl) } });
      };
    };

    const QUESTIONS: Readonly<Record<string, Question>> = {
      'a login': login(),
      'a wrong secret': login(
        (body) => (body.auth.identity = credentialBody({ ...credentials[SEVERAL]!, secret: 'wrong' }).auth.identity),
      ),
      'an unknown id': login(
        (body) => (body.auth.identity = credentialBody({ id: '0'.repeat(32), secret: 'x' }).auth.identity),
      ),
      'a login without an id': login(
        (body) =>
          (body.auth.identity = { methods: ['application_credential'], application_credential: { secret: 'x' } }),
      ),
      'a login that asks for its own project': login(
        (body) => (body.auth.scope = { project: { id: credentials[SEVERAL]!.projectId } }),
      ),
      'a rescope to another project': rescope('-prj-01'),
      'a rescope to its own project': rescope(SEVERAL),
      "the user's projects": get(() => '/auth/projects'),
      "the domain's projects": get((name) => `/projects?domain_id=${domainNamed(name).id}`),
    };

    const saidBy = ({ json }: Reply): unknown => (json as { error?: unknown } | undefined)?.error;

    for (const [title, question] of Object.entries(QUESTIONS)) {
      it(`to: ${title}`, async () => {
        const [real, simulated] = [await question(expected.auth_url), await question(simulator.authUrl)];
        expect(shapeOf(simulated, 'all')).to.deep.equal(shapeOf(real, 'all'));
        expect(saidBy(simulated)).to.deep.equal(saidBy(real));
      });
    }
  });
});
