import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import { validate } from 'dockerfile-utils';

import { domainsFilePassesBuild, instructions, packagesOf, type Lock } from './helpers/supply-chain.js';

/* What gets into an installation and into the image. `.ci/image` builds and runs the image itself. */

const ROOT = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const MANIFEST = JSON.parse(read('package.json')) as Manifest;
const LOCK = JSON.parse(read('package-lock.json')) as Lock;
const PACKAGES = packagesOf(LOCK);
/** Licences that ask for no more than to be passed on. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];

describe('the lock file', () => {
  it('holds a SHA-512 of every package', () => {
    expect(PACKAGES).to.have.lengthOf.above(100);
    const without = PACKAGES.filter(({ integrity = '' }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity));
    expect(without).to.deep.equal([]);
  });

  it('takes packages from the npm registry only', () => {
    const elsewhere = PACKAGES.filter(
      ({ resolved, link }) =>
        link === true || (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')),
    );
    expect(elsewhere).to.deep.equal([]);
  });

  it('agrees with package.json, which names exact versions', () => {
    const root = LOCK.packages[''];
    for (const kind of ['dependencies', 'devDependencies'] as const) {
      expect(root?.[kind], kind).to.deep.equal(MANIFEST[kind]);
      for (const [name, version] of Object.entries(MANIFEST[kind])) {
        expect(version, name).to.match(/^\d+\.\d+\.\d+$/);
        expect(LOCK.packages[`node_modules/${name}`]?.version, name).to.equal(version);
      }
    }
  });

  it('has no package in production that wants to run a script when it is installed', () => {
    const scripted = PACKAGES.filter(({ hasInstallScript, dev }) => hasInstallScript === true && dev !== true);
    expect(scripted).to.deep.equal([]);
  });
});

describe('the bill of materials', () => {
  interface Component {
    name: string;
    version: string;
    hashes?: { alg: string; content: string }[];
    licenses?: { license?: { id?: string }; expression?: string }[];
  }
  let components: Component[] = [];

  before(() => {
    const text = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
    const bill = JSON.parse(text) as { bomFormat: string; components: Component[] };
    expect(bill.bomFormat).to.equal('CycloneDX');
    ({ components } = bill);
  });

  it('names exactly the packages that the lock file has for production', () => {
    const production = PACKAGES.filter(({ dev }) => dev !== true).map(({ name, version }) => `${name}@${version}`);
    expect(components.map(({ name, version }) => `${name}@${version}`)).to.have.members([...new Set(production)]);
  });

  it('tells the hash of each', () => {
    for (const { name, hashes } of components) expect(hashes?.[0]?.alg, name).to.equal('SHA-512');
  });

  it('shows permissive licences alone', () => {
    for (const { name, licenses = [] } of components) {
      const ids = licenses.map(({ license, expression }) => license?.id ?? expression);
      expect(ids, name).to.have.lengthOf.above(0);
      for (const id of ids) expect(PERMISSIVE, name).to.include(id);
    }
  });
});

describe('the Dockerfile', () => {
  const text = read('Dockerfile');
  const stages = instructions(text);
  const build = stages[0] ?? [];
  const shipped = stages.at(-1) ?? [];
  const all = stages.flat();
  const of = (stage: typeof all, name: string): string[] =>
    stage.filter(({ keyword }) => keyword === name).map(({ rest }) => rest);

  it('has nothing to complain of', () => {
    expect(validate(text).map(({ message }) => message)).to.deep.equal([]);
  });

  it('builds in one stage and ships another', () => {
    expect(stages).to.have.lengthOf(2);
    expect(of(build, 'FROM')[0]).to.match(/ AS build$/);
    const built = of(shipped, 'COPY');
    expect(built).to.have.lengthOf.above(0);
    for (const copy of built) expect(copy).to.match(/^--from=build \/app\//);
    expect(of(shipped, 'RUN'), 'runs nothing in what is shipped').to.deep.equal([]);
  });

  it('names the version and the system of its base', () => {
    for (const from of of(all, 'FROM')) expect(from.split(' ')[0]).to.match(/^node:\d+[\d.]*-[a-z]+-slim$/);
  });

  it('installs what the lock file says, and lets no package run anything', () => {
    const runs = of(build, 'RUN').flatMap((run) => run.split('&&').map((command) => command.trim()));
    const npm = runs.filter((command) => command.startsWith('npm'));
    expect(npm).to.deep.equal(['npm ci --ignore-scripts', 'npm run build', 'npm prune --omit=dev --ignore-scripts']);
    expect(of(all, 'ADD')).to.deep.equal([]);
  });

  it('runs as a user without a name or rights', () => {
    expect(of(shipped, 'USER')).to.deep.equal(['65534:65534']);
  });

  it('starts the program itself, so that signals reach it, and asks for its health without a shell', () => {
    const [entry = ''] = of(shipped, 'ENTRYPOINT');
    expect(JSON.parse(entry)).to.deep.equal(['node', 'dist/cli.js']);
    const [health = ''] = of(shipped, 'HEALTHCHECK');
    expect(JSON.parse(health.replace(/^.*?CMD /, ''))).to.deep.equal(['node', 'dist/cli.js', 'healthcheck']);
    expect(of(shipped, 'CMD')).to.deep.equal([]);
  });

  it('holds no secret, nor a way to bring one in', () => {
    expect(of(all, 'ARG')).to.deep.equal([]);
    for (const line of of(all, 'ENV')) expect(line).not.to.match(/pass|secret|token|key|user/i);
  });

  it('is given the sources and nothing else', () => {
    const [first, ...kept] = read('.dockerignore').trim().split('\n');
    expect(first).to.equal('*');
    const copied = of(build, 'COPY').flatMap((copy) => copy.split(' ').slice(0, -1));
    expect(kept).to.have.members([...new Set(copied)].map((path) => `!${path}`));
    expect(copied).to.include.members(['package.json', 'package-lock.json', 'src']);
  });

  describe('its look at the list of domains', () => {
    const check = of(build, 'RUN').find((run) => run.includes('domains.txt')) ?? '';

    const shipped = read('domains.txt');

    it('lets the shipped list pass', () => {
      const hash = createHash('sha256').update(shipped).digest('hex');
      expect(check, 'after an edit of domains.txt the Dockerfile needs its new hash').to.include(
        `'${hash} *domains.txt'`,
      );
      expect(domainsFilePassesBuild(check, shipped)).to.be.true;
    });

    const LINES = [
      'id password=hunter2',
      'id pasword=hunter2',
      'id name=a PASSWORD=hunter2',
      'id name=a password =hunter2',
      'id auth_url=https://u:hunter2@h:5000',
      '# password=hunter2',
    ];
    for (const line of LINES) {
      it(`stops at ${line}`, () => {
        expect(domainsFilePassesBuild(check, `${shipped}${line}\n`)).to.be.false;
      });
    }

    it('stops at a list of someone else, and at an empty one', () => {
      for (const list of ['id name=acme\n', '']) expect(domainsFilePassesBuild(check, list)).to.be.false;
    });
  });
});
