import type { FaultMatch } from '../../src/simulator/server.js';
import type { StrategyName } from '../../src/usage/strategy.js';

/** Where on the way to a domain's figures a fault may strike. */
export const STAGES = ['login', 'projects', 'rescope', 'first page', 'later page', 'limits'] as const;
export type StageName = (typeof STAGES)[number];

/** A stage under one strategy. */
export interface Place {
  name: string;
  strategy: StrategyName;
  /** What the rows of the table call it. */
  stage: StageName;
  /** The requests that are hit. */
  match: FaultMatch;
  /** The request that is answered right before these; null: none of the same scrape. */
  preceding: FaultMatch | null;
  service: 'identity' | 'compute';
  /** Servers in each project of the domain that is hit; a token for `main` comes with the login. */
  projects: Record<string, number>;
  /** Of all users. */
  role: string;
  /** A scrape that was well comes before the one that is hit, so that logins, projects and views are known. */
  isWarm: boolean;
  /** The requests of every domain are hit; else those of one. */
  hitsAll: boolean;
  /** Labels of those whose lines follow that of the domain that is hit. */
  others: readonly string[];
}

/** Servers on a page. */
export const PAGE = 4;
/** Of each of the other domains. */
export const OTHERS_SERVERS = 2;
/** Servers of the domain that is hit, and of each other one, on each of the first two pages of the whole cloud. */
export const OF_A_PAGE = [2, 1] as const;

const BOTH = { main: 5, side: 3 };
const LOGIN = { route: 'login' } as const;
const PROJECTS = { route: 'projects' } as const;
const FIRST = { route: 'servers', page: 'first' } as const;
const LATER = { route: 'servers', page: 'later' } as const;

const IDENTITY = { service: 'identity', projects: BOTH } as const;
const COMPUTE = { service: 'compute', projects: BOTH } as const;
const login = { stage: 'login', match: LOGIN, preceding: null, ...IDENTITY } as const;
const projects = { stage: 'projects', match: PROJECTS, preceding: LOGIN, ...IDENTITY } as const;
const firstPage = { stage: 'first page', match: FIRST, preceding: PROJECTS, ...COMPUTE } as const;
const laterPage = { stage: 'later page', match: LATER, preceding: FIRST, ...COMPUTE } as const;

type Part = Pick<Place, 'stage' | 'match' | 'preceding' | 'service' | 'projects'> & { strategy?: StrategyName };

const byProjects = (part: Part): Place => ({
  name: part.stage,
  strategy: 'project-list',
  role: 'domain_admin',
  isWarm: false,
  hitsAll: false,
  others: ['well'],
  ...part,
});

const byDomain = (part: Part): Place => ({
  ...byProjects(part),
  name: `${part.stage} of domain-list`,
  strategy: 'domain-list',
});

/** What the domains share of it is hit from a scrape on in which nothing else is asked. */
const byCloud = (part: Part, change: Partial<Place> = {}): Place => ({
  ...byProjects(part),
  name: `${part.stage} of cloud-list`,
  strategy: 'cloud-list',
  role: 'admin',
  ...change,
});

const TOGETHER = { isWarm: true, projects: { main: 2, side: 2 }, others: ['well', 'more'] };

export const PLACES: readonly Place[] = [
  byProjects(login),
  byProjects(projects),
  byProjects({ stage: 'rescope', match: { route: 'rescope' }, preceding: PROJECTS, ...IDENTITY }),
  byProjects(firstPage),
  byProjects({ ...laterPage, projects: { main: 9 } }),
  byProjects({
    stage: 'limits',
    match: { route: 'limits' },
    preceding: PROJECTS,
    ...COMPUTE,
    strategy: 'project-limits',
  }),
  byDomain(login),
  byDomain(projects),
  byDomain(firstPage),
  byDomain({ ...laterPage, projects: { main: 5, side: 4 } }),
  byCloud(login),
  byCloud(projects),
  byCloud(firstPage, { name: "the probe's page of cloud-list" }),
  byCloud(firstPage, { ...TOGETHER, preceding: null }),
  byCloud(laterPage, TOGETHER),
  byCloud(firstPage, { name: "everyone's first page of cloud-list", ...TOGETHER, preceding: null, hitsAll: true }),
  byCloud(laterPage, { name: "everyone's later page of cloud-list", ...TOGETHER, hitsAll: true }),
];

/** Whether it is the listing that several domains share. */
export const isShared = ({ strategy, isWarm }: Place): boolean => strategy === 'cloud-list' && isWarm;
