import { DateProblem } from '../dates/problem.js';
import { readZone } from '../dates/zone.js';
import { INTERFACES, type DomainDefaults, type Interface, type PasswordSource } from '../domains/domain.js';
import { SettingError } from '../errors.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../log.js';
import { Secret } from '../secret.js';
import { excerpt } from '../text.js';
import { normaliseAuthUrl, normaliseUrl } from '../url.js';
import { COUNTINGS, type Counting } from '../usage/counting.js';
import { STRATEGY_NAMES, type StrategyName } from '../usage/strategy.js';
import type { Arguments } from './arguments.js';
import { commandTakes, OPTIONS, type Command, type Flag, type Option } from './options.js';
import * as values from './values.js';

/** Paths that the web server keeps for itself, whatever the telemetry path. */
export const RESERVED_PATHS = [
  '/api/v1/snapshot',
  '/api/v1/usage',
  '/api/v1/statement',
  '/-/healthy',
  '/-/ready',
  '/-/reload',
] as const;

/** How and how long a collection asks the clouds; times in milliseconds. */
export interface CollectSettings {
  timeoutMs: number;
  timeoutOffsetMs: number;
  requestTimeoutMs: number;
  /** A snapshot whose collection began less than this ago may be given again; 0: never. */
  minIntervalMs: number;
  domainConcurrency: number;
  requestConcurrency: number;
  counting: Counting;
  strategy: StrategyName | 'auto';
  /** `auto`: listings that were read in full are brought up to date by what changed. */
  incremental: 'auto' | 'off';
  /** Until a listing is read in full again, at most. */
  resyncIntervalMs: number;
  projects: boolean;
}

const OUTPUTS = ['table', 'json', 'csv'] as const;
/** Flags of `usage` and `statement` that are read together, with the domains file at hand. */
const ASKED = ['start', 'end', 'tz', 'domain', 'project'] as const;

export interface UsageSettings {
  /** Requests to the clouds that one report may take. */
  maxRequests: number;
  /** Of the command, as it was given; what was not given is not there. */
  asked: Readonly<Partial<Record<(typeof ASKED)[number], string>>>;
  detailed: boolean;
}

