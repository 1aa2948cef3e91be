import type { DomainDefaults } from '../../src/domains/domain.js';
import { Secret } from '../../src/secret.js';
import type { FileLog } from '../../src/watch/follow.js';

/** What a well-equipped settings module would hand over. */
export const DEFAULTS: DomainDefaults = {
  authUrl: 'https://cloud.example:5000/v3',
  user: 'exporter',
  password: { kind: 'inline', secret: new Secret('default-password') },
  project: null,
  region: 'RegionOne',
  interface: 'internal',
  computeUrl: 'https://cloud.example:8774/v2.1',
  caFile: '/etc/ssl/cloud.pem',
  insecure: true,
};

/** Keeps what was logged as `level message {"fields":…}`. */
export class RecordingLog implements FileLog {
  readonly lines: string[] = [];

  info(message: string, fields?: Record<string, unknown>): void {
    this.#add('info', message, fields);
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    this.#add('warn', message, fields);
  }

  #add(level: string, message: string, fields?: Record<string, unknown>): void {
    this.lines.push([level, message, ...(fields ? [JSON.stringify(fields)] : [])].join(' '));
  }
}
