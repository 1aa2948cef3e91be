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

/** Where on the way from the file to the figures it went wrong. */
export type Stage = 'config' | 'login' | 'projects' | 'servers';

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
