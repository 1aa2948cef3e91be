import { createHash } from 'node:crypto';

/** 32 hexadecimal digits, as Keystone gives to domains, projects, users and roles; the same for the same text. */
export function hexId(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** A version 4 UUID in form, as Nova gives to servers; the same for the same text. */
export function uuid(text: string): string {
  const hex = hexId(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** A time as Nova and Keystone write it: whole seconds, UTC. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
