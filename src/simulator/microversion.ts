import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, computeError } from './answer.js';

/** A microversion is `2.minor`. */
function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}

/** What the request asks for: the newer header wins over Nova's own; none is 2.1. */
export function askedVersion(headers: IncomingHttpHeaders): string {
  const header = headers['openstack-api-version'];
  const list = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  for (const part of list) {
    const [service, version] = part.trim().split(/\s+/);
    if (service === 'compute' && version) return version;
  }
  const legacy = headers['x-openstack-nova-api-version'];
  return typeof legacy === 'string' && legacy !== '' ? legacy : '2.1';
}

/** The minor number of the microversion that applies, or the 400 or 406 that the real one answers. */
export function negotiate(asked: string, max: string): number | Answer {
  if (asked === 'latest') return minorOf(max);
  if (!/^[1-9]\d*\.(0|[1-9]\d*)$/.test(asked)) {
    const message = `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`;
    return computeError(400, message);
  }
  const minor = minorOf(asked);
  if (!asked.startsWith('2.') || minor < 1 || minor > minorOf(max)) {
    const message = `Version ${asked} is not supported by the API. Minimum is 2.1 and maximum is ${max}.`;
    return computeError(406, message);
  }
  return minor;
}
