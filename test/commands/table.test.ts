import { expect } from 'chai';
import { table } from '../../src/commands/table.js';

describe('table', () => {
  it('aligns words left and numbers right, with two spaces between and none at the end', () => {
    const rows = [
      ['acme', 7, null],
      ['a longer name', 1200, 'x'],
    ];
    expect(table(['NAME', 'N', 'NOTE'], rows)).to.equal(
      ['NAME              N  NOTE', 'acme              7  -', 'a longer name  1200  x'].join('\n'),
    );
  });

  it('is its header where there are no rows', () => {
    expect(table(['A', 'B'], [])).to.equal('A  B');
  });
});
