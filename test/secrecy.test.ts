import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** The simulator's secrets are made up. */
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('simulator/'))
  .sort();

const isNamed = (node: ts.Node): node is ts.NamedDeclaration & { name: ts.Node } =>
  (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isVariableDeclaration(node)) && !!node.name;

/** The function or constant of the file's top level, or the method, in which something stands. */
function holderOf(node: ts.Node): string {
  let holder = '';
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isConstructorDeclaration(at)) holder = 'constructor';
    else if (isNamed(at)) holder = at.name.getText();
  }
  return holder;
}

/** Where in the source something is, as `file holder`; once for each time. */
function find(isIt: (node: ts.Node) => boolean): string[] {
  const found: string[] = [];
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (isIt(node)) found.push(`${file} ${holderOf(node)}`.trim());
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found.sort();
}

const SECRET_NAME = /pass(word|phrase)s?$|secrets?$|tokens?$|hash(es)?$|credentials?$|^users$/i;
/** Of the type itself, not of what a function gives. */
const holdsText = (type: ts.TypeNode): boolean =>
  /\bstring\b/.test(type.getText().replace(/\{[^}]*\}|=>.*|Map<string,/gs, ''));

/** A field or parameter that by its name holds a secret, and by its type a text that anybody may print. */
function isBareSecret(node: ts.Node): boolean {
  if (!ts.isPropertySignature(node) && !ts.isPropertyDeclaration(node) && !ts.isParameter(node)) return false;
  return SECRET_NAME.test(node.name.getText()) && node.type !== undefined && holdsText(node.type);
}

describe('secrets in the source', () => {
  it('become text in these places alone', () => {
    // However it is named: as a property, in quotes, or taken out of its object.
    const isReveal = (node: ts.Node): boolean =>
      (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) &&
      node.text === 'reveal' &&
      !(ts.isMethodDeclaration(node.parent) && node.getSourceFile().fileName === 'secret.ts');
    expect(find(isReveal)).to.deep.equal([
      // The login of the demo's simulated cloud.
      'commands/demo-cloud.ts addDomains',
      // What is sent: the token as a header, and what is in the body.
      'http/disclose.ts disclose',
      'http/disclose.ts disclose',
      // Hashed at once, under a key that leaves with the process.
      'openstack/gates.ts #gate',
      // Hashed at once.
      'snapshot/visits.ts sessionKey',
      // Compared in a thread of its own, and remembered under a key that leaves with the process.
      'web/security/basic-auth.ts #decoy',
      'web/security/basic-auth.ts check',
      'web/security/basic-auth.ts check',
    ]);
  });

  it('are secrets from where they come in', () => {
    const isWrapped = (node: ts.Node): boolean => ts.isNewExpression(node) && node.expression.getText() === 'Secret';
    expect(find(isWrapped).map((place) => place.split(' ')[0])).to.deep.equal([
      'commands/demo-cloud.ts',
      'domains/credential.ts',
      // How all tokens begin: compared with what a cloud says.
      'http/disclose.ts',
      'openstack/identity.ts',
      'openstack/password.ts',
      'secret.ts',
      'settings/settings.ts',
      'web/security/basic-auth.ts',
      'web/security/read.ts',
    ]);
  });

  it('are of no type that prints itself', () => {
    expect(find(isBareSecret)).to.deep.equal([
      // On the way to the thread that compares them, and in it.
      'web/security/basic-auth.ts',
      'web/security/basic-auth.ts',
      'web/security/basic-auth.ts constructor',
      'web/security/basic-auth.ts constructor',
      'web/security/bcrypt-worker.ts',
      'web/security/bcrypt-worker.ts',
      'web/security/bcrypt.ts compare',
      'web/security/bcrypt.ts compare',
      // The file while it is read.
      'web/security/read.ts secretsOf',
      'web/security/schema.ts costOf',
      'web/security/security.ts',
      'web/security/security.ts',
    ]);
  });

  const types: [type: string, isBare: boolean][] = [
    ['string', true],
    ['string | null', true],
    ['readonly string[]', true],
    ['Map<string, string>', true],
    ['Record<string, string>', true],
    ['Secret', false],
    ['ReadonlyMap<string, Secret>', false],
    ['PasswordSource | null', false],
    ['{ kind: string; secret: Secret }', false],
  ];
  for (const [type, isBare] of types) {
    it(`${isBare ? 'may not be' : 'may be'} of the type ${type}`, () => {
      const source = ts.createSourceFile('a.ts', `interface A { password: ${type} }`, ts.ScriptTarget.Latest, true);
      const [declared] = source.statements;
      expect((declared as ts.InterfaceDeclaration).members.map(isBareSecret)).to.deep.equal([isBare]);
    });
  }
});
