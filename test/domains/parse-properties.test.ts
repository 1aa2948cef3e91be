import { expect } from 'chai';
import fc from 'fast-check';
import type { Domain } from '../../src/domains/domain.js';
import { KEYS } from '../../src/domains/keys.js';
import { parseDomains } from '../../src/domains/parse.js';
import { DEFAULTS } from './samples.js';

const PASSWORD = 'h!unter2';

/** Text that a value may hold, weighted towards what the grammar cares about. */
const value = fc
  .array(fc.oneof(fc.constantFrom('"', '\\', '#', '=', ' ', '\t', 'ü', '\u202e', '😀'), fc.string({ maxLength: 4 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '' && !/(?!\t)\p{Cc}/u.test(text));

/** Each line an id and texts of its own, so that none is there twice. */
const goodLines = fc
  .array(fc.record({ name: value, project: value, user: value, password: value }), { maxLength: 8 })
  .map((records) =>
    records.map((record, index) => ({ id: `id.${index}`, ...record, name: `${index} ${record.name}` })),
  );

/** Pieces that make up almost-lines: most are bad, in all the ways there are. */
const piece = fc.constantFrom('1', '2', 'a.b', '=', '"', '\\', '#', ' ', ' ', '\t', '\u0000', '\ufeff', 'x', ...KEYS);
const almostLine = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('1', '2', '3'), fc.constantFrom('a', 'b', '"c d"'))
    .map(([id, name]) => `${id} name=${name}`),
);
const almostFile = fc.array(almostLine, { maxLength: 12 });

function render(values: Record<string, string>, quote: boolean): string {
  return Object.entries(values)
    .map(([key, text]) => {
      const escaped = text.replaceAll(/["\\]/g, '\\$&');
      const written = quote || /[ \t"]/.test(text) ? `"${escaped}"` : text;
      return key === 'id' ? text : `${key}=${written}`;
    })
    .join(' ');
}

function asWritten(domain: Domain): Record<string, string> {
  const { id, credential } = domain;
  if (credential.kind !== 'password' || credential.password.kind !== 'inline') throw new Error('not as written');
  const { project, user, password } = credential;
  return { id, project, user, password: password.secret.reveal() };
}

describe('parseDomains, whatever it is given', () => {
  it('never throws, and counts each line once at most', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
      almostFile.map((lines) => Buffer.from(lines.join('\n'))),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        const { domains, problems } = parseDomains(file, DEFAULTS);
        const lines = [...domains, ...problems].map(({ line }) => line);
        expect(new Set(lines).size).to.equal(lines.length);
        expect(Math.max(0, ...lines)).to.be.at.most(file.toString('latin1').split('\n').length);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives back the list that was written', () => {
    fc.assert(
      fc.property(goodLines, fc.boolean(), fc.constantFrom('\n', '\r\n'), (list, quote, newline) => {
        const file = Buffer.from(list.map((values) => render(values, quote)).join(newline));
        const { domains, problems } = parseDomains(file, DEFAULTS);
        expect(problems).to.deep.equal([]);
        expect(domains.map(asWritten)).to.deep.equal(
          list.map(({ id, project, user, password }) => ({ id, project, user, password })),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('finds each line that says something to be either a domain or one problem', () => {
    fc.assert(
      fc.property(almostFile, (lines) => {
        const { domains, problems } = parseDomains(Buffer.from(lines.join('\n')), DEFAULTS);
        const found = new Set([...domains, ...problems].map(({ line }) => line));
        for (const [index, text] of lines.entries()) {
          const silent =
            /^\ufeff?[ \t]*(#|$)/.test(text) && !/\0/.test(text) && (index === 0 || !text.startsWith('\ufeff'));
          expect(found.has(index + 1), text).to.equal(!silent);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('finds the same domains when the lines with problems are taken out', () => {
    fc.assert(
      fc.property(almostFile, (lines) => {
        const before = parseDomains(Buffer.from(lines.join('\n')), DEFAULTS);
        const bad = new Set(before.problems.map(({ line }) => line));
        // Emptied, not removed, so that the numbers of the others stay.
        const after = parseDomains(
          Buffer.from(lines.map((text, i) => (bad.has(i + 1) ? '' : text)).join('\n')),
          DEFAULTS,
        );
        expect(after.problems).to.deep.equal([]);
        expect(after.domains).to.deep.equal(before.domains);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells no password, wherever it is mistyped', () => {
    const key = fc.constantFrom(
      ...['password', 'pasword', 'Password', 'passwd', 'password_env', 'secret', 'x', ''],
      ...['app_credential_secret', 'app_credential_secret_env', 'app_credential_id'],
    );
    const around = fc.constantFrom('', '"', ' ', '=', '\\', '"a" ', "'");
    fc.assert(
      fc.property(
        fc.constantFrom('', '1 ', '1 name=n ', '1 name=n user=u '),
        key,
        around,
        around,
        (start, name, a, b) => {
          for (const line of [`${start}${name}=${a}${PASSWORD}${b}`, `${start}${name}=x${a}${PASSWORD}${b}=y`]) {
            for (const { message } of parseDomains(Buffer.from(line), DEFAULTS).problems) {
              expect(message).not.to.contain('unter2');
              expect(message).not.to.match(/[\n\p{Cc}]/u);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes no long time for a hostile file', () => {
    // One line of a megabyte would show what is quadratic in a line, many short ones what is so in their number.
    const sizes: [unit: string, size: number][] = [
      ...['=', ' ', ' password', '1 "'].map((unit): [string, number] => [unit, 1024 * 1024]),
      ...['\n', 'a\n', '1 "\n', '1 aaaaaaaaaaaaaaaaaaaa=\n'].map((unit): [string, number] => [unit, 64 * 1024]),
    ];
    for (const [unit, size] of sizes) {
      const start = performance.now();
      parseDomains(Buffer.from(unit.repeat(Math.floor(size / unit.length))), DEFAULTS);
      expect(performance.now() - start, JSON.stringify(unit)).to.be.below(5000);
    }
  });
});
