import { expect } from 'chai';
import { comparisonText } from '../../bench/compare.js';
import { number, reportText } from '../../bench/report.js';
import { spreadOf } from '../../bench/statistics.js';
import { cost, result } from './sample.js';

describe('bench: report', () => {
  it('tells what was measured, and what was not met', () => {
    const text = reportText([result(), result({ strategy: 'cloud-list', ratio: 1.5, peakRssMb: null })]);
    expect(text).to.include('L: 1,000 domains, 10,000 projects, 100,000 servers');
    expect(text).to.match(/L {5}domain-list {9}20 {7}1 {6}130 {6}130 {2}130 {7}100/);
    expect(text).to.include('1000 login').and.include('25 %').and.include('4000/s, 300 MB/s');
    expect(text).to.include('NOT MET: 1.50 of the floor, 1.3 at most');
    expect(text).not.to.include('NaN').and.not.include('null').and.not.include('undefined');
    expect(text).not.to.include('beside the slow one');
  });

  it('tells of the others where one domain is slow', () => {
    const text = reportText([result({ scenario: 'slow', others: spreadOf([10, 20, 30]) })]);
    expect(text).to.match(/beside the slow one\.\n.*median ms.*\n.*20 +30 +30\n/);
  });

  it('sets worlds that grow side by side, with a gap where one failed', () => {
    const text = reportText([
      result({ scenario: '10x1000', peakRssMb: 99 }),
      result({ scenario: '10x100000' }),
      result({ scenario: '1000x10000', peakRssMb: null }),
    ]);
    expect(text).to.include('10x1000: 10 domains, 100 projects, 1,000 servers');
    const [, growth = ''] = text.split('\nGrowth: ');
    expect(
      growth
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ {2,}/)),
    ).to.deep.equal([
      [
        'strategy',
        'ms a call',
        'domains',
        ...['warm ms', 'CPU s', 'peak RSS MB'].flatMap((name) => [`${name}: 1,000`, '10,000', '100,000']),
      ],
      ['domain-list', '20', '10', '130', '-', '130', '2.50', '-', '2.50', '99', '-', '300'],
      ['domain-list', '20', '100', '-', '-', '-', '-', '-', '-', '-', '-', '-'],
      ['domain-list', '20', '1000', '-', '130', '-', '-', '2.50', '-', '-', '-', '-'],
    ]);
    expect(reportText([result()])).not.to.include('Growth');
  });

  it('leaves out what is not known', () => {
    expect([number(null), number(NaN, 2)]).to.deep.equal([null, null]);
    expect(number(1.256, 2)).to.deep.equal({ text: '1.26', isNumber: true });
  });

  it('sets values side by side', () => {
    const variant = (concurrency: number, ratio: number) => ({
      concurrency,
      ratio,
      cold: cost(),
      warm: cost(),
      peakRssMb: 99,
    });
    const text = comparisonText([{ ...result(), variants: [variant(16, 1.25), variant(64, 1)] }]);
    expect(text)
      .to.match(/^L +domain-list +20 +16 .* 1\.25 /m)
      .and.match(/^L +domain-list +20 +64 .* 1\.00 /m);
  });
});
