import winston from 'winston';

import { printable } from './text.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['logfmt', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type Fields = Record<string, unknown>;

/** Writes one line a call. Messages and fields may hold foreign text: it is escaped here. */
export interface Logger {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
}

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Whether lines have to be left out, since nobody reads those that are there. */
  isFull?: () => boolean;
}

/** Logs to stderr, so that stdout holds nothing but results. */
export function createLogger({ level, format, isFull = () => false }: LogOptions): Logger {
  const line = winston.format.printf(({ level, message, timestamp, ...fields }) => {
    const entry = { ts: timestamp, level, msg: message, ...fields };
    return format === 'json' ? jsonLine(entry) : logfmtLine(entry);
  });
  const logger = winston.createLogger({
    level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.combine(winston.format.timestamp(), line),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own type
    transports: [new winston.transports.Console({ stderrLevels: [...LOG_LEVELS] })],
  });
  let lost = 0;
  const write = (at: LogLevel) => (message: string, fields?: Fields) => {
    if (!logger.isLevelEnabled(at)) return;
    if (isFull()) {
      lost += 1;
      return;
    }
    if (lost > 0) logger.log({ level: 'warn', message: 'nobody read the log: lines are missing here', lines: lost });
    lost = 0;
    // As one object: from `log(level, message, fields)` winston takes the fields away where the message holds a `%s`.
    logger.log({ ...fields, level: at, message });
  };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

export function logfmtLine(entry: Fields): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${logfmtValue(value)}`)
    .join(' ');
}

function logfmtValue(value: unknown): string {
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value));
  return /^[^\s"=]+$/.test(text) ? text : `"${text.replace(/(["\\])/g, '\\$1')}"`;
}

export function jsonLine(entry: Fields): string {
  return JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'string' ? printable(value) : value));
}
