import { expect } from 'chai';
import { partOf, profileText, timeByPart, type Profile } from '../../bench/profile.js';

const node = (id: number, functionName: string, url = ''): Profile['nodes'][number] => ({
  id,
  callFrame: { functionName, url },
});

describe('a CPU profile', () => {
  const parts: [functionName: string, url: string, part: string][] = [
    ['(garbage collector)', '', 'garbage collector'],
    ['writev', '', 'native'],
    ['parseJson', 'file:///a/dist/http/json.js', 'JSON.parse'],
    ['slice', 'node:buffer', 'decoding text'],
    ['fill', 'node:buffer', 'node: buffer'],
    ['eos', 'node:internal/streams/end-of-stream', 'node: streams'],
    ['fetch', 'file:///a/node_modules/node-fetch/src/index.js', 'node-fetch'],
    ['run', 'file:///a/dist/http/limiter.js', 'own: http'],
    ['main', 'file:///a/dist/cli.js', 'own: cli'],
  ];
  for (const [functionName, url, part] of parts) {
    it(`counts ${functionName} ${url && `of ${url} `}for ${part}`, () => {
      expect(partOf({ functionName, url })).to.equal(part);
    });
  }

  const profile: Profile = {
    nodes: [node(1, '(idle)'), node(2, '(garbage collector)'), node(3, 'run', 'file:///a/dist/http/limiter.js')],
    samples: [1, 2, 3, 3, 1],
    timeDeltas: [9000, 1000, 2000, 1000, 9000],
  };

  it('is added up by part, without what was idle, the largest first', () => {
    expect(timeByPart(profile)).to.deep.equal([
      ['own: http', 3],
      ['garbage collector', 1],
    ]);
  });

  it('is shown in milliseconds and percent', () => {
    expect(profileText(profile)).to.match(/own: http +3 +75\.0\n.*garbage collector +1 +25\.0\n.*not idle +4 +100\.0/);
  });
});
