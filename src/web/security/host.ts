import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whether a Host header is one that a page of a foreign site can't bring about. Its own name may lead to loopback (DNS
 * rebinding), but then it stands in the header; an address does not, nor `localhost`, nor the name that is listened on.
 */
export function isOwnHost(header: string | undefined, listenName: string | null): boolean {
  const [, ipv6, name] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::\d{0,5})?$/.exec(header ?? '') ?? [];
  if (ipv6 !== undefined) return isIPv6(ipv6);
  if (name === undefined) return false;
  const plain = withoutDot(name);
  return isIPv4(plain) || plain === 'localhost' || (listenName !== null && plain === withoutDot(listenName));
}

function withoutDot(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
