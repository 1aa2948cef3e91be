import { expect } from 'chai';
import { goesOn } from '../../bench/measure.js';
import { caseName, casesOf, GROWTH, SCENARIO_NAMES, SCENARIOS, type Choice } from '../../bench/scenarios.js';

const ALL: Choice = {
  scenarios: SCENARIO_NAMES,
  strategies: null,
  latencies: null,
  rounds: null,
  nodeOptions: [],
  full: false,
};
const names = (choice: Partial<Choice>): string[] => casesOf({ ...ALL, ...choice }).map(caseName);

describe('bench: scenarios', () => {
  it('runs all strategies at 20 ms, and two of them at 0 and 100 ms in S and M', () => {
    for (const scenario of ['S', 'M'] as const) {
      expect(names({ scenarios: [scenario] })).to.have.members(
        [
          ...['domain-list 0', 'domain-list 20', 'domain-list 100'],
          ...['project-list 0', 'project-list 20', 'project-list 100'],
          ...['cloud-list 20', 'project-limits 20'],
        ].map((rest) => `${scenario} ${rest} ms`),
      );
    }
    expect(names({ scenarios: ['L'] })).to.have.members(
      ['domain-list', 'cloud-list', 'project-list', 'project-limits'].map((strategy) => `L ${strategy} 20 ms`),
    );
  });

  it('runs each case once, with --full the whole matrix', () => {
    for (const full of [false, true]) {
      const cases = names({ full });
      expect(new Set(cases).size).to.equal(cases.length);
    }
    expect(names({ full: true, scenarios: ['L'] })).to.have.length(12);
    for (const one of names({})) expect(names({ full: true })).to.include(one);
  });

  it('has no more time planned for M than four minutes leave, and for all than fifteen', () => {
    const budget = (choice: Partial<Choice>): number =>
      casesOf({ ...ALL, ...choice }).reduce((sum, { budgetMs }) => sum + budgetMs, 0) / 60_000;
    expect(budget({ scenarios: ['M'] })).to.be.below(2);
    expect(budget({})).to.be.below(7);
  });

  it('lets the command line choose', () => {
    const scenarios = ['S'] as const;
    expect(names({ scenarios, strategies: ['cloud-list'], latencies: [5, 7] })).to.deep.equal([
      'S cloud-list 5 ms',
      'S cloud-list 7 ms',
    ]);
    expect(names({ scenarios: ['slow'], strategies: ['project-limits'] })).to.deep.equal(['slow project-limits 20 ms']);
    for (const one of casesOf({ ...ALL, rounds: 3 })) expect(one).to.include({ minRounds: 3, budgetMs: 0 });
  });

  it('goes on for its least rounds, and then until its time is over', () => {
    const [what] = casesOf({ ...ALL, scenarios: ['S'], rounds: 2 });
    const long = { ...what!, budgetMs: 60_000 };
    expect([0, 1, 2].map((rounds) => goesOn(what!, rounds, performance.now()))).to.deep.equal([true, true, false]);
    expect(goesOn(long, 2, performance.now())).to.be.true;
    expect(goesOn(long, 2, performance.now() - 61_000)).to.be.false;
    expect(goesOn(long, 1, performance.now() - 61_000)).to.be.true;
    expect(goesOn(long, 1000, performance.now())).to.be.false;
  });

  it('grows from 10 domains and 1,000 servers to 1,000 and 100,000, with ten projects a domain', () => {
    expect(GROWTH).to.have.length(8).that.does.not.include('1000x1000');
    expect(SCENARIOS['10x1000'].size).to.deep.equal({ domains: 10, projects: 100, servers: 1000 });
    expect(SCENARIOS['1000x100000']).to.deep.include({
      title: '1000x100000: 1,000 domains, 10,000 projects, 100,000 servers',
      size: { domains: 1000, projects: 10_000, servers: 100_000 },
    });
  });

  it('runs worlds that grow, and the huge one, by one strategy at 20 ms, with --full as well', () => {
    const scenarios = [...GROWTH, 'XL'] as const;
    for (const full of [false, true]) {
      expect(names({ scenarios, full })).to.deep.equal(scenarios.map((scenario) => `${scenario} domain-list 20 ms`));
    }
  });

  it('gives the options of Node to each case', () => {
    for (const one of casesOf({ ...ALL, nodeOptions: ['--cpu-prof'] })) {
      expect(one.nodeOptions).to.deep.equal(['--cpu-prof']);
    }
  });

  it('has one slow domain in one scenario', () => {
    expect(SCENARIO_NAMES.filter((name) => SCENARIOS[name].slowMs > 0)).to.deep.equal(['slow']);
  });
});
