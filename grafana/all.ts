import { domain } from './domain.js';
import { exporter } from './exporter.js';
import type { Dashboard, Name } from './frame.js';
import { overview } from './overview.js';

const DASHBOARDS: Record<Name, () => Dashboard> = { overview, domain, exporter };

/** The files of `grafana/dashboards`, by name. */
export const files = (): Map<string, string> =>
  new Map(Object.entries(DASHBOARDS).map(([name, build]) => [`${name}.json`, `${JSON.stringify(build(), null, 2)}\n`]));
