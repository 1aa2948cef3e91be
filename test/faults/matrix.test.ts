import { expect } from 'chai';
import { selfSigned, type Certificate } from '../helpers/loopback.js';
import { together } from '../helpers/together.js';
import { Cell, STAGES, type StageName } from './cell.js';
import { FIELDS, nameOf, sufferFields, untellable } from './fields.js';
import { ROWS, type Row } from './table.js';

/** As the project's issue names them: each has at least one row. */
const DEMANDED =
  'refused connection|DNS failure|TLS failure|reset|hang|slow drip|300|302|401|403|404|409|413|429 without Retry-After|429 with|' +
  '500|502|503|504|truncated|empty body|wrong content type|HTML instead of JSON|huge|deeply nested JSON|in a circle|rows twice|' +
  'expired tokens|revoked tokens|clock off';

describe('Faults', () => {
  let own: Certificate;
  let other: Certificate;
  let tried = 0;
  let survived = 0;
  const cells = ROWS.flatMap((row) => STAGES.map((stage) => ({ row, stage, expected: row.at[stage] })));
  const without = cells.filter(({ expected }) => typeof expected !== 'string');

  before(async () => {
    own = await selfSigned();
    other = await selfSigned();
  });
  after(() => {
    own.remove();
    other.remove();
    const notRun = without.length + untellable.length;
    console.log(`faults tried: ${tried}, survived: ${survived}, cells without a run (with reason): ${notRun}`);
  });

  const count = async (run: () => Promise<void>): Promise<void> => {
    tried += 1;
    await run();
    survived += 1;
  };

  async function runCell(row: Row, stage: StageName, expected: string): Promise<void> {
    await Cell.with(stage, row.setup?.({ own }) ?? {}, async (cell) => {
      row.bring(cell, { other });
      await cell.suffer(expected);
      if (stage === 'login') cell.clock.shift += row.loginWaitMs ?? 0;
      if (stage === 'login' && row.loginHangs) await cell.cutLogin();
      await cell.recover();
    });
  }

  it('each strike every stage, or have a reason why not', () => {
    for (const { row, stage, expected } of cells) {
      const reason = typeof expected === 'string' ? null : expected.none;
      if (reason !== null) expect(reason, `${row.fault} at ${stage}`).to.match(/\w+ \w+ \w+/);
      else expect(expected, `${row.fault} at ${stage}`).to.match(/^(ok|failed|partial \d+) ?/);
    }
    for (const wanted of DEMANDED.split('|')) {
      expect(
        ROWS.some(({ fault }) => fault.includes(wanted)),
        wanted,
      ).to.equal(true);
    }
    expect(new Set(ROWS.map(({ fault }) => fault)).size).to.equal(ROWS.length);
  });

  const tests: [string, () => Promise<void>][] = cells.flatMap(({ row, stage, expected }) =>
    typeof expected === 'string'
      ? [[`${row.fault}, at ${stage}: ${expected}`, () => count(() => runCell(row, stage, expected))]]
      : [],
  );
  const fields: [string, () => Promise<void>][] = FIELDS.map((field) => [
    `wrong types in ${nameOf(field)}, at ${field.stage}`,
    () => sufferFields(field, count),
  ]);
  together(24, Object.fromEntries([...tests, ...fields]));
});
