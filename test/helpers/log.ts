import type { Logger, LogLevel } from '../../src/log.js';

/** Keeps what was logged, for tests to read. */
export class RecordingLogger implements Logger {
  readonly lines: { level: LogLevel; message: string; fields: Record<string, unknown> }[] = [];

  readonly error = this.#at('error');
  readonly warn = this.#at('warn');
  readonly info = this.#at('info');
  readonly debug = this.#at('debug');

  #at(level: LogLevel) {
    return (message: string, fields: Record<string, unknown> = {}): void => {
      this.lines.push({ level, message, fields });
    };
  }
}
