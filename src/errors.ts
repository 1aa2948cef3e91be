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
  override readonly name = 'CollectError';
  readonly reason: Reason;
  /** HTTP status of the answer that showed it, null where there was none. */
  readonly status: number | null;

  constructor(reason: Reason, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.status = options.status ?? null;
  }
}

/** A flag, variable or file that the user has to mend before the program can run: exit code 2. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
