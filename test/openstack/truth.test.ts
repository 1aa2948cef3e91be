import { expect } from 'chai';

import type { Simulator } from '../../src/simulator/server.js';
import { simulate } from './helpers/clouds.js';
import { meet, type Asked, type Question } from './helpers/asked.js';
import { KEYSTONE } from './helpers/questions-keystone.js';
import { NOVA, PAGES } from './helpers/questions-nova.js';
import { seed } from './helpers/rig.js';
import { shapeOf } from './helpers/shape.js';

describe('The simulator answers as the real cloud does (status, header names, keys)', () => {
  let real: Asked;
  let simulated: Asked;
  let simulator: Simulator | null = null;

  before(async () => {
    const fill = ['--start', '501', '--domains', '2', '--projects', '2', '--servers', '60'];
    const expected = await seed(...fill, '--odd', '--cloudadmin', 'dom-502');
    simulator = await simulate(expected);
    real = await meet(expected.auth_url, expected);
    simulated = await meet(simulator.authUrl, expected);
  });
  after(() => simulator?.close());

  function compare(questions: Readonly<Record<string, Question>>): void {
    for (const [title, question] of Object.entries(questions)) {
      it(`to: ${title}`, async () => {
        const rows = PAGES.has(title) ? 'some' : 'all';
        const wanted = shapeOf(await question(real), rows);
        expect(shapeOf(await question(simulated), rows)).to.deep.equal(wanted);
      });
    }
  }

  describe('as Keystone', () => compare(KEYSTONE));
  describe('as Nova', () => compare(NOVA));
});
