import { expect } from 'chai';
import { resultCell, table } from '../../src/commands/table.js';
import { width } from '../../src/commands/width.js';

const PIPED = { color: false, columns: null };

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

  it('leaves names to the left, whatever they look like', () => {
    expect(table(['NAME', 'S'], [['10.25', { text: '0.50', isNumber: true }]])).to.equal(
      ['NAME      S', '10.25  0.50'].join('\n'),
    );
  });

  it('aligns by the columns that characters take, not by their number', () => {
    const names = ['東京', 'Mu\u0308ller', 'rocket 🚀', 'plain'];
    const lines = table(
      ['NAME', 'N'],
      names.map((name) => [name, 1]),
    ).split('\n');
    expect(new Set(lines.map(width))).to.deep.equal(new Set([12]));
  });

  it('shows a control character in a name as an escape', () => {
    expect(table(['NAME'], [['a\u001b[31mb\u202ec']])).to.equal('NAME\na\\u001b[31mb\\u202ec');
  });

  it('colours a result without moving its neighbours', () => {
    const rows = [
      ['a', resultCell('ok'), 1],
      ['b', resultCell('partial'), 2],
      ['c', resultCell('failed'), null],
    ];
    expect(table(['D', 'RESULT', 'N'], rows, { ...PIPED, color: true })).to.equal(
      [
        'D  RESULT   N',
        'a  \u001b[32mok\u001b[39m       1',
        'b  \u001b[33mpartial\u001b[39m  2',
        'c  \u001b[31mfailed\u001b[39m   -',
      ].join('\n'),
    );
  });

  describe('on a narrow terminal', () => {
    const header = ['NAME', 'FIGURE', 'LESS', 'LEAST'];
    const rows = [
      ['a', 1, 2, 3],
      ['a name that goes on and on 01', 4, 5, 6],
      ['a name that goes on and on 02', 7, 8, 9],
    ];
    const spare = ['LEAST', 'LESS'];
    const on = (columns: number): string => table(header, rows, { color: false, columns, spare });

    it('is as ever where there is room enough', () => {
      expect(on(50)).to.equal(table(header, rows));
    });

    it('cuts long names first, in their middle', () => {
      expect(on(46).split('\n')).to.deep.equal([
        'NAME                       FIGURE  LESS  LEAST',
        'a                               1     2      3',
        'a name that …on and on 01       4     5      6',
        'a name that …on and on 02       7     8      9',
      ]);
    });

    it('leaves out what can be spared, and says so', () => {
      expect(on(34).split('\n')).to.deep.equal([
        'NAME                        FIGURE',
        'a                                1',
        'a name that g…on and on 01       4',
        'a name that g…on and on 02       7',
        '(no room for LEAST, LESS)',
      ]);
    });

    it('never leaves out a figure that can not be spared', () => {
      expect(on(1).split('\n')).to.deep.equal([
        'NAME      FIGURE',
        'a              1',
        'a na… 01       4',
        'a na… 02       7',
        '(no room for LEAST, LESS)',
      ]);
    });
  });
});
