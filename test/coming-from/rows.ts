import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import { parse } from 'yaml';

import type { World } from '../../src/simulator/world.js';
import { knownSeries, selectors, unreadable } from '../grafana/promql.js';
import { type Page, type Rig, withFolder, withRig } from '../program/rig.js';
import { section, valuesAt, type Row } from './table.js';

/* Each row of docs/coming-from.md that has an answer is asked of the program, and has a test under its number. */

export interface Answer {
  status: number;
  text: string;
  /** Empty where it is no JSON. */
  json: Record<string, unknown>;
}

export interface Told {
  /** To each request of the row. */
  answers: Answer[];
  /** Of each field that the row names. */
  values: unknown[][];
  /** The value of each query of the row that is the name of a series. */
  series: (number | undefined)[];
  page: Page;
}

export type RowTests = Readonly<Record<string, (told: Told) => void>>;

/** The test of a row that names fields: the values of each. */
export const says =
  (...expected: unknown[][]) =>
  ({ values }: Told): void => {
    expect(values).to.deep.equal(expected);
  };

const SERIES = knownSeries();
const RULES = readFileSync(new URL('../../prometheus/recording.rules.yml', import.meta.url), 'utf8');
const RECORDED = (parse(RULES) as { groups: { rules: { record: string }[] }[] }).groups.flatMap(({ rules }) =>
  rules.map(({ record }) => record),
);

/** The tests of the table under a heading; its tariffs file is in force. */
export function testRows(heading: string, world: () => World, tests: RowTests): void {
  const { rows, tariffs } = section(heading);
  const answered = rows.filter(({ isNotHere }) => !isNotHere);
  const answers = new Map<string, Answer>();
  let page: Page;
  const answersTo = ({ requests }: Row): Answer[] => requests.map((request) => answers.get(request)!);
  const sourceOf = (row: Row): Row => rows.find(({ id }) => id === row.of) ?? row;

  before(() =>
    withFolder(async (folder) => {
      const file = join(folder, 'tariffs.yml');
      if (tariffs !== null) await writeFile(file, tariffs);
      const args = tariffs !== null ? [`--tariffs.file=${file}`] : [];
      await withRig({ world: world(), args }, async (rig) => {
        page = await rig.metrics();
        for (const row of rows) for (const request of row.requests) answers.set(request, await ask(rig, request));
      });
    }),
  );

  it('is numbered from 1 on, each row with an answer has a test, and each other one says why it has none', () => {
    expect(rows.map(({ id }) => Number(id.slice(1)))).to.deep.equal(rows.map((_, index) => index + 1));
    expect(Object.keys(tests)).to.have.members(answered.map(({ id }) => id));
    for (const { id, here, isNotHere } of rows) {
      if (isNotHere) expect(here, id).to.match(/^not here(, and never| yet)?: \w+/);
    }
  });

  for (const row of answered) {
    it(`${row.id} ${row.there}`, () => {
      const { requests, queries, paths } = row;
      expect([...requests, ...queries, ...paths], 'what the row shows').not.to.be.empty;
      for (const query of queries) expectKnown(query);
      for (const { status, text } of answersTo(row)) expect(status, text).to.equal(row.status);
      const source = answersTo(sourceOf(row))[0]?.json;
      const values = paths.map((path) => valuesAt(source, path));
      expect(values.flat(), paths.join()).not.to.include(undefined);
      const series = queries.map((query) => page.get(query));
      tests[row.id]?.({ answers: answersTo(row), values, series, page });
    });
  }
}

async function ask(rig: Rig, address: string): Promise<Answer> {
  const response = await fetch(`${rig.url}${address}`);
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, text, json: isJson ? (JSON.parse(text) as Answer['json']) : {} };
}

function expectKnown(query: string): void {
  expect(unreadable(query), query).to.deep.equal([]);
  const found = selectors(query);
  expect(found, query).not.to.be.empty;
  for (const { metric, labels } of found) {
    if (RECORDED.includes(metric)) continue;
    expect([...SERIES.keys()], query).to.include(metric);
    expect([...(SERIES.get(metric) ?? [])], query).to.include.members(labels);
  }
}
