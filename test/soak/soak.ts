import { expect } from 'chai';
import { soak, soakText } from './run.js';

/* `npm run soak`: how many scrapes, and how long it idles at the end, may be given as numbers: `npm run soak -- 2000 10`. */

const [scrapes = 10_000, idleSeconds = 60] = process.argv.slice(2).map(Number);

const result = await soak({ scrapes, warm: 500, idleMs: idleSeconds * 1000, heapGrowth: 0.1 });
console.log(soakText(result));
expect(result.leaks).to.deep.equal([]);
