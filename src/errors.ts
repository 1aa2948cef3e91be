/** Why something could not be collected: the closed list that metrics, JSON and logs share. */
export const REASONS = [
  'config',
  'auth',
  'forbidden',
  'not_found',
  'rate_limited',
  'unavailable',
  'timeout',
  'network',
  'bad_response',
  'incomplete',
] as const;
export type Reason = (typeof REASONS)[number];

/** What an operator can do about it, in a few words; the README's table says the same. */
export const ADVICE: Readonly<Record<Reason, string>> = {
  config: 'mend what the message names',
  auth: 'check the password, user, domain and project, or the application credential, and that none is disabled or locked; until one of them changes, the daemon tries again after 5 minutes, then an hour, then every 6 hours',
  forbidden:
    'give the user the role, the line a user and password instead of an application credential, or use --collect.strategy=auto',
  not_found: 'check --cloud.region, --cloud.interface and --cloud.compute-url',
  rate_limited: 'scrape less often, or lower --collect.request-concurrency',
  unavailable:
    'find out why Keystone (paths with /v3) or Nova fails: its log, database and message queue, and the proxy in front of it',
  timeout: 'give the scrape more time (scrape_timeout, --collect.timeout), and see which domain is slow',
  network: 'check routes and DNS, and for a certificate that is not trusted --cloud.ca-file',
  bad_response: "look for a proxy in between, or an address that is not Nova's or Keystone's",
  incomplete:
    "as the message says: enable the project or set disabled_projects=ignore, bring the cell back, raise Keystone's list_limit, or take out the line that reads another one's servers again",
};

/** Where on the way from the file to the figures it went wrong. */
export type Stage = 'config' | 'login' | 'projects' | 'servers' | 'usage';

/** A failure while asking a cloud. Its message is fit for operators: no secret, no body, no user name. */
export class CollectError extends Error {
  override readonly name: string = 'CollectError';
  readonly reason: Reason;
  /** HTTP status of the answer that showed it, null where there was none. */
  readonly status: number | null;

  constructor(reason: Reason, message: string, options: { status?: number | null | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.status = options.status ?? null;
  }
}

/** The collection ended before this was done: by its deadline, or since nobody waits for it any more. */
export class CollectionOver extends CollectError {
  constructor() {
    super('timeout', 'not finished when the time of the collection was over');
  }
}

/** A flag, variable or file that the user has to mend before the program can run: exit code 2. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
