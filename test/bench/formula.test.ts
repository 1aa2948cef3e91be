import { expect } from 'chai';
import {
  changesRequests,
  difference,
  layoutOf,
  pages,
  requestsText,
  totalOf,
  warmRequests,
} from '../../bench/formula.js';
import { SCENARIOS, STRATEGIES } from '../../bench/scenarios.js';

describe('bench: the least number of requests', () => {
  it('takes one more page where the last one is full', () => {
    expect([0, 1, 999, 1000, 1001, 2000, 20_000].map(pages)).to.deep.equal([1, 1, 1, 2, 2, 3, 21]);
  });

  it('spreads projects and servers evenly, and loses none', () => {
    expect(layoutOf({ domains: 2, projects: 3, servers: 7 })).to.deep.equal([[3, 2], [2]]);
    for (const { size } of Object.values(SCENARIOS)) {
      const layout = layoutOf(size);
      expect(layout).to.have.length(size.domains);
      expect(layout.flat()).to.have.length(size.projects);
      expect(layout.flat().reduce((a, b) => a + b, 0)).to.equal(size.servers);
    }
  });

  const EXPECTED = {
    S: [{ servers: 10 }, { servers: 2 }, { authProjects: 10, servers: 40 }, { authProjects: 10, limits: 40 }],
    M: [{ servers: 100 }, { servers: 11 }, { authProjects: 100, servers: 1000 }, { authProjects: 100, limits: 1000 }],
    L: [
      { servers: 1000 },
      { servers: 101 },
      { authProjects: 1000, servers: 10_000 },
      { authProjects: 1000, limits: 10_000 },
    ],
    one: [
      { servers: 31, projects: 1 },
      { servers: 21 },
      { authProjects: 1, servers: 30 },
      { authProjects: 1, limits: 10 },
    ],
    slow: [
      { servers: 100 },
      { servers: 11 },
      { authProjects: 100, servers: 1000 },
      { authProjects: 100, limits: 1000 },
    ],
    XL: [
      { servers: 10_000 },
      { servers: 1001 },
      { authProjects: 10_000, servers: 20_000 },
      { authProjects: 10_000, limits: 20_000 },
    ],
  } as const;
  for (const [scenario, expected] of Object.entries(EXPECTED)) {
    it(`knows what ${scenario} takes`, () => {
      const { size } = SCENARIOS[scenario as keyof typeof EXPECTED];
      expect(STRATEGIES.map((strategy) => warmRequests(strategy, size))).to.deep.equal(expected);
    });
  }

  it('knows what each strategy takes where what changed is asked for', () => {
    const { size } = SCENARIOS.changes;
    expect(STRATEGIES.map((strategy) => changesRequests(strategy, size))).to.deep.equal([
      { servers: 1000 },
      { servers: 1 },
      { authProjects: 1000, servers: 10_000 },
      { authProjects: 1000, limits: 10_000 },
    ]);
  });

  it('tells counts in words', () => {
    expect(requestsText({ authProjects: 10, servers: 40, login: 0 })).to.equal('40 servers + 10 authProjects');
    expect(requestsText({})).to.equal('none');
    expect(totalOf({ authProjects: 10, servers: 40 })).to.equal(50);
  });

  it('tells what differs, one too few as well as one of another kind', () => {
    expect(difference({ servers: 10 }, { servers: 10 })).to.equal(null);
    expect(difference({ servers: 10, login: 0 }, { servers: 10 })).to.equal(null);
    expect(difference({ servers: 9 }, { servers: 10 })).to.equal('servers 9 instead of 10');
    expect(difference({ servers: 10, login: 1 }, { servers: 10, limits: 2 })).to.equal(
      'login 1 instead of 0, limits 0 instead of 2',
    );
  });
});
