import { expect } from 'chai';

import type { Simulator } from '../../src/simulator/server.js';
import { simulate } from './helpers/clouds.js';
import { meet, type Asked, type Question } from './helpers/asked.js';
import { KEYSTONE } from './helpers/questions-keystone.js';
import { NOVA, PAGES } from './helpers/questions-nova.js';
import { DEEDS, RealOperator, SimulatedOperator, type Customer, type Deed } from './helpers/operator.js';
import { hold, saidOf, TOKENS, UNSCOPED, type Holder, type TokenQuestion } from './helpers/questions-tokens.js';
import { STATUS_PAGES, STATUSES, USAGES } from './helpers/questions-usage.js';
import { seed } from './helpers/rig.js';
import { shapeOf } from './helpers/shape.js';

describe('The simulator answers as the real cloud does (status, header names, keys)', () => {
  let real: Asked;
  let simulated: Asked;
  let simulator: Simulator | null = null;
  let operator: RealOperator;

  before(async () => {
    const fill = ['--start', '501', '--domains', '2', '--projects', '2', '--servers', '60'];
    const expected = await seed(...fill, '--odd', '--cloudadmin', 'dom-502');
    simulator = await simulate(expected);
    real = await meet(expected.auth_url, expected);
    simulated = await meet(simulator.authUrl, expected);
    operator = await RealOperator.of(expected);
  });
  after(() => simulator?.close());

  function compare(questions: Readonly<Record<string, Question>>): void {
    for (const [title, question] of Object.entries(questions)) {
      it(`to: ${title}`, async () => {
        const rows = PAGES.has(title) || STATUS_PAGES.has(title) ? 'some' : 'all';
        const wanted = shapeOf(await question(real), rows);
        expect(shapeOf(await question(simulated), rows)).to.deep.equal(wanted);
      });
    }
  }

  describe('as Keystone', () => compare(KEYSTONE));
  describe('as Nova', () => compare(NOVA));
  describe('as Nova, of usage', () => compare(USAGES));
  describe('as Nova, of statuses', () => compare(STATUSES));

  /** The words, too: they are what tells such answers apart. */
  function compareTokens(deed: Deed, questions: Readonly<Record<string, TokenQuestion>>): void {
    let customer: Customer;
    let holders: { real: Holder; simulated: Holder };

    before(async () => {
      customer = await operator.add();
      const world = new SimulatedOperator(simulator!.world, () => TOKENS['own projects']!(holders.simulated));
      world.mirror(customer);
      holders = {
        real: await hold(real.authUrl, real.nova, customer),
        simulated: await hold(simulated.authUrl, simulated.nova, customer),
      };
      // Nova has seen them, and is to forget them.
      for (const holder of Object.values(holders)) await TOKENS['servers']!(holder);
      await operator.act(deed, customer);
      await world.act(deed, customer);
    });
    after(async () => {
      simulator!.world.removeDomain(customer.domain);
      await operator.remove(customer);
    });

    for (const [title, question] of Object.entries(questions)) {
      it(`to: ${title}`, async () => {
        const wanted = await question(holders.real);
        const got = await question(holders.simulated);
        expect(shapeOf(got, 'all')).to.deep.equal(shapeOf(wanted, 'all'));
        expect(saidOf(got, holders.simulated)).to.deep.equal(saidOf(wanted, holders.real));
      });
    }
  }

  for (const deed of DEEDS) describe(`with a token of one who ${deed}`, () => compareTokens(deed, TOKENS));
  describe('as Nova, with a token of no project', () => compareTokens('has no trouble', UNSCOPED));
});
