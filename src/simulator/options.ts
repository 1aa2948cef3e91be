/** How the simulated cloud is set up. All may be changed while it runs. */
export interface CloudOptions {
  /** Life of a token, in seconds. */
  tokenSeconds: number;
  /** false: a token for another project can't be had from a token (`[token]allow_rescope_scoped_token`), 403. */
  rescope: boolean;
  /** Wrong passwords that lock an account; null: never. */
  lockoutAttempts: number | null;
  /** Regions in the catalog, each with the same endpoints. */
  regions: string[];
  /** How the catalog writes Nova's address: VHI's ends in the token's project id; `none`: no compute service. */
  computeEndpoint: 'plain' | 'project-id' | 'none';
  /** Base of the catalog's addresses instead of the simulator's own, for clouds behind NAT or a proxy. */
  catalogBase: string | null;
  /** Base of the links in answers (not of the catalog) instead of the request's own host, as behind a proxy that ends TLS. */
  linkBase: string | null;
  /** Projects on a page; null: one page, as before OpenStack 2025.1. */
  projectPageSize: number | null;
  /** Keystone's `list_limit`: a longer list is cut, and says `truncated`; null: none. */
  projectListLimit: number | null;
  /** `2.93` is Nova 26's (Zed). */
  maxMicroversion: string;
  /** Nova's `[api]max_limit`: servers on a page. */
  maxLimit: number;
  /** false: `project_id` is silently dropped from a listing, as Nova does with filters that a role is not allowed (`allow_all_filters`). */
  projectFilter: boolean;
  /** Every answer waits this long, in milliseconds. */
  latencyMs: number;
  /** An idle connection is closed after so long, in milliseconds (read at the start); if clients keep theirs longer, it may be under a request. */
  keepAliveMs: number;
  /** false: `calls` stays empty, counters go on (for benchmarks). */
  record: boolean;
  /** The first good answer to a GET is kept and given again to whoever asks the same as the same user: for a world that doesn't change. */
  renderOnce: boolean;
}

export const DEFAULT_OPTIONS: CloudOptions = {
  tokenSeconds: 3600,
  rescope: true,
  lockoutAttempts: null,
  regions: ['RegionOne'],
  computeEndpoint: 'plain',
  catalogBase: null,
  linkBase: null,
  projectPageSize: null,
  projectListLimit: null,
  maxMicroversion: '2.93',
  maxLimit: 1000,
  projectFilter: true,
  latencyMs: 0,
  keepAliveMs: 75_000,
  record: true,
  renderOnce: false,
};
