/** Readers of setting values. Each throws an Error whose message continues "--flag …". Pure. */

import { isLoopback } from '../url.js';

/** Where a server listens; host null means all addresses. */
export interface ListenAddress {
  host: string | null;
  port: number;
}

/** The host as it stands before a port. */
export function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNIT_MS = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1];

/** A duration as Prometheus writes it, in milliseconds. */
export function duration(text: string): number {
  const match = DURATION.exec(text);
  if (!match || text === '') throw new Error('must be a duration with units, such as 500ms, 30s, 5m or 1m30s');
  return UNIT_MS.reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0);
}

export function positiveDuration(text: string): number {
  const ms = duration(text);
  // A timer of Node holds 31 bits of milliseconds, and fires at once beyond them.
  if (ms <= 0 || ms > 2 ** 31 - 1) throw new Error('must be longer than 0 and at most 24d');
  return ms;
}

export function positiveInteger(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) throw new Error('must be a whole number from 1 to 999999');
  return Number(text);
}

export function boolean(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new Error('must be true or false');
}

export function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((c) => c === text);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
    return choice;
  };
}

/** `:10180` (all addresses), `host:10180` or `[::1]:10180`. */
export function listenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  if (!match || Number(match[3]) > 65_535) throw new Error('must be :port, host:port or [address]:port');
  return { host: match[1] ?? (match[2] === '' ? null : (match[2] ?? null)), port: Number(match[3]) };
}

/** A listen address that only this machine can reach. */
export function loopbackAddress(text: string): ListenAddress {
  const address = listenAddress(text);
  if (address.host === null || !isLoopback(address.host)) throw new Error('must be on loopback, such as 127.0.0.1:0');
  return address;
}

export function nonEmpty(text: string): string {
  return text;
}
