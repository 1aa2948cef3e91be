import { expect } from 'chai';
import { selfSigned, type Certificate } from '../helpers/loopback.js';
import { together } from '../helpers/together.js';
import { Cell } from './cell.js';
import { expectedAt, type Outcome } from './expected.js';
import { FIELDS, sufferFields, untried } from './fields.js';
import { PLACES, type Place } from './places.js';
import { ROWS, type Row } from './table.js';

/** As the project's issue names them: each has at least one row. */
const DEMANDED =
  'refused connection|DNS failure|TLS failure|reset|hang|slow drip|300|302|401|403|404|409|413|429 without Retry-After|429 with|' +
  '500|502|503|504|truncated|empty body|wrong content type|HTML instead of JSON|huge|deeply nested JSON|in a circle|rows twice|' +
  'expired tokens|revoked tokens|clock off';

const title = ({ told: [sick, ...others] }: Outcome): string =>
  others.every((told) => told === 'ok') ? `${sick}` : [sick, ...others].join(' / ');

describe('Faults', () => {
  let own: Certificate;
  let other: Certificate;
  let tried = 0;
  let survived = 0;
  const cells = ROWS.flatMap((row) => PLACES.map((place) => ({ row, place, expected: expectedAt(row, place) })));
  const without = cells.filter(({ expected }) => 'none' in expected);

  before(async () => {
    own = await selfSigned();
    other = await selfSigned();
  });
  after(() => {
    own.remove();
    other.remove();
    const notRun = without.length + untried.length;
    console.log(`faults tried: ${tried}, survived: ${survived}, cells without a run (with reason): ${notRun}`);
  });

  const count = async (run: () => Promise<void>): Promise<void> => {
    tried += 1;
    await run();
    survived += 1;
  };

  async function runCell(row: Row, place: Place, expected: Outcome): Promise<void> {
    const { stage } = place;
    await Cell.with(place, row.setup?.({ own, stage }) ?? {}, async (cell) => {
      row.bring(cell, { other });
      await cell.suffer(expected);
      if (stage === 'login') cell.clock.shift += row.loginWaitMs ?? 0;
      if (stage === 'login' && row.loginHangs) await cell.cutLogin();
      await cell.recover();
    });
  }

  it('each strike every stage, or have a reason why not', () => {
    for (const { row, place, expected } of cells) {
      const at = `${row.fault} at ${place.name}`;
      if ('none' in expected) expect(expected.none, at).to.match(/\w+ \w+ \w+/);
      else for (const told of expected.told) expect(told, at).to.match(/^(ok|failed|partial \d+) ?/);
    }
    for (const wanted of DEMANDED.split('|')) {
      expect(
        ROWS.some(({ fault }) => fault.includes(wanted)),
        wanted,
      ).to.equal(true);
    }
    expect(new Set(ROWS.map(({ fault }) => fault)).size).to.equal(ROWS.length);
    const places = new Set(PLACES.map(({ name }) => name));
    expect(places.size).to.equal(PLACES.length);
    for (const { elsewhere = {} } of ROWS) expect([...places]).to.include.members(Object.keys(elsewhere));
  });

  const tests: [string, () => Promise<void>][] = cells.flatMap(({ row, place, expected }) =>
    'none' in expected
      ? []
      : [[`${row.fault}, at ${place.name}: ${title(expected)}`, () => count(() => runCell(row, place, expected))]],
  );
  const fields = Object.entries(FIELDS).map(([name, some]): [string, () => Promise<void>] => [
    name,
    () => sufferFields(some, count),
  ]);
  together(24, Object.fromEntries([...tests, ...fields]));
});
