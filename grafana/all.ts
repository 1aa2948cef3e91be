import { cost } from './cost.js';
import { domain } from './domain.js';
import { exporter } from './exporter.js';
import type { Dashboard, Name } from './frame.js';
import { overview } from './overview.js';

const DASHBOARDS: Record<Name, () => Dashboard> = { overview, domain, cost, exporter };

// The SDK gives every row the same id; Grafana numbers what has none.
const withoutRowId = (key: string, value: unknown): unknown => (key === 'id' && value === 0 ? undefined : value);

/** The files of `grafana/dashboards`, by name. */
export const files = (): Map<string, string> =>
  new Map(
    Object.entries(DASHBOARDS).map(([name, build]) => [
      `${name}.json`,
      `${JSON.stringify(build(), withoutRowId, 2)}\n`,
    ]),
  );
