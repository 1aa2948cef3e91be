import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function parseHttpUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('is not a URL, write it like https://host:5000/v3');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('must begin with https:// or http://');
  if (url.username || url.password) throw new Error('must not hold a user name or password');
  // Not by `search` and `hash`: those of `https://host/?` are empty, and the `?` stays.
  if (/[?#]/.test(url.href)) throw new Error('must not hold a query or fragment');
  return url;
}

/**
 * A service's base address in one form, without the slash at its end.
 * @throws Error whose message continues "--flag …" or "key …"
 */
export function normaliseUrl(text: string): string {
  return parseHttpUrl(text).href.replace(/\/+$/, '');
}

/**
 * Keystone's address in one form: `https://host:5000/v3`; a missing `/v3` is added.
 * @throws Error whose message continues "--flag …" or "key …"
 */
export function normaliseAuthUrl(text: string): string {
  const base = normaliseUrl(text);
  if (/\/v2\.0$/.test(base)) throw new Error('names Keystone v2.0, only v3 is spoken');
  return /\/v3$/.test(base) ? base : `${base}/v3`;
}

/** Whether traffic to this URL stays on this machine. */
export function isLoopbackUrl(url: string): boolean {
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

/** An IPv4 address may be written as one of IPv6, as it is where a socket takes both: `::ffff:127.0.0.1`. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return host === 'localhost' || (family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4'));
}
