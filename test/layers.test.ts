import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  /** `usage/auto.ts`, below src. */
  file: string;
  /** A file below src, or a package's name. */
  target: string;
  isPackage: boolean;
  /** Gone once compiled. */
  isType: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const { importClause } = node;
  if (!importClause) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  return (
    !name && !!namedBindings && ts.isNamedImports(namedBindings) && namedBindings.elements.every((e) => e.isTypeOnly)
  );
}

/** What a statement or `import()` names. */
function specifierOf(node: ts.Node): string | null {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : null;
  }
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const argument = isDynamic ? node.arguments[0] : undefined;
  return argument && ts.isStringLiteral(argument) ? argument.text : null;
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== null) {
      const isPackage = !specifier.startsWith('.');
      const path = resolve(SRC, dirname(file), specifier).replace(/\.js$/, '.ts');
      const isType = (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && isTypeOnly(node);
      found.push({ file, target: isPackage ? specifier : relative(SRC, path), isPackage, isType });
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

const imports = files.flatMap(importsOf);
const inside = imports.filter(({ isPackage }) => !isPackage);
const show = ({ file, target }: Import): string => `${file} → ${target}`;

/** The folder, or the file of the top level. */
const layerOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file);

const GROUND = ['errors.ts', 'files.ts', 'secret.ts', 'text.ts', 'url.ts', 'clock.ts'];

/** Each layer with those that it may import; itself is understood. */
const MAY_IMPORT: Record<string, string[]> = {
  'errors.ts': [],
  'files.ts': ['errors.ts'],
  'secret.ts': [],
  'clock.ts': [],
  'text.ts': [],
  'url.ts': [],
  'csv.ts': [],
  'yaml.ts': ['text.ts'],
  'log.ts': ['text.ts'],
  dates: ['text.ts'],
  watch: ['files.ts', 'text.ts'],
  tariffs: ['errors.ts', 'text.ts', 'yaml.ts', 'dates', 'watch'],
  rating: ['dates', 'tariffs', 'snapshot'],
  'reload.ts': ['log.ts', 'text.ts'],
  'process.ts': ['log.ts', 'text.ts', 'web', 'daemon.ts'],
  simulator: [],
  http: GROUND,
  domains: [...GROUND, 'watch'],
  openstack: [...GROUND, 'http', 'domains'],
  usage: [...GROUND, 'http', 'openstack'],
  settings: [...GROUND, 'log.ts', 'dates', 'domains', 'usage'],
  snapshot: [...GROUND, 'log.ts', 'http', 'openstack', 'usage', 'domains', 'settings'],
  'usage-report': [...GROUND, 'log.ts', 'dates', 'http', 'domains', 'openstack', 'usage', 'snapshot'],
  statement: ['csv.ts', 'text.ts', 'dates', 'openstack', 'rating', 'snapshot', 'tariffs', 'usage-report'],
  metrics: [...GROUND, 'domains', 'tariffs', 'usage', 'snapshot', 'rating'],
  web: [
    ...GROUND,
    'yaml.ts',
    'log.ts',
    'dates',
    'watch',
    'domains',
    'tariffs',
    'settings',
    'snapshot',
    'usage-report',
    'statement',
    'metrics',
  ],
  'daemon.ts': [
    ...GROUND,
    'log.ts',
    'reload.ts',
    'domains',
    'tariffs',
    'openstack',
    'settings',
    'snapshot',
    'usage-report',
    'metrics',
    'web',
  ],
  commands: [
    ...GROUND,
    'log.ts',
    'dates',
    'domains',
    'tariffs',
    'openstack',
    'settings',
    'snapshot',
    'csv.ts',
    'usage-report',
    'statement',
    'web',
    'daemon.ts',
    'simulator',
  ],
  'cli.ts': [...GROUND, 'log.ts', 'process.ts', 'settings', 'web', 'daemon.ts', 'commands'],
};

/** Layers of which only these files' values may be used from that layer; types may come from any. */
const VALUES_FROM: Record<string, Record<string, string[]>> = {
  // Pure lists of names, so that a strategy or a rule is one file and one row.
  settings: { usage: ['usage/counting.ts', 'usage/strategy.ts'], domains: ['domains/domain.ts'] },
  openstack: { domains: [] },
  rating: { snapshot: [] },
  snapshot: { domains: ['domains/domain.ts'], settings: [], 'log.ts': [] },
  metrics: {
    domains: [],
    tariffs: ['tariffs/in-force.ts'],
    usage: ['usage/counting.ts'],
    snapshot: [],
    rating: ['rating/cost.ts'],
  },
  web: {
    domains: [],
    tariffs: [],
    settings: ['settings/values.ts'],
    'log.ts': [],
    snapshot: ['snapshot/snapshot.ts', 'snapshot/gaps.ts', 'snapshot/deadline.ts'],
  },
};

describe('the architecture', () => {
  it('reads every file and finds its imports', () => {
    expect(files.length).to.be.greaterThan(80);
    expect(inside.length).to.be.greaterThan(200);
    for (const { file, target } of inside) expect(files, `${file} → ${target}`).to.include(target);
  });

  it('has a rule for every layer', () => {
    expect([...new Set(files.map(layerOf))].sort()).to.deep.equal(Object.keys(MAY_IMPORT).sort());
  });

  for (const [layer, allowed] of Object.entries(MAY_IMPORT)) {
    it(`lets ${layer} import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of the project'}`, () => {
      const wrong = inside.filter(({ file, target }) => {
        const to = layerOf(target);
        return layerOf(file) === layer && to !== layer && !allowed.includes(to);
      });
      expect(wrong.map(show)).to.deep.equal([]);
    });
  }

  for (const [layer, rules] of Object.entries(VALUES_FROM)) {
    for (const [from, allowed] of Object.entries(rules)) {
      it(`lets ${layer} use of ${from} ${allowed.length > 0 ? `the values of ${allowed.join(' and ')}` : 'types'} only`, () => {
        const wrong = inside.filter(
          ({ file, target, isType }) =>
            !isType && layerOf(file) === layer && layerOf(target) === from && !allowed.includes(target),
        );
        expect(wrong.map(show)).to.deep.equal([]);
      });
    }
  }

  it('lets nobody but the commands import the simulator', () => {
    const wrong = inside.filter(
      ({ file, target }) => layerOf(target) === 'simulator' && !['simulator', 'commands'].includes(layerOf(file)),
    );
    expect(wrong.map(show)).to.deep.equal([]);
  });

  it('has no cycle of value imports', () => {
    const next = new Map(files.map((file) => [file, [] as string[]]));
    for (const { file, target, isType } of inside) if (!isType) next.get(file)?.push(target);
    const done = new Set<string>();
    const visit = (file: string, trail: string[]): void => {
      expect(trail, `cycle: ${[...trail, file].join(' → ')}`).not.to.include(file);
      if (done.has(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...trail, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  const homes: [name: string, home: (file: string) => boolean, count: number | null][] = [
    ['node-fetch', (file) => file === 'http/request.ts', 1],
    ['chokidar', (file) => file === 'watch/follow.ts', 1],
    ['winston', (file) => file === 'log.ts', 1],
    ['express', (file) => layerOf(file) === 'web', null],
    ['prom-client', (file) => layerOf(file) === 'metrics', null],
    ['zod', (file) => ['openstack', 'tariffs'].includes(layerOf(file)) || file.startsWith('web/security/'), null],
    ['yaml', (file) => file === 'yaml.ts', 1],
    ['bcryptjs', (file) => file === 'web/security/bcrypt-worker.ts', 1],
    ['fastest-levenshtein', (file) => file === 'text.ts', 1],
    ['temporal-polyfill', (file) => layerOf(file) === 'dates', null],
    ['bignumber.js', (file) => file === 'rating/decimal.ts', 1],
    ['canonicalize', (file) => file === 'rating/seal.ts', 1],
    ['dinero.js/currencies', (file) => file === 'tariffs/currency.ts', 1],
    ['csv-stringify/sync', (file) => file === 'csv.ts', 1],
    ['string-width', (file) => file === 'commands/width.ts', 1],
    ['node:https', (file) => file === 'http/agents.ts' || layerOf(file) === 'web', null],
  ];
  for (const [name, home, count] of homes) {
    it(`imports ${name} ${count === 1 ? 'in one file' : 'in its layer alone'}`, () => {
      const users = [...new Set(imports.filter(({ target }) => target === name).map(({ file }) => file))];
      expect(users).not.to.be.empty;
      expect(users.filter((file) => !home(file))).to.deep.equal([]);
      if (count !== null) expect(users).to.have.length(count);
    });
  }

  it('names every package that it imports among the dependencies', () => {
    const manifest = JSON.parse(readFileSync(join(SRC, '../package.json'), 'utf8')) as { dependencies: object };
    const packages = imports.filter(({ isPackage, target }) => isPackage && !target.startsWith('node:'));
    const names = packages.map(({ target }) => /^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0]);
    expect([...new Set(names)].sort()).to.deep.equal(Object.keys(manifest.dependencies).sort());
  });

  it('knows of the process in cli.ts alone; the simulator may only warn', () => {
    const wrong: string[] = [];
    for (const file of files.filter((name) => name !== 'cli.ts')) {
      const visit = (node: ts.Node): void => {
        const isMember =
          (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) ||
          ts.isPropertyAssignment(node.parent);
        if (ts.isIdentifier(node) && node.text === 'process' && !isMember) {
          const use = node.parent.getText();
          if (!(layerOf(file) === 'simulator' && use === 'process.emitWarning')) wrong.push(`${file}: ${use}`);
        }
        ts.forEachChild(node, visit);
      };
      ts.forEachChild(parse(file), visit);
    }
    expect(wrong).to.deep.equal([]);
    expect(imports.filter(({ target }) => target === 'node:process').map(show)).to.deep.equal([]);
  });

  it('has no barrels: a file that only passes on, or an index', () => {
    const barrels = files.filter((file) => {
      const { statements } = parse(file);
      return (
        /(^|\/)index\.ts$/.test(file) || statements.every((s) => ts.isExportDeclaration(s) || ts.isImportDeclaration(s))
      );
    });
    expect(barrels.filter((file) => file !== 'cli.ts')).to.deep.equal([]);
  });

  it('passes no value on from another file, and no whole file', () => {
    const wrong = files
      // The simulator's server.ts is its face towards tests and commands.
      .filter((file) => file !== 'simulator/server.ts')
      .flatMap((file) =>
        parse(file)
          .statements.filter(ts.isExportDeclaration)
          .filter((s) => s.moduleSpecifier && (!s.isTypeOnly || !s.exportClause))
          .map((s) => `${file}: ${s.getText()}`),
      );
    expect(wrong).to.deep.equal([]);
  });
});
