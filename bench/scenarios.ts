/* What is measured: worlds of three sizes and three odd ones, each by the strategies and at the latencies that matter; if asked for,
   eight that grow, and a huge one. */

export const STRATEGIES = ['domain-list', 'cloud-list', 'project-list', 'project-limits'] as const;
export type BenchStrategy = (typeof STRATEGIES)[number];

/** How large a world is; projects and servers are spread evenly. */
export interface Size {
  domains: number;
  /** In all domains together. */
  projects: number;
  /** In all domains together. */
  servers: number;
}

interface Plan {
  strategy: BenchStrategy;
  /** Milliseconds that each answer of the cloud waits. */
  latencies: readonly number[];
}

export interface Scenario {
  title: string;
  size: Size;
  /** Milliseconds that each answer to the last domain waits beside the latency; 0: no domain is slow. */
  slowMs: number;
  /**
   * So many servers, at random, change their status in the minute between two scrapes, and what changed is asked for; 0: the
   * cloud stands still, and is listed in full.
   */
  changed: number;
  /** Rounds are measured for so long, in milliseconds, … */
  budgetMs: number;
  /** … but at least so many. */
  minRounds: number;
  plans: readonly Plan[];
  /** With `--full`. */
  fullPlans: readonly Plan[];
}

/** Those of a run for which none is asked for by name. */
export const SCENARIO_NAMES = ['S', 'M', 'L', 'one', 'slow', 'changes'] as const;

/** What can be asked for; `growth` stands for all of `GROWTH`. */
export const SCENARIO_CHOICES = [...SCENARIO_NAMES, 'growth', 'XL'] as const;
export type ScenarioChoice = (typeof SCENARIO_CHOICES)[number];

export const GROWTH_DOMAINS = [10, 100, 1000] as const;
export const GROWTH_SERVERS = [1000, 10_000, 100_000] as const;
const GROWTH_PROJECTS = 10;

/**
 * `10x1000`: 10 domains, 1,000 servers. With fewer than one for each project, some domains would show no server but in the
 * login's own project, or none: nothing proves what their listing shows, and they are read project by project.
 */
export const GROWTH = GROWTH_DOMAINS.flatMap((domains) =>
  GROWTH_SERVERS.filter((servers) => servers >= GROWTH_PROJECTS * domains).map(
    (servers) => `${domains}x${servers}` as const,
  ),
);
type GrowthName = (typeof GROWTH)[number];

export type ScenarioName = Exclude<ScenarioChoice, 'growth'> | GrowthName;

export function scenariosOf(choice: ScenarioChoice): readonly ScenarioName[] {
  return choice === 'growth' ? GROWTH : [choice];
}

const USUAL = [20];
const EVERY = [0, 20, 100];

const at = (latencies: readonly number[], ...strategies: readonly BenchStrategy[]): Plan[] =>
  strategies.map((strategy) => ({ strategy, latencies }));

const EVERYTHING = at(EVERY, ...STRATEGIES);
const SMALL = [...at(EVERY, 'domain-list', 'project-list'), ...at(USUAL, 'cloud-list', 'project-limits')];