export interface Settings {
  domainsFile: string;
  /** What a line of domains.txt takes from the settings. */
  defaults: DomainDefaults;
  collect: CollectSettings;
  /** An IANA zone: that of dates that bring none. */
  timezone: string;
  /** null: there are no tariffs. */
  tariffsFile: string | null;
  usage: UsageSettings;
  web: { listen: values.ListenAddress; configFile: string | null; telemetryPath: string; enableLifecycle: boolean };
  log: { level: LogLevel; format: LogFormat };
  output: (typeof OUTPUTS)[number];
  simulateListen: values.ListenAddress;
  /** What was given and is not used, and why. */
  warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Flags over environment over defaults. Pure.
 * @throws SettingError naming the flag or variable, and what it may be
 */
export function readSettings(args: Arguments, environment: Environment): Settings {
  const takes = (flag: Flag): boolean => takesVariable(args.command, flag);
  const optional = <T>(flag: Flag, parse: (text: string) => T): T | null =>
    readOptional(args.flags, takes(flag) ? environment : {}, flag, parse);
  const read = <T>(flag: Flag, parse: (text: string) => T): T => {
    const value = optional(flag, parse);
    if (value === null) throw new SettingError(`--${flag} needs a value`);
    return value;
  };
  const warnings: string[] = [];
  const settings: Settings = {
    domainsFile: read('domains.file', values.nonEmpty),
    defaults: {
      authUrl: optional('cloud.auth-url', normaliseAuthUrl),
      user: optional('cloud.username', values.nonEmpty),
      password: takes('cloud.username') ? defaultPassword(environment) : null,
      project: optional('cloud.project', values.nonEmpty),
      region: optional('cloud.region', values.nonEmpty),
      interface: read('cloud.interface', readInterface),
      computeUrl: optional('cloud.compute-url', normaliseUrl),
      caFile: optional('cloud.ca-file', values.nonEmpty),
      insecure: optional('cloud.insecure', values.boolean) ?? false,
    },
    collect: {
      timeoutMs: read('collect.timeout', values.positiveDuration),
      timeoutOffsetMs: read('collect.timeout-offset', values.duration),
      requestTimeoutMs: read('collect.request-timeout', values.positiveDuration),
      minIntervalMs: read('collect.min-interval', readMinInterval),
      domainConcurrency: read('collect.domain-concurrency', values.positiveInteger),
      requestConcurrency: read('collect.request-concurrency', values.positiveInteger),
      counting: read('collect.counting', values.oneOf(COUNTINGS)),
      strategy: read('collect.strategy', values.oneOf(['auto', ...STRATEGY_NAMES])),
      incremental: read('collect.incremental', values.oneOf(['auto', 'off'])),
      resyncIntervalMs: read('collect.resync-interval', values.positiveDuration),
      projects: optional('collect.projects', values.boolean) ?? false,
    },
    timezone: read('timezone', timezoneReader(args, environment, warnings)),
    tariffsFile: optional('tariffs.file', values.nonEmpty),
    usage: {
      maxRequests: read('usage.max-requests', values.positiveInteger),
      asked: Object.fromEntries([...args.flags].filter(([flag]) => (ASKED as readonly string[]).includes(flag))),
      detailed: optional('detailed', values.boolean) ?? false,
    },
    web: {
      listen: read('web.listen-address', values.listenAddress),
      configFile: optional('web.config.file', values.nonEmpty),
      telemetryPath: read('web.telemetry-path', readTelemetryPath),
      enableLifecycle: optional('web.enable-lifecycle', values.boolean) ?? false,
    },
    log: { level: read('log.level', values.oneOf(LOG_LEVELS)), format: read('log.format', values.oneOf(LOG_FORMATS)) },
    output: read('output', values.oneOf(commandTakes(args.command, 'start') ? OUTPUTS : ['table', 'json'])),
    simulateListen: read('simulate.listen-address', values.loopbackAddress),
    warnings,
  };
  checkStrategy(settings.collect);
  return settings;
}

/**
 * What does not go with the command is not looked at: the demo brings its own cloud and domains, and nothing of a real one
 * may leak into it.
 */
function takesVariable(command: Command, flag: Flag): boolean {
  const isOfRealOne = flag === 'domains.file' || flag === 'tariffs.file';
  return commandTakes(command, flag) && !(command === 'demo' && isOfRealOne);
}

function checkStrategy({ strategy, counting }: CollectSettings): void {
  if (strategy === 'project-limits' && counting !== 'quota') {
    throw new SettingError(
      `--collect.strategy=project-limits reads Nova's quota counters, which only --collect.counting=quota means; ` +
        `the counting is ${counting}`,
    );
  }
}

function readOptional<T>(flags: Map<Flag, string>, env: Environment, flag: Flag, parse: (text: string) => T): T | null {
  const option: Option = OPTIONS[flag];
  const variable = option.env?.find((name) => env[name]);
  const given = flags.get(flag);
  const text = given ?? (variable ? env[variable] : undefined) ?? option.default;
  if (text === undefined) return null;
  try {
    return parse(text);
  } catch (error) {
    const source = given === undefined && variable ? variable : `--${flag}`;
    if (error instanceof DateProblem) throw new SettingError(`${source}: ${error.message}`);
    // A URL may hold credentials by mistake.
    const shown = text.includes('@') ? 'the value' : `"${excerpt(text, 80)}"`;
    throw new SettingError(`${source}: ${shown} ${(error as Error).message}`);
  }
}

function defaultPassword(env: Environment): PasswordSource | null {
  const { VHI_PASSWORD, VHI_PASSWORD_FILE, OS_PASSWORD } = env;
  if (VHI_PASSWORD && VHI_PASSWORD_FILE) {
    throw new SettingError('VHI_PASSWORD and VHI_PASSWORD_FILE are both set: unset one of them');
  }
  if (VHI_PASSWORD_FILE) return { kind: 'file', path: VHI_PASSWORD_FILE };
  const text = VHI_PASSWORD || OS_PASSWORD;
  return text ? { kind: 'inline', secret: new Secret(text) } : null;
}

/** TZ is not of this program alone, and may be what no zone of the database is named: then it is warned of, and UTC is used. */
function timezoneReader({ flags }: Arguments, { VHI_TIMEZONE }: Environment, warnings: string[]) {
  return (text: string): string => {
    try {
      return readZone(text);
    } catch (error) {
      if (!(error instanceof DateProblem) || flags.has('timezone') || VHI_TIMEZONE) throw error;
      warnings.push(`TZ: ${error.message}; UTC is used, unless --timezone says otherwise`);
      return 'UTC';
    }
  };
}

function readMinInterval(text: string): number {
  const ms = values.duration(text);
  if (ms > 300_000) throw new Error('must be at most 5m: figures that are older are not of right now');
  return ms;
}

/** Old openrc files write `publicURL`. */
function readInterface(text: string): Interface {
  return values.oneOf(INTERFACES)(text.replace(/URL$/, ''));
}

function readTelemetryPath(text: string): string {
  if (!/^\/[A-Za-z0-9._~/-]*$/.test(text)) throw new Error('must be a path such as /metrics');
  if ((RESERVED_PATHS as readonly string[]).includes(text)) throw new Error('is taken by another page of the exporter');
  return text;
}
