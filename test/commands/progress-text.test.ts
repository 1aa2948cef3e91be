import { expect } from 'chai';
import { progressText } from '../../src/commands/progress-text.js';
import { width } from '../../src/commands/width.js';

const open = ['acme', 'globex', 'initech', ...Array.from({ length: 60 }, (_, i) => `customer-${i}`)];
const progress = { done: 37, all: 100, elapsedSeconds: 4.16, open };

describe('the progress of a collection', () => {
  it('names the first domains that are open, and counts the others', () => {
    expect(progressText(progress, 200)).to.equal(
      'collecting 37/100 domains, 4.2 s; open: acme, globex, initech and 60 more',
    );
  });

  it('names them all where they are few', () => {
    expect(progressText({ ...progress, done: 99, open: ['acme'] }, 80)).to.equal(
      'collecting 99/100 domains, 4.2 s; open: acme',
    );
    expect(progressText({ ...progress, done: 100, open: [] }, 80)).to.equal('collecting 100/100 domains, 4.2 s');
  });

  it('says less on a narrow terminal', () => {
    const shorter = [
      [72, 'collecting 37/100 domains, 4.2 s; open: acme, globex and 61 more'],
      [60, 'collecting 37/100 domains, 4.2 s; open: acme and 62 more'],
      [39, 'collecting 37/100 domains, 4.2 s'],
      [25, '37/100 domains, 4.2 s'],
      [10, '37/100'],
      [5, ''],
    ] as const;
    for (const [columns, text] of shorter) expect(progressText(progress, columns)).to.equal(text);
  });

  it('is never wider than the terminal, whatever the names are', () => {
    const odd = { ...progress, open: ['東京データセンター', '👍🏽'.repeat(20), 'x'.repeat(300)] };
    for (let columns = 0; columns < 120; columns += 1) {
      expect(width(progressText(odd, columns))).to.be.at.most(columns);
    }
  });

  it('shows a control character in a name as an escape', () => {
    expect(progressText({ ...progress, open: ['a\u202eb'] }, 80)).to.match(/open: a\\u202eb$/);
  });
});
