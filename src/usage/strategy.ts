import { CollectError } from '../errors.js';
import type { View } from '../openstack/session.js';

export const STRATEGY_NAMES = ['domain-list', 'cloud-list', 'project-list', 'project-limits'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** `all_tenants` shows something else than it was proven to show: the domain is to be collected in another way. */
export class ViewLost extends CollectError {
  /** What it shows instead, `unknown` if that is to be found out. */
  readonly view: View;

  constructor(view: View, message: string, cause?: CollectError) {
    super('forbidden', message, { cause, status: cause?.status });
    this.view = view;
  }
}