function growing(name: GrowthName): Scenario {
  const [domains = 0, servers = 0] = name.split('x').map(Number);
  const size = { domains, projects: GROWTH_PROJECTS * domains, servers };
  const [d, p, s] = [size.domains, size.projects, size.servers].map((count) => count.toLocaleString('en'));
  return {
    title: `${name}: ${d} domains, ${p} projects, ${s} servers`,
    size,
    slowMs: 0,
    changed: 0,
    budgetMs: 3000,
    minRounds: 2,
    plans: at(USUAL, 'domain-list'),
    fullPlans: at(USUAL, 'domain-list'),
  };
}

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  S: {
    title: 'S: 10 domains, 40 projects, 1,000 servers',
    size: { domains: 10, projects: 40, servers: 1000 },
    slowMs: 0,
    changed: 0,
    budgetMs: 3000,
    minRounds: 5,
    plans: SMALL,
    fullPlans: EVERYTHING,
  },
  M: {
    title: 'M: 100 domains, 1,000 projects, 10,000 servers',
    size: { domains: 100, projects: 1000, servers: 10_000 },
    slowMs: 0,
    changed: 0,
    budgetMs: 8000,
    minRounds: 4,
    plans: SMALL,
    fullPlans: EVERYTHING,
  },
  L: {
    title: 'L: 1,000 domains, 10,000 projects, 100,000 servers',
    size: { domains: 1000, projects: 10_000, servers: 100_000 },
    slowMs: 0,
    changed: 0,
    budgetMs: 30_000,
    minRounds: 3,
    plans: at(USUAL, ...STRATEGIES),
    fullPlans: EVERYTHING,
  },
  one: {
    title: 'one: 1 domain, 10 projects, 20,000 servers',
    size: { domains: 1, projects: 10, servers: 20_000 },
    slowMs: 0,
    changed: 0,
    budgetMs: 10_000,
    minRounds: 5,
    plans: at(USUAL, 'domain-list', 'project-list'),
    fullPlans: at(EVERY, 'domain-list', 'project-list', 'project-limits'),
  },
  slow: {
    title: 'slow: 100 domains, 1,000 projects, 10,000 servers; each answer to one domain takes 1 s more',
    size: { domains: 100, projects: 1000, servers: 10_000 },
    slowMs: 1000,
    changed: 0,
    budgetMs: 10_000,
    minRounds: 3,
    plans: at(USUAL, 'domain-list', 'project-list'),
    fullPlans: at(USUAL, 'domain-list', 'project-list', 'project-limits'),
  },
  changes: {
    title:
      'changes: as L, 0.1 % of the servers change in the minute between two scrapes, and what changed is asked for',
    size: { domains: 1000, projects: 10_000, servers: 100_000 },
    slowMs: 0,
    changed: 100,
    budgetMs: 10_000,
    minRounds: 3,
    plans: at(USUAL, 'domain-list', 'cloud-list', 'project-list'),
    fullPlans: at(EVERY, 'domain-list', 'cloud-list', 'project-list'),
  },
  XL: {
    title: 'XL: 10,000 domains, 20,000 projects, 1,000,000 servers',
    size: { domains: 10_000, projects: 20_000, servers: 1_000_000 },
    slowMs: 0,
    changed: 0,
    budgetMs: 0,
    minRounds: 2,
    plans: at(USUAL, 'domain-list'),
    fullPlans: at(USUAL, 'domain-list'),
  },
  ...(Object.fromEntries(GROWTH.map((name) => [name, growing(name)])) as Record<GrowthName, Scenario>),
};

/** One line of the table. */
export interface Case {
  scenario: ScenarioName;
  strategy: BenchStrategy;
  latencyMs: number;
  /** Of its rounds, in milliseconds. */
  budgetMs: number;
  minRounds: number;
  nodeOptions: readonly string[];
}

/** What was asked for on the command line; null: whatever the scenario has. */
export interface Choice {
  scenarios: readonly ScenarioName[];
  strategies: readonly BenchStrategy[] | null;
  latencies: readonly number[] | null;
  /** Exactly so many; null: as many as fit into the scenario's time. */
  rounds: number | null;
  /** Of the Node that runs the exporter. */
  nodeOptions: readonly string[];
  full: boolean;
}

/** With `--full` there is more time for each case as well. */
const FULL_FACTOR = 2;

/** The cases in the order in which they are run and shown; a strategy asked for by name is run also where the plans have it not. */
export function casesOf({ scenarios, strategies, latencies, rounds, nodeOptions, full }: Choice): Case[] {
  return scenarios.flatMap((scenario) => {
    const { plans, fullPlans, budgetMs, minRounds } = SCENARIOS[scenario];
    const usual = full ? fullPlans : plans;
    const planned = strategies
      ? strategies.map((strategy) => usual.find((plan) => plan.strategy === strategy) ?? { strategy, latencies: USUAL })
      : usual;
    const time = rounds === null ? budgetMs * (full ? FULL_FACTOR : 1) : 0;
    return planned.flatMap((plan) =>
      (latencies ?? plan.latencies).map((latencyMs) => ({
        scenario,
        strategy: plan.strategy,
        latencyMs,
        budgetMs: time,
        minRounds: rounds ?? minRounds,
        nodeOptions,
      })),
    );
  });
}

export function caseName({ scenario, strategy, latencyMs }: Case): string {
  return `${scenario} ${strategy} ${latencyMs} ms`;
}
