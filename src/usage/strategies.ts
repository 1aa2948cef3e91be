import { auto } from './auto.js';
import type { StrategyName } from './strategy.js';
import type { Strategy } from './job.js';
import { cloudList } from './strategies/cloud-list.js';
import { domainList } from './strategies/domain-list.js';
import { projectLimits } from './strategies/project-limits.js';
import { projectList } from './strategies/project-list.js';

/** Every strategy by the name that `--collect.strategy` takes. */
export const STRATEGIES: Record<StrategyName | 'auto', Strategy> = {
  auto,
  'domain-list': domainList,
  'cloud-list': cloudList,
  'project-list': projectList,
  'project-limits': projectLimits,
};
