import type { SimRequest } from './request.js';

/**
 * The parameters of the next page, as the real one writes them (nova api/openstack/common.py `_get_next_link`): sorted, of
 * several with one name only the greatest, a new `marker` last.
 * @param isKept parameters that Nova does not know are gone before
 */
export function nextQuery(request: SimRequest, marker: string, isKept?: (name: string) => boolean): string {
  const sorted = [...request.query].sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  const query = new Map(isKept ? sorted.filter(([name]) => isKept(name)) : sorted);
  query.set('marker', marker);
  return new URLSearchParams([...query]).toString();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
