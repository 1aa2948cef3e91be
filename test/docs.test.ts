import { existsSync, readFileSync } from 'node:fs';

import { expect } from 'chai';

import { KEYS } from '../src/domains/keys.js';
import { ADVICE, REASONS } from '../src/errors.js';
import { FAMILIES } from '../src/metrics/families.js';
import { SelfMetrics } from '../src/metrics/self.js';
import { COMMANDS, OPTIONS, type Option } from '../src/settings/options.js';
import { parseTariffs } from '../src/tariffs/parse.js';
import { fileSchema, tariffSchema } from '../src/tariffs/schema.js';
import { STRATEGY_NAMES } from '../src/usage/strategy.js';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const README = read('README.md');

/** What is under a heading, up to the next one. */
function section(heading: string): string {
  const after = README.split(/\n#{2,3} (.+)\n/);
  return after[after.indexOf(heading) + 1] ?? '';
}

/** The rows of the table under a heading, each a list of cells. */
function rows(heading: string): string[][] {
  return section(heading)
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('|---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .slice(1);
}

const names = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

describe('the README', () => {
  it('lists every setting with its variables and its default', () => {
    const table = new Map(
      rows('Settings').map(([flag = '', env = '', value = '']) => [names(flag)[0], { env, value }]),
    );
    for (const [flag, option] of Object.entries(OPTIONS) as [string, Option][]) {
      const row = table.get(`--${flag}`);
      expect(row, flag).to.exist;
      expect(names(row?.env), flag).to.deep.equal(option.env ?? []);
      if (option.default !== undefined) expect(names(row?.value), flag).to.deep.equal([option.default]);
    }
    const flags = [...table.keys()].filter((name) => name?.startsWith('--'));
    expect(flags).to.have.members(Object.keys(OPTIONS).map((flag) => `--${flag}`));
  });

  it('lists every command', () => {
    const listed = rows('Commands').map(([command]) => names(command)[0]?.replace('vhi-exporter ', ''));
    expect(listed).to.deep.equal(Object.keys(COMMANDS));
  });

  it('lists every key of domains.txt', () => {
    const listed = rows('domains.txt').flatMap(([key]) => names(key).map((name) => name.replace(/=.*/, '')));
    const values = ['error', 'ignore'];
    expect(listed.filter((name) => !values.includes(name))).to.have.members([...KEYS]);
  });

  it('lists every key of the tariffs file', () => {
    const keys = [fileSchema, tariffSchema].flatMap(({ shape }) => Object.keys(shape));
    expect(rows('Tariffs').flatMap(([key]) => names(key))).to.deep.equal(keys);
  });

  it('shows tariffs that are good, in the README and as an example with every key', () => {
    const [, shown = ''] = /```yaml\n([^]*?)```/.exec(section('Tariffs')) ?? [];
    const example = read('tariffs.yml.example');
    for (const text of [shown, example]) expect(parseTariffs(text, 'UTC').problems).to.deep.equal([]);
    for (const key of [fileSchema, tariffSchema].flatMap(({ shape }) => Object.keys(shape))) {
      expect(example, key).to.match(new RegExp(`^[ -]*${key}:`, 'm'));
    }
  });

  it('lists every metric with its type and labels', () => {
    const listed = new Map(
      rows('Metrics').flatMap(([cell, type, labels]) =>
        names(cell).map((name) => [name, { type, labels: names(labels) }]),
      ),
    );
    const self = new SelfMetrics({ build: { version: '1', nodeVersion: '1' }, withProcess: false }).all();
    const own = self.map((metric) => metric as unknown as { name: string; labelNames: string[] });
    const all = [...FAMILIES.map(({ name, labels }) => ({ name, labelNames: labels })), ...own];
    expect([...listed.keys()]).to.have.members(all.map(({ name }) => name));
    for (const { name, labelNames } of all) expect(listed.get(name)?.labels, name).to.have.members([...labelNames]);
    for (const { name } of FAMILIES) expect(listed.get(name)?.type, name).to.equal('gauge');
  });

  it('says what to do about every reason', () => {
    const listed = rows('When a domain fails').map(([reason, , advice = '']) => [
      names(reason)[0],
      advice.replaceAll('`', ''),
    ]);
    expect(listed).to.deep.equal(REASONS.map((reason) => [reason, ADVICE[reason]]));
  });

  it('tells of the failures where it tells of operations', () => {
    const [, operations = ''] = README.split('\n## Operations\n');
    expect(operations.split('\n## ')[0]).to.include('\n### When a domain fails\n');
  });

  it('links to headings and files that there are', () => {
    const anchors = [...README.replace(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = '']) =>
        `#${heading
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replaceAll(' ', '-')}`,
    );
    const targets = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    expect(targets).to.have.lengthOf.above(20);
    for (const target of targets) {
      if (target.startsWith('#')) expect(anchors).to.include(target);
      else expect(existsSync(new URL(`../${target}`, import.meta.url)), target).to.be.true;
    }
  });

  it('has npm keep silent where it shows commands whose output is used', () => {
    expect([...README.matchAll(/npm start(?! --silent --).*/g)].map(([text]) => text)).to.deep.equal([]);
  });

  it('explains every strategy', () => {
    expect(rows('How servers are found').map(([name]) => names(name)[0])).to.deep.equal([...STRATEGY_NAMES]);
  });

  it('gives a reason for every dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const listed = rows('Development').map(([name = '']) => name);
    expect(listed).to.include.members(Object.keys(dependencies ?? {}));
    const development = listed.find((cell) => cell.startsWith('*development:*'));
    for (const name of Object.keys(devDependencies ?? {})) {
      if (!name.startsWith('@types/') && name !== '@eslint/js') expect(development).to.include(name);
    }
  });
});
