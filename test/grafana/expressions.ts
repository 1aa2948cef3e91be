import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../grafana/dashboards/', import.meta.url);

/** The parts of a dashboard's JSON that the tests look at. */
export interface Dashboard {
  id?: number | null;
  uid: string;
  title: string;
  description?: string;
  schemaVersion: number;
  tags: string[];
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: unknown[] };
  links: { url?: string; title: string }[];
}

export interface Panel {
  id?: number;
  type: string;
  title: string;
  description?: string;
  collapsed?: boolean;
  datasource?: DataSource;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: {
    defaults: {
      unit?: string;
      thresholds?: { steps: unknown[] };
      custom?: { spanNulls?: unknown; stacking?: unknown };
    };
    overrides: { matcher: { id: string; options: unknown }; properties: { id: string; value: unknown }[] }[];
  };
}

export interface DataSource {
  type?: string;
  uid?: string;
}

export interface Target {
  refId: string;
  expr: string;
  instant?: boolean;
  range?: boolean;
  format?: string;
  legendFormat?: string;
  datasource?: DataSource;
}

export interface Variable {
  name: string;
  label?: string;
  description?: string;
  type: string;
  query: string | { query: string };
  datasource?: DataSource;
  multi?: boolean;
  includeAll?: boolean;
}

export interface DashboardQuery {
  /** File name without `.json`. */
  dashboard: string;
  /** Title of the panel, or the variable as `$name`. */
  panel: string;
  /** An instant query, a range query, or a variable's `label_values(selector, label)`. */
  kind: 'instant' | 'range' | 'variable';
  /** What Grafana would send, all variables filled in. */
  expr: string;
}

/** Values for Grafana's variables; `domain` is taken as it is written, and quoted here as Grafana quotes it. */
export const VALUES: Readonly<Record<string, string>> = {
  job: 'vhi',
  instance: '.+',
  domain: 'acme',
  scrape_timeout: '50',
  __rate_interval: '4m',
  __range: '1h',
  __range_s: '3600',
};

/** The committed dashboards by file name without `.json`. */
export function committedDashboards(): Map<string, Dashboard> {
  const files = readdirSync(FOLDER).sort();
  return new Map(
    files.map((file) => [
      file.replace(/\.json$/, ''),
      JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Dashboard,
    ]),
  );
}

/**
 * Fills in `$name`, `${name}` and `${name:doublequote}`.
 * @throws for a variable without a value, or a format that is not known here
 */
export function substitute(text: string, values: Readonly<Record<string, string>> = VALUES): string {
  return text.replace(/\$(?:\{(\w+)(?::(\w+))?\}|(\w+))/g, (_, braced?: string, format?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const value = values[name];
    if (value === undefined) throw new Error(`no value for $${name} in ${text}`);
    if (format === undefined) return value;
    if (format !== 'doublequote') throw new Error(`format ${format} of $${name} is not known`);
    return `"${value.replaceAll('"', '\\"')}"`;
  });
}

/** Every query that the committed dashboards ask, those of their variables included. */
export function dashboardQueries(values: Readonly<Record<string, string>> = {}): DashboardQuery[] {
  const all = { ...VALUES, ...values };
  return [...committedDashboards()].flatMap(([dashboard, { panels, templating }]) => [
    ...templating.list.filter(({ type }) => type === 'query').map((variable) => ofVariable(dashboard, variable, all)),
    ...panels.flatMap((panel) => ofPanel(dashboard, panel, all)),
  ]);
}

/** The two parts of `label_values(selector, label)`. */
export function labelValues(expr: string): { selector: string; label: string } {
  const [, selector, label] = /^label_values\((.+),\s*(\w+)\)$/.exec(expr) ?? [];
  if (selector === undefined || label === undefined) throw new Error(`not label_values(selector, label): ${expr}`);
  return { selector, label };
}

function ofVariable(dashboard: string, { name, query }: Variable, values: Record<string, string>): DashboardQuery {
  const text = typeof query === 'string' ? query : query.query;
  return { dashboard, panel: `$${name}`, kind: 'variable', expr: substitute(text, values) };
}

function ofPanel(dashboard: string, { title, targets = [] }: Panel, values: Record<string, string>): DashboardQuery[] {
  return targets.map(({ expr, instant }) => ({
    dashboard,
    panel: title,
    kind: instant === true ? 'instant' : 'range',
    expr: substitute(expr, values),
  }));
}
